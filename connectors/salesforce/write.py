"""Writes a batch with one call per kind of change: an upsert by our external id, an update by the target's own key, a
deletion. The server answers HTTP 200 even when every record failed; each record has a result of its own, in order.

A batch that is refused as a whole is halved until the record that breaks it is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from connectors.base import RawRow, Stream, Write, WriteResult
from connectors.salesforce.client import ENVELOPE, SalesforceClient, one_of
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.schema import Schema
from goldbridge.errors import Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import Complaint, Kind, Reply
from goldbridge.ports import Json

_IDS_PER_QUERY = 100
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})


class _Item(NamedTuple):
    write: Write
    key: str | None


class RecordWriter:
    """Writes one batch of one object."""

    def __init__(self, client: SalesforceClient, schema: Schema, config: SalesforceConfig) -> None:
        self._client, self._schema, self._config = client, schema, config

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write. What concerns the whole target is raised, but only while nothing was written yet."""
        name = stream.name
        names = sorted({field for write in batch if write.op != "deactivate" for field in write.values})
        inactive = self._config.inactive.get(name, {})
        self._schema.check_written(name, [*names, *inactive])
        results: list[WriteResult] = []
        first: dict[str, Write] = {}
        for write in batch:
            if write.external_id in first:
                message = "an earlier write of this batch has the same id"
                results.append(WriteResult(write.external_id, "retry", message=message))
            first.setdefault(write.external_id, write)
        sought = [write.external_id for write in first.values() if write.key is None and write.op != "create"]
        found = self.read_back(name, sought, slim=True)
        upserts: list[_Item] = []
        updates: list[_Item] = []
        removals: list[_Item] = []
        for write in first.values():
            row = found.get(write.external_id)
            item = _Item(write, write.key or (str(row["Id"]) if row else None))
            if write.op == "deactivate" and item.key is None:
                results.append(WriteResult(write.external_id, "written", message="nothing to deactivate"))
            elif write.op == "deactivate":
                (updates if inactive else removals).append(item)
            elif write.op == "update" and item.key is None:
                results.append(self._lost(name, write))
            else:
                (updates if item.key else upserts).append(item)
        broken: list[Halt | Misconfigured] = []
        sent: list[WriteResult] = []
        for items, send in ((upserts, self._upsert), (updates, self._update), (removals, self._remove)):
            if items:
                sent += self._send(name, items, send, broken)
        if broken and all(result.outcome == "retry" for result in sent):
            raise broken[0]
        return results + sent

    def read_back(self, name: str, external_ids: Sequence[str], *, slim: bool = False) -> dict[str, RawRow]:
        """Rows by external id; of several rows with one id the oldest counts."""
        external = self._config.external_id
        wanted = sorted({each for each in external_ids if each})
        fields = ("Id", external) if slim else self._schema.readable(name)
        found: dict[str, RawRow] = {}
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            chosen = one_of(external, wanted[start : start + _IDS_PER_QUERY])
            soql = f"SELECT {','.join(fields)} FROM {name} WHERE {chosen} ORDER BY Id"  # noqa: S608 - the names are our settings, the values are quoted
            reply: Reply | None = self._client.query(soql, about=name)
            while reply is not None:
                for row in reply.unwrap("records"):
                    row.pop("attributes", None)
                    found.setdefault(str(row.get(external)), row)
                if reply.unwrap("done") is True:
                    break
                reply = self._client.more(str(reply.unwrap("nextRecordsUrl")), about=name)
                if reply is None:
                    raise Retry("CON013", f"{self._client.system} {name}: the server closed the cursor of a read-back")
        return {each: found[each] for each in wanted if each in found}

    def _send(
        self,
        name: str,
        items: Sequence[_Item],
        send: Callable[[str, Sequence[_Item]], Reply],
        broken: list[Halt | Misconfigured],
    ) -> list[WriteResult]:
        def all_of(outcome: str, code: str, message: str) -> list[WriteResult]:
            return [
                WriteResult(item.write.external_id, outcome, code=code, message=message)  # type: ignore[arg-type]
                for item in items
            ]

        if broken:
            return all_of("retry", broken[0].code, broken[0].message)
        try:
            reply = send(name, items)
        except OutcomeUnknown as error:
            return all_of("unknown", error.code, error.message)
        except Retry as error:
            return all_of("retry", error.code, error.message)
        except (Halt, Misconfigured) as error:
            broken.append(error)
            return all_of("retry", error.code, error.message)
        except Reject as error:
            if len(items) == 1:
                return all_of("rejected", error.code, error.message)
            half = len(items) // 2
            return self._send(name, items[:half], send, broken) + self._send(name, items[half:], send, broken)
        told = reply.data
        if not isinstance(told, list) or len(told) != len(items) or not all(isinstance(one, dict) for one in told):
            message = (
                f"{self._client.system} {name}: the answer does not hold one result for each of {len(items)} records"
            )
            return all_of("unknown", "CON199", message)
        return [self._result(name, item, one, send) for item, one in zip(items, told, strict=True)]

    def _result(
        self, name: str, item: _Item, told: Mapping[str, Json], send: Callable[[str, Sequence[_Item]], Reply]
    ) -> WriteResult:
        external_id = item.write.external_id
        if told.get("success") is True:
            return WriteResult(external_id, "written", key=str(told.get("id") or item.key or ""))
        errors = told.get("errors") or [{}]
        code, words = str(errors[0].get("statusCode") or ""), str(errors[0].get("message") or "")
        fields = errors[0].get("fields") or [None]
        if item.write.op == "deactivate" and code in _GONE:
            return WriteResult(external_id, "written", key=item.key, message="it was gone already")
        if item.key and code in _GONE and not fields[0]:
            return self._lost(name, item.write)
        rule = ENVELOPE.rule(Complaint(code, words))
        message = f"{self._client.system} {name} {external_id}: {code} {words}".rstrip()
        if rule is None:
            return WriteResult(external_id, "rejected", code="CON015", message=message, field=fields[0])
        if rule.kind in (Kind.RETRY, Kind.THROTTLE, Kind.REFRESH):
            return WriteResult(external_id, "retry", code="CON013", message=message)
        remedy = rule.remedy or "correct the record and replay it"
        code = ENVELOPE.names[rule.kind]
        return WriteResult(external_id, "rejected", code=code, message=f"{message}; {remedy}", field=fields[0])

    def _upsert(self, name: str, items: Sequence[_Item]) -> Reply:
        path = self._client.path(f"/composite/sobjects/{name}/{self._config.external_id}")
        records = [self._record(name, item) for item in items]
        return self._client.change(
            "PATCH", path, json={"allOrNone": False, "records": records}, about=_about(name, items)
        )

    def _update(self, name: str, items: Sequence[_Item]) -> Reply:
        records = [self._record(name, item) | {"id": item.key} for item in items]
        body = {"allOrNone": False, "records": records}
        return self._client.change(
            "PATCH", self._client.path("/composite/sobjects"), json=body, about=_about(name, items)
        )

    def _remove(self, name: str, items: Sequence[_Item]) -> Reply:
        params = {"ids": ",".join(str(item.key) for item in items), "allOrNone": "false"}
        path = self._client.path("/composite/sobjects")
        return self._client.change("DELETE", path, params=params, about=_about(name, items))

    def _record(self, name: str, item: _Item) -> dict[str, Json]:
        retired = item.write.op == "deactivate"
        values = self._config.inactive[name] if retired else item.write.values
        return {"attributes": {"type": name}, **values, self._config.external_id: item.write.external_id}

    def _lost(self, name: str, write: Write) -> WriteResult:
        message = (
            f"{self._client.system} {name} {write.external_id}: the record to update is gone; it has to be created anew"
        )
        return WriteResult(write.external_id, "rejected", code="CON198", message=message)


def _about(name: str, items: Sequence[_Item]) -> str:
    return f"{name} {items[0].write.external_id}" if len(items) == 1 else f"{name} ({len(items)} records)"
