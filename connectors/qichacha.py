"""Qichacha: looks a company up in the registry by its full name or credit code.

Every answered question is billed, "no such company" too, so nothing is asked again that is not told to be: "still being
processed" is handed back for a later run instead of being repeated. Answers hold the names of persons; they are passed
on unchanged and never appear in a message or a log.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import ClassVar

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context, Lookup, Stream
from goldbridge.errors import Halt, Mark, Misconfigured, Reject
from goldbridge.http import CONFIG, RECORD, RETRY, Chain, Complaint, Envelope, Kind, QueryKey, Rule, SignedHeaders
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_NOT_FOUND = "201"
_BILL = Rule(Kind.CONFIG, "buy or renew the product with the vendor")
_DAY = Rule(Kind.THROTTLE, day=True)

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("202", "204", "206", "207", "208", "209", "213", "215", "216", "218", "219", "221"), RECORD),
    "299": RECORD,
    "203": RETRY,
    "199": RETRY,
    "205": Rule(Kind.RETRY, "the registry is still fetching this company; it is asked again later", 60.0, tries=0),
    "222": _DAY,
    **dict.fromkeys(("102", "112", "214"), _BILL),
    **dict.fromkeys(("101", "103", "104", "105", "111", "113", "114", "118", "119", "121"), CONFIG),
    "106": Rule(Kind.CONFIG, "too many illegal requests: stop all flows to this system and ask the vendor", alarm=True),
    "107": Rule(Kind.CONFIG, "check the clock of this machine first, then key and secret, then the IP white list"),
    "108": Rule(Kind.THROTTLE, "too many abnormal requests: ask the vendor", tries=3, then=Kind.CONFIG),
    **dict.fromkeys(("109", "116"), _DAY),
    "110": Rule(Kind.THROTTLE, "this question failed too often; it is asked again in two hours", 7200.0, alone=True),
    "115": Rule(Kind.REFRESH, "check the clock of this machine, key and secret"),
    "117": Rule(Kind.THROTTLE, "many questions hold what the product does not support: look at them", alarm=True),
    "120": Rule(Kind.THROTTLE),
    "122": Rule(Kind.THROTTLE, "lower `threads` or the budget of this system", 1.0),
}


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "Status" not in body:
        return Complaint("no Status")
    code = str(body["Status"])
    if code in ("200", _NOT_FOUND):
        return None
    return Complaint(code, str(body.get("Message") or ""), str(body.get("OrderNumber") or ""))


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON067", Kind.RECORD: "CON066"})


class QichachaConfig(ConnectorConfig):
    """One account of the open platform."""

    base_url: str = Field("https://api.qichacha.com", description="host of the open platform")
    key: SecretStr = Field(description="AppKey")
    secret: SecretStr = Field(description="SecretKey; it never travels, only a digest of it does")
    path: str = Field("/ECIV4/GetBasicDetailsByName", description="the product that was bought")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=5, per_s=1.0, daily=None), description="questions per second, and a day when `daily` is set"
    )


class Qichacha(Lookup[QichachaConfig]):
    kind = "qichacha"
    config_model = QichachaConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {"company": ("keyword",)}

    def __init__(self, config: QichachaConfig, context: Context) -> None:
        super().__init__(config, context)
        key = config.key.get_secret_value()
        remember_secret(config.secret.get_secret_value())
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=Chain(QueryKey("key", key), SignedHeaders(context.clock, self._sign)),
            envelope=ENVELOPE,
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
        )

    def _sign(self, at: datetime) -> Mapping[str, str]:
        stamp = str(int(at.timestamp()))
        return {
            "Timespan": stamp,
            "Token": token(self.config.key.get_secret_value(), stamp, self.config.secret.get_secret_value()),
        }

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {"company": Stream("company", key="KeyNo", walk="full")}

    def probe(self) -> str:
        """Asks for a company that does not exist; the vendor may bill the call."""
        self.ask("company", {"keyword": "000000000000000000"})
        return f"{self.context.system}: key and signature are accepted"

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        """Term: `keyword`, the full registered name or the credit code."""
        if question not in self.questions:
            raise self._unknown(question)
        keyword = (terms.get("keyword") or "").strip()
        key = _key(question, keyword)
        if not keyword:
            raise Reject("CON065", f"{self.context.system} {question} {key}: there is no name or code to ask for")
        reply = self._http.get(self.config.path, params={"keyword": keyword}, about=f"{question} {key}")
        if str(reply.unwrap("Status")) == _NOT_FOUND:
            return Answer(False, question, key, reason="the registry knows no such company")
        row = reply.unwrap("Result")
        if row in (None, {}, []):
            return Answer(False, question, key, reason="the registry knows no such company")
        if not isinstance(row, dict):
            raise Halt("CON069", f"{self.context.system} {question}: the product in `path` does not answer one company")
        return Answer(True, question, str(row.get("KeyNo") or key), row)

    def _unknown(self, question: str) -> Misconfigured:
        close = difflib.get_close_matches(question, self.questions, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it answers {', '.join(self.questions)}"
        message = f"{self.context.system}: qichacha answers no question {question!r}; {hint}"
        return Misconfigured.one("CON068", message, Mark("flows.yaml"))


def token(key: str, stamp: str, secret: str) -> str:
    """The signature of a call: upper-case hex MD5 of key, time in seconds and secret."""
    return hashlib.md5((key + stamp + secret).encode(), usedforsecurity=False).hexdigest().upper()


def _key(question: str, keyword: str) -> str:
    """The same for the same question, in every process."""
    text = json.dumps([question, keyword], ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
