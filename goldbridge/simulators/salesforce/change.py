"""Changes through the API: one record, or up to 200 of one type with a result for each."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

from goldbridge.simulators.kit import Answer, Call, Refused, json_answer
from goldbridge.simulators.salesforce.org import Org, Wrong, shown
from goldbridge.simulators.salesforce.schema import record_id

MOST_RECORDS = 200


class Changes:
    """Writes to the org; `wrote` is told about each record that was stored."""

    def __init__(self, org: Org, wrote: Callable[[], None]) -> None:
        self._org, self._wrote = org, wrote
        self._phantoms = 0

    # One record

    def create(self, call: Call) -> Answer:
        name = self._org.schema(call.params["name"]).name
        try:
            key = self._org.create(name, call.json)
        except Wrong as wrong:
            raise _refused(wrong) from None
        self._wrote()
        return json_answer({"id": key, "success": True, "errors": []}, 201)

    def get(self, call: Call) -> Answer:
        schema = self._org.schema(call.params["name"])
        try:
            row = self._org.row(schema.name, call.params["key"])
        except Wrong as wrong:
            raise Refused("NOT_FOUND", wrong.message, 404) from None
        url = f"{call.path.rpartition('/')[0]}/{row['Id']}"
        fields = {each.name: shown(each, row) for each in schema.fields.values()}
        return json_answer({"attributes": {"type": schema.name, "url": url}, **fields})

    def update(self, call: Call) -> Answer:
        name = self._org.schema(call.params["name"]).name
        try:
            self._org.update(name, call.params["key"], call.json)
        except Wrong as wrong:
            raise _refused(wrong) from None
        self._wrote()
        return Answer(204, b"")

    def delete(self, call: Call) -> Answer:
        try:
            self._org.delete(self._org.schema(call.params["name"]).name, call.params["key"])
        except Wrong as wrong:
            raise _refused(wrong) from None
        self._wrote()
        return Answer(204, b"")

    def upsert_one(self, call: Call) -> Answer:
        name, field, value = call.params["name"], call.params["field"], call.params["value"]
        self._external(name, field)
        holders = self._org.holders(name, field, value)
        if len(holders) > 1:
            return json_answer([f"/services/data/v59.0/sobjects/{name}/{key}" for key in holders], 300)
        try:
            if holders:
                self._org.update(name, holders[0], call.json)
                key = holders[0]
            else:
                key = self._org.create(name, {**call.json, field: value})
        except Wrong as wrong:
            raise _refused(wrong) from None
        self._wrote()
        created = not holders
        return json_answer({"id": key, "success": True, "errors": [], "created": created}, 201 if created else 200)

    # Collections

    def upsert(self, call: Call) -> Answer:
        name, field = call.params["name"], call.params["field"]
        self._external(name, field)
        records, together = _records(call, name)
        times = Counter(str(record.get(field)).casefold() for record in records)

        def one(record: dict[str, Any]) -> dict[str, Any]:
            value = record.get(field)
            if "Id" in record or "id" in record:
                raise Wrong("INVALID_FIELD", "The Id field should not be specified in the sobject data.", "Id")
            if value in (None, ""):
                raise Wrong("MISSING_ARGUMENT", f"{field} not specified", field)
            if times[str(value).casefold()] > 1:
                raise Wrong("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", field)
            holders = self._org.holders(name, field, value)
            if len(holders) > 1:
                raise Wrong(
                    "DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field", field
                )
            if holders:
                self._org.update(name, holders[0], record)
                return {"id": holders[0], "success": True, "created": False, "errors": []}
            return {"id": self._org.create(name, record), "success": True, "created": True, "errors": []}

        return self._each(call, records, together, one)

    def update_many(self, call: Call) -> Answer:
        records, together = _records(call, "")

        def one(record: dict[str, Any]) -> dict[str, Any]:
            key = record.pop("id", None) or record.pop("Id", None)
            if not key:
                raise Wrong("MISSING_ARGUMENT", "Id not specified in an update call")
            name = self._org.schema(record.pop("attributes", {}).get("type", "")).name
            self._org.update(name, str(key), record)
            return {"id": self._org.row(name, key)["Id"], "success": True, "errors": []}

        return self._each(call, records, together, one, typed=True)

    def delete_many(self, call: Call) -> Answer:
        ids = [{"id": key} for key in call.query.get("ids", "").split(",") if key]
        if len(ids) > MOST_RECORDS:
            raise Refused("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_RECORDS}", 400)

        def one(record: dict[str, Any]) -> dict[str, Any]:
            schema = next((each for each in self._org.objects.values() if record["id"].startswith(each.prefix)), None)
            if schema is None:
                raise Wrong("MALFORMED_ID", "malformed id")
            self._org.delete(schema.name, record["id"])
            return {"id": record["id"], "success": True, "errors": []}

        return self._each(call, ids, call.query.get("allOrNone") == "true", one, typed=True)

    def _each(
        self,
        call: Call,
        records: list[dict[str, Any]],
        together: bool,
        one: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        typed: bool = False,
    ) -> Answer:
        """HTTP 200 whatever became of the records; with `allOrNone` nothing stays when one of them is not taken."""
        partial, phantom, trim = call.fault("partial"), call.fault("phantom"), call.fault("trim")
        before = copy.deepcopy((self._org.tables, self._org.log, self._org._held)) if together else None
        results = []
        for index, record in enumerate(records):
            record = dict(record) if typed else {key: value for key, value in record.items() if key != "attributes"}
            if trim:
                record.pop(trim.field, None)
            try:
                if partial and index < partial.rows:
                    raise Wrong(partial.code or "FIELD_CUSTOM_VALIDATION_EXCEPTION", partial.message or "not today")
                if phantom:
                    self._phantoms += 1
                    result = {"id": record_id("001", 9_000_000 + self._phantoms), "success": True, "errors": []}
                else:
                    result = one(record)
                    self._wrote()
            except Wrong as wrong:
                told = {"statusCode": wrong.code, "message": wrong.message, "fields": wrong.fields}
                result = {"success": False, "errors": [told]}
            results.append(result)
        if before is not None and not all(result["success"] for result in results):
            self._org.tables, self._org.log, self._org._held = before
            rolled = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": "rolled back", "fields": []}
            results = [{"success": False, "errors": [rolled]} if each["success"] else each for each in results]
        return json_answer(results)

    def _external(self, name: str, field: str) -> None:
        known = self._org.schema(name).fields.get(field)
        if known is None or not known.external:
            raise Refused("NOT_FOUND", "Provided external ID field does not exist or is not accessible: " + field, 404)


def _records(call: Call, name: str) -> tuple[list[dict[str, Any]], bool]:
    body = call.json
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise Refused("JSON_PARSER_ERROR", "records expected", 400)
    if len(records) > MOST_RECORDS:
        raise Refused("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_RECORDS}", 400)
    for record in records:
        kind = (record.get("attributes") or {}).get("type")
        if not kind or (name and kind != name):
            raise Refused("INVALID_INPUT", "all records must be of one type, named in their attributes", 400)
    return records, body.get("allOrNone") is True


def _refused(wrong: Wrong) -> Refused:
    return Refused(wrong.code, wrong.message, 400)
