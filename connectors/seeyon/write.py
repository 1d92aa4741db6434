"""Starts flows: each is looked for before it is started, by our id at the end of its subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.seeyon.client import SeeyonClient
from connectors.seeyon.config import SeeyonConfig, SeeyonTemplate
from goldbridge.errors import Halt, Misconfigured, OutcomeUnknown, Reject, Retry

OURS = "external_id"
_SUBJECT = "subject"


class FlowWriter:
    """Starts flows of one template."""

    def __init__(self, client: SeeyonClient, config: SeeyonConfig, stream: str, template: SeeyonTemplate) -> None:
        self._client, self._config, self._stream, self._template = client, config, stream, template

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Flows by our id: found by the end of their subject, believed by their form field."""
        found: dict[str, RawRow] = {}
        for ours in dict.fromkeys(external_ids):
            mark = _mark(ours)
            listed, stable = self._client.settled(self._template, self._stream, mark if self._config.search else "")
            if not stable:
                raise Retry("CON295", f"{self._stream} {ours}: the lists do not stand still; nothing was started")
            for one in listed.values():
                if not one.subject.endswith(mark) or ours in found:
                    continue
                try:
                    row = self._client.detail(one.key, self._template, one, self._stream)
                except Reject:
                    continue  # withdrawn and deleted since it was listed
                if row[OURS] == ours:
                    found[ours] = row
        return found

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole OA is raised while nothing was started yet."""
        results: list[WriteResult] = []
        touched = False
        for write in batch:
            ours = write.external_id
            if write.op != "create":
                message = f"{self._stream}: a running approval is not changed from outside; only starting is offered"
                results.append(WriteResult(ours, "rejected", code="CON293", message=message))
                continue
            try:
                there = self.read_back([ours]).get(ours)
                key = (
                    str(there["flow_id"]) if there else self._client.start(self._data(write), f"{self._stream} {ours}")
                )
                results.append(WriteResult(ours, "written", key))
                touched = True
            except Reject as error:
                results.append(WriteResult(ours, "rejected", code=error.code, message=error.message))
            except OutcomeUnknown as error:
                results.append(WriteResult(ours, "unknown", code=error.code, message=error.message))
                touched = True
            except (Retry, Halt, Misconfigured) as error:
                if not touched:
                    raise
                results.append(WriteResult(ours, "retry", code=error.code, message=str(error)))
        return results

    def _data(self, write: Write) -> dict[str, Any]:
        values = {name: value for name, value in write.values.items() if name not in (OURS, _SUBJECT)}
        main = {name: _text(value) for name, value in values.items() if not isinstance(value, list)}
        main[self._template.external_id] = write.external_id
        lines = {
            name: [{key: _text(value) for key, value in row.items()} for row in rows]
            for name, rows in values.items()
            if isinstance(rows, list)
        }
        subject = write.values.get(_SUBJECT) or self._template.subject or self._stream
        return {
            "templateCode": self._template.code,
            "draft": "0",
            "subject": f"{subject} {_mark(write.external_id)}",
            "attachments": [],
            "data": {self._template.table: main, **lines},
        }


def _mark(external_id: str) -> str:
    return f"[{external_id}]"


def _text(value: Any) -> str:
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
