"""Amap: finds the region and the point of an address, and the region of a point.

One question, one answer: the first geocode, with the number of candidates beside it. Whether it may be believed (its
region has to agree with what the text itself says) is not decided here. Points are GCJ-02; a point in another system is
converted before it is asked about. Empty values, which the vendor writes as `[]`, become empty text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field, SecretStr

from connectors.base import Answer, BudgetConfig, ConnectorConfig, Context, Outcome
from connectors.place import Places
from goldbridge.errors import Halt, Reject
from goldbridge.http import CONFIG, RECORD, RETRY, Chain, Complaint, Envelope, Kind, QueryDigest, QueryKey, Rule
from goldbridge.ports import Json

_BATCH: Mapping[str, int] = {"geocode": 10, "regeo": 20}
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
    batch: bool = Field(
        False,
        description="several questions in one call (`batch=true`); older keys can, the current documents are silent",
    )
    budget: BudgetConfig = Field(
        BudgetConfig(calls=3, per_s=1.0, daily=None), description="questions per second; the contract says how many"
    )


class Amap(Places[AmapConfig]):
    kind = "amap"
    config_model = AmapConfig
    bad_term, no_question = "CON060", "CON063"

    def __init__(self, config: AmapConfig, context: Context) -> None:
        super().__init__(config, context)
        key = QueryKey("key", config.key.get_secret_value())
        digest = [QueryDigest("sig", config.private_key.get_secret_value())] if config.private_key else []
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=Chain(key, *digest),
            envelope=ENVELOPE,
            budget=context.budget(config.budget.within(config.daily_quota)),
            timeout_s=config.timeout_s,
        )

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        asked, key = self.asked(question, terms)
        if question == "regeo":
            reply = self._http.get("/v3/geocode/regeo", params=self._location(asked, key), about=f"{question} {key}")
            return self._regeocoded(key, asked, reply.unwrap("regeocode"))
        params = {"address": self._text(asked, key), "city": asked["city"] or None, "output": "JSON"}
        geocodes = self._http.get("/v3/geocode/geo", params=params, about=f"{question} {key}").unwrap("geocodes")
        return self._geocoded(key, asked, geocodes[:1], len(geocodes))

    def batch(self, question: str) -> int:
        return _BATCH.get(question, 1) if self.config.batch else 1

    def ask_batch(self, question: str, asked: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """Addresses joined by a bar: one geocode comes back for each, so the number of candidates is not known."""
        known = [self.asked(question, terms) for terms in asked]
        found: list[Outcome | None] = [None] * len(known)
        groups: dict[str, list[tuple[int, str]]] = {}
        for at, (terms, key) in enumerate(known):
            try:
                if question == "regeo":
                    groups.setdefault("", []).append((at, self._location(terms, key)["location"]))
                else:
                    groups.setdefault(terms["city"], []).append((at, self._text(terms, key)))
            except Reject as error:
                found[at] = error
        for city, members in groups.items():
            texts = "|".join(text for _, text in members)
            for at, row in zip((at for at, _ in members), self._many(question, texts, city, len(members)), strict=True):
                read = self._regeocoded if question == "regeo" else self._geocoded_alone
                found[at] = read(known[at][1], known[at][0], row)
        return [outcome for outcome in found if outcome is not None]

    def _many(self, question: str, texts: str, city: str, count: int) -> list[Json]:
        name, path, plural = {
            "geocode": ("address", "/v3/geocode/geo", "geocodes"),
            "regeo": ("location", "/v3/geocode/regeo", "regeocodes"),
        }[question]
        params = {name: texts, "city": city or None, "batch": "true", "output": "JSON"}
        rows = self._http.get(path, params=params, about=f"{question} of {count}").unwrap(plural)
        if not isinstance(rows, list) or len(rows) != count:
            message = f"{self.context.system} {question}: the answer to {count} questions is not {count} long"
            raise Halt("CON064", f"{message}; set `batch: false` for this system")
        return rows

    def _text(self, asked: Mapping[str, str], key: str) -> str:
        return self.address(asked["address"], key).replace("|", " ")  # several addresses in one call are joined by it

    def _location(self, asked: Mapping[str, str], key: str) -> dict[str, str]:
        return {"location": str(self.point(asked, key)), "output": "JSON"}

    def _geocoded(self, key: str, asked: Mapping[str, str], geocodes: Sequence[Json], count: int | None) -> Answer:
        if not geocodes or geocodes[0].get("location") == []:
            return Answer(False, "geocode", key, reason="the map knows no such address")
        return Answer(True, "geocode", key, {"key": key, "question": asked, "count": count, **_filled(geocodes[0])})

    def _geocoded_alone(self, key: str, asked: Mapping[str, str], geocode: Json) -> Answer:
        return self._geocoded(key, asked, [geocode], None)

    def _regeocoded(self, key: str, asked: Mapping[str, str], found: Json) -> Answer:
        row = _filled(found)
        if not row.get("formatted_address"):
            return Answer(False, "regeo", key, reason="the map knows no place there")
        return Answer(True, "regeo", key, {"key": key, "question": asked, **row})


def _filled(value: Json) -> Json:
    """The vendor's `[]` for "nothing" as empty text, at every depth; real lists stay."""
    if isinstance(value, dict):
        return {name: _filled(item) for name, item in value.items()}
    return "" if value == [] else value
