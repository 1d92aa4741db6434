"""The four ways in which clients write a request, read as one."""

from __future__ import annotations

from typing import Any

import orjson

from goldbridge.simulators.kit import Call, Refused


def arguments(call: Call) -> dict[str, Any]:
    """`formid`, `data`, `opNumber` and whatever else stands beside them.

    Positional parameters, named ones, named ones with `data` as text, or a web form with `data` as text.
    """
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given: dict[str, Any] = dict(call.form)
    else:
        given = call.json
    if not isinstance(given, dict):
        raise Refused("8", "请求参数不能为空")
    if isinstance(given.get("parameters"), str):
        given = {**given, "parameters": orjson.loads(given["parameters"])}
    if isinstance(given.get("parameters"), list):
        given = {**given, **_named(given["parameters"])}
    data = given.get("data", {})
    if isinstance(data, str):
        data = orjson.loads(data)
    if not isinstance(data, dict):
        raise Refused("8", "参数data不能为空")
    return {**given, "data": data}


def _named(parameters: list[Any]) -> dict[str, Any]:
    match parameters:
        case [str(form), str(operation), data] if operation.isalpha():
            return {"formid": form, "opNumber": operation, "data": data}
        case [str(form), data, *_] if not form.lstrip().startswith("{"):
            return {"formid": form, "data": data}
        case [data, *_]:
            return {"data": data}
        case _:
            return {}
