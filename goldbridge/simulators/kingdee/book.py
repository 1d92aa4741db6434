"""The account book: rows per form, and what may become of them.

A record is created (A), submitted (B), audited (C), un-audited for re-review (D). Audited and submitted records refuse
changes; base data is forbidden rather than deleted. Saving sets the time of modification; submitting and auditing set
only their own times, so that who reads by the former alone misses them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from goldbridge.simulators.kingdee.form import ORGANISATIONS, Form
from goldbridge.simulators.kingdee.query import UNKNOWN_FIELD, Row
from goldbridge.simulators.kit import Refused, SimClock

_ZONE_S = 8 * 3600
_FIRST = 100_001
WRONG = "11"


class Refusal(NamedTuple):
    """Why one record was not taken."""

    message: str
    field: str = ""


class Wrong(Exception):
    """One record is not taken; the others of its batch may be."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.refusal = Refusal(message, field)


class Book:
    """All rows of one company, in memory."""

    def __init__(self, clock: SimClock, forms: Mapping[str, Form]) -> None:
        self.clock = clock
        self.forms = dict(forms)
        self.tables: dict[str, dict[int, Row]] = {form: {} for form in forms}
        self._numbers: dict[str, dict[str, int]] = {form: {} for form in forms}
        self._next = dict.fromkeys(forms, _FIRST)
        self._next_line = 500_001
        self._next_bill = 0

    def form(self, name: Any) -> Form:
        if not isinstance(name, str) or name not in self.forms:
            raise Refused("4", f"业务对象标识 {name} 不存在")
        return self.forms[name]

    def load(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Rows that were typed before: flat field keys, references as a code or `{"FNumber": code}`, bodies as lists.
        Audited unless they say otherwise; times are kept (`yyyy-MM-dd HH:mm:ss[.fff]`, Beijing) and made up if missing.
        """
        for name in rows:
            self.form(name)
        for name, form in self.forms.items():
            for item in rows.get(name, ()):
                now = str(item.get("FModifyDate") or self.now())
                values = {key: self._reference(form, key, value) for key, value in item.items()}
                lines = {entry: [self._line({}, line) for line in item.get(entry, ())] for entry in form.entries}
                row = {"FDocumentStatus": "C", "FCreateDate": now, form.flag: "A", **values, **lines}
                row["FModifyDate"] = now
                self._keep(form, row)

    def now(self) -> str:
        at = datetime.fromtimestamp(self.clock.now() + _ZONE_S, UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"

    def by_number(self, name: str, number: Any) -> Row | None:
        found = self._numbers[name].get(str(number))
        return None if found is None else self.tables[name][found]

    def row(self, name: str, key: Any) -> Row:
        """By internal id or by number. Raises `Wrong`."""
        found = self.tables[name].get(int(key)) if str(key).isdigit() else None
        found = found or self.by_number(name, key)
        if found is None:
            raise Wrong(f"数据不存在或已被删除: {key}")
        return found

    # What people do at their screens

    def touch(self, name: str, row: Row, values: Mapping[str, Any]) -> None:
        """Somebody changes a row, whatever its state."""
        form = self.form(name)
        row.update({key: self._reference(form, key, value) for key, value in values.items()})
        if "FModifyDate" not in values:
            row["FModifyDate"] = self.now()

    # What the API does

    def save(self, name: str, model: Mapping[str, Any], options: Mapping[str, Any]) -> Row:
        """Create (no id, or 0) or change one record. Raises `Wrong`, and `Refused` for a field that does not exist."""
        form = self.form(name)
        self._check_fields(form, model)
        key = int(model.get(form.key) or 0)
        row = self.row(name, key) if key else None
        if row is not None and row["FDocumentStatus"] in ("B", "C"):
            state = "已审核" if row["FDocumentStatus"] == "C" else "已提交审批"
            raise Wrong(f"{row[form.number]}{state}，不允许修改")
        wanted = [str(each) for each in options.get("NeedUpDateFields") or ()] if row is not None else []
        values = {
            field: self._reference(form, field, value)
            for field, value in model.items()
            if field not in (form.key, *form.entries) and (not wanted or field in wanted)
        }
        self._check(form, {**(row or {}), **values}, row)
        lines = self._bodies(form, model, row, wanted, drop=str(options.get("IsDeleteEntry", "true")).lower() == "true")
        if row is None:
            self._next_bill += 1
            number = values.get(form.number) or f"{form.id[:2].upper()}AUTO{self._next_bill:06d}"
            fresh = {"FDocumentStatus": "A", "FCreateDate": self.now(), form.flag: "A"}
            row = self._keep(form, {**fresh, **values, form.number: number, **lines, "FModifyDate": self.now()})
        else:
            self._numbers[name].pop(str(row[form.number]), None)
            row.update({**values, **lines, "FModifyDate": self.now()})
            row["FDocumentStatus"] = "A" if row["FDocumentStatus"] == "Z" else row["FDocumentStatus"]
            self._numbers[name][str(row[form.number])] = row[form.key]
        return row

    def move(self, name: str, row: Row, verb: str) -> None:
        """One step of a record's life. Raises `Wrong`."""
        form = self.form(name)
        steps = {"Submit": ("ADZ", "B"), "Audit": ("B", "C"), "UnAudit": ("C", "D"), "CancelAssign": ("B", "D")}
        if verb in steps:
            allowed, then = steps[verb]
            if row["FDocumentStatus"] not in allowed:
                raise Wrong(f"{row[form.number]}的单据状态为{row['FDocumentStatus']}，不能执行{verb}")
            row["FDocumentStatus"] = then
            if verb == "Audit":
                row["FApproveDate"] = self.now()
            return
        flags = {"Forbid": ("FForbidStatus", "B"), "Enable": ("FForbidStatus", "A"), "Cancel": ("FCancelStatus", "B"),
                 "YLBillClose": ("FCloseStatus", "B"), "BillClose": ("FCloseStatus", "B")}  # fmt: skip
        field, value = flags.get(verb, ("", ""))
        if field not in form.fields:
            raise Wrong(f"操作{verb}不存在")
        if row.get(field) == value:
            raise Wrong(f"{row[form.number]}已禁用或已关闭")
        row[field] = value
        row["FModifyDate"] = self.now()

    def delete(self, name: str, row: Row) -> None:
        form = self.form(name)
        if row["FDocumentStatus"] in ("B", "C"):
            raise Wrong(f"{row[form.number]}已审核或已提交，不能删除")
        self._numbers[name].pop(str(row[form.number]), None)
        del self.tables[name][row[form.key]]

    # Inside

    def _keep(self, form: Form, row: Row) -> Row:
        key = int(row.get(form.key) or self._next[form.id])
        self._next[form.id] = max(self._next[form.id], key + 1)
        row[form.key] = key
        self.tables[form.id][key] = row
        self._numbers[form.id][str(row.get(form.number))] = key
        return row

    def _reference(self, form: Form, field: str, value: Any) -> Any:
        """References by code, whatever case the client spells the key in."""
        if field not in form.references or value is None:
            return value
        if isinstance(value, dict):
            value = next((code for name, code in value.items() if name.upper() == "FNUMBER"), "")
        return {"FNumber": str(value)} if value != "" else None

    def _check_fields(self, form: Form, model: Mapping[str, Any]) -> None:
        for field, value in model.items():
            if field not in form.fields and field != form.key and field not in form.entries:
                raise Refused(UNKNOWN_FIELD, f"字段 {field} 不存在")
            for line in value if field in form.entries else ():
                for name in line:
                    if name not in form.entries[field] and name != "FEntryID":
                        raise Refused(UNKNOWN_FIELD, f"字段 {name} 不存在")

    def _check(self, form: Form, values: Mapping[str, Any], row: Row | None) -> None:
        for field in form.required:
            if values.get(field) in (None, "", {}):
                raise Wrong(f"字段“{field}”是必填项，不能为空", field)
        for field, target in form.references.items():
            code = (values.get(field) or {}).get("FNumber") if field in values else None
            missing = code is not None and (
                (target == "ORG" and code not in ORGANISATIONS)
                or (target in self.tables and self.by_number(target, code) is None)
            )
            if missing:
                raise Wrong(f"字段“{field}”引用的基础资料 {code} 不存在", field)
        holder = self.by_number(form.id, values.get(form.number)) if values.get(form.number) else None
        if holder is not None and (row is None or holder[form.key] != row[form.key]):
            raise Wrong(f"编码{values[form.number]}已存在", form.number)

    def _bodies(
        self, form: Form, model: Mapping[str, Any], row: Row | None, wanted: list[str], *, drop: bool
    ) -> dict[str, list[Row]]:
        """The lines after this save. Unless told otherwise, every line that was not sent is deleted."""
        kept: dict[str, list[Row]] = {}
        order = list(model)
        for entry in form.entries:
            old = list((row or {}).get(entry, ()))
            sent = model.get(entry)
            if sent is None or (wanted and entry not in wanted):
                if drop and row is not None and sent is None and any(each in model for each in form.entries):
                    kept[entry] = []
                continue
            known = {int(line["FEntryID"]): line for line in old}
            late = form.finance in order and order.index(form.finance) > order.index(entry)
            lines = []
            for line in sent:
                held = known.pop(int(line.get("FEntryID") or 0), {})
                made = self._line(held, line)
                lines.append({**made, "FPrice": 0, "FTaxPrice": 0} if late else made)
            kept[entry] = lines if drop else [*known.values(), *lines]
        return kept

    def _line(self, held: Row, line: Mapping[str, Any]) -> Row:
        if not held:
            self._next_line += 1
        codes = {key: value for key, value in line.items() if key != "FEntryID"}
        return {**held, **codes, "FEntryID": held.get("FEntryID") or self._next_line}
