"""The calls of the REST service that we use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Context, RawRow
from connectors.seeyon.config import SeeyonConfig, SeeyonTemplate
from connectors.seeyon.envelope import ENVELOPE, TOKEN
from goldbridge.errors import Halt, Reject
from goldbridge.http import Token, TokenAuth, TokenSource
from goldbridge.log import remember_secret
from goldbridge.ports import Json

ZONE = "Asia/Shanghai"
_REPEATS = 3
_LISTINGS = 4


@dataclass(frozen=True, slots=True)
class Listed:
    """A flow as a list shows it; `moment_ms` is 0 when its time cannot be read."""

    key: str
    subject: str
    started_at: str
    moment_ms: int


class SeeyonClient:
    """Lists flows, reads and starts them."""

    def __init__(self, config: SeeyonConfig, context: Context) -> None:
        self._config, self._system = config, context.system
        self._zone = ZoneInfo(config.zone or ZONE)
        factory, system = context.http, context.system
        shared: dict[str, Any] = {
            "system": system,
            "base_url": config.base_url.rstrip("/") + "/seeyon/rest",
            "budget": context.budget(config.budget),
            "timeout_s": config.timeout_s,
        }
        password = config.password.get_secret_value()
        remember_secret(password)
        self._login = factory.client(**shared, envelope=TOKEN)
        key = ("seeyon token", system, config.base_url, config.user, password, config.login_name)
        tokens = factory.share(key, lambda: TokenSource(self._fetch_token, context.clock))
        # In a header: among the parameters a token ends up in everybody's access log.
        auth = TokenAuth(tokens, lambda token: {"token": token.value})
        self.http = factory.client(**shared, envelope=ENVELOPE, auth=auth)

    def _fetch_token(self, _: Token | None) -> Token:
        account = {
            "userName": self._config.user,
            "password": self._config.password.get_secret_value(),
            "loginName": self._config.login_name,
        }
        reply = self._login.post("/token", json=account, read=True, about="token", endpoint="token")
        return Token(str(reply.unwrap("id")), self._config.token_s)

    def page(self, which: str, template: SeeyonTemplate, number: int, about: str, subject: str = "") -> list[Listed]:
        """One page of a list; pages count from 1, and the total that comes along is always 0."""
        question = {
            "openFrom": "listPending",
            "subject": subject,
            "templateName": template.name,
            "pageNo": number,
            "pageSize": self._config.page_size,
        }
        try:
            reply = self.http.post(f"/coll/{which}", json=question, read=True, about=about, endpoint=which)
        except Reject as error:  # here the question is ours, so no flow can be blamed
            raise Halt(error.code, error.message) from None
        rows = reply.unwrap("data")
        field = self._config.key_field
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get(field) for row in rows):
            raise self._odd(about, f"{which} is not a list of flows with a field {field!r}")
        return [self._listed(row) for row in rows]

    def _listed(self, row: Mapping[str, Any]) -> Listed:
        started = str(row.get(self._config.moment_field) or "")
        try:
            at = datetime.fromisoformat(started).replace(tzinfo=self._zone)
        except ValueError:
            return Listed(str(row[self._config.key_field]), str(row.get("subject") or ""), started, 0)
        ms = int(at.timestamp()) * 1000 + at.microsecond // 1000
        return Listed(str(row[self._config.key_field]), str(row.get("subject") or ""), started, ms)

    def settled(self, template: SeeyonTemplate, about: str, subject: str = "") -> tuple[dict[str, Listed], bool]:
        """All flows in the lists, and whether they stood still: nothing counts them, so two walks must agree."""
        together, before = dict[str, Listed](), None
        for _ in range(_LISTINGS):
            found = self._walk(template, about, subject)
            if found == before:
                return found, True
            before, together = found, together | found
        return together, False

    def _walk(self, template: SeeyonTemplate, about: str, subject: str) -> dict[str, Listed]:
        """A list ends at a page without anything new; one that merely repeats the page before is asked for again."""
        found: dict[str, Listed] = {}
        for which in self._config.lists:
            number, repeats = 1, 0
            seen: set[str] = set()
            while True:
                page = self.page(which, template, number, about, subject)
                fresh = [row for row in page if row.key not in seen]
                if page and not fresh and repeats < _REPEATS:
                    repeats += 1
                    continue
                if not fresh:
                    break
                seen.update(row.key for row in fresh)
                found.update((row.key, row) for row in fresh)
                number, repeats = number + 1, 0
        return found

    def detail(self, key: str, template: SeeyonTemplate, listed: Listed | None, about: str) -> RawRow:
        """One flow with state and form; raises `Reject` when the user may not see it."""
        about = f"{about} {key}"
        state = self.http.get(f"/flow/state/{key}", about=about, endpoint="flow/state").data
        if not isinstance(state, int) or isinstance(state, bool):
            raise self._odd(about, "the state of a flow is not a number")
        params = {"exportType": self._config.export_type, "exportFormat": "json"}
        data = self.http.get(f"/flow/data/{key}", params=params, about=about, endpoint="flow/data").data
        if not isinstance(data, dict) or not isinstance(data.get(template.table), dict):
            raise self._odd(about, f"the form has no {template.table!r}")
        form = _texts(data[template.table])
        return {
            "flow_id": key,
            "subject": listed.subject if listed else None,
            "started_at": listed.started_at if listed else None,
            "state": state,
            "form": form,
            "lines": {name: [_texts(row) for row in rows] for name, rows in data.items() if isinstance(rows, list)},
            "external_id": form.get(template.external_id, ""),
        }

    def start(self, data: Mapping[str, Json], about: str) -> str:
        """Start a flow; returns its id."""
        body = {"appName": "collaboration", "data": dict(data)}
        reply = self.http.post("/bpm/process/start", json=body, about=about, endpoint="bpm/process/start")
        return str(reply.unwrap("data.processId"))

    def _odd(self, about: str, what: str) -> Halt:
        return Halt("CON294", f"{self._system} {about}: {what}; check base_url, the template and the version of the OA")


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in values.items()}
