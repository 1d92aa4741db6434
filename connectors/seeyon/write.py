"""Starts flows: each is looked for before it is started, by our id at the end of its subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.seeyon.client import SeeyonClient
from connectors.seeyon.config import SeeyonConfig, SeeyonTemplate
from connectors.starting import OURS, mark, start_each, text
from goldbridge.errors import Reject, Retry

_SUBJECT = "subject"


class FlowWriter:
    """Starts flows of one template."""

    def __init__(self, client: SeeyonClient, config: SeeyonConfig, stream: str, template: SeeyonTemplate) -> None:
        self._client, self._config, self._stream, self._template = client, config, stream, template

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Flows by our id: found by the end of their subject, believed by their form field."""
        found: dict[str, RawRow] = {}
        for ours in dict.fromkeys(external_ids):
            end = mark(ours)
            listed, stable = self._client.settled(self._template, self._stream, end if self._config.search else "")
            if not stable:
                raise Retry("CON295", f"{self._stream} {ours}: the lists do not stand still; nothing was started")
            for one in listed.values():
                if not one.subject.endswith(end) or ours in found:
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

        def there(ours: str) -> str | None:
            row = self.read_back([ours]).get(ours)
            return str(row["flow_id"]) if row else None

        def start(write: Write) -> str:
            return self._client.start(self._data(write), f"{self._stream} {write.external_id}")

        message = f"{self._stream}: a running approval is not changed from outside; only starting is offered"
        return start_each(batch, there, start, ("CON293", message))

    def _data(self, write: Write) -> dict[str, Any]:
        values = {name: value for name, value in write.values.items() if name not in (OURS, _SUBJECT)}
        main = {name: text(value) for name, value in values.items() if not isinstance(value, list)}
        main[self._template.external_id] = write.external_id
        lines = {
            name: [{key: text(value) for key, value in row.items()} for row in rows]
            for name, rows in values.items()
            if isinstance(rows, list)
        }
        subject = write.values.get(_SUBJECT) or self._template.subject or self._stream
        return {
            "templateCode": self._template.code,
            "draft": "0",
            "subject": f"{subject} {mark(write.external_id)}",
            "attachments": [],
            "data": {self._template.table: main, **lines},
        }
