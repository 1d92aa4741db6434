"""Starts requests: looks once for what is there already, then a call for each that is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.starting import OURS, mark, start_each, text
from connectors.weaver.client import Listed, WeaverClient
from connectors.weaver.config import WeaverConfig, WeaverWorkflow
from goldbridge.errors import Reject

_TITLE = "title"


class RequestWriter:
    """Writes to one workflow. `listed` gives all requests that the account sees."""

    def __init__(
        self,
        client: WeaverClient,
        config: WeaverConfig,
        stream: str,
        workflow: WeaverWorkflow,
        listed: Callable[[], Mapping[str, Listed]],
    ) -> None:
        self._client, self._config, self._stream = client, config, stream
        self._workflow, self._listed = workflow, listed

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Requests by our id: found by the end of their name, believed by their form field."""
        found: dict[str, RawRow] = {}
        if not external_ids:
            return found
        ends = {mark(each): each for each in external_ids}
        for one in self._listed().values():
            ours = ends.get(one.name[one.name.rfind("[") :])
            if ours is None:
                continue
            try:
                row = self._client.detail(one.key, self._stream)
            except Reject:
                continue  # deleted since it was listed
            if row["form"].get(self._workflow.external_id) == ours:
                found.setdefault(ours, {**row, OURS: ours})
        return found

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole OA is raised while nothing was started yet."""
        there = {ours: str(row["request_id"]) for ours, row in self.read_back([w.external_id for w in batch]).items()}

        def start(write: Write) -> str:
            key = self._client.create(self._form(write), f"{self._stream} {write.external_id}")
            there[write.external_id] = key
            return key

        message = f"{self._stream}: a running approval is not changed from outside; only starting is offered"
        return start_each(batch, there.get, start, ("CON283", message))

    def _form(self, write: Write) -> dict[str, str]:
        values = {name: value for name, value in write.values.items() if name not in (OURS, _TITLE)}
        values[self._workflow.external_id] = write.external_id
        title = write.values.get(_TITLE) or self._workflow.title or self._stream
        lines = [(name, rows) for name, rows in values.items() if isinstance(rows, list)]
        details = [
            {
                "tableDBName": name,
                "workflowRequestTableRecords": [
                    {"recordOrder": 0, "workflowRequestTableFields": _fields(row)} for row in rows
                ],
            }
            for name, rows in lines
        ]
        main = {name: value for name, value in values.items() if not isinstance(value, list)}
        return {
            "workflowId": self._workflow.id,
            "requestName": f"{title} {mark(write.external_id)}",
            "mainData": json.dumps(_fields(main), ensure_ascii=False),
            "detailData": json.dumps(details, ensure_ascii=False),
            "otherParams": json.dumps({"isnextflow": "1" if self._config.next_node else "0", "delReqFlowFaild": "1"}),
        }


def _fields(values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"fieldName": name, "fieldValue": text(value)} for name, value in values.items()]
