"""Tianyancha: looks companies up in the register, searches them by a part of their name, and tells their changes.

An interface is bought for itself, has limits of its own, and charges every query or every hit, as the contract says;
where queries are charged, nothing is repeated that is not told to be. Answers hold the names of persons; they are
passed on unchanged and never appear in a message or a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context, Lookup, Stream, question_key
from goldbridge.errors import Halt, Reject
from goldbridge.http import CONFIG, RECORD, RETRY, Complaint, Envelope, HeaderKey, Kind, Rule
from goldbridge.ports import Json

_NOT_FOUND = "300000"
_FAILED = "300001"
_PAGE_SIZE = 20
_BILL = Rule(Kind.CONFIG, "buy or renew the interface with the vendor")

RULES: Mapping[str, Rule] = {
    _FAILED: RETRY,
    **dict.fromkeys(("300002", "300010"), CONFIG),
    **dict.fromkeys(("300003", "300006", "300007"), _BILL),
    "300004": Rule(Kind.THROTTLE, "lower the budget of this system", wait_s=1.5),
    "300005": Rule(Kind.CONFIG, "this interface was not bought: buy it, or ask another question"),
    "300008": RECORD,
    "300009": Rule(Kind.CONFIG, "check the token"),
    "300011": Rule(Kind.CONFIG, "have this machine's address allowed for the token"),
    "300012": Rule(Kind.RETRY, "the register is still writing this report; it is asked again later", 60.0, tries=0),
}
_PAGE = Rule(Kind.RETRY, "a web page answers instead of the API: check base_url", tries=2, then=Kind.HALT, alarm=True)


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "error_code" not in body:
        return Complaint("no error_code")
    code = str(body["error_code"])
    return None if code in ("0", _NOT_FOUND) else Complaint(code, str(body.get("reason") or ""))


class TianyanchaConfig(ConnectorConfig):
    """One token of the open platform."""

    base_url: str = Field(
        "https://open.api.tianyancha.com/services/open", description="the open platform, with its path"
    )
    token: SecretStr = Field(description="token of the account, sent bare")
    company_path: str = Field(
        "/ic/baseinfo/normal", description="interface behind `company`; /ic/baseinfoV2/2.0 has telephone and mail, too"
    )
    charge_per_query: bool = Field(
        True, description="the contract charges failed queries, too: none is repeated within a run"
    )
    change_pages: int = Field(5, ge=1, description="pages of 20 changes to read per company; each is charged")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=60, per_s=60.0, daily=None),
        description="queries per interface, and a day when `daily` is set",
    )


class Tianyancha(Lookup[TianyanchaConfig]):
    kind = "tianyancha"
    config_model = TianyanchaConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "company": ("keyword",),
        "special": ("keyword",),
        "search": ("name",),
        "changes": ("keyword",),
    }

    def __init__(self, config: TianyanchaConfig, context: Context) -> None:
        super().__init__(config, context)
        rules = {**RULES, _FAILED: replace(RETRY, tries=0)} if config.charge_per_query else RULES
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=HeaderKey("Authorization", config.token.get_secret_value()),
            envelope=Envelope(_find, rules, page=_PAGE, names={Kind.CONFIG: "CON232", Kind.RECORD: "CON231"}),
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
        )

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        own = {name: Stream(name, key="id", walk="full") for name in ("company", "special")}
        return own | {name: Stream(name, key="key", walk="full") for name in ("search", "changes")}

    def probe(self) -> str:
        """Asks for a company that does not exist; the vendor may charge the call."""
        self.ask("company", {"keyword": "000000000000000000"})
        return f"{self.context.system}: the token is accepted"

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """`company`, `special` (institutions, associations, Hong Kong) and `changes` take `keyword`: a full name, an
        id, a registration number or a credit code; `search` takes `name`, which may be a part of one.
        """
        asked = self.terms_of(question, terms, "CON233")
        key = question_key(question, asked)
        (term,) = asked.values()
        if not term:
            raise Reject("CON230", f"{self.context.system} {question} {key}: there is no name or code to ask for")
        match question:
            case "search":
                result = self._get("/search/2.0", question, key, word=term, pageNum=1, pageSize=_PAGE_SIZE)
                return self._list(question, key, asked, result, self._rows(question, result))
            case "changes":
                return self._changes(key, asked, term)
            case _:
                path = "/ic/baseinfo/special" if question == "special" else self.config.company_path
                return self._face(question, key, self._get(path, question, key, keyword=term))

    def _get(self, path: str, question: str, key: str, **params: object) -> Json:
        """The `result` of one interface; None when the register knows nothing."""
        reply = self._http.get(path, params=params, about=f"{question} {key}", endpoint=path)
        return None if str(reply.unwrap("error_code")) == _NOT_FOUND else reply.unwrap("result")

    def _face(self, question: str, key: str, row: Json) -> Answer:
        if row in (None, {}, []):
            return Answer(False, question, key, reason="the register knows no such company")
        if not isinstance(row, dict) or not row.get("id"):
            message = "the interface in `company_path` does not answer one company"
            raise Halt("CON234", f"{self.context.system} {question}: {message}")
        return Answer(True, question, str(row["id"]), row)

    def _rows(self, question: str, result: Json) -> list[Json]:
        rows = result.get("items") if isinstance(result, dict) else []
        if not isinstance(rows, list):
            raise Halt("CON234", f"{self.context.system} {question}: the answer holds no list of items")
        return rows

    def _changes(self, key: str, asked: Mapping[str, str], term: str) -> Answer:
        """All pages, up to `change_pages`; a page that brings nothing ends them, whatever the total says."""
        items: list[Json] = []
        first: Json = None
        for page in range(1, self.config.change_pages + 1):
            params = {"keyword": term, "pageNum": page, "pageSize": _PAGE_SIZE}
            result = self._get("/ic/changeinfo/2.0", "changes", key, **params)
            first = first or result
            rows = self._rows("changes", result)
            items += rows
            if not rows or len(items) >= int(result.get("total") or 0):
                break
        return self._list("changes", key, asked, first, items)

    def _list(self, question: str, key: str, asked: Mapping[str, str], result: Json, items: list[Json]) -> Answer:
        if not items:
            return Answer(False, question, key, reason="the register knows nothing about it")
        total = int(result.get("total") or len(items))
        row = {"key": key, "question": asked, "total": total, "complete": len(items) >= total, "items": _bare(items)}
        return Answer(True, question, key, row)


def _bare(value: Json) -> Json:
    """Without the tags that mark what matched."""
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return value.replace("<em>", "").replace("</em>", "") if isinstance(value, str) else value
