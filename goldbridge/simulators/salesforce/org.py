"""The org's records and the rules they live by: types, required and unique fields, references, the recycle bin.

Times have a resolution of a second, so that records of one second tie. A deleted record stays readable for `queryAll`
until it is emptied from the bin; the log of deletions keeps its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from goldbridge.simulators.kit import Refused, SimClock
from goldbridge.simulators.salesforce.schema import COMPOUND, Field, ObjectSchema, full_id, record_id

Row = dict[str, Any]
USER = "005AA000000HubUser"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBERS = frozenset(("currency", "double", "percent"))


class Wrong(Exception):
    """A record that is not taken, in the words of the collections calls: `statusCode`, message, fields."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.fields = code, message, list(fields)


class Org:
    """One company's org, in memory."""

    def __init__(self, clock: SimClock, objects: Mapping[str, ObjectSchema]) -> None:
        self.clock = clock
        self.objects = objects
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in objects}
        self.log: dict[str, list[tuple[int, str]]] = {name: [] for name in objects}
        self._counts = dict.fromkeys(objects, 0)
        self._held: dict[str, dict[str, dict[Any, list[str]]]] = {
            name: {field: {} for field in schema.unique} for name, schema in objects.items()
        }

    def schema(self, name: str) -> ObjectSchema:
        if name not in self.objects:
            raise Refused("NOT_FOUND", "The requested resource does not exist", 404)
        return self.objects[name]

    def live(self, name: str) -> list[Row]:
        """Rows that are not deleted, in id order."""
        return [row for _, row in sorted(self.tables[name].items()) if not row["IsDeleted"]]

    def load(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows that were there before; `SystemModstamp` (epoch ms) is kept when given."""
        for given in rows:
            stamp = given.get("SystemModstamp")
            key = self.create(name, {each: value for each, value in given.items() if each != "SystemModstamp"})
            if stamp is not None:
                self.stamp(name, key, int(stamp))

    def stamp(self, name: str, key: str, at_ms: int) -> None:
        """Date a row; the resolution is a second."""
        at = at_ms // 1000 * 1000
        self.tables[name][key] |= {"SystemModstamp": at, "LastModifiedDate": at}

    def create(self, name: str, values: Mapping[str, Any]) -> str:
        schema = self.objects[name]
        stored = self._values(schema, values)
        missing = [each.name for each in schema.fields.values() if each.required and stored.get(each.name) is None]
        if missing:
            raise Wrong("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing)
        self._check_unique(name, stored, "")
        self._counts[name] += 1
        key, now = record_id(schema.prefix, self._counts[name]), self._now()
        blank = {each.name: False if each.kind == "boolean" else None for each in schema.fields.values()}
        row: Row = {**blank, "OwnerId": USER, **stored}
        row |= {"Id": key, "IsDeleted": False, "CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
        self.tables[name][key] = row
        self._index(name, row, add=True)
        return key

    def update(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        row = self.row(name, key)
        stored = self._values(self.objects[name], values)
        empty = [each for each, value in stored.items() if value is None and self.objects[name].fields[each].required]
        if empty:
            raise Wrong("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(empty)}]", *empty)
        self._check_unique(name, stored, row["Id"])
        self._index(name, row, add=False)
        row |= stored | {"LastModifiedDate": self._now(), "SystemModstamp": self._now()}
        self._index(name, row, add=True)

    def delete(self, name: str, key: str, *, hard: bool = False, master: str = "") -> None:
        """Into the recycle bin, or (`hard`) past it; `master` is the record that another one was merged into."""
        row = self.row(name, key)
        self._index(name, row, add=False)
        row |= {"IsDeleted": True, "SystemModstamp": self._now()}
        if master:
            row["MasterRecordId"] = master
        self.log[name].append((self._now(), row["Id"]))
        if hard:
            del self.tables[name][row["Id"]]

    def undelete(self, name: str, key: str) -> None:
        row = self.tables[name][key]
        row |= {"IsDeleted": False, "SystemModstamp": self._now()}
        self._index(name, row, add=True)
        self.log[name] = [each for each in self.log[name] if each[1] != key]

    def row(self, name: str, key: Any) -> Row:
        """The row with this id, 15 or 18 characters; raises `Wrong`."""
        text = str(key)
        row = self.tables[name].get(full_id(text) if len(text) == 15 else text)
        if row is None:
            raise Wrong("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row["IsDeleted"]:
            raise Wrong("ENTITY_IS_DELETED", "entity is deleted")
        return row

    def holders(self, name: str, field: str, value: Any) -> list[str]:
        """The ids of the rows whose external id is `value`; two when somebody loaded a duplicate."""
        return self._held[name][field].get(_folded(value), [])

    def copy(self, name: str, key: str) -> str:
        """A second row with the same external id, as an org has it where the field is not unique."""
        self._counts[name] += 1
        twin = record_id(self.objects[name].prefix, self._counts[name])
        row = self.tables[name][key] | {"Id": twin, "SystemModstamp": self._now()}
        self.tables[name][twin] = row
        self._index(name, row, add=True)
        return twin

    def _now(self) -> int:
        return self.clock.now_ms() // 1000 * 1000

    def _index(self, name: str, row: Row, *, add: bool) -> None:
        for field, held in self._held[name].items():
            if (value := row.get(field)) is not None:
                keys = held.setdefault(_folded(value), [])
                if add:
                    keys.append(row["Id"])
                else:
                    keys.remove(row["Id"])

    def _check_unique(self, name: str, values: Mapping[str, Any], key: str) -> None:
        for field in self._held[name]:
            others = [each for each in self.holders(name, field, values.get(field)) if each != key]
            if values.get(field) is not None and others:
                raise Wrong("DUPLICATE_VALUE", f"duplicate value found: {field} on record with id: {others[0]}", field)

    def _values(self, schema: ObjectSchema, values: Mapping[str, Any]) -> Row:
        stored: Row = {}
        for name, value in values.items():
            field = schema.fields.get(name)
            if field is None:
                raise Wrong("INVALID_FIELD", f"No such column '{name}' on sobject of type {schema.name}")
            if field.system or field.kind in COMPOUND:
                raise Wrong(
                    "INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}. Please check", name
                )
            stored[name] = self._store(field, value)
        return stored

    def _store(self, field: Field, value: Any) -> Any:
        if value is None or value == "":
            return False if field.kind == "boolean" else None
        match field.kind:
            case "boolean":
                if not isinstance(value, bool) and value not in ("true", "false"):
                    raise _parse_error(field, value)
                return value in (True, "true")
            case "int":
                if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
                    raise _parse_error(field, value)
                return int(value)
            case kind if kind in _NUMBERS:
                return _number(field, value)
            case "date":
                if not isinstance(value, str) or not _DAY.fullmatch(value):
                    raise _parse_error(field, value)
                return value
            case "reference" if field.target:
                target = self.tables[field.target].get(full_id(str(value)))
                if target is None or target["IsDeleted"]:
                    raise Wrong("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
                return target["Id"]
            case _:
                return _text(field, value)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _parse_error(field, value)
    if len(value) > field.length:
        raise Wrong("STRING_TOO_LONG", f"{field.label}: data value too large (max length={field.length})", field.name)
    if field.kind == "email" and not _EMAIL.fullmatch(value):
        raise Wrong("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", field.name)
    return value


def _number(field: Field, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _parse_error(field, value) from None
    if isinstance(value, bool) or not number.is_finite() or number.adjusted() > 15:
        raise Wrong("NUMBER_OUTSIDE_VALID_RANGE", f"{field.label}: value outside of valid range", field.name)
    return number.quantize(Decimal(1).scaleb(-field.scale))


def _parse_error(field: Field, value: Any) -> Wrong:
    return Wrong(
        "JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.kind} from {type(value).__name__}", field.name
    )


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def moment(at_ms: int) -> str:
    """A time as the API writes it: `2026-03-02T03:04:05.000+0000`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}+0000"


def shown(field: Field, row: Row) -> Any:
    """A value as it goes out as JSON."""
    if field.kind == "address":
        parts = {"street": row.get("BillingStreet"), "city": row.get("BillingCity"), "state": row.get("BillingState")}
        return parts if any(parts.values()) else None
    value = row.get(field.name)
    if field.kind == "datetime" and value is not None:
        return moment(value)
    return float(value) if isinstance(value, Decimal) else value
