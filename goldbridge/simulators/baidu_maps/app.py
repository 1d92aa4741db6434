"""A pretend Baidu map: forward and reverse geocoding, and batches of requests.

Everything is HTTP 200 with a numeric `status`; without `output=json` the answer is XML. Points are BD-09 unless asked
for otherwise. An address may have 84 bytes; special and full-width characters cannot be read (8).

Keys: `baidu-sandbox-ak` (bound to addresses), `baidu-sandbox-signed-ak` (insists on an SN, SK `baidu-sandbox-sk`),
`baidu-sandbox-plain-ak` (may not send batches). Cooperative faults played here: forbid.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from goldbridge.simulators.baidu_maps.answer import located, place_at, to_gcj
from goldbridge.simulators.baidu_maps.signature import sn_as_sent
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
from goldbridge.simulators.world.gazetteer import Gazetteer

AK = "baidu-sandbox-ak"
SIGNED_AK = "baidu-sandbox-signed-ak"
PLAIN_AK = "baidu-sandbox-plain-ak"
SK = "baidu-sandbox-sk"
MESSAGES: Mapping[str, str] = {
    "1": "Internal Service Error:无相关结果",
    "2": "Parameter Invalid",
    "8": "无法解析地址中的特殊字符",
    "9": "需要高级权限",
    "10": "上传内容超过8M",
    "101": "AK参数不存在",
    "200": "APP不存在，AK有误请检查再重试",
    "210": "APP IP校验失败",
    "211": "APP SN校验失败",
    "240": "APP 服务被禁用",
    "302": "天配额超限，限制访问",
    "401": "当前并发量已经超过约定并发配额，限制访问",
}
_BEIJING_S = 8 * 3600
_BYTES = 84
_CALLS = 20
_PAIR = re.compile(r"(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)")
_HAN = re.compile(r"[一-龥]")


class BaiduMaps(Simulator):
    """A map over one world; `daily_quota` calls per Beijing day when the sheet's limits are held."""

    name = "baidu_maps"
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
        yield Endpoint("POST", "/batch", self._batch)

    @property
    def _services(self) -> dict[str, Callable[[Mapping[str, str]], dict[str, Any]]]:
        return {"/geocoding/v3/": self._forward, "/reverse_geocoding/v3/": self._reverse}

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer(_refusal(code, message), status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("401")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("2")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("240")

    # Gate

    def _endpoint(self, path: str, serve: Callable[[Mapping[str, str]], dict[str, Any]]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("240")
            self._admit(path, call.raw_query, call.query)
            data = {"status": 0, **serve(call.query)}
            return json_answer(data) if call.query.get("output") == "json" else _xml_answer(data)

        return answer

    def _admit(self, path: str, raw: str, query: Mapping[str, str]) -> None:
        """Key, SN and the day's quota; an admitted call counts, also one that fails later."""
        ak = query.get("ak", "")
        if not ak:
            raise Refused("101")
        if ak not in (AK, SIGNED_AK, PLAIN_AK):
            raise Refused("200")
        if ak == SIGNED_AK and query.get("sn") != sn_as_sent(path, raw, SK):
            raise Refused("211")
        day = int((self.clock.now() + _BEIJING_S) // 86_400)
        used = self._day[1] if self._day[0] == day else 0
        if self._quota is not None and used >= self._quota:
            raise Refused("302")
        self._day = (day, used + 1)

    def _batch(self, call: Call) -> Answer:
        """Up to twenty requests in one; each counts and is answered for itself."""
        reqs = call.json.get("reqs") if isinstance(call.json, dict) else None
        if not isinstance(reqs, list) or not 1 <= len(reqs) <= _CALLS:
            raise Refused("2")
        results = []
        for req in reqs:
            parts = urlsplit(str(req.get("url", "")) if isinstance(req, dict) else "")
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            serve = self._services.get(parts.path)
            if query.get("ak") == PLAIN_AK:
                raise Refused("9")
            try:
                if serve is None:
                    raise Refused("240")
                self._admit(parts.path, parts.query, query)
                results.append({"status": 0, **serve(query)})
            except Refused as refusal:
                results.append(_refusal(refusal.code, refusal.message))
        return json_answer({"status": 0, "batch_result": results})

    # Services

    def _forward(self, query: Mapping[str, str]) -> dict[str, Any]:
        address, system = query.get("address", "").strip(), query.get("ret_coordtype", "bd09ll")
        if not address or len(address.encode()) > _BYTES or system not in ("bd09ll", "gcj02ll", "bd09mc"):
            raise Refused("2")
        if unicodedata.normalize("NFKC", address) != address or any(
            unicodedata.category(char) in ("So", "Cc", "Cf") for char in address
        ):
            raise Refused("8")
        found = self._gazetteer.find(address, query.get("city", "")) if _HAN.search(address) else []
        if not found:
            return {"result": []}
        return {"result": located(found[0], system)}

    def _reverse(self, query: Mapping[str, str]) -> dict[str, Any]:
        pair = _PAIR.fullmatch(query.get("location", "").strip())
        if not pair or not (abs(float(pair[1])) <= 90 and abs(float(pair[2])) <= 180):
            raise Refused("2")
        lat, lng = float(pair[1]), float(pair[2])
        official = to_gcj(lng, lat, query.get("coordtype", "bd09ll"))
        if official is None:
            raise Refused("2")
        return {"result": place_at(*official, shown=(lng, lat))}


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"status": int(code), "message": message or MESSAGES.get(code, "服务异常")}


def _xml_answer(data: dict[str, Any]) -> Answer:
    text = f'<?xml version="1.0" encoding="utf-8"?>{_xml("GeocoderSearchResponse", data)}'
    return text_answer(text, content_type="text/xml;charset=utf-8")


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, each) for key, each in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(_xml('item', each) for each in value)}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"
