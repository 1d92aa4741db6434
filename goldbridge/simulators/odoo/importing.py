"""`load`: rows of texts with external ids, made or changed in one go; a row that is wrong keeps all others out."""

from __future__ import annotations

from typing import Any

from goldbridge.simulators.odoo.database import Database, Fault, Row


def load(database: Database, name: str, fields: list[str], data: list[list[Any]], fail: int = 0) -> dict[str, Any]:
    """Ids in the order of the rows, or `false` and a message per wrong row; `fail` rows are refused on purpose."""
    messages: list[dict[str, Any]] = []
    ids: list[int] = []

    def work() -> None:
        for at, texts in enumerate(data):
            try:
                if at < fail:
                    raise Fault("", "Missing required value for the field 'Name' (name)", "name")
                ids.append(_one(database, name, dict(zip(fields, texts, strict=True))))
            except Fault as fault:
                where = {"rows": {"from": at, "to": at}, "record": at, "field": fault.field or False}
                messages.append({"type": "error", "message": fault.message, **where})
        if messages:
            raise Fault("", "rolled back")

    try:
        database.transaction(work)
    except Fault:
        return {"ids": False, "messages": messages, "nextrow": 0}
    return {"ids": ids, "messages": [], "nextrow": 0}


def _one(database: Database, name: str, texts: Row) -> int:
    external = str(texts.pop("id", "") or "")
    key = int(texts.pop(".id", 0) or 0) or (database.by_external(name, external) if external else None)
    values = {field.partition("/")[0]: _value(database, name, field, text) for field, text in texts.items()}
    if key is not None and key in database.tables[name]:
        database.write(name, [key], values)
    else:
        key = database.create(name, values)
    if external and database.by_external(name, external) is None:
        module, _, tail = external.rpartition(".")
        database.put("ir.model.data", {"module": module, "name": tail, "model": name, "res_id": key})
    return key


def _value(database: Database, name: str, field: str, text: Any) -> Any:
    head, _, way = field.partition("/")
    column = database.column(name, head)
    if not isinstance(text, str):
        raise Fault("", f"Values are texts, not {type(text).__name__} ({field})", head)
    if text == "":
        return False
    match column.kind:
        case "boolean":
            if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
                raise Fault("", f"Unknown value '{text}' for boolean field '{head}'", head)
            return text.lower() in ("1", "true", "yes")
        case "integer":
            return _number(int, text, head)
        case "float" | "monetary":
            return _number(float, text, head)
        case "many2one" | "many2many":
            found = [_reference(database, column.relation, way, each, head) for each in text.split(",")]
            return found[0] if column.kind == "many2one" else found
    return text


def _number(kind: Any, text: str, field: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Fault("", f"'{text}' does not seem to be a number for field '{field}'", field) from None


def _reference(database: Database, relation: str, way: str, text: str, field: str) -> int:
    if way == ".id" and text.isdigit() and int(text) in database.tables[relation]:
        return int(text)
    if way == "id" and (found := database.by_external(relation, text)) is not None:
        return found
    if not way:
        for row in database.tables[relation].values():
            if row.get("name") == text:
                return int(row["id"])
    raise Fault("", f"No matching record found for '{text}' in field '{field}'", field)
