"""The tenant's rows and the rules they live by: required and unique fields, options by number, owners, locks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from goldbridge.simulators.kit import Refused, SimClock
from goldbridge.simulators.neocrm.query import NO_FIELD, NO_OBJECT, Query
from goldbridge.simulators.neocrm.schema import DEPARTMENT, ENTITY_TYPE, HUB_USER, Field, ObjectSchema

Row = dict[str, Any]
INVALID, DUPLICATE, MISSING = "300010", "300011", "300012"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FIRST_ID = 2_904_963_933_786_000


class Tenant:
    """One company's CRM, in memory; ids are numbers of 16 digits that grow."""

    def __init__(self, clock: SimClock, objects: Mapping[str, ObjectSchema]) -> None:
        self.clock, self.objects = clock, objects
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in objects}
        self._count = 0

    def schema(self, name: str) -> ObjectSchema:
        if name not in self.objects:
            raise Refused(NO_OBJECT, f"object not exist: {name}")
        return self.objects[name]

    def load(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows that were there before; `updatedAt` (epoch ms) and `ownerId` are kept when given."""
        for given in rows:
            system = {"entityType": ENTITY_TYPE, "ownerId": HUB_USER, "dimDepart": DEPARTMENT}
            values = {key: value for key, value in given.items() if key != "updatedAt"}
            key = self.create(name, {**system, **values})
            if "updatedAt" in given:
                self.tables[name][int(key)]["updatedAt"] = int(given["updatedAt"])

    def create(self, name: str, values: Mapping[str, Any], by: str = HUB_USER) -> str:
        schema = self.schema(name)
        stored = self._values(schema, values)
        for field in schema.fields.values():
            if field.required and stored.get(field.name) in (None, ""):
                raise Refused(INVALID, f"字段 {field.name}({field.label}) 为必填项")
        self._check_unique(schema, stored, 0)
        self._count += 1
        number, now = _FIRST_ID + self._count, self.clock.now_ms()
        blank = {each.name: None for each in schema.fields.values()}
        stamps = {"createdAt": now, "createdBy": by, "updatedAt": now, "updatedBy": by}
        self.tables[name][number] = {**blank, **stored, **stamps, "id": str(number)}
        return str(number)

    def update(self, name: str, key: str, values: Mapping[str, Any], by: str = HUB_USER) -> None:
        row = self.row(name, key)
        if row.get("lockStatus") == 2 and "lockStatus" not in values:
            raise Refused(INVALID, "数据校验失败: 记录已锁定")
        stored = self._values(self.schema(name), values)
        for field in self.schema(name).fields.values():
            if field.required and field.name in stored and stored[field.name] in (None, ""):
                raise Refused(INVALID, f"字段 {field.name}({field.label}) 为必填项")
        self._check_unique(self.schema(name), stored, int(row["id"]))
        row |= stored | {"updatedAt": self.clock.now_ms(), "updatedBy": by}

    def delete(self, name: str, key: str) -> None:
        del self.tables[name][int(self.row(name, key)["id"])]

    def row(self, name: str, key: str) -> Row:
        row = self.tables[self.schema(name).name].get(int(key) if str(key).isdigit() else -1)
        if row is None:
            raise Refused(MISSING, f"data not exist: {key}")
        return row

    def run(self, query: Query, *, most: int, owner: str) -> tuple[int, list[Row]]:
        """How many rows match, and those of the page; `owner` limits what is seen (empty: an administrator)."""
        table = self.tables[query.object_name]
        numbers = sorted(table) if query.ordered else list(table)
        found = [
            table[number]
            for number in numbers
            if (not owner or table[number]["ownerId"] == owner) and query.where(table[number])
        ]
        size = min(most, query.size if query.size is not None else most)
        return len(found), found[query.offset : query.offset + size]

    def _check_unique(self, schema: ObjectSchema, values: Mapping[str, Any], number: int) -> None:
        for field in schema.fields.values():
            value = values.get(field.name) if field.unique else None
            if value in (None, ""):
                continue
            if any(row[field.name] == value and other != number for other, row in self.tables[schema.name].items()):
                raise Refused(DUPLICATE, f"字段 {field.name} 的值重复: duplicate value")

    def _values(self, schema: ObjectSchema, values: Mapping[str, Any]) -> Row:
        stored: Row = {}
        for name, value in values.items():
            field = schema.fields.get(name)
            if field is None:
                raise Refused(NO_FIELD, f"field not exist: {name}")
            if field.system:
                raise Refused(INVALID, f"字段 {name} 校验失败: 只读")
            stored[name] = self._store(field, value)
        return stored

    def _store(self, field: Field, value: Any) -> Any:
        if value is None or value == "":
            return None
        wrong = Refused(INVALID, f"字段 {field.name}({field.label}) 校验失败: 值不合法")
        match field.kind:
            case "select":
                if value not in range(1, len(field.options) + 1):
                    raise wrong
                return value
            case "check":
                if not isinstance(value, list) or any(each not in range(1, len(field.options) + 1) for each in value):
                    raise wrong
                return value
            case "id":
                if not str(value).isdigit() or (field.target and int(value) not in self.tables[field.target]):
                    raise wrong
                return str(value)
            case "number":
                if isinstance(value, bool) or not isinstance(value, int):
                    raise wrong
                return value
            case "money":
                try:
                    return str(Decimal(str(value)).quantize(Decimal("0.01")))
                except InvalidOperation:
                    raise wrong from None
            case _:
                if not isinstance(value, str) or len(value) > field.length:
                    raise wrong
                if field.kind == "email" and not _EMAIL.fullmatch(value):
                    raise wrong
                return value
