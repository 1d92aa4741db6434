"""How the book answers: a status with errors and successes by place in the batch, compact JSON, always HTTP 200."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from goldbridge.simulators.kingdee.book import WRONG, Refusal
from goldbridge.simulators.kingdee.form import LABELS, STATUSES, Form
from goldbridge.simulators.kingdee.query import Row


def refusal(code: str, message: str) -> dict[str, Any]:
    """A refusal of the whole call."""
    number: Any = int(code) if code.lstrip("-").isdigit() else code
    found = {
        "ErrorCode": 500,
        "IsSuccess": False,
        "Errors": [{"FieldName": None, "Message": message, "DIndex": 0}],
        "SuccessEntitys": [],
        "SuccessMessages": [],
        "MsgCode": number,
    }
    return {"Result": {"ResponseStatus": found}}


def outcome(form: Form, done: Sequence[tuple[int, Row]], wrong: Sequence[tuple[int, Refusal]]) -> dict[str, Any]:
    """Successes and errors, each with its place in the batch."""
    entities = [{"Id": row[form.key], "Number": row[form.number], "DIndex": at} for at, row in done]
    errors = [{"FieldName": each.field, "Message": each.message, "DIndex": at} for at, each in wrong]
    response: dict[str, Any] = {"IsSuccess": not wrong, "Errors": errors, "SuccessEntitys": entities}
    response |= {"SuccessMessages": [], "MsgCode": int(WRONG) if wrong else 0}
    if wrong:
        response["ErrorCode"] = 500
    return {"ResponseStatus": response}


def viewed(form: Form, row: Row) -> dict[str, Any]:
    """A record as View shows it: names without their first letter, references as objects."""
    shown: dict[str, Any] = {"Id": row[form.key]}
    for name, value in row.items():
        if name != form.key:
            shown[name.removeprefix("F")] = {"Number": value["FNumber"]} if isinstance(value, dict) else value
    return {"Result": {"ResponseStatus": None, "Result": shown}}


def described(form: Form) -> dict[str, Any]:
    """What QueryBusinessInfo says about a form: its internal id apart, then its fields, header first."""
    entries = [_entry(form, "FBillHead", form.fields - {form.key})]
    entries += [_entry(form, entry, fields) for entry, fields in form.entries.items()]
    told = {"Id": form.id, "PkFieldName": form.key, "Entrys": entries}
    return {
        "Result": {"ResponseStatus": {"IsSuccess": True, "Errors": [], "MsgCode": 0}, "NeedReturnData": told},
    }


def _entry(form: Form, key: str, fields: Iterable[str]) -> dict[str, Any]:
    return {"Key": key, "Name": _named(LABELS.get(key, key)), "Fields": [_field(form, name) for name in sorted(fields)]}


def _field(form: Form, name: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Key": name,
        "Name": _named(LABELS.get(name, name)),
        "FieldType": 1 if name in form.references else 231,
        "MustInput": int(name in form.required),
    }
    if form.references.get(name):
        shown["LookUpObjectFormId"] = form.references[name]
    if name == "FDocumentStatus":
        shown["EnumObject"] = {"Items": [{"Value": value, "Caption": _named(text)} for value, text in STATUSES.items()]}
    return shown


def _named(text: str) -> list[dict[str, Any]]:
    """A text as it is kept, once per language."""
    return [{"Key": 2052, "Value": text}]
