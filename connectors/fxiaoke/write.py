"""Writes records one by one (the API has no batches) with one look-up for the whole batch before.

There is no upsert and no idempotency key: a record is found by our external id before it is created, so a create that
is repeated becomes an update of what the first one left. A lost answer within a chain of calls for one record (update,
owner, lines) is harmless as long as the whole chain is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.base import RawRow, Stream, Write, WriteResult
from connectors.fxiaoke.client import FxiaokeClient, condition, path
from connectors.fxiaoke.config import FxiaokeConfig
from connectors.fxiaoke.describe import Schema
from connectors.fxiaoke.lines import Lines, Rows
from goldbridge.errors import Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.ports import Json

_POOLED = frozenset({"AccountObj", "LeadsObj"})


class RecordWriter:
    """Writes one batch of one object."""

    def __init__(self, client: FxiaokeClient, schema: Schema, config: FxiaokeConfig, system: str) -> None:
        self._client, self._schema, self._config, self._system = client, schema, config, system
        self._lines = Lines(client, schema, config, self._encode)

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write. What concerns the whole target is raised, but only while nothing was written yet."""
        children = self._lines.objects(stream.name, batch)
        names = sorted({name for write in batch for name in write.values} - children)
        self._schema.check_fields(stream.name, names, self._external)
        unkeyed = [write.external_id for write in batch if write.key is None]
        keys = {found: str(row["_id"]) for found, row in self.read_back(stream.name, unkeyed, slim=True).items()}
        broken = _Broken()

        def run(index: int) -> WriteResult:
            write = batch[index]
            if any(earlier.external_id == write.external_id for earlier in batch[:index]):
                return WriteResult(write.external_id, "retry", message="an earlier write of this batch has the same id")
            found = keys.get(write.external_id)
            return broken.guard(write, lambda: self._write_one(stream.name, write, found, children))

        results = [run(index) for index in range(len(batch))]
        if broken.error is not None and all(result.outcome == "retry" for result in results):
            raise broken.error
        return results

    def read_back(self, name: str, external_ids: Sequence[str], *, slim: bool = False) -> dict[str, RawRow]:
        """Rows by external id, asked for in batches; of several rows with one id the oldest `_id` counts."""
        found: dict[str, RawRow] = {}
        wanted = sorted({external_id for external_id in external_ids if external_id})
        fields = ("_id", "life_status", self._external) if slim else ()
        for start in range(0, len(wanted), self._config.page_size):
            chosen = condition(self._external, "IN", *wanted[start : start + self._config.page_size])
            after = ""
            while rows := self._client.query(name, [chosen], after, fields):
                for row in rows:
                    if row.get("life_status") == "invalid":
                        continue  # an invalidated record gives its id free
                    found.setdefault(str(row.get(self._external)), row)
                after = str(rows[-1]["_id"])
                if len(rows) < self._config.page_size:
                    break
        return {external_id: found[external_id] for external_id in wanted if external_id in found}

    @property
    def _external(self) -> str:
        return self._config.external_id

    def _write_one(self, name: str, write: Write, found: str | None, children: frozenset[str]) -> WriteResult:
        key, about = write.key or found, f"{name} {write.external_id}"
        if write.op == "deactivate":
            return self._deactivate(name, write, key, about)
        own = {field: value for field, value in write.values.items() if field not in children}
        values = self._encode(name, {**own, self._external: write.external_id}, about)
        lines = self._lines.of(write, children, about)
        if key is not None:
            self._update(name, key, values, about)
            self._lines.keep(name, key, lines, about)
            return WriteResult(write.external_id, "written", key=key)
        if write.op == "update":
            message = f"{self._system} {about}: no record carries this external id any more; it has to be created anew"
            return WriteResult(write.external_id, "rejected", code="CON047", message=message)
        return self._create(name, write, values, lines, about)

    def _create(self, name: str, write: Write, values: Mapping[str, Json], lines: Rows, about: str) -> WriteResult:
        flags = {"hasSpecifyTime": "create_time" in values, "hasSpecifyCreatedBy": "created_by" in values}
        data: dict[str, Json] = {"object_data": {"dataObjectApiName": name, **values}}
        if details := {child: rows for child, rows in lines.items() if rows}:
            data["details"] = details
        reply = self._client.change(path(name, "create"), data, about=about, flags=flags)
        created = reply.data.get("dataId") if isinstance(reply.data, dict) else None
        if not created:  # answers about tenant-defined objects may lack it
            row = self.read_back(name, [write.external_id], slim=True).get(write.external_id)
            created = row["_id"] if row else None
        if not created:
            message = f"{self._system} {about}: created, but the answer has no id and the record is not found yet"
            return WriteResult(write.external_id, "unknown", code="CON049", message=message)
        return WriteResult(write.external_id, "written", key=str(created))

    def _update(self, name: str, key: str, values: dict[str, Json], about: str) -> None:
        owner = values.pop("owner", None)
        data = {"object_data": {"_id": key, "dataObjectApiName": name, **values}}
        self._client.change(path(name, "update"), data, about=about)
        if owner:  # an update cannot change the owner
            self._move(name, key, owner, about)

    def _move(self, name: str, key: str, owner: Json, about: str) -> None:
        """Give a record to its owner; one that lies in a pool has none and has to be taken out of it first."""
        moved = {"dataObjectApiName": name, "Data": [{"objectDataId": key, "ownerId": owner}]}
        try:
            self._client.change(path(name, "changeOwner"), moved, about=about)
            return
        except Reject:
            row = self._client.one(name, key, ("_id", "owner")) if name in _POOLED else None
            if row is None or row.get("owner"):
                raise
        chosen = {"apiName": name, "objectIds": [key]}
        self._client.change("/cgi/crm/v2/data/choose", chosen, about=about)
        self._client.change(path(name, "changeOwner"), moved, about=about)

    def _deactivate(self, name: str, write: Write, key: str | None, about: str) -> WriteResult:
        """Invalidate, and delete where the settings say so; a record that is gone is what was asked for."""
        if key is None:
            return WriteResult(write.external_id, "written", message="nothing to deactivate")
        try:
            self._client.change(path(name, "invalid"), {"dataObjectApiName": name, "object_data_id": key}, about=about)
        except Reject:
            row = self._client.one(name, key, ("_id", "life_status"))
            if row is not None and row.get("life_status") != "invalid":
                raise
        if self._config.on_delete == "delete":
            self._delete(name, key, about)
        return WriteResult(write.external_id, "written", key=key)

    def _delete(self, name: str, key: str, about: str) -> None:
        try:
            self._client.change(path(name, "delete"), {"dataObjectApiName": name, "idList": [key]}, about=about)
        except Reject:
            chosen = [condition("_id", "EQ", key), condition("life_status", "EQ", "invalid")]
            if self._client.query(name, chosen, fields=("_id",), limit=1):
                raise

    def _encode(self, name: str, values: Mapping[str, Json], about: str) -> dict[str, Json]:
        where, fields = f"{self._system} {about}", self._schema.fields(name)
        try:
            return {key: fields[key].encode(value, where) for key, value in values.items()}
        except Reject:  # an option may have been added since the object was described
            fields = self._schema.fields(name, fresh=True)
            return {key: fields[key].encode(value, where) for key, value in values.items()}


class _Broken:
    """Turns errors into results; after one that concerns the whole target the rest of the batch is not sent."""

    def __init__(self) -> None:
        self.error: Halt | Misconfigured | None = None

    def guard(self, write: Write, work: Callable[[], WriteResult]) -> WriteResult:
        if self.error is not None:
            return WriteResult(write.external_id, "retry", code=self.error.code, message=self.error.message)
        try:
            return work()
        except OutcomeUnknown as error:
            return WriteResult(write.external_id, "unknown", code=error.code, message=error.message)
        except Reject as error:
            return WriteResult(write.external_id, "rejected", code=error.code, message=error.message, field=error.field)
        except Retry as error:
            return WriteResult(write.external_id, "retry", code=error.code, message=error.message)
        except (Halt, Misconfigured) as error:
            self.error = error
            return WriteResult(write.external_id, "retry", code=error.code, message=error.message)
