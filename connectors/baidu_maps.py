"""Baidu Maps: finds the point of an address, and the region of a point.

The forward answer has a point with its error bound but no region; the region costs a second question (`region: true`).
All points are asked for and told in GCJ-02, like those of every other map, although Baidu's own system is BD-09. An
address may have 84 bytes: its tail (room, floor) is cut, never its head. What the service cannot read (full-width and
special characters) is written plainly first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import md5
from urllib.parse import quote, quote_plus, urlsplit

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context, Outcome
from connectors.place import Places
from goldbridge.errors import Halt, Reject
from goldbridge.http import CONFIG, RECORD, Complaint, Draft, Envelope, Kind, Rule, Signed
from goldbridge.log import remember_secret
from goldbridge.ports import Json
from goldbridge.text.coordinate import Point

FORWARD, REVERSE = "/geocoding/v3/", "/reverse_geocoding/v3/"
_BYTES = 84
_UNREADABLE = "8"
_LEFT_ALONE = "/:=&?#+!$,;'@()*[]"
_DELIMITERS = re.compile(r"[&=?+;$!'@*\[\]:#%]+")
_SPECIAL = re.compile(r"[^\w()\-]+")
_KEY = Rule(Kind.CONFIG, "check the key: a server key, enabled, with this service and this machine's address allowed")
_SIGNATURE = Rule(Kind.CONFIG, "the key is checked by signature: set secret_key, or correct it")
_ADVANCED = Rule(Kind.CONFIG, "the key lacks the advanced permission: set `batch: false`, or ask the vendor for it")
_BILL = Rule(Kind.CONFIG, "the quota is used up for good: buy more from the vendor")
_DAY = Rule(Kind.THROTTLE, day=True)

RULES: Mapping[str, Rule] = {
    "1": Rule(Kind.RETRY, "the map finds nothing for it: correct the address", tries=1, then=Kind.RECORD),
    **dict.fromkeys(("2", _UNREADABLE, "10"), RECORD),
    **dict.fromkeys(("3", "5", "101", "102"), _KEY),
    "4": _DAY,
    "9": _ADVANCED,
    "2*": CONFIG,
    "211": _SIGNATURE,
    "301": _BILL,
    "401": Rule(Kind.THROTTLE, "lower `threads` or the budget of this system", wait_s=1.0),
    "402": Rule(Kind.THROTTLE, "lower `threads` or the budget of this system"),
    "3*": _DAY,
}
"""`2*` and `3*` are the two families of three digits."""


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "status" not in body:
        return Complaint("no status")
    code = str(body["status"])
    return None if code in ("0", _UNREADABLE) else Complaint(code, str(body.get("message") or body.get("msg") or ""))


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON212", Kind.RECORD: "CON211"})


class BaiduMapsConfig(ConnectorConfig):
    """One server key."""

    base_url: str = Field("https://api.map.baidu.com", description="host of the web service")
    ak: SecretStr = Field(description="the server key (ak)")
    secret_key: SecretStr | None = Field(None, description="SK, when the key is checked by signature (SN)")
    region: bool = Field(
        False, description="ask a second question for province, city and region code of each point; costs quota twice"
    )
    batch: bool = Field(False, description="twenty questions in one call; needs an advanced permission of the key")
    daily_quota: int = Field(5000, gt=0, description="questions a day; resets at midnight, Beijing time")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=3, per_s=1.0, daily=None), description="questions per second; the contract says how many"
    )


class BaiduMaps(Places[BaiduMapsConfig]):
    kind = "baidu_maps"
    config_model = BaiduMapsConfig
    bad_term, no_question = "CON210", "CON213"

    def __init__(self, config: BaiduMapsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._secret = config.secret_key.get_secret_value() if config.secret_key else ""
        self._ak = config.ak.get_secret_value()
        remember_secret(self._ak)
        if self._secret:
            remember_secret(self._secret)
        self._prefix = urlsplit(config.base_url).path.rstrip("/")
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=Signed(self._sign, stale=False),
            envelope=ENVELOPE,
            budget=context.budget(config.budget.within(config.daily_quota)),
            timeout_s=config.timeout_s,
        )

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        asked, key = self.asked(question, terms)
        path, params = self._query(question, asked, key)
        reply = self._http.get(path, params=params, about=f"{question} {key}")
        if str(reply.data["status"]) == _UNREADABLE:  # more plainly, once
            params = [(name, _SPECIAL.sub("", value) if name == "address" else value) for name, value in params]
            reply = self._http.get(path, params=params, about=f"{question} {key}")
        return self._answer(question, key, asked, reply.data)

    def batch(self, question: str) -> int:
        return 20 if self.config.batch else 1

    def ask_batch(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """One call for all; what is not answered well in it is asked alone, where waiting and the rest are known."""
        known = [self.asked(question, terms) for terms in asked]
        found: list[Outcome | None] = [None] * len(known)
        sent: list[int] = []
        reqs: list[Json] = []
        for at, (terms, key) in enumerate(known):
            try:
                path, params = self._query(question, terms, key)
            except Reject as error:
                found[at] = error
                continue
            reqs.append({"method": "get", "url": self._signed(path, params)})
            sent.append(at)
        if sent:
            results = self._http.post("/batch", json={"reqs": reqs}, read=True, about=f"{question} of {len(sent)}")
            bodies = results.unwrap("batch_result")
            if not isinstance(bodies, list) or len(bodies) != len(sent):
                message = f"{self.context.system} {question}: {len(sent)} questions, another number of answers"
                raise Halt("CON214", f"{message}; set `batch: false` for this system")
            for at, body in zip(sent, bodies, strict=True):
                terms, key = known[at]
                if isinstance(body, dict) and str(body.get("status")) == "0":
                    found[at] = self._answer(question, key, terms, body)
                else:
                    found[at] = self._outcomes(question, [terms])[0]
        return [outcome for outcome in found if outcome is not None]

    def _answer(self, question: str, key: str, asked: Mapping[str, str], body: Json) -> Answer:
        result = body.get("result")
        if str(body["status"]) == _UNREADABLE:
            raise Reject("CON211", f"{self.context.system} {question} {key}: 8 {body.get('message') or ''}".strip())
        if question == "regeo":
            return self._place(key, asked, result)
        location = result.get("location") if isinstance(result, dict) else None
        if not isinstance(location, dict):
            return Answer(False, question, key, reason="the map knows no such address")
        point = Point(float(location["lng"]), float(location["lat"]))
        row = {"key": key, "question": asked, "system": "gcj02", **result, "location": str(point)}
        if self.config.region:
            place = self._http.get(REVERSE, params=_reverse(point), about=f"region {key}").unwrap("result")
            row["region"] = _coerced(place.get("addressComponent") or {})
            row["formatted_address"] = str(place.get("formatted_address") or "")
        return Answer(True, question, key, row)

    def _place(self, key: str, asked: Mapping[str, str], result: Json) -> Answer:
        if not isinstance(result, dict) or not (result.get("addressComponent") or {}).get("province"):
            return Answer(False, "regeo", key, reason="the map knows no place there")
        component = _coerced(result["addressComponent"])
        return Answer(True, "regeo", key, {"key": key, "question": asked, **result, "addressComponent": component})

    def _query(self, question: str, asked: Mapping[str, str], key: str) -> tuple[str, list[tuple[str, str]]]:
        """Path and parameters of one question, in the order in which they are sent and signed."""
        if question == "geocode":
            address = self.address(cut(plain(asked["address"])), key)
            city = [("city", plain(asked["city"]))] if asked["city"] else []
            return FORWARD, [("address", address), *city, ("output", "json"), ("ret_coordtype", "gcj02ll")]
        return REVERSE, _reverse(self.point(asked, key))

    def _sign(self, draft: Draft) -> None:
        """Put the query into the address exactly as it is signed: other quoting of the same values is refused (211)."""
        path = urlsplit(draft.url).path.removeprefix(self._prefix)
        if path not in (FORWARD, REVERSE):
            return  # a batch: each question in it is signed for itself
        draft.url = draft.url.removesuffix(path) + self._signed(path, draft.params)
        draft.params = []

    def _signed(self, path: str, params: Sequence[tuple[str, str]]) -> str:
        text = path + "?" + "&".join(f"{name}={value}" for name, value in [*params, ("ak", self._ak)])
        sent = quote(text, safe=_LEFT_ALONE)
        return f"{sent}&sn={sn(text, self._secret)}" if self._secret else sent


def sn(text: str, secret: str) -> str:
    """The signature of `path?query`, which is given in plain text and in the order in which it is sent."""
    signed = quote_plus(quote(text, safe=_LEFT_ALONE) + secret)
    return md5(signed.encode(), usedforsecurity=False).hexdigest()


def plain(text: str) -> str:
    """Full-width characters narrowed, and none that separates parameters; `3#楼` is 3号楼."""
    narrow = re.sub(r"(?<=[0-9A-Za-z])#", "号", unicodedata.normalize("NFKC", text))
    return " ".join(_DELIMITERS.sub(" ", narrow).split())


def cut(text: str) -> str:
    """As much of the head as the service takes, in whole characters."""
    return text.encode()[:_BYTES].decode(errors="ignore")


def _reverse(point: Point) -> list[tuple[str, str]]:
    system = [("coordtype", "gcj02ll"), ("ret_coordtype", "gcj02ll")]
    return [("location", point.latitude_first), *system, ("output", "json")]


def _coerced(component: Mapping[str, Json]) -> dict[str, Json]:
    """`adcode` is a number here and text there; one that says nothing is empty."""
    code = str(component.get("adcode") or "")
    return {**component, "adcode": code if code != "0" else ""}
