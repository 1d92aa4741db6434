"""What one source record says: the unit that survivorship ranks; and what a steward says over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Claimant:
    """One live source record of a golden record, with its canonical values and what is known about their quality.

    `values` follow the four states: a missing key says nothing, None says "no value", "" and [] are empty, the rest
    are values. `notes` is sparse: field -> {"invalid": why} or {"inferred": True}. `anchor` is the record that this
    one describes (an answer of a map or a registry), or None for a record of its own.
    """

    record: int
    system: str
    stream: str
    key: str
    incarnation: int
    version: int
    first_run: int
    event_at: str | None
    received_at: str
    values: Mapping[str, Any]
    notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    anchor: int | None = None

    @property
    def source(self) -> str:
        return f"{self.system}.{self.stream}"

    def seniority(self) -> tuple[int, str, str, str, int]:
        """Who was here first; never a business date, so that late history does not move ids."""
        return (self.first_run, self.system, self.stream, self.key, self.incarnation)


@dataclass(frozen=True, slots=True)
class Override:
    """A steward's word on one field: `set` shows `value`, `suppress` shows nothing. Travels with its anchor record.

    `item` names one item of a field with many values (see `item_of`), "" the whole field. `seen` is the digest of what
    the sources said when it was made, or when a steward last confirmed it.
    """

    id: int
    anchor: int
    field: str
    mode: str
    value: Any
    approved_at: str
    item: str = ""
    policy: str = "forever"
    seen: str = ""

    def approval(self) -> tuple[str, int]:
        """Who was approved first shows where two meet."""
        return (self.approved_at, self.id)


def item_of(value: Any) -> str:
    """What names one item of a field with many values: text itself, anything else as its JSON."""
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
