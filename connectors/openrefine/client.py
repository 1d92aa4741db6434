"""The services behind a manifest: query batches, suggest, data extension; one path for three of them.

The API has no format for errors, so the HTTP status alone says what went wrong. Questions always travel as a form: an
address of some kilobytes would be refused. A key never goes to another host than the root's, whatever the manifest
says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from connectors.base import Context
from connectors.openrefine.config import OpenRefineConfig
from goldbridge.errors import Halt, Mark, Misconfigured
from goldbridge.http import RECORD, RETRY, THROTTLE, Auth, Client, Complaint, Envelope, HeaderKey, Kind, QueryKey, Rule
from goldbridge.ports import Json

VERSION = "0.2"
_KEY = Rule(Kind.CONFIG, "set api_key, or correct it; the manifest says where it goes")
_LONG = Rule(Kind.RECORD, "the question is too long: shorten it")

RULES: Mapping[str, Rule] = {
    "400": RECORD,
    **dict.fromkeys(("401", "403"), _KEY),
    "404": Rule(Kind.CONFIG, "check base_url"),
    **dict.fromkeys(("413", "414"), _LONG),
    "429": THROTTLE,
    "5*": RETRY,
}


def _find(status: int, body: Json) -> Complaint | None:
    if status >= 400:
        said = body.get("message") or body.get("error") if isinstance(body, dict) else ""
        return Complaint(str(status), str(said or ""))
    return None if isinstance(body, dict) else Complaint("no object")


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON249", Kind.RECORD: "CON246"})


class ReconcileClient:
    """One service."""

    def __init__(self, config: OpenRefineConfig, context: Context) -> None:
        self._config, self._context = config, context
        self._root = "/" if config.base_url.endswith("/") else ""
        self._http = self._client(config.base_url, self._auth())

    @cached_property
    def manifest(self) -> Mapping[str, Json]:
        """What the service says about itself; `Misconfigured` when it is none, or of another version."""
        found = self._http.get(self._root, about="manifest").data
        missing = [name for name in ("name", "identifierSpace", "schemaSpace") if not found.get(name)]
        versions = found.get("versions")
        if missing:
            raise self._wrong(f"the manifest has no {missing[0]}")
        if not isinstance(versions, list) or VERSION not in versions:
            raise self._wrong(f"the service speaks {versions or 'an older version'}, not {VERSION}")
        manifest: Mapping[str, Json] = found
        return manifest

    def query(self, queries: Mapping[str, Json], about: str) -> Mapping[str, Json]:
        found = self._form("queries", queries, about)
        if found and not found.keys() & queries.keys():  # no record's fault: something else answers here
            said = f"{self._context.system} {about}: the answer holds none of the questions"
            raise Halt("CON019", f"{said}; the service changed, or base_url points elsewhere")
        return found

    def extend(self, ids: Sequence[str], properties: Sequence[str], about: str) -> Mapping[str, Json]:
        """Values by entity and property, as the service's cells."""
        asked = {"ids": list(ids), "properties": [{"id": name} for name in properties]}
        rows = self._form("extend", asked, about).get("rows")
        return rows if isinstance(rows, dict) else {}

    def suggest(self, kind: str, prefix: str, about: str) -> list[Json]:
        """What begins like this; `Misconfigured` when the manifest offers no such service."""
        offered = (self.manifest.get("suggest") or {}).get(kind)
        rows = self._service(offered, f"suggest {kind}", {"prefix": prefix}, about).get("result")
        return rows if isinstance(rows, list) else []

    def propose(self, kind: str, about: str) -> list[Json]:
        offered = (self.manifest.get("extend") or {}).get("propose_properties")
        rows = self._service(offered, "propose properties", {"type": kind}, about).get("properties")
        return rows if isinstance(rows, list) else []

    def _form(self, field: str, value: Json, about: str) -> Mapping[str, Json]:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        found = self._http.send("POST", self._root, form={field: text}, about=about).data
        answer: Mapping[str, Json] = found
        return answer

    def _service(self, offered: Json, name: str, params: Mapping[str, str], about: str) -> Mapping[str, Json]:
        if not isinstance(offered, dict) or not offered.get("service_url"):
            raise self._wrong(f"the service does not offer to {name}", "CON248")
        url = str(offered["service_url"]).rstrip("/") + str(offered.get("service_path") or "")
        same = urlsplit(url)[:2] == urlsplit(self._config.base_url)[:2]
        client = self._client(url, self._auth() if same else None)
        found = client.get("", params=params, about=about).data
        answer: Mapping[str, Json] = found
        return answer

    def _client(self, url: str, auth: Auth | None) -> Client:
        context = self._context
        return context.http.client(
            system=context.system,
            base_url=url,
            auth=auth,
            envelope=ENVELOPE,
            budget=context.budget(self._config.budget),
            timeout_s=self._config.timeout_s,
        )

    def _auth(self) -> Auth | None:
        if self._config.api_key is None:
            return None
        place = HeaderKey if self._config.api_key_in == "header" else QueryKey
        return place(self._config.api_key_name, self._config.api_key.get_secret_value())

    def _wrong(self, what: str, code: str = "CON249") -> Misconfigured:
        return Misconfigured.one(code, f"{self._context.system}: {what}", Mark("config/sources.yaml"))
