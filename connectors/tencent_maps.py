"""Tencent Maps: finds the region and the point of an address, and the place of a point.

Both questions go to one path; the parameter decides. "No result" is a status of its own here (347) and an answer like
any other. Points are GCJ-02, told as `lng,lat` although the service speaks latitude first. Without a city in the text
it often finds nothing or the wrong place, so the city that is known is always sent along.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context
from connectors.place import Places
from goldbridge.http import CONFIG, RECORD, RETRY, Complaint, Draft, Envelope, Kind, Rule, Signed
from goldbridge.log import remember_secret
from goldbridge.ports import Json
from goldbridge.text.coordinate import Point

GEOCODER = "/ws/geocoder/v1/"
_NO_RESULT = "347"
_KEY = Rule(Kind.CONFIG, "check the key: WebServiceAPI switched on, and this machine's address allowed")
_SIGNATURE = Rule(Kind.CONFIG, "the key is checked by signature: set secret_key, or correct it")
_UNSIGNED = Rule(Kind.CONFIG, "this call cannot be signed: restrict the key by address instead")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("110", "112", "113", "190", "199", "301", "311"), _KEY),
    "111": _SIGNATURE,
    **dict.fromkeys(("160", "161"), _UNSIGNED),
    "123": Rule(Kind.CONFIG, "the account is restricted: look at its balance with the vendor"),
    "324": CONFIG,
    "120": Rule(Kind.THROTTLE, "lower the budget of this system", wait_s=1.0),
    "121": Rule(Kind.THROTTLE, day=True),
    "122": Rule(Kind.THROTTLE, "lower `threads` or the budget of this system"),
    **dict.fromkeys(
        (
            "300",
            "306",
            "310",
            "320",
            "330",
            "331",
            "348",
            "395",
            "351",
            "364",
            "365",
            "366",
            "375",
            "380",
            "382",
            "394",
        ),
        RECORD,
    ),
    **dict.fromkeys(("326", "327", "328", "329", "332", "333", "334", "335", "341", "344"), RECORD),
    **dict.fromkeys(("373", "374", "376", "377", "378", "379", "384", "387", "393", "396", "397", "399"), RECORD),
    **dict.fromkeys(("4*", "5*", "6*"), RETRY),
}


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "status" not in body:
        return Complaint("no status")
    code = str(body["status"])
    if code in ("0", _NO_RESULT):
        return None
    return Complaint(code, str(body.get("message") or ""), str(body.get("request_id") or ""))


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON222", Kind.RECORD: "CON221"})


class TencentMapsConfig(ConnectorConfig):
    """One key with the WebServiceAPI."""

    base_url: str = Field("https://apis.map.qq.com", description="host of the web service")
    key: SecretStr = Field(description="the key, five times five characters and one more")
    secret_key: SecretStr | None = Field(None, description="SK, when the key is restricted by signature")
    policy: int | None = Field(None, ge=0, le=1, description="0 strict, 1 lenient about incomplete addresses")
    daily_quota: int = Field(5000, gt=0, description="questions a day; resets at midnight, Beijing time")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=5, per_s=1.0, daily=None), description="questions per second; the contract says how many"
    )


class TencentMaps(Places[TencentMapsConfig]):
    kind = "tencent_maps"
    config_model = TencentMapsConfig
    bad_term, no_question = "CON220", "CON223"

    def __init__(self, config: TencentMapsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._key = config.key.get_secret_value()
        self._secret = config.secret_key.get_secret_value() if config.secret_key else ""
        remember_secret(self._key)
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
        params = self._location(asked, key) if question == "regeo" else self._text(asked, key)
        reply = self._http.get(GEOCODER, params={**params, "output": "json"}, about=f"{question} {key}")
        if str(reply.data["status"]) == _NO_RESULT:
            return Answer(False, question, key, reason="the map knows no such place")
        result = reply.unwrap("result")
        location = result["location"] if isinstance(result, dict) and isinstance(result.get("location"), dict) else None
        if location is None:
            return Answer(False, question, key, reason="the map knows no such place")
        point = str(Point(float(location["lng"]), float(location["lat"])))
        row = {"key": key, "question": asked, "system": "gcj02", **result, "location": point}
        return Answer(True, question, key, row)

    def _text(self, asked: Mapping[str, str], key: str) -> dict[str, str | None]:
        policy = None if self.config.policy is None else str(self.config.policy)
        return {"address": self.address(asked["address"], key), "region": asked["city"] or None, "policy": policy}

    def _location(self, asked: Mapping[str, str], key: str) -> dict[str, str | None]:
        return {"location": self.point(asked, key).latitude_first, "coord_type": "5"}

    def _sign(self, draft: Draft) -> None:
        """Raw values in the signature, percent-encoded ones on the way; the path is that of the vendor's host."""
        draft.params.append(("key", self._key))
        if self._secret:
            path = urlsplit(draft.url).path.removeprefix(self._prefix)
            draft.params.append(("sig", sig(path, draft.params, self._secret)))


def sig(path: str, params: list[tuple[str, str]], secret: str) -> str:
    """MD5 over the path, the parameters sorted by name with their values as they are, and the secret."""
    text = "&".join(f"{name}={value}" for name, value in sorted(params))
    return md5(f"{path}?{text}{secret}".encode(), usedforsecurity=False).hexdigest()
