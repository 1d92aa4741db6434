"""The fault switch: which call goes wrong, how, and how often. Seeded, so that a run with faults can be repeated.

One fault of a kind fires on one call, except that several rows may be poison. Generic kinds are played by the kit for
every simulator; cooperative kinds need the simulator's own rows and are asked
for by its code (`call.fault("short_page")`), so each simulator says in its docstring which of them it plays.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

GENERIC = {
    "latency": "wait `delay_s` before answering",
    "throttle": "HTTP 429, with Retry-After if `after_s` is given (`as_date`: as an HTTP date, `skew_s` off our clock)",
    "unavailable": "HTTP `status` (default 503) without doing anything",
    "refuse": "the vendor's own error answer with `code` and `message` (HTTP 200 where the vendor does that)",
    "error_body": "HTTP `status` (default 200) with `body` as JSON, instead of the answer",
    "html": "HTTP 200 with a login page",
    "truncated": "the answer's body is cut in half, the content length agrees",
    "encoding": "the answer's body in `code`: gbk, bom, or invalid (a broken UTF-8 byte)",
    "bomb": "a gzip body that unpacks to `size_mb` of blanks",
    "slow": "the body comes in pieces of `rows` bytes, `delay_s` apart",
    "reset": "the connection is reset; `when`: before anything is done, after it was done, or mid (in the body)",
    "lost": "everything is done, then the answer is HTTP `status` (default 502): the failure that was a success",
    "expire": "the token dies before this call is looked at",
    "edit": "`rows` rows are edited by somebody just before this call is answered",
    "tie": "`rows` rows get one and the same time of modification just before this call is answered",
}
COOPERATIVE = {
    "duplicate_page": "the page before is served again",
    "short_page": "`rows` fewer rows than there are, although more follow",
    "depth": "nothing beyond `rows` can be read",
    "partial": "`rows` rows of a batch fail, the others are written",
    "phantom": "the answer says written, nothing was: the success that was a failure",
    "poison": "the row `key` breaks every page that holds it",
    "trim": "field `field` is dropped (or cut to `rows` characters) while the answer says written",
    "forbid": "object or endpoint `key` is refused for lack of permission",
}
KINDS = GENERIC | COOPERATIVE


@dataclass(slots=True)
class Fault:
    """One programmed fault.

    It fires on calls whose path (below the simulator's prefix) matches `path`, whose method matches and whose body
    text contains `contains`; after `skip` such calls, at most `count` times (None: until cleared), each time with
    `probability`.
    """

    kind: str
    path: str = "*"
    method: str = "*"
    contains: str = ""
    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    delay_s: float = 0.0
    after_s: float | None = None
    as_date: bool = False
    skew_s: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""
    body: Any = None
    rows: int = 1
    size_mb: int = 64
    key: str = ""
    field: str = ""
    when: str = "before"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Fault:
        """A fault from JSON as the control surface gets it; raises ValueError with a sentence on what is wrong."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ValueError(f"a fault has no {unknown[0]!r}; it has {', '.join(sorted(known))}")
        if data.get("kind") not in KINDS:
            raise ValueError(f"no fault of kind {data.get('kind')!r}; there are {', '.join(sorted(KINDS))}")
        return cls(**data)


class FaultSwitch:
    """All programmed faults of one simulator, and how often each has fired."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._faults: list[Fault] = []
        self.fired: dict[str, int] = {}

    def add(self, *faults: Fault | Mapping[str, Any]) -> None:
        """Program faults; they are tried in this order, and several kinds may fire on one call."""
        self._faults += [fault if isinstance(fault, Fault) else Fault.parse(fault) for fault in faults]

    def clear(self) -> None:
        self._faults.clear()

    def armed(self) -> list[dict[str, Any]]:
        """The faults still waiting, as JSON."""
        return [asdict(fault) for fault in self._faults]

    def pick(self, method: str, path: str, body: bytes) -> list[Fault]:
        """The faults that fire on this call, at most one of each kind but poison; counts them down."""
        if not self._faults:
            return []
        picked: dict[tuple[str, str], Fault] = {}
        for fault in self._matching(method, path, body):
            one = (fault.kind, fault.key if fault.kind == "poison" else "")
            if one in picked:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
            self.fired[fault.kind] = self.fired.get(fault.kind, 0) + 1
            picked[one] = fault
        self._faults = [fault for fault in self._faults if fault.count is None or fault.count > 0]
        return list(picked.values())

    def _matching(self, method: str, path: str, body: bytes) -> Iterable[Fault]:
        for fault in self._faults:
            if (
                fnmatchcase(path, fault.path)
                and fault.method in ("*", method)
                and (not fault.contains or fault.contains.encode() in body)
            ):
                yield fault
