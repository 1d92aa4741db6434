"""Amap: finds the region and the point of an address.

One question, one answer: the first geocode, with the number of candidates beside it. Whether it may be believed (its
region has to agree with what the text itself says) is not decided here. Points are GCJ-02. Empty values, which the
vendor writes as `[]`, become empty text.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from typing import ClassVar

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context, Lookup, Stream
from goldbridge.errors import Mark, Misconfigured, Reject
from goldbridge.http import CONFIG, RECORD, RETRY, Chain, Complaint, Envelope, Kind, QueryDigest, QueryKey, Rule
from goldbridge.ports import Json

_KEY = Rule(Kind.CONFIG, "check the key: it must be of the kind Web service, with this service and address allowed")
_BILL = Rule(Kind.CONFIG, "buy quota or renew the service with the vendor")
_SIGNATURE = Rule(Kind.CONFIG, "the key has signing switched on: set private_key, or correct it")
_SECOND = Rule(Kind.THROTTLE, "lower the budget of this system", wait_s=1.0)
_DAY = Rule(Kind.THROTTLE, day=True)

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("10001", "10002", "10005", "10006", "10008", "10009", "10010", "10011", "10012", "10013", "10041"), _KEY
    ),
    "10007": _SIGNATURE,
    "10026": CONFIG,
    **dict.fromkeys(("10003", "10029", "10044", "10045"), _DAY),
    "10004": Rule(Kind.THROTTLE, "lower the budget of this system", wait_s=60.0),
    **dict.fromkeys(("10014", "10019", "10020", "10021"), _SECOND),
    **dict.fromkeys(("10015", "10016", "20003"), RETRY),
    "10017": Rule(Kind.RETRY, then=Kind.RECORD),
    **dict.fromkeys(("20000", "20001", "20002", "20011", "20012", "2080*"), RECORD),
    "3*": Rule(Kind.RETRY, "the address cannot be read: correct it", tries=1, then=Kind.RECORD),
    **dict.fromkeys(("40000", "40002", "40003"), _BILL),
}


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "status" not in body:
        return Complaint("no status")
    code = str(body.get("infocode", ""))
    return None if str(body["status"]) == "1" and code == "10000" else Complaint(code, str(body.get("info") or ""))


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON062", Kind.RECORD: "CON061"})


class AmapConfig(ConnectorConfig):
    """One key of the Web service kind."""

    base_url: str = Field("https://restapi.amap.com", description="host of the web service")
    key: SecretStr = Field(description="key of the kind Web service")
    private_key: SecretStr | None = Field(None, description="private key, when the key has signing switched on")
    daily_quota: int = Field(5000, gt=0, description="questions a day; resets at midnight, Beijing time")
    budget: BudgetConfig | None = Field(
        BudgetConfig(calls=3, per_s=1.0, daily=None), description="questions per second; the contract says how many"
    )


class Amap(Lookup[AmapConfig]):
    kind = "amap"
    config_model = AmapConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {"geocode": ("address", "city")}

    def __init__(self, config: AmapConfig, context: Context) -> None:
        super().__init__(config, context)
        key = QueryKey("key", config.key.get_secret_value())
        digest = [QueryDigest("sig", config.private_key.get_secret_value())] if config.private_key else []
        budget = config.budget or BudgetConfig(calls=3, per_s=1.0, daily=None)
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=Chain(key, *digest),
            envelope=ENVELOPE,
            budget=context.http.budget(
                context.system,
                calls=budget.calls,
                per_s=budget.per_s,
                daily=budget.daily or config.daily_quota,
                store=context.store,
            ),
            timeout_s=config.timeout_s,
        )

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {"geocode": Stream("geocode", key="key", walk="full")}

    def probe(self) -> str:
        self.ask("geocode", {"address": "北京市东城区景山前街4号"})
        return f"{self.context.system}: the key is accepted"

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """Terms: `address`, and optionally `city` (name, citycode or adcode) as a hint where to search."""
        if question not in self.questions:
            raise self._unknown(question)
        asked = {name: (terms.get(name) or "").strip() for name in self.questions[question]}
        key = _key(question, asked)
        if not asked["address"]:
            raise Reject("CON060", f"{self.context.system} {question} {key}: there is no address to ask for")
        params = {"address": asked["address"], "city": asked["city"] or None, "output": "JSON"}
        reply = self._http.get("/v3/geocode/geo", params=params, about=f"{question} {key}")
        geocodes = reply.unwrap("geocodes")
        if not geocodes:
            return Answer(False, question, key, reason="the map knows no such address")
        row = {"key": key, "question": asked, "count": len(geocodes), **_filled(geocodes[0])}
        return Answer(True, question, key, row)

    def _unknown(self, question: str) -> Misconfigured:
        close = difflib.get_close_matches(question, self.questions, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it answers {', '.join(self.questions)}"
        message = f"{self.context.system}: amap answers no question {question!r}; {hint}"
        return Misconfigured.one("CON063", message, Mark("flows.yaml"))


def _key(question: str, asked: Mapping[str, str]) -> str:
    """The same for the same question, in every process."""
    text = json.dumps([question, sorted(asked.items())], ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _filled(value: Json) -> Json:
    """The vendor's `[]` for "nothing" as empty text, at every depth; real lists stay."""
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items()}
    return "" if value == [] else value
