"""Writes records one by one or in batches, and finds them again by our external id.

A record is looked up before it is created, so that a create that is repeated changes what the first one left; where the
API makes or changes by our id in one call (`upsert`) that look-up is saved. A batch that is refused as a whole is
halved until the record that spoils it is alone. What an answer does not say is unknown, never written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.rest.answer import CLASSES, dig, rows_of
from connectors.rest.client import Request, RestClient
from connectors.rest.config import EnvelopeConfig
from connectors.rest.template import Template
from connectors.rest.write_config import BatchConfig, SendConfig, WriteConfig
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import Complaint, Envelope, Kind, Reply
from goldbridge.ports import Json


class _Send:
    """A declared write request, compiled."""

    def __init__(self, config: SendConfig) -> None:
        self.config = config
        self.request = Request(config, config.method)
        self.row = Template(config.row)
        self.names = self.request.names | self.row.names if config.batched else self.request.names


class RecordWriter:
    """Writes the records of one stream."""

    def __init__(self, client: RestClient, name: str, key: str, config: WriteConfig, envelope: EnvelopeConfig) -> None:
        self._client, self._name, self._key, self._config = client, name, key, config
        self._sends = {op: _Send(send) for op, send in config.requests().items()}
        self._back = None if config.read_back is None else Request(config.read_back, config.read_back.method)
        self._classes = Envelope(rules={code: CLASSES[kind] for code, kind in envelope.classes.items()})

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write. What concerns the whole target is raised, but only while nothing was written yet."""
        unkeyed = [write.external_id for write in batch if write.key is None and self._needs_key(write.op)]
        rows = self.read_back(unkeyed) if unkeyed and self._back is not None else {}
        keys = {one: str(row[self._key]) for one, row in rows.items() if row.get(self._key) is not None}
        guard = _Guard()
        results: dict[int, WriteResult] = {}
        groups: dict[str, list[int]] = {}
        seen: set[str] = set()
        for at, write in enumerate(batch):
            if write.external_id in seen:
                results[at] = WriteResult(
                    write.external_id, "retry", message="an earlier write of this batch has the same id"
                )
                continue
            seen.add(write.external_id)
            op, settled = self._plan(write, write.key or keys.get(write.external_id))
            if settled is not None:
                results[at] = settled
            else:
                groups.setdefault(op, []).append(at)
        for op, places in groups.items():
            send = self._sends[op]
            size = self._config.batch.size if send.config.batched and self._config.batch is not None else 1
            for start in range(0, len(places), size):
                chosen = places[start : start + size]
                writes = [(batch[at], batch[at].key or keys.get(batch[at].external_id)) for at in chosen]
                results.update(zip(chosen, self._guarded(guard, send, writes), strict=True))
        ordered = [results[at] for at in range(len(batch))]
        if guard.error is not None and all(result.outcome == "retry" for result in ordered):
            raise guard.error
        return ordered

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Rows by our external id; of several with one id the first the API names counts."""
        config, back = self._config.read_back, self._back
        if config is None or back is None:
            return {}
        wanted = sorted({one for one in external_ids if one})
        size = config.size if "external_ids" in back.names else 1
        found: dict[str, RawRow] = {}
        for start in range(0, len(wanted), size):
            chosen = wanted[start : start + size]
            values: dict[str, Json] = {"external_ids": chosen, "external_id": chosen[0], "limit": len(chosen)}
            reply = self._client.find(back, values, absent=config.absent, about=f"{self._name} by external id")
            for row in self._found(reply, config.rows, config.row) if reply is not None else []:
                found.setdefault(str(row.get(str(self._config.external_id))), row)
        return {one: found[one] for one in wanted if one in found}

    def _found(self, reply: Reply, rows: str, row: str) -> list[RawRow]:
        value = dig(reply.data, rows.removesuffix("?"))
        items = [value] if isinstance(value, dict) else rows_of(reply, rows)
        taken = [dig(item, row) if row else item for item in items]
        return [item for item in taken if isinstance(item, dict)]

    def _needs_key(self, op: str) -> bool:
        if "upsert" not in self._sends and op != "deactivate":
            return True
        return op == "deactivate" and "deactivate" in self._sends and "key" in self._sends["deactivate"].names

    def _plan(self, write: Write, key: str | None) -> tuple[str, WriteResult | None]:
        """Which request a write becomes, or its result when there is nothing to send."""
        about = f"{self._client.system} {self._name} {write.external_id}"
        if write.op == "deactivate":
            op = "deactivate"
        elif "upsert" in self._sends:
            op = "upsert"
        else:
            op = "create" if write.op == "create" and key is None else "update"
        if op not in self._sends:
            message = f"{about}: the stream has no `write.{op}` in config/sources.yaml; add it and replay the record"
            return op, WriteResult(write.external_id, "rejected", code="CON112", message=message)
        if "key" not in self._sends[op].names or key is not None:
            return op, None
        if op == "deactivate" and self._back is not None:
            return op, WriteResult(write.external_id, "written", message="nothing to deactivate")
        message = f"{about}: no record carries this external id any more; it has to be created anew"
        return op, WriteResult(write.external_id, "rejected", code="CON113", message=message)

    def _guarded(self, guard: _Guard, send: _Send, writes: Sequence[tuple[Write, str | None]]) -> list[WriteResult]:
        """Send one call; one that is refused as a whole is halved until the record that spoils it is alone."""
        if not send.config.batched:
            write, key = writes[0]
            return guard.results([write], lambda: [self._one(send, write, key)])
        try:
            return guard.results(
                [write for write, _ in writes], lambda: self._many(send, writes), rejects=len(writes) == 1
            )
        except Reject:
            middle = len(writes) // 2
            return self._guarded(guard, send, writes[:middle]) + self._guarded(guard, send, writes[middle:])

    def _one(self, send: _Send, write: Write, key: str | None) -> WriteResult:
        about = f"{self._name} {write.external_id}"
        try:
            reply = self._client.change(send.request, self._values(write, key), about=about)
        except Reject:
            if (
                write.op != "deactivate"
                or self._back is None
                or write.external_id in self.read_back([write.external_id])
            ):
                raise
            return WriteResult(write.external_id, "written", key=key)  # it is gone, as asked for
        made = key or self._key_in(reply, send.config.key)
        if made is None and self._back is not None:
            row = self.read_back([write.external_id]).get(write.external_id)
            made = str(row[self._key]) if row is not None and row.get(self._key) is not None else None
        if made is None and send.config.key:
            message = f"{self._client.system} {about}: done, but the answer has no {send.config.key!r}; it is read back"
            return WriteResult(write.external_id, "unknown", code="CON114", message=message)
        return WriteResult(write.external_id, "written", key=made)

    def _many(self, send: _Send, writes: Sequence[tuple[Write, str | None]]) -> list[WriteResult]:
        batch = self._config.batch
        if batch is None:
            raise TypeError("checked with the settings")
        rows = [send.row.fill(self._values(write, key)) for write, key in writes]
        about = f"{self._name} {writes[0][0].external_id} and {len(writes) - 1} more"
        reply = self._client.change(send.request, {"rows": rows}, about=about)
        told = dig(reply.data, batch.rows.removesuffix("?"))
        results = told if isinstance(told, list) else []
        if batch.id:
            by_id = {str(dig(result, batch.id)): result for result in results}
            return [self._told(batch, write, key, by_id.get(write.external_id)) for write, key in writes]
        if len(results) != len(writes):  # nobody knows which is missing
            results = [None] * len(writes)
        return [self._told(batch, *writes[at], results[at]) for at in range(len(writes))]

    def _told(self, batch: BatchConfig, write: Write, key: str | None, result: Json) -> WriteResult:
        """What a batch's answer says about one record."""
        about = f"{self._client.system} {self._name} {write.external_id}"
        if not isinstance(result, dict):
            message = f"{about}: the answer has no result for this record; it is read back"
            return WriteResult(write.external_id, "unknown", code="CON115", message=message)
        error = dig(result, batch.error)
        code = str(error).lower() if isinstance(error, bool) else "" if error in (None, [], {}) else str(error)
        if code in ("", "false") or code in batch.success:
            return WriteResult(write.external_id, "written", key=key or self._text(dig(result, batch.key), batch.key))
        said = dig(result, batch.message) if batch.message else None
        message = f"{about}: {' '.join(filter(None, (code, str(said or ''))))}"
        rule = self._classes.rule(Complaint(code))
        if rule is not None and rule.kind in (Kind.RETRY, Kind.THROTTLE, Kind.REFRESH):
            return WriteResult(write.external_id, "retry", code="CON013", message=message)
        return WriteResult(
            write.external_id, "rejected", code="CON116", message=f"{message}; correct the record and replay it"
        )

    def _values(self, write: Write, key: str | None) -> dict[str, Json]:
        values = dict(write.values)
        if self._config.external_id is not None:
            values[self._config.external_id] = write.external_id
        return {"values": values, "key": key, "external_id": write.external_id}

    def _key_in(self, reply: Reply, path: str) -> str | None:
        return self._text(dig(reply.data, path), path)

    @staticmethod
    def _text(value: Json, path: str) -> str | None:
        return str(value) if path and value not in (None, "") else None


class _Guard:
    """Turns errors into results; after one that concerns the whole target the rest of the batch is not sent."""

    def __init__(self) -> None:
        self.error: Halt | Misconfigured | None = None

    def results(
        self, writes: Sequence[Write], work: Callable[[], list[WriteResult]], *, rejects: bool = True
    ) -> list[WriteResult]:
        """The results of `work`, or one per write for what went wrong; `Reject` passes unless `rejects`."""
        if self.error is not None:
            return _all(writes, "retry", self.error)
        try:
            return work()
        except OutcomeUnknown as error:
            return _all(writes, "unknown", error)
        except Reject as error:
            if not rejects:
                raise
            return _all(writes, "rejected", error)
        except Retry as error:
            return _all(writes, "retry", error)
        except (Halt, Misconfigured) as error:
            self.error = error
            return _all(writes, "retry", error)


def _all(writes: Sequence[Write], outcome: Any, error: GoldbridgeError) -> list[WriteResult]:
    field = error.field if isinstance(error, Reject) else None
    return [
        WriteResult(write.external_id, outcome, code=error.code, message=error.message, field=field) for write in writes
    ]
