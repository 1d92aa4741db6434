"""Writes customers, suppliers and products by their code, one call per record: batches do not say which record failed.

An insert carries a key made of the record and its values, so that sending it once more replays the first answer. Saves
that know no such key find the record by its id or code, so that repeating them changes nothing more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from connectors.base import RawRow, Stream, Write, WriteResult
from connectors.yonyou.client import BipClient
from connectors.yonyou.config import YonyouList
from connectors.yonyou.envelope import DUPLICATE
from goldbridge.errors import Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import Reply

_MODEL = "/yonbip/digitalModel"
INSERT = f"{_MODEL}/merchant/idempotent/newinsert"
UPDATE = f"{_MODEL}/batch/merchant/save"
STOP = f"{_MODEL}/merchant/stop"
SUPPLIER = f"{_MODEL}/vendor/batchSaveV2"
PRODUCT = f"{_MODEL}/product/idempotent/save"
WRITABLE = ("customer", "supplier", "product")


class RecordWriter:
    """Writes one batch."""

    def __init__(self, client: BipClient, entry: YonyouList, system: str) -> None:
        self._client, self._entry, self._system = client, entry, system
        self._touched = False

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole target is raised while nothing was written yet."""
        results: list[WriteResult] = []
        broken: Halt | Misconfigured | None = None
        for at, write in enumerate(batch):
            if any(earlier.external_id == write.external_id for earlier in batch[:at]):
                said = "an earlier write of this batch has the same id"
                results.append(WriteResult(write.external_id, "retry", write.key, message=said))
                continue
            if broken is not None:
                results.append(WriteResult(write.external_id, "retry", write.key, broken.code, broken.message))
                continue
            try:
                results.append(self._one(stream, write))
            except (Halt, Misconfigured) as error:
                if not self._touched:
                    raise
                broken = error
                results.append(WriteResult(write.external_id, "retry", write.key, error.code, error.message))
        return results

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Rows in use by their code, which is our id."""
        found: dict[str, RawRow] = {}
        for ours in dict.fromkeys(external_ids):
            row = self._client.by_code(self._entry, ours, ours) if ours else None
            if row is not None and str(row.get(self._entry.flag)).lower() not in ("true", "1"):
                found[ours] = row
        return found

    def _one(self, stream: Stream, write: Write) -> WriteResult:
        about = f"{stream.name} {write.external_id}"
        work = {"customer": self._customer, "supplier": self._supplier, "product": self._product}[stream.name]
        if write.op == "deactivate":
            work = self._stop
        try:
            result = work(write, about)
        except OutcomeUnknown as error:
            self._touched = True
            return WriteResult(write.external_id, "unknown", write.key, error.code, error.message)
        except Reject as error:
            return WriteResult(write.external_id, "rejected", write.key, error.code, error.message, error.field)
        except Retry as error:  # what carries a key may have happened all the same
            outcome: Any = "retry" if error.code in ("CON003", "CON018") else "unknown"
            return WriteResult(write.external_id, outcome, write.key, error.code, error.message)
        self._touched = True
        return result

    # The three archives

    def _customer(self, write: Write, about: str) -> WriteResult:
        if write.key is None and write.op == "create":
            values = self._values(write, "Insert")
            reply = self._client.change(INSERT, {"data": self._keyed(write, values)}, about=about, repeatable=True)
            key = _key(reply)
            if str(reply.data.get("code")) not in DUPLICATE:
                return self._written(write, key, about)
            return self._update(write, key or self._found(write, about), about)
        return self._update(write, write.key or self._found(write, about), about)

    def _update(self, write: Write, key: str | None, about: str) -> WriteResult:
        if key is None:
            said = f"{self._system} {about}: no record has this code any more; create it anew"
            return WriteResult(write.external_id, "rejected", code="CON180", message=said)
        values = {**self._values(write, "Update"), "id": key}
        values.pop("code", None)  # a record that was typed by hand keeps its own
        self._client.change(UPDATE, {"data": [values]}, about=about)
        return WriteResult(write.external_id, "written", key)

    def _supplier(self, write: Write, about: str) -> WriteResult:
        values = self._upsert(write)
        reply = self._client.change(SUPPLIER, {"data": [values]}, about=about)
        return self._written(write, write.key or _key(reply), about)

    def _product(self, write: Write, about: str) -> WriteResult:
        body = {"data": self._keyed(write, self._upsert(write))}
        reply = self._client.change(PRODUCT, body, about=about, repeatable=True)
        return self._written(write, write.key or _key(reply), about)

    def _stop(self, write: Write, about: str) -> WriteResult:
        if not about.startswith("customer "):
            said = f"{self._system} {about}: only customers can be stopped here; stop the record in Yonyou"
            return WriteResult(write.external_id, "rejected", write.key, "CON181", said)
        key = write.key or self._found(write, about)
        if key is None:
            return WriteResult(write.external_id, "written", message="nothing to deactivate")
        self._client.change(STOP, {"data": [{"id": key}]}, about=about)
        return WriteResult(write.external_id, "written", key)

    # Parts

    def _upsert(self, write: Write) -> dict[str, Any]:
        if write.key is None:
            return self._values(write, "InsertUpdate")
        values = {**self._values(write, "Update"), "id": write.key}
        values.pop("code", None)
        return values

    def _values(self, write: Write, status: str) -> dict[str, Any]:
        """The record with its status; every child row has to say its own."""
        values = {name: _children(value) for name, value in write.values.items() if name not in ("id", "pubts")}
        return {**values, "code": write.external_id, "_status": status}

    def _keyed(self, write: Write, values: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps([write.external_id, values], sort_keys=True, ensure_ascii=False)
        return {**values, "resubmitCheckKey": hashlib.sha256(text.encode()).hexdigest()[:32]}

    def _written(self, write: Write, key: str | None, about: str) -> WriteResult:
        key = key or self._found(write, about)
        if key is None:
            said = f"{self._system} {about}: written, but the answer has no id and the record is not found yet"
            return WriteResult(write.external_id, "unknown", code="CON182", message=said)
        return WriteResult(write.external_id, "written", key)

    def _found(self, write: Write, about: str) -> str | None:
        row = self._client.by_code(self._entry, write.external_id, about)
        return None if row is None else str(row[self._entry.key])


def _children(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    mark: Callable[[dict[str, Any]], str] = lambda child: "Update" if child.get("id") else "Insert"  # noqa: E731
    return [{"_status": mark(child), **child} if isinstance(child, dict) else child for child in value]


def _key(reply: Reply) -> str | None:
    """The id in an answer: at its top for a single save, among `infos` for a batch."""
    data = reply.data.get("data") if isinstance(reply.data, dict) else None
    if isinstance(data, dict) and isinstance(data.get("infos"), list) and data["infos"]:
        data = data["infos"][0]
    key = data.get("id") if isinstance(data, dict) else None
    return None if key is None else str(key)
