"""Writes records one by one, with one look-up for the whole batch before.

There is no upsert: a record is found by our external id before it is created, so a create that is repeated becomes an
update of what the first one left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import RawRow, Stream, Write, WriteResult
from connectors.neocrm.client import NeocrmClient, can_ask, path, texts
from connectors.neocrm.config import NeocrmConfig
from connectors.neocrm.describe import Field, Schema
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.ports import Json

_IDS_PER_QUERY = 100


class RecordWriter:
    """Writes one batch of one object."""

    def __init__(self, client: NeocrmClient, schema: Schema, config: NeocrmConfig) -> None:
        self._client, self._schema, self._config = client, schema, config

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write. What concerns the whole target is raised, but only while nothing was written yet."""
        name = stream.name
        names = {field for write in batch if write.op != "deactivate" for field in write.values}
        names |= {*self._config.inactive.get(name, {}), *self._config.defaults.get(name, {})}
        fields = self._schema.check_written(name, sorted(names))
        unkeyed = [write.external_id for write in batch if write.key is None and can_ask(write.external_id)]
        found = {external_id: str(row["id"]) for external_id, row in self.read_back(name, unkeyed, slim=True).items()}
        results: list[WriteResult] = []
        broken: Halt | Misconfigured | None = None
        seen: set[str] = set()
        for write in batch:
            if broken is not None:
                results.append(_told(write, "retry", broken))
                continue
            if write.external_id in seen:
                message = "an earlier write of this batch has the same id"
                results.append(WriteResult(write.external_id, "retry", message=message))
                continue
            seen.add(write.external_id)
            try:
                results.append(self._one(name, write, write.key or found.get(write.external_id), fields))
            except OutcomeUnknown as error:
                results.append(_told(write, "unknown", error))
            except Retry as error:
                results.append(_told(write, "retry", error))
            except Reject as error:
                results.append(
                    WriteResult(
                        write.external_id, "rejected", code=error.code, message=error.message, field=error.field
                    )
                )
            except (Halt, Misconfigured) as error:
                broken = error
                results.append(_told(write, "retry", error))
        if broken is not None and all(result.outcome == "retry" for result in results):
            raise broken
        return results

    def read_back(self, name: str, external_ids: Sequence[str], *, slim: bool = False) -> dict[str, RawRow]:
        """Rows by external id; of several rows with one id the oldest counts."""
        external = self._config.external_id
        wanted = sorted({each for each in external_ids if can_ask(each)})
        fields = ("id", external) if slim else self._schema.readable(name)
        found: dict[str, RawRow] = {}
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            chosen, after = texts(external, wanted[start : start + _IDS_PER_QUERY]), 0
            while True:
                text = (
                    f"select {','.join(fields)} from {name} where {chosen} and id > {after}"  # noqa: S608 - ids are sorted out
                    f" order by id limit 0,{_IDS_PER_QUERY}"
                )
                left, rows = self._client.query(text, about=name)
                for row in rows:
                    row["id"] = str(row["id"])
                    found.setdefault(str(row.get(external)), row)
                if not rows or left <= len(rows):
                    break
                after = int(rows[-1]["id"])
        return {each: found[each] for each in wanted if each in found}

    def _one(self, name: str, write: Write, key: str | None, fields: Mapping[str, Field]) -> WriteResult:
        about = f"{name} {write.external_id}"
        if not can_ask(write.external_id):
            message = f"{self._client.system} {about}: an id with a quote or a backslash cannot be looked up here"
            raise Reject("CON319", message, field=self._config.external_id)
        if write.op == "deactivate":
            return self._retire(name, write, key, about)
        if key is None and write.op == "update":
            message = (
                f"{self._client.system} {about}: no record carries this external id any more; it has to be created anew"
            )
            raise Reject("CON315", message)
        values = {**write.values, self._config.external_id: write.external_id}
        if key is not None:
            return self._update(name, write, key, self._encoded(name, values, fields, about), about)
        values = {**self._config.defaults.get(name, {}), **values}
        reply = self._client.change("POST", path(name), self._encoded(name, values, fields, about), about=about)
        told = reply.data.get("data") if isinstance(reply.data, dict) else None
        created = (told.get("id") or told.get("dataId")) if isinstance(told, dict) else None
        if not created:
            row = self.read_back(name, [write.external_id], slim=True).get(write.external_id)
            created = row["id"] if row else None
        if not created:
            message = (
                f"{self._client.system} {about}: created, but the answer has no id and the record is not found yet"
            )
            return WriteResult(write.external_id, "unknown", code="CON005", message=message)
        return WriteResult(write.external_id, "written", key=str(created))

    def _update(self, name: str, write: Write, key: str, values: Mapping[str, Json], about: str) -> WriteResult:
        try:
            self._client.change("PATCH", path(name, f"/{key}"), values, about=about)
        except Reject:
            if self._there(name, key):
                raise
            message = f"{self._client.system} {about}: the record {key} is gone; it has to be created anew"
            raise Reject("CON315", message) from None
        return WriteResult(write.external_id, "written", key=key)

    def _retire(self, name: str, write: Write, key: str | None, about: str) -> WriteResult:
        """Delete, or write the values that say the same; a record that is gone already is what was asked for."""
        if key is None:
            return WriteResult(write.external_id, "written", message="nothing to deactivate")
        inactive = self._config.inactive.get(name)
        try:
            if inactive:
                values = self._encoded(name, inactive, self._schema.fields(name), about)
                self._client.change("PATCH", path(name, f"/{key}"), values, about=about)
            else:
                self._client.change("DELETE", path(name, f"/{key}"), None, about=about)
        except Reject:
            if self._there(name, key):
                raise
        return WriteResult(write.external_id, "written", key=key)

    def _there(self, name: str, key: str) -> bool:
        text = f"select id from {name} where id = {int(key)} order by id limit 0,1"  # noqa: S608 - a number
        return bool(self._client.query(text, about=name)[1])

    def _encoded(
        self, name: str, values: Mapping[str, Json], fields: Mapping[str, Field], about: str
    ) -> dict[str, Json]:
        where = f"{self._client.system} {about}"
        try:
            return {each: fields[each].encode(value, where) for each, value in values.items()}
        except Reject:  # an option may have been added since the object was described
            fields = self._schema.fields(name, fresh=True)
            return {each: fields[each].encode(value, where) for each, value in values.items()}


def _told(write: Write, outcome: str, error: GoldbridgeError) -> WriteResult:
    return WriteResult(write.external_id, outcome, code=error.code, message=error.message)  # type: ignore[arg-type]
