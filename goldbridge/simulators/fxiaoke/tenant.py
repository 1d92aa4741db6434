"""The tenant's rows and the rules they live by: uniqueness, life and lock status, owners, approvals.

Both doors lead here: the API (`create`, `update`, ...) and the people at their screens (`edit`, `add`, `remove`), who
start no approval and may type an option's label instead of its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from goldbridge.simulators.fxiaoke.approval import Approvals, Instance
from goldbridge.simulators.fxiaoke.field import SYSTEM_FIELDS, ObjectSchema
from goldbridge.simulators.fxiaoke.query import BAD_REQUEST
from goldbridge.simulators.fxiaoke.schema import ADMIN
from goldbridge.simulators.fxiaoke.table import Row, Table
from goldbridge.simulators.fxiaoke.value import INVALID, store, unlabel
from goldbridge.simulators.kit import Refused, SimClock

_SYSTEM = frozenset(field.name for field in SYSTEM_FIELDS)
_WRITABLE = frozenset(("owner", "record_type"))
_READ_ONLY = frozenset(("ApprovalInstanceObj", "ApprovalTaskObj"))


class Tenant:
    """One company's CRM, in memory."""

    def __init__(self, clock: SimClock, objects: Mapping[str, ObjectSchema]) -> None:
        self.clock = clock
        self.tables = {name: Table(schema) for name, schema in objects.items()}
        self.approvals = Approvals(clock)
        self._numbers = {name: number for number, name in enumerate(objects, start=1)}
        self._counts = dict.fromkeys(objects, 0)

    def table(self, name: Any) -> Table:
        table = self.tables.get(name) if isinstance(name, str) else None
        if table is None:
            raise Refused(BAD_REQUEST, f"对象不存在: {name}")
        return table

    def load(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Rows that were there before: any of the object's fields, options by label or value; `_id`, `create_time`,
        `last_modified_time` (ms) and `owner` are kept when given and made up when not.
        """
        for name in rows:
            self.table(name)
        for name, table in self.tables.items():  # in this order, so that look-ups find what they point to
            for item in rows.get(name, ()):
                made = item.get("create_time", self.clock.now_ms())
                system = {
                    "_id": item.get("_id") or self._next_id(name),
                    "owner": item.get("owner", [ADMIN]),
                    "create_time": made,
                    "last_modified_time": item.get("last_modified_time", made),
                }
                by = (system["owner"] or [ADMIN])[0]
                self._check_unique(table, values := self._values(table, item, typed=True), "")
                table.put(self._fresh(values, by) | system)

    # What the API does

    def create(
        self,
        name: str,
        data: Mapping[str, Any],
        by: str,
        *,
        approve: bool,
        stamps: Mapping[str, Any] | None = None,
        details: Mapping[str, list[dict[str, Any]]] | None = None,
    ) -> Row:
        """A new row and its lines, all or nothing; `approve` starts an approval, `stamps` may date it back."""
        table = self._writable(name)
        values = self._values(table, data)
        self._check_required(table, values)
        self._check_unique(table, values, "")
        lines = list(self._lines(name, details or {}))
        row = self._fresh(values, by) | {"_id": self._next_id(name)} | dict(stamps or {})
        if approve and table.schema.approval:
            row |= {"life_status": "under_review", "lock_status": "1"}
            self._mirror(self.approvals.start(name, row["_id"], by, None))
        table.put(row)
        for child, master, held in lines:
            line = self._fresh(held, by) | {"_id": self._next_id(child.schema.name), master: row["_id"]}
            child.put(line | {"owner": row["owner"], "life_status": row["life_status"]})
        return row

    def update(self, name: str, key: str, data: Mapping[str, Any], by: str, *, approve: bool, force: bool) -> Row:
        """Change the fields given, leave the others; `force` also changes a locked row."""
        table = self._writable(name)
        row = self.row(name, key)
        if row["life_status"] == "invalid":
            raise Refused(INVALID, f"数据已作废: {key}")
        if row["lock_status"] == "1" and not force:
            raise Refused(INVALID, f"数据已锁定，不允许编辑: {key}")
        if "owner" in data:
            raise Refused(INVALID, "负责人不能通过编辑修改")
        values = self._values(table, data)
        self._check_required(table, values, among=values.keys())
        self._check_unique(table, values, key)
        if approve and table.schema.approval:
            self._mirror(self.approvals.start(name, key, by, values))
            return self._change(table, row, {"life_status": "in_change", "lock_status": "1"}, by)
        return self._change(table, row, values, by)

    def invalidate(self, name: str, key: str, by: str) -> Row:
        table, row = self._writable(name), self.row(name, key)
        if row["life_status"] == "invalid":
            raise Refused(INVALID, f"数据已作废: {key}")
        if row["lock_status"] == "1":
            raise Refused(INVALID, f"数据已锁定，不允许作废: {key}")
        for child, line in self._held(name, key):  # lines go with their row
            if line["life_status"] != "invalid":
                self._change(child, line, {"life_status": "invalid", "is_deleted": True}, by)
        return self._change(table, row, {"life_status": "invalid", "is_deleted": True}, by)

    def recover(self, name: str, key: str, by: str) -> Row:
        table, row = self.table(name), self._invalid(name, key)
        self._check_unique(table, row, key)
        for child, line in self._held(name, key):
            self._change(child, line, {"life_status": "normal", "is_deleted": False}, by)
        return self._change(table, row, {"life_status": "normal", "is_deleted": False}, by)

    def delete(self, name: str, key: str) -> None:
        self._invalid(name, key)
        for child, line in self._held(name, key):
            child.drop(line["_id"])
        self.table(name).drop(key)

    def change_owner(self, name: str, key: str, owner: list[str], by: str) -> Row:
        table, row = self.table(name), self.row(name, key)
        if not row.get("owner"):
            raise Refused("20014", "无此操作的数据权限")  # a row in the public pool has to be chosen first
        values = {"owner": store(table.schema.fields["owner"], owner, self._exists)}
        return self._change(table, row, values, by)

    def choose(self, name: str, key: str, by: str) -> Row:
        row = self.row(name, key)
        if row.get("owner"):
            raise Refused(INVALID, f"数据已有负责人: {key}")
        return self._change(self.table(name), row, {"owner": [by]}, by)

    def lock(self, name: str, key: str, by: str, *, locked: bool) -> Row:
        return self._change(self.table(name), self.row(name, key), {"lock_status": "1" if locked else "0"}, by)

    def settle(self, task_id: Any, action: Any, opinion: Any, by: str) -> None:
        """Act on an approval task: a passed change reaches the row, a refused new row stays without effect."""
        instance = self.approvals.act(task_id, action, opinion)
        self._mirror(instance)
        table = self.table(instance.object_name)
        row = table.rows.get(instance.key)
        if row is None:
            return
        passed = instance.state == "pass"
        life = "ineffective" if instance.changes is None and not passed else "normal"
        changes = (instance.changes or {}) if passed else {}
        self._change(table, row, changes | {"life_status": life, "lock_status": "0"}, by)

    # What people do

    def add(self, name: str, values: Mapping[str, Any], by: str) -> str:
        """Somebody types a new row; returns its id."""
        row = self.create(name, self._typed(name, values), by, approve=False)
        return str(row["_id"])

    def edit(self, name: str, key: str, values: Mapping[str, Any], by: str) -> None:
        """Somebody changes a row at the screen."""
        table = self.table(name)
        checked = self._values(table, values, typed=True)
        self._check_unique(table, checked, key)
        self._change(table, self.row(name, key), checked, by)

    def remove(self, name: str, key: str, by: str) -> None:
        """Somebody invalidates a row."""
        self.invalidate(name, key, by)

    def row(self, name: str, key: Any) -> Row:
        row = self.table(name).rows.get(key) if isinstance(key, str) else None
        if row is None:
            raise Refused(INVALID, f"数据不存在或已删除: {key}")
        return row

    # Inside

    def _writable(self, name: Any) -> Table:
        table = self.table(name)
        if table.schema.name in _READ_ONLY:
            raise Refused(BAD_REQUEST, f"对象不支持写入: {name}")
        return table

    def _check_required(
        self, table: Table, values: Mapping[str, Any], *, besides: str = "", among: Iterable[str] | None = None
    ) -> None:
        asked = set(table.schema.fields if among is None else among) - {besides}
        for field in table.schema.fields.values():
            if field.required and field.name in asked and not values.get(field.name):
                raise Refused(INVALID, f"字段[{field.label}]({field.name})为必填项")

    def _lines(
        self, name: str, details: Mapping[str, list[dict[str, Any]]]
    ) -> Iterator[tuple[Table, str, dict[str, Any]]]:
        """Checked lines of a new row: their table, the field that will name the row, their values."""
        for child_name, lines in details.items():
            child = self._writable(child_name)
            master = child.schema.master(name)
            if not master:
                raise Refused(BAD_REQUEST, f"从对象不存在: {child_name}")
            met: set[tuple[str, Any]] = set()
            for line in lines:
                values = self._values(child, {key: value for key, value in line.items() if key != master})
                self._check_required(child, values, besides=master)
                self._check_unique(child, values, "")
                unique = {(key, values[key]) for key in child.schema.unique if values.get(key) is not None}
                if unique & met:
                    raise Refused(INVALID, f"{child_name}的值重复: {sorted(unique & met)[0][1]}")
                met |= unique
                yield child, master, values

    def _held(self, name: str, key: str) -> list[tuple[Table, Row]]:
        """The lines of a row."""
        masters = [(table, field) for table in self.tables.values() if (field := table.schema.master(name))]
        return [(table, table.rows[line]) for table, field in masters for line in sorted(table.holding(field, key))]

    def _mirror(self, instance: Instance) -> None:
        """The approval and its task as objects like others."""
        shown = {
            "name": f"flow_{instance.object_name}",
            "state": instance.state,
            "object_api_name": instance.object_name,
            "object_data_id": instance.key,
            "create_time": instance.started_ms,
        }
        rows: dict[str, Row] = {
            "ApprovalInstanceObj": {"_id": instance.instance_id},
            "ApprovalTaskObj": {"_id": instance.task_id, "instance_id": instance.instance_id},
        }
        for name, own in rows.items():
            if name in self.tables:
                self.tables[name].put(self._fresh({}, instance.submitter) | shown | own)

    def _typed(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.table(name).schema.fields
        return {key: unlabel(fields[key], value) if key in fields else value for key, value in values.items()}

    def _values(self, table: Table, data: Mapping[str, Any], *, typed: bool = False) -> dict[str, Any]:
        """The writable fields of `data`, checked and as they are kept; None for those that are emptied."""
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key in _SYSTEM and key not in _WRITABLE:
                continue
            field = table.schema.fields.get(key)
            if field is None:
                if key in ("dataObjectApiName", "object_describe_api_name"):
                    continue
                raise Refused(BAD_REQUEST, f"字段不存在: {key}")
            values[key] = store(field, unlabel(field, value) if typed else value, self._exists)
        return values

    def _exists(self, name: str, key: str) -> bool:
        table = self.tables.get(name)
        return table is not None and key in table.rows and table.rows[key]["life_status"] != "invalid"

    def _check_unique(self, table: Table, values: Mapping[str, Any], key: str) -> None:
        for name in table.schema.unique:
            value = values.get(name)
            holder = table.holder(name, value) if value is not None else None
            if holder is not None and holder != key:
                field = table.schema.fields[name]
                raise Refused(INVALID, f"字段[{field.label}]({name})的值重复: {value}")

    def _fresh(self, values: Mapping[str, Any], by: str) -> Row:
        now = self.clock.now_ms()
        row: Row = {
            "owner": [by],
            "life_status": "normal",
            "lock_status": "0",
            "is_deleted": False,
            "version": "1",
            "record_type": "default__c",
            "created_by": [by],
            "create_time": now,
            "last_modified_by": [by],
            "last_modified_time": now,
        }
        return row | {key: value for key, value in values.items() if value is not None}

    def _change(self, table: Table, row: Row, values: Mapping[str, Any], by: str) -> Row:
        changed = {
            **row,
            **values,
            "version": str(int(row["version"]) + 1),
            "last_modified_by": [by],
            "last_modified_time": max(self.clock.now_ms(), row["create_time"]),
        }
        changed = {key: value for key, value in changed.items() if value is not None}
        table.put(changed)
        return changed

    def _invalid(self, name: str, key: Any) -> Row:
        row = self.row(name, key)
        if row["life_status"] != "invalid":
            raise Refused(INVALID, f"请先作废数据: {key}")
        return row

    def _next_id(self, name: str) -> str:
        """24 hex digits that grow with every row of the object and depend on nothing else."""
        while True:
            self._counts[name] += 1
            key = f"6a{self._numbers[name]:02x}{self._counts[name]:020x}"
            if key not in self.tables[name].rows:
                return key


def viewer(employee: str, *, admin: bool, invalid: bool) -> Callable[[Row], bool]:
    """Which rows a caller sees: an administrator every one, others their own; invalidated ones only when asked for."""

    def sees(row: Row) -> bool:
        return (invalid or row["life_status"] != "invalid") and (admin or employee in row.get("owner", ()))

    return sees
