"""Rows and what the server does with them: everything of one call happens, or nothing.

Times are kept to the microsecond and shown to the second; empty is `false`, whatever the type of the field.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.odoo.model import Column, Model

Row = dict[str, Any]
Test = Callable[[Row], bool]


class Fault(Exception):
    """What the server raises; `name` is the class of the exception as clients see it."""

    def __init__(self, name: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.name, self.message, self.field = name, message, field


VALIDATION, USER = "odoo.exceptions.ValidationError", "odoo.exceptions.UserError"
MISSING, ACCESS = "odoo.exceptions.MissingError", "odoo.exceptions.AccessError"
UNIQUE, FOREIGN = "psycopg2.errors.UniqueViolation", "psycopg2.errors.ForeignKeyViolation"
KEY, VALUE = "builtins.KeyError", "builtins.ValueError"


class Database:
    """All tables, in memory."""

    def __init__(self, clock: SimClock, models: Mapping[str, Model]) -> None:
        self.clock, self.models = clock, dict(models)
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in models}
        self._next = dict.fromkeys(models, 1)
        if "ir.model" in models:
            for name in models:
                self.put("ir.model", {"model": name, "name": name, "transient": False})

    def model(self, name: str) -> Model:
        if name not in self.models:
            raise Fault(KEY, name)
        return self.models[name]

    def load_rows(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Rows that were there before; ids and times are kept and made up when missing."""
        for name, items in rows.items():
            for item in items:
                stamps = {key: item[key] for key in ("id", "write_date", "create_date") if key in item}
                self.put(name, {**self._checked(name, item, loading=True), **stamps}, touch="write_date" not in item)

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def put(self, name: str, row: Row, *, touch: bool = True) -> int:
        key = int(row.get("id") or self._next[name])
        self._next[name] = max(self._next[name], key + 1)
        kept = self.tables[name].get(key, {"active": True} if "active" in self.model(name) else {})
        now = self.now()
        stamps = {"write_date": now} if touch else {}
        self.tables[name][key] = {"create_date": now, **kept, **row, **stamps, "id": key}
        return key

    # Reading

    def search(self, name: str, domain: Any, order: str = "", *, active_test: bool = True) -> list[Row]:
        model = self.model(name)
        test = Domain(self, name).read(domain or [])
        asks = any(isinstance(leaf, list | tuple) and leaf and leaf[0] == "active" for leaf in domain or [])
        hides = "active" in model and active_test and not asks
        found = [row for row in self.tables[name].values() if test(row) and (not hides or row.get("active"))]
        for part in reversed([part.strip() for part in (order or "id").split(",")]):
            field, _, direction = part.partition(" ")
            self.column(name, field)
            found.sort(key=lambda row: _rank(row.get(field)), reverse=direction.strip().lower() == "desc")
        return found

    def shown(self, name: str, row: Row, fields: Iterable[str]) -> Row:
        return {"id": row["id"], **{field: self._show(self.column(name, field), row.get(field)) for field in fields}}

    def _show(self, column: Column, value: Any) -> Any:
        if column.kind in ("one2many", "many2many"):
            return list(value or [])
        if column.kind in ("integer", "float", "monetary"):
            return value if value is not None else 0
        if value in (None, "", False):
            return False
        if column.kind == "many2one":
            target = self.tables[column.relation].get(int(value), {})
            return [int(value), target.get("name", f"{column.relation},{value}")]
        return str(value)[:19] if column.kind == "datetime" else value

    def column(self, name: str, field: str) -> Column:
        column = self.model(name).get(field)
        if column is None:
            raise Fault(VALUE, f"Invalid field '{field}' on model '{name}'")
        return column

    # Writing

    def create(self, name: str, values: Mapping[str, Any]) -> int:
        checked = self._checked(name, values)
        for field, column in self.model(name).items():
            if column.required and not checked.get(field):
                raise Fault(VALIDATION, f"Missing required value for the field '{field}' ({field}).", field)
        return self.put(name, checked)

    def write(self, name: str, ids: Iterable[int], values: Mapping[str, Any]) -> bool:
        checked = self._checked(name, values)
        for key in ids:
            if key not in self.tables[name]:
                raise Fault(MISSING, f"Record does not exist or has been deleted. (Record: {name}({key},), User: 2)")
            for field, value in checked.items():
                if self.model(name)[field].required and not value:
                    raise Fault(VALIDATION, f"Missing required value for the field '{field}' ({field}).", field)
            self.put(name, {**checked, "id": key})
        return True

    def unlink(self, name: str, ids: Iterable[int]) -> bool:
        for key in ids:
            self.tables[name].pop(key, None)
            for data in [data for data in self.tables["ir.model.data"].values() if _of(data, name, key)]:
                del self.tables["ir.model.data"][data["id"]]
        return True

    def transaction(self, work: Callable[[], Any]) -> Any:
        """Everything or nothing."""
        before = copy.deepcopy((self.tables, self._next))
        try:
            return work()
        except Exception:
            self.tables, self._next = before
            raise

    def by_external(self, name: str, external: str) -> int | None:
        module, _, tail = external.rpartition(".")
        for data in self.tables["ir.model.data"].values():
            if (data["module"], data["name"], data["model"]) == (module, tail, name):
                return int(data["res_id"])
        return None

    def _checked(self, name: str, values: Mapping[str, Any], *, loading: bool = False) -> Row:
        found: Row = {}
        for field, value in values.items():
            if loading and field in ("id", "write_date", "create_date"):
                continue
            column = self.column(name, field)
            if column.kind == "many2one" and value and int(value) not in self.tables[column.relation]:
                raise Fault(FOREIGN, f"insert or update on table violates foreign key constraint on {field}", field)
            if column.kind == "many2many" and isinstance(value, list):
                value = [key for command in value for key in (command[2] if isinstance(command, list) else [command])]
            if field == "vat" and value and not re.fullmatch(r"[0-9A-Z]{8,20}", str(value)):
                raise Fault(VALIDATION, f"The VAT number [{value}] does not seem to be valid.", "vat")
            found[field] = value
        return found


def _of(data: Row, model: str, key: int) -> bool:
    return bool(data["model"] == model and data["res_id"] == key)


def _rank(value: Any) -> tuple[int, Any]:
    if value in (None, False, ""):
        return (2, "")
    return (0, value) if isinstance(value, int | float) else (1, str(value))


class Domain:
    """A condition in prefix notation: `&`, `|`, `!` before their terms; terms side by side are joined by and."""

    def __init__(self, database: Database, model: str) -> None:
        self._database, self._model = database, model

    def read(self, domain: list[Any]) -> Test:
        items = iter(domain)
        tests: list[Test] = [self._term(item, items) for item in items]
        return lambda row: all(test(row) for test in tests)

    def _term(self, item: Any, items: Iterator[Any]) -> Test:
        if item == "!":
            inner = self._term(next(items), items)
            return lambda row: not inner(row)
        if item in ("&", "|"):
            one, other = self._term(next(items), items), self._term(next(items), items)
            return (lambda row: one(row) and other(row)) if item == "&" else (lambda row: one(row) or other(row))
        field, operator, wanted = item
        self._database.column(self._model, field)
        return lambda row: _compare(row.get(field), operator, wanted)


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    empty = value in (None, "", False)
    match operator:
        case "=":
            return empty if wanted in (False, None) else bool(value == wanted)
        case "!=":
            return not empty if wanted in (False, None) else bool(value != wanted)
        case "in":
            return value in wanted
        case "not in":
            return value not in wanted
        case "ilike" | "like":
            return str(wanted).casefold() in str(value or "").casefold()
    if empty and not isinstance(value, int):
        return False
    one: Any = value if isinstance(value, int | float) else str(value)
    other: Any = wanted if isinstance(value, int | float) else str(wanted)
    return bool({">": one > other, ">=": one >= other, "<": one < other, "<=": one <= other}[operator])
