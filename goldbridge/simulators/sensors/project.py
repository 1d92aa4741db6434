"""One project of the pretend analytics store: profiles, items, events, and the log of what was dropped.

A record that breaks a rule is dropped without a word to whoever sent it. The type of a property is fixed by its first
value. Events are appended and never compared, profiles and items overwrite.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,99}")
_RESERVED = {
    "distinct_id", "original_id", "time", "properties", "id", "first_id", "second_id", "users", "events", "event",
    "user_id", "date", "datetime",
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,3})?)?")
_YEARS_MS = 2 * 365 * 86_400_000
Record = dict[str, Any]


class Bad(Exception):
    """The record breaks a rule; the text is what the import log and the dry run say."""


@dataclass
class Project:
    """What was imported. `profiles` are kept by (login id or not, id), with the time of their last change."""

    now_ms: Callable[[], int]
    profiles: dict[tuple[bool, str], Record] = field(default_factory=dict)
    changed_ms: dict[tuple[bool, str], int] = field(default_factory=dict)
    items: dict[tuple[str, str], Record] = field(default_factory=dict)
    events: list[Record] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    types: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Import one record, or drop it and say so in the log."""
        try:
            self.check(record)
        except Bad as error:
            self.dropped.append(str(error))
            return
        self._store(record)

    def check(self, record: Any) -> None:
        """Raises `Bad`; changes nothing."""
        if not isinstance(record, dict) or "type" not in record:
            raise Bad("no type")
        kind, properties = str(record["type"]), record.get("properties", {})
        item = kind.startswith("item_")
        for name in ("item_type", "item_id") if item else ("distinct_id",):
            value = record.get(name)
            if not isinstance(value, str) or not 1 <= len(value) <= 255:
                raise Bad(f"{name} has 1 to 255 characters")
        if not isinstance(record.get("time"), int) or len(str(record["time"])) != 13:
            raise Bad("time is in milliseconds")
        if kind == "track" and not _NAME.fullmatch(str(record.get("event", ""))):
            raise Bad("event is an identifier")
        if kind == "track" and not record.get("time_free") and record["time"] < self.now_ms() - _YEARS_MS:
            raise Bad("the event is too old")
        for name, value in properties.items():
            if name in _RESERVED or not _NAME.fullmatch(name):
                raise Bad(f"property name {name}")
            table = "items" if item else "users" if kind.startswith("profile_") else "events"
            if kind not in ("profile_unset", "profile_delete"):
                known = self.types.get((table, name))
                if known not in (None, _type(name, value)):
                    raise Bad(f"property {name} is a {known}")

    def _store(self, record: Record) -> None:
        kind, properties = record["type"], dict(record.get("properties", {}))
        login = properties.pop("$is_login_id", False) is True
        if kind.startswith("item_"):
            key = (record["item_type"], record["item_id"])
            if kind == "item_delete":
                self.items.pop(key, None)
                return
            self._learn("items", properties)
            self.items.setdefault(key, {}).update(properties)
        elif kind == "track":
            self._learn("events", properties)
            self.events.append({**record, "properties": properties})
        else:
            self._profile(kind, (login, record["distinct_id"]), properties)

    def _profile(self, kind: str, key: tuple[bool, str], properties: Record) -> None:
        self.changed_ms[key] = self.now_ms()
        if kind == "profile_delete":
            self.profiles.pop(key, None)
            return
        row = self.profiles.setdefault(key, {})
        if kind == "profile_unset":
            for name in properties:
                row.pop(name, None)
            return
        self._learn("users", properties)
        for name, value in properties.items():
            if kind == "profile_set" or (kind == "profile_set_once" and name not in row):
                row[name] = value
            elif kind == "profile_increment":
                row[name] = row.get(name, 0) + value
            elif kind == "profile_append":
                row[name] = [*row.get(name, []), *value]

    def _learn(self, table: str, properties: Record) -> None:
        for name, value in properties.items():
            self.types.setdefault((table, name), _type(name, value))


def _type(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        if len(value) > 8191:
            raise Bad(f"property {name} is too long")
        return "datetime" if _TIME.fullmatch(value) else "string"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "list"
    raise Bad(f"property {name} has a value of no known type")
