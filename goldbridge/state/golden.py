"""Golden records with their versions and redirects.

A version is one visible change: other values or another state. It carries only what changed; the outbox gets exactly one
event for it. Lineage that changes while the values stay is kept without a version. Ids are never reused and always
resolve; a redirect is one hop whatever chain of merges made it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

GoldenState = Literal["active", "redirected", "retired", "erased"]


@dataclass(slots=True)
class Golden:
    """`values`: field -> value; `lineage`: field -> {rule, winner, version, challengers, confidence, ...}.

    `version` is the one it was loaded with (0: new); `save` checks it. `founder` and `counter` made the id.
    """

    id: int
    entity: str
    founder: int
    counter: int = 0
    state: GoldenState = "active"
    version: int = 0
    values: dict[str, Json] = field(default_factory=dict)
    lineage: dict[str, Json] = field(default_factory=dict)


class GoldenVersion(NamedTuple):
    """One visible change. `values` are the fields that changed, `unset` those that went away; lineage likewise sparse."""

    id: int
    version: int
    state: GoldenState
    values: dict[str, Json]
    unset: list[str]
    lineage: dict[str, Json]
    valid_from: str
    tx_from: str
    cause: str
    run: int


class Redirect(NamedTuple):
    """An id that now means others: one for a merge, several for a split, with the records that went to each."""

    from_id: int
    to: Mapping[int, Sequence[int]]


class Resolution(NamedTuple):
    """Where an id leads: itself (`moved` False), one survivor, or several with the records that went to each."""

    ids: list[int]
    members: dict[int, list[int]]
    moved: bool


def golden_id(founder: int, counter: int = 0) -> int:
    """The 63-bit id of the `counter`-th golden record that a source record founded; a rebuild mints the same."""
    raise NotImplementedError


def founded(conn: Connection, records: Collection[int]) -> dict[int, list[int]]:
    """Record id -> golden ids it founded, in the order of their counters."""
    raise NotImplementedError


def load(conn: Connection, ids: Collection[int]) -> dict[int, Golden]:
    """Golden records by id, in any state; unknown ids are left out."""
    raise NotImplementedError


def scan(
    conn: Connection,
    entity: str = "",
    *,
    states: Collection[GoldenState] = ("active",),
    after: int = 0,
    limit: int = 1000,
) -> list[Golden]:
    """The next `limit` by ascending id after `after`; an empty list means the end."""
    raise NotImplementedError


def ids(conn: Connection, entity: str = "", *, states: Collection[GoldenState] = ("active",)) -> Iterator[int]:
    """All ids, ascending."""
    raise NotImplementedError


def save(
    conn: Connection,
    goldens: Sequence[Golden],
    cause: str,
    run: int,
    *,
    valid_from: str = "",
    details: Mapping[int, Json] | None = None,
) -> list[int]:
    """Keep what differs from the store: version + 1, a sparse version row, one outbox event each.

    Returns the ids that got a new version, and sets `.version` on the objects. `details` go into the events (member map
    of a split, survivor of a merge). Raises `Retry` STA030 when a golden record was changed since it was loaded.
    """
    raise NotImplementedError


def history(conn: Connection, id: int) -> list[GoldenVersion]:
    """Every version, oldest first."""
    raise NotImplementedError


def as_of(conn: Connection, ids: Collection[int], at: str) -> dict[int, Golden]:
    """Golden records as they were known at `at` (ISO UTC); ids that did not exist yet are left out."""
    raise NotImplementedError


def redirect(conn: Connection, redirects: Sequence[Redirect], cause: str, run: int) -> None:
    """Let ids lead elsewhere; what led to them follows (one hop). Raises `Halt` STA031 on a circle."""
    raise NotImplementedError


def recall(conn: Connection, ids: Collection[int], cause: str, run: int) -> None:
    """These ids mean themselves again (a merge was undone); what was merged into them leads to them again."""
    raise NotImplementedError


def resolve(conn: Connection, ids: Collection[int], *, as_of: str = "") -> dict[int, Resolution]:
    """Where each id leads now or led then; ids never issued are left out."""
    raise NotImplementedError
