"""What GLEIF's answers mean: JSON:API errors by status, pages with their publication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from connectors.base import Context, RawRow
from connectors.gleif.config import GleifConfig
from goldbridge.errors import Halt
from goldbridge.http import RECORD, RETRY, Auth, Client, Complaint, Draft, Envelope, Kind, Rule
from goldbridge.ports import Json

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("400", "404"), RECORD),
    "406": Rule(Kind.CONFIG, "a proxy changes what is asked for: let the header `Accept` pass"),
    "429": Rule(Kind.THROTTLE, "lower the budget of this system", wait_s=60.0),
    "5*": RETRY,
}


def _find(status: int, body: Json) -> Complaint | None:
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = errors[0]
        return Complaint(str(first.get("status") or status), str(first.get("detail") or first.get("title") or ""))
    if status == 429:
        return Complaint("429")
    good = isinstance(body, dict) and "data" in body
    return None if good or status >= 400 else Complaint("no data")


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON242", Kind.RECORD: "CON241"})


class _Accept(Auth):
    def apply(self, draft: Draft) -> None:
        draft.headers["accept"] = "application/vnd.api+json"


class Chapter(NamedTuple):
    """One page of records: of how many in all, and from which publication."""

    rows: list[RawRow]
    total: int
    published: str


class GleifClient:
    """One service, shared by look-ups and the stream."""

    def __init__(self, config: GleifConfig, context: Context) -> None:
        self.http: Client = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=_Accept(),
            envelope=ENVELOPE,
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
        )
        self._system = context.system

    def records(
        self, filters: Mapping[str, str], about: str, *, number: int = 1, size: int = 15, sort: str | None = None
    ) -> Chapter:
        """Records that pass the filters; a comma in a value means "any of these" to the service."""
        params: dict[str, object] = {f"filter[{name}]": value for name, value in filters.items()}
        params |= {"page[number]": number, "page[size]": size, "sort": sort}
        reply = self.http.get("/lei-records", params=params, about=about)
        rows = reply.unwrap("data")
        total = reply.unwrap("meta.pagination.total")
        published = reply.unwrap("meta.goldenCopy.publishDate")
        if not isinstance(rows, list) or not isinstance(total, int):
            raise Halt("CON019", f"{self._system} {about}: a page holds no list of records")
        return Chapter(rows, total, str(published))

    def one(self, path: str, about: str) -> Json:
        return self.http.get(path, about=about).unwrap("data")

    def similar(self, name: str, about: str) -> list[tuple[str, str]]:
        """Up to ten names like this one, each with its LEI; empty where several own the name."""
        params = {"field": "entity.legalName", "q": name}
        items = self.http.get("/fuzzycompletions", params=params, about=about).unwrap("data")
        return [(str((item.get("attributes") or {}).get("value") or ""), _lei(item)) for item in items or []]


def _lei(item: Json) -> str:
    related = (item.get("relationships") or {}).get("lei-records") or {}
    return str((related.get("data") or {}).get("id") or "")
