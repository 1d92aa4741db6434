"""What a sample of rows shows of each field: how full it is, how many values it has, what they look like.

Pure: rows in, columns out. A group's members become fields of their own under dotted names, as mappings write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goldbridge.log import hide
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.recognise import kinds_of
from goldbridge.mapping.value import plain_text
from goldbridge.records.declared import DeclaredField
from goldbridge.text.mask import HIDDEN, is_secret_name, mask

_DEPTH = 3
_LONGEST = 500
FEW = 30
"""A field with more distinct values than this is no list of codes."""
_TELLING = (
    "credit_code", "lei", "email", "url", "phone", "point", "organisation", "address", "datetime", "date", "epoch_ms",
    "epoch_s", "person",
)  # fmt: skip
_is_blank = TRANSFORMS["blank"].function


@dataclass(frozen=True, slots=True)
class Column:
    """One field over a sample: `values` counts its values as text, `kinds` says which share of them is of a kind."""

    name: str
    seen: int
    filled: int = 0
    values: Mapping[str, int] = field(default_factory=Counter)
    kinds: Mapping[str, float] = field(default_factory=dict)
    found: str = ""
    declared: DeclaredField = field(default_factory=lambda: DeclaredField(""))

    @property
    def rate(self) -> float:
        """The share of the rows that have a value."""
        return self.filled / self.seen if self.seen else 0.0

    @property
    def distinct(self) -> int:
        return len(self.values)

    @property
    def type(self) -> str:
        """The type in the system's own words, else what its values are in JSON."""
        return self.declared.type or self.found

    @property
    def is_list(self) -> bool:
        return self.found == "list"

    def share(self, *kinds: str) -> float:
        """The share of the values that are of one of these kinds, at most 1."""
        return min(1.0, max((self.kinds.get(kind, 0.0) for kind in kinds), default=0.0))

    @property
    def is_code(self) -> bool:
        """Whether the field seems to hold one of a few codes or words, each of which comes again and again."""
        if self.declared.options:
            return True
        if not self.values or self.distinct > FEW or self.is_list:
            return False
        repeated = self.filled >= 3 * self.distinct or (self.distinct <= 5 and self.filled > self.distinct)
        return repeated and max(map(len, self.values)) <= 30 and self.share("organisation", "phone", "email") < 0.3

    @property
    def looks_like(self) -> str:
        """The kind that most values are of; "" when none is telling."""
        best = max(_TELLING, key=lambda kind: self.kinds.get(kind, 0.0))
        places = max(self.kinds.get(kind, 0.0) for kind in ("province", "city", "county"))
        if self.kinds.get(best, 0.0) >= 0.6 and not (best == "person" and places >= 0.6):
            return best
        if self.is_code and max(map(len, self.values or [""])) <= 20:
            return "code"
        for kind in ("unit", "province", "city", "county", "industry", "reg_status"):
            if self.kinds.get(kind, 0.0) >= 0.6:
                return kind
        for kind in ("wan", "money", "number"):
            if self.kinds.get(kind, 0.0) >= 0.8:
                return "amount" if kind != "number" else "number"
        return ""

    def samples(self, most: int = 3) -> list[str]:
        """A few of the commonest values, masked; nothing of a field that is called like a secret."""
        if is_secret_name(self.name):
            return [HIDDEN] if self.values else []
        kind = self.looks_like
        shown = (_masked(value, kind) for value, _ in Counter(dict(self.values)).most_common(most * 4))
        return list(dict.fromkeys(shown))[:most]


def _masked(value: str, kind: str) -> str:
    if hide(value) != value:
        return HIDDEN
    return mask(value, kind if kind != "number" or len(value) <= 6 or "." in value else "")


def profile(rows: Sequence[Mapping[str, Any]], declared: Iterable[DeclaredField] | None = None) -> list[Column]:
    """The fields of a sample in the system's order, then those that only rows show."""
    known = {each.name: each for each in declared or ()}
    given: dict[str, list[Any]] = {name: [] for name in known}
    for row in rows:
        for name, value in _flat(row, "", 0):
            given.setdefault(name, []).append(value)
    groups = {name for name in given if any(other.startswith(f"{name}.") for other in given)}
    return [_column(name, values, len(rows), known) for name, values in given.items() if name not in groups or values]


def _flat(row: Mapping[str, Any], prefix: str, depth: int) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping) and value and depth < _DEPTH:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def _column(name: str, values: Sequence[Any], seen: int, known: Mapping[str, DeclaredField]) -> Column:
    counts: Counter[str] = Counter()
    types: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    filled = 0
    for value in values:
        texts = _texts(value)
        if not texts:
            continue
        filled += 1
        types["list" if isinstance(value, list) else _json_type(value)] += 1
        counts.update(texts)
        for kind in {kind for text in texts for kind in kinds_of(text)}:
            kinds[kind] += 1
    shares = {kind: count / filled for kind, count in kinds.items()}
    declared = known.get(name, DeclaredField(name))
    found = types.most_common(1)[0][0] if types else ""
    return Column(name, seen, filled, counts, shares, "list" if types["list"] else found, declared)


def _texts(value: Any) -> list[str]:
    """The values of a cell as text; blanks and what people type for nothing are none."""
    if value is None or isinstance(value, Mapping):
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    text = plain_text(value)
    return [text[:_LONGEST]] if isinstance(text, str) and _is_blank(text) else []


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "decimal" if isinstance(value, float) else "text"
