"""The calls of the workflow service that we use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Context, RawRow
from connectors.weaver.config import WeaverConfig
from connectors.weaver.envelope import ENVELOPE
from connectors.weaver.login import Login
from goldbridge.errors import Halt, Reject
from goldbridge.http import Reply, TokenAuth, TokenSource

_SERVICE = "/api/workflow/paService"
_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """A request as a list shows it; `changed_at` is in the site's own time."""

    key: str
    name: str
    changed_at: str


class WeaverClient:
    """Lists requests, reads and starts them."""

    def __init__(self, config: WeaverConfig, context: Context) -> None:
        self._config, self._system = config, context.system
        factory, system = context.http, context.system
        shared: dict[str, Any] = {
            "system": system,
            "base_url": config.base_url,
            "envelope": ENVELOPE,
            "budget": context.budget(config.budget),
            "timeout_s": config.timeout_s,
        }
        login = Login(config, context, factory.client(**shared))
        secret = config.secret.get_secret_value() if config.secret else ""
        key = ("weaver token", system, config.base_url, config.app_id, secret, config.spk)
        tokens = factory.share(key, lambda: TokenSource(login.fetch, context.clock))
        self.http = factory.client(**shared, auth=TokenAuth(tokens, login.headers))

    def count(self, workflow: str, which: str, about: str) -> int:
        """How many requests of a workflow a list of the account holds."""
        found = self._ask(f"get{which}WorkflowRequestCount", workflow, {}, about).data
        if not isinstance(found, int):
            raise self._odd(about, f"the count of list {which} is not a number")
        return found

    def page(self, workflow: str, which: str, number: int, about: str) -> list[Listed]:
        """One page of a list; pages count from 1."""
        paging = {"pageNo": str(number), "pageSize": str(self._config.page_size)}
        found = self._ask(f"get{which}WorkflowRequestList", workflow, paging, about).data
        if not isinstance(found, list) or not all(isinstance(row, dict) and row.get("requestId") for row in found):
            raise self._odd(about, f"list {which} is not one of requests")
        return [
            Listed(
                str(row["requestId"]),
                str(row.get("requestName") or ""),
                str(row.get("lastOperateTime") or row.get("createTime") or ""),
            )
            for row in found
        ]

    def walk(self, workflow: str, about: str) -> tuple[dict[str, Listed], bool | None]:
        """Everything the account sees; True: certainly whole, None: another walk must agree, False: it was not whole.

        A list ends when it holds as many as the server counts, whatever size its pages have.
        """
        found: dict[str, Listed] = {}
        whole, long = True, False
        for which in self._config.lists:
            expected, here = self.count(workflow, which, about), dict[str, Listed]()
            number, repeats = 1, 0
            while len(here) < expected:
                fresh = {row.key: row for row in self.page(workflow, which, number, about) if row.key not in here}
                if not fresh and repeats < _REPEATS:
                    repeats += 1
                    continue
                if not fresh:
                    break
                here |= fresh
                number, repeats = number + 1, 0
            whole, long = whole and len(here) == expected, long or number > 2
            for key, row in here.items():
                if key not in found or found[key].changed_at < row.changed_at:
                    found[key] = row
        return found, (None if long else True) if whole else False

    def detail(self, key: str, about: str) -> RawRow:
        """One request with its form; raises `Reject` when the account may not see it."""
        reply = self.http.get(
            f"{_SERVICE}/getWorkflowRequest",
            params={"requestId": key},
            about=f"{about} {key}",
            endpoint="getWorkflowRequest",
        )
        seen, main = reply.unwrap("data"), reply.unwrap("data.workflowMainTableInfo")
        base = seen.get("workflowBaseInfo") or {}
        records = main.get("requestRecords") or [{}]
        return {
            "request_id": str(reply.unwrap("data.requestId")),
            "title": seen.get("requestName"),
            "workflow_id": str(base.get("workflowId") or ""),
            "status": seen.get("status"),
            "node_id": str(reply.unwrap("data.currentNodeId")),
            "node": seen.get("currentNodeName"),
            "created_at": seen.get("createTime"),
            "changed_at": reply.unwrap("data.lastOperateTime"),
            "creator_id": str(seen.get("creatorId") or ""),
            "form": _fields(records[0]),
            "details": {
                str(table.get("tableDBName")): [_fields(row) for row in table.get("workflowRequestTableRecords") or []]
                for table in seen.get("workflowDetailTableInfos") or []
            },
        }

    def create(self, form: Mapping[str, str], about: str) -> str:
        """Start a request; returns its id."""
        reply = self.http.send(
            "POST", f"{_SERVICE}/doCreateRequest", form=form, write=True, about=about, endpoint="doCreateRequest"
        )
        return str(reply.unwrap("data.requestid"))

    def _ask(self, call: str, workflow: str, paging: Mapping[str, str], about: str) -> Reply:
        form = {**paging, "conditions": json.dumps({"workflowIds": workflow})}
        try:
            return self.http.send("POST", f"{_SERVICE}/{call}", form=form, about=about, endpoint=call)
        except Reject as error:  # here the question is ours, so no request can be blamed
            raise Halt(error.code, error.message) from None

    def _odd(self, about: str, what: str) -> Halt:
        return Halt("CON284", f"{self._system} {about}: {what}; check base_url and the version of the OA")


def _fields(record: Mapping[str, Any]) -> dict[str, str]:
    """Field values by their database names, as text."""
    fields = record.get("workflowRequestTableFields") or []
    return {
        str(each["fieldName"]): "" if each.get("fieldValue") is None else str(each["fieldValue"]) for each in fields
    }
