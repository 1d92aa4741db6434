"""One write as records of the import, by the rules that the import applies without telling.

A bad record is dropped there later, in silence, so every rule is applied here first. Amounts are text with us and
numbers there: one that a double cannot hold to its last digit becomes a dead letter instead of another amount.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Write
from connectors.sensors.config import SinkConfig
from goldbridge.errors import Mark, Misconfigured, Reject

Record = dict[str, Any]
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,99}", re.ASCII)
_RESERVED = {"distinct_id", "original_id", "time", "properties", "id", "first_id", "second_id", "users", "events"}
_RESERVED |= {"event", "event_id", "device_id", "user_id", "date", "datetime"}
_LONGEST_ID, _LONGEST_TEXT = 255, 8191
_LARGEST = 2**53
_LIB = {"$lib": "goldbridge"}


class Encoder:
    """Encodes the writes of one stream."""

    def __init__(self, system: str, name: str, sink: SinkConfig, zone: str, *, login_id: bool) -> None:
        self._where, self._name, self._sink = f"{system} {name}", name, sink
        self._zone, self._login_id = ZoneInfo(zone), login_id

    def check_names(self, names: set[str]) -> None:
        """Property names come from a mapping: one that the import would drop is an engineer's matter."""
        wrong = sorted(name for name in names if name.casefold() in _RESERVED or not _NAME.fullmatch(name))
        if wrong:
            message = f"{self._where}: {', '.join(map(repr, wrong))} cannot name a property there"
            raise Misconfigured.one("CON324", f"{message}; use letters, digits and _, and none of its own words",
                                    Mark(self._where.replace(" ", ".")))  # fmt: skip

    def encode(self, write: Write, now: datetime) -> list[Record]:
        """The records of one write, in order; none when there is nothing to say. Raises `Reject`."""
        if not 1 <= len(write.external_id) <= _LONGEST_ID:
            raise Reject("CON320", f"{self._where} {write.external_id}: the id has more than {_LONGEST_ID} characters")
        match self._sink.to:
            case "profile":
                return self._profile(write, now)
            case "item":
                return self._item(write, now)
            case _:
                return self._event(write, now)

    def _profile(self, write: Write, now: datetime) -> list[Record]:
        """What has a value is set, what was cleared is unset; a deactivated user loses the profile, not the events."""
        if write.op == "deactivate":
            return [self._user("profile_delete", write, now, {})]
        found = []
        if values := self._properties(write):
            found.append(self._user("profile_set", write, now, values))
        if cleared := {name: True for name, value in write.values.items() if value is None}:
            found.append(self._user("profile_unset", write, now, cleared))
        return found

    def _item(self, write: Write, now: datetime) -> list[Record]:
        base = {"time": _ms(now), "item_type": self._sink.item_type, "item_id": write.external_id, "lib": _LIB}
        if write.op == "deactivate":
            return [{"type": "item_delete", **base, "properties": {}}]
        if cleared := sorted(name for name, value in write.values.items() if value is None):
            what = f"{cleared[0]} cannot be cleared, only overwritten"
            raise Reject("CON320", f"{self._where} {write.external_id}: {what}", field=cleared[0])
        return [{"type": "item_set", **base, "properties": self._properties(write)}]

    def _event(self, write: Write, now: datetime) -> list[Record]:
        """Something happened; a record that goes away takes no event back."""
        if write.op == "deactivate":
            return []
        values = self._properties(write)
        at = now
        if self._sink.time:
            values.pop(self._sink.time, None)
            at = self._moment(write, self._sink.time, write.values.get(self._sink.time))
        record = self._user("track", write, at, values)
        return [record | {"event": self._sink.event, "time_free": True, "_track_id": _track_id(self._name, write)}]

    def _user(self, kind: str, write: Write, at: datetime, properties: Record) -> Record:
        login = {"$is_login_id": True} if self._login_id else {}
        record = {"type": kind, "time": _ms(at), "distinct_id": write.external_id, "lib": _LIB}
        return record | {"properties": {**properties, **login}}

    def _properties(self, write: Write) -> Record:
        return {name: self._value(write, name, value) for name, value in write.values.items() if value is not None}

    def _value(self, write: Write, name: str, value: Any) -> Any:
        if name in self._sink.numbers:
            return self._number(write, name, value)
        if name in self._sink.times or name == self._sink.time:
            return self._moment(write, name, value).astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise self._refused(write, name, f"has more than {_LONGEST_TEXT} characters")
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return list(value)
        if not isinstance(value, str | int):
            raise self._refused(write, name, "is neither text, number, truth nor a list of texts")
        return value

    def _number(self, write: Write, name: str, value: Any) -> int | float:
        try:
            exact = Decimal(str(value))
        except InvalidOperation:
            raise self._refused(write, name, "is no number") from None
        if not exact.is_finite() or isinstance(value, bool):
            raise self._refused(write, name, "is no number")
        near = int(exact) if exact == exact.to_integral_value() else float(exact)
        if Decimal(repr(near)) != exact or abs(exact) > _LARGEST:
            raise self._refused(write, name, "has more digits than a number there can hold")
        return near

    def _moment(self, write: Write, name: str, value: Any) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise self._refused(write, name, "is no time such as 2026-03-01T08:00:00Z") from None
        return at if at.tzinfo else at.replace(tzinfo=self._zone)

    def _refused(self, write: Write, name: str, what: str) -> Reject:
        return Reject("CON320", f"{self._where} {write.external_id}: {name} {what}", field=name)


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)


def _track_id(name: str, write: Write) -> int:
    """The same for the same write, so that a server that compares them counts a repeated one once."""
    text = json.dumps([name, write.external_id, _sorted(write.values)], ensure_ascii=False, default=str)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 11


def _sorted(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(values.items())
