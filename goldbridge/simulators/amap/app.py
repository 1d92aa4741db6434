"""A pretend Amap (高德) web service: forward and reverse geocoding, districts, coordinate conversion, batches.

Everything is answered with HTTP 200; `status` and `infocode` say how it went, all numbers are strings, and what is
empty comes as `[]`. Points are GCJ-02. Answers come from the world's gazetteer, so that the point of a company's
address is the one the truth names.

Keys: `amap-sandbox-key`; `amap-sandbox-signed-key` insists on a signature (private key `amap-sandbox-private`);
`amap-sandbox-js-key` is of the wrong type. Cooperative faults played here: forbid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import md5
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import orjson

from goldbridge.simulators.amap.answer import find_districts, geocode, nothing, regeocode
from goldbridge.simulators.kit import (
    Answer,
    Call,
    Endpoint,
    Limit,
    Refused,
    SimClock,
    Simulator,
    json_answer,
    text_answer,
)
from goldbridge.simulators.world import World
from goldbridge.simulators.world.coordinate import bd_to_gcj, wgs_to_gcj
from goldbridge.simulators.world.gazetteer import Gazetteer

KEY = "amap-sandbox-key"
SIGNED_KEY = "amap-sandbox-signed-key"
PRIVATE_KEY = "amap-sandbox-private"
JS_KEY = "amap-sandbox-js-key"
INFO: Mapping[str, str] = {
    "10001": "INVALID_USER_KEY",
    "10002": "SERVICE_NOT_AVAILABLE",
    "10003": "DAILY_QUERY_OVER_LIMIT",
    "10004": "ACCESS_TOO_FREQUENT",
    "10007": "INVALID_USER_SIGNATURE",
    "10009": "USERKEY_PLAT_NOMATCH",
    "10012": "INSUFFICIENT_PRIVILEGES",
    "10014": "QPS_HAS_EXCEEDED_THE_LIMIT",
    "10015": "GATEWAY_TIMEOUT",
    "10016": "SERVER_IS_BUSY",
    "10021": "CUQPS_HAS_EXCEEDED_THE_LIMIT",
    "10044": "USER_DAILY_QUERY_OVER_LIMIT",
    "20000": "INVALID_PARAMS",
    "20001": "MISSING_REQUIRED_PARAMS",
    "20003": "UNKNOWN_ERROR",
    "20011": "INSUFFICIENT_ABROAD_PRIVILEGES",
    "30001": "ENGINE_RESPONSE_DATA_ERROR",
}
_CONVERT: Mapping[str, Callable[[float, float], tuple[float, float]]] = {
    "gps": wgs_to_gcj,
    "baidu": bd_to_gcj,
    "autonavi": lambda lng, lat: (lng, lat),
}
_BEIJING_S = 8 * 3600
_LOCATION = re.compile(r"(-?\d{1,3}(?:\.\d+)?),(-?\d{1,2}(?:\.\d+)?)")
_HAN = re.compile(r"[一-龥]")
_WORD = re.compile(r"\w")


class Amap(Simulator):
    """A map service over one world; `daily_quota` calls per Beijing day when the sheet's limits are held."""

    name = "amap"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(3, 1.0, shared=True)}

    def __init__(
        self,
        world: World,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        daily_quota: int | None = 5000,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._gazetteer = Gazetteer(company.address for company in world.companies if company.address)
        self._quota = daily_quota if limits == "sheet" else None
        self._day = (0, 0)

    def endpoints(self) -> Iterable[Endpoint]:
        for path, serve in self._services.items():
            yield Endpoint("GET", path, self._endpoint(path, serve))
        yield Endpoint("POST", "/v3/batch", self._batch)

    @property
    def _services(self) -> dict[str, Callable[[Mapping[str, str]], dict[str, Any]]]:
        return {
            "/v3/geocode/geo": self._geo,
            "/v3/geocode/regeo": self._regeo,
            "/v3/config/district": self._district,
            "/v3/assistant/coordinate/convert": self._convert,
        }

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer(_refusal(code, message), status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("10021")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("20000")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("10002")

    # Gate

    def _endpoint(self, path: str, serve: Callable[[Mapping[str, str]], dict[str, Any]]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("10012")
            self._admit(call.query)
            return _written(serve(call.query), call.query)

        return answer

    def _admit(self, query: Mapping[str, str]) -> None:
        """Key, signature and the day's quota; every admitted call counts, also one that fails later."""
        key = query.get("key", "")
        if key == JS_KEY:
            raise Refused("10009")
        if key not in (KEY, SIGNED_KEY):
            raise Refused("10001")
        if key == SIGNED_KEY and query.get("sig") != signature(query, PRIVATE_KEY):
            raise Refused("10007")
        day = int((self.clock.now() + _BEIJING_S) // 86_400)
        used = self._day[1] if self._day[0] == day else 0
        if self._quota is not None and used >= self._quota:
            raise Refused("10003")
        self._day = (day, used + 1)

    def _batch(self, call: Call) -> Answer:
        """Up to twenty requests in one; each counts and is answered for itself."""
        if call.query.get("key") not in (KEY, SIGNED_KEY):
            raise Refused("10001")
        ops = call.json.get("ops") if isinstance(call.json, dict) else None
        if not isinstance(ops, list) or not 1 <= len(ops) <= 20:
            raise Refused("20000")
        answers = []
        for op in ops:
            parts = urlsplit(str(op.get("url", "")) if isinstance(op, dict) else "")
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            serve = self._services.get(parts.path)
            try:
                if serve is None:
                    raise Refused("10002")
                self._admit(query)
                body = serve(query)
            except Refused as refusal:
                body = _refusal(refusal.code, refusal.message)
            answers.append({"status": 200, "header": {}, "body": body})
        return json_answer(answers)

    # Services

    def _geo(self, query: Mapping[str, str]) -> dict[str, Any]:
        address = query.get("address", "").strip()
        if not address:
            raise Refused("20001")
        texts = address.split("|")
        if query.get("batch") != "true":
            texts = [address]
        elif len(texts) > 10:
            raise Refused("20000")
        if not any(_WORD.search(text) for text in texts):
            raise Refused("30001")
        found: list[dict[str, Any]] = []
        for text in texts:
            geocodes = self._geocodes(text, query.get("city", ""))
            if query.get("batch") == "true":  # one answer per address, in order; an empty one where there is none
                geocodes = geocodes[:1] or [nothing()]
            found += geocodes
        return _ok({"count": str(len(found)), "geocodes": found})

    def _geocodes(self, text: str, city: str) -> list[dict[str, Any]]:
        if not _HAN.search(text):
            return []
        return [geocode(finding) for finding in self._gazetteer.find(text, city)]

    def _regeo(self, query: Mapping[str, str]) -> dict[str, Any]:
        locations = query.get("location", "")
        if not locations:
            raise Refused("20001")
        many = query.get("batch") == "true"
        points = locations.split("|")
        if len(points) > (20 if many else 1):
            raise Refused("20000")
        answers = [regeocode(*_parse_point(point)) for point in points]
        if query.get("extensions") == "all":  # no shops or roads in this world, but their places in the answer
            answers = [{**answer, "pois": [], "roads": [], "roadinters": [], "aois": []} for answer in answers]
        return _ok({"regeocodes": answers} if many else {"regeocode": answers[0]})

    def _district(self, query: Mapping[str, str]) -> dict[str, Any]:
        depth = query.get("subdistrict", "1")
        if depth not in ("0", "1", "2", "3"):
            raise Refused("20000")
        keyword = query.get("keywords", "").strip() or "中国"
        page, size = query.get("page", "1"), query.get("offset", "20")
        if not (page.isdigit() and size.isdigit() and int(page) and int(size)):
            raise Refused("20000")
        found = find_districts(keyword, int(depth))[(int(page) - 1) * int(size) : int(page) * int(size)]
        return _ok({"count": str(len(found)), "suggestion": {"keywords": [], "cities": []}, "districts": found})

    def _convert(self, query: Mapping[str, str]) -> dict[str, Any]:
        locations = query.get("locations", "")
        if not locations:
            raise Refused("20001")
        points = [_parse_point(text) for text in re.split(r"[|;]", locations)]
        if len(points) > 40:
            raise Refused("20000")
        system = query.get("coordsys", "autonavi")
        convert = _CONVERT.get(system)
        if convert is None:
            raise Refused("20000")
        moved = (convert(lng, lat) for lng, lat in points)
        return {
            "status": "1",
            "info": "ok",
            "infocode": "10000",
            "locations": ";".join(f"{x:.6f},{y:.6f}" for x, y in moved),
        }


def signature(query: Mapping[str, str], private_key: str) -> str:
    """Parameters in the order of their names, joined raw, with the private key behind them."""
    text = "&".join(f"{name}={query[name]}" for name in sorted(query) if name != "sig")
    return md5((text + private_key).encode(), usedforsecurity=False).hexdigest()


def _ok(data: dict[str, Any]) -> dict[str, Any]:
    return {"status": "1", "info": "OK", "infocode": "10000", **data}


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"status": "0", "info": message or INFO.get(code, "UNKNOWN_ERROR"), "infocode": code}


def _written(data: dict[str, Any], query: Mapping[str, str]) -> Answer:
    """JSON, XML or JSON with a call around it, as asked for."""
    if query.get("output", "JSON").upper() == "XML":
        return text_answer(
            f'<?xml version="1.0" encoding="UTF-8"?>{_xml("response", data)}', content_type="text/xml;charset=utf-8"
        )
    if re.fullmatch(r"[A-Za-z_$][\w$.]*", callback := query.get("callback", "")):
        return text_answer(
            f"{callback}({orjson.dumps(data).decode()})", content_type="application/javascript;charset=utf-8"
        )
    return json_answer(data)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, each) for key, each in value.items())}</{name}>"
    if isinstance(value, list):
        child = name.removesuffix("s")
        return f'<{name} type="list">{"".join(_xml(child, each) for each in value)}</{name}>' if value else f"<{name}/>"
    return f"<{name}>{escape(str(value))}</{name}>"


def _parse_point(text: str) -> tuple[float, float]:
    found = _LOCATION.fullmatch(text.strip())
    if not found or not (-180 <= float(found[1]) <= 180 and -90 <= float(found[2]) <= 90):
        raise Refused("20000")
    return float(found[1]), float(found[2])
