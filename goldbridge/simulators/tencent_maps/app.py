"""A pretend Tencent map: forward and reverse geocoding on one path, and coordinate translation.

The status is in the JSON, HTTP is 200. "No result" is a status of its own (347). Points are GCJ-02, latitude first.
A query of more than 2 kB is refused by the gateway with HTTP 414 and a web page.

Keys: `KEY`; `SIGNED_KEY` insists on `sig` (SK `tencent-sandbox-sk`); `OFF_KEY` has no WebServiceAPI. Cooperative faults
played here: forbid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import md5
from typing import Any, ClassVar

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
from goldbridge.simulators.tencent_maps.answer import located, place_at
from goldbridge.simulators.world import World
from goldbridge.simulators.world.coordinate import bd_to_gcj, wgs_to_gcj
from goldbridge.simulators.world.gazetteer import Gazetteer

KEY = "SANDB-OXKEY-AAAAA-AAAAA-AAAAA-AAAAA"
SIGNED_KEY = "SANDB-OXKEY-SIGNE-DDDDD-DDDDD-DDDDD"
OFF_KEY = "SANDB-OXKEY-OFFFF-FFFFF-FFFFF-FFFFF"
SECRET = "tencent-sandbox-sk"  # noqa: S105 - a fixed, obviously fake word
GEOCODER = "/ws/geocoder/v1/"
MESSAGES: Mapping[str, str] = {
    "110": "请求来源未被授权",
    "111": "签名验证失败",
    "112": "IP未被授权",
    "113": "此功能未被授权",
    "120": "此key每秒请求量已达到上限",
    "121": "此key每日调用量已达到上限",
    "190": "无效的KEY",
    "199": "此key未开启webservice功能",
    "300": "缺少必要字段",
    "311": "key格式错误",
    "347": "查询无结果",
    "365": "纬度不能超过±90",
    "366": "经度不能超过±180",
}
_KEY_FORM = re.compile(r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){5}")
_PAIR = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)")
_HAN = re.compile(r"[一-龥]")
_CONVERT: Mapping[str, Callable[[float, float], tuple[float, float]]] = {
    "1": wgs_to_gcj,
    "3": bd_to_gcj,
    "5": lambda lng, lat: (lng, lat),
}
_BEIJING_S = 8 * 3600
_QUERY_BYTES = 2048


class TencentMaps(Simulator):
    """A map over one world; the sheet's limits are five calls a second, and `daily_quota` per path and Beijing day."""

    name = "tencent_maps"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(5, 1.0)}

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
        self._used: dict[tuple[str, int], int] = {}

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", GEOCODER, self._endpoint(GEOCODER, self._geocoder))
        path = "/ws/coord/v1/translate"
        yield Endpoint("GET", path, self._endpoint(path, self._translate))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        data = {"status": int(code), "message": message or MESSAGES.get(code, "服务异常"), "request_id": self._trace()}
        return json_answer(data, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("120")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("113", status=404)

    def _trace(self) -> str:
        return f"{self.counters.calls:08x}"

    def _endpoint(self, path: str, serve: Callable[[Mapping[str, str]], dict[str, Any]]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            if len(call.raw_query) > _QUERY_BYTES:
                return text_answer("<html><h1>414 Request-URI Too Large</h1></html>", 414)
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("113")
            self._admit(path, call.query)
            return json_answer({"status": 0, "message": "query ok", "request_id": self._trace(), **serve(call.query)})

        return answer

    def _admit(self, path: str, query: Mapping[str, str]) -> None:
        key = query.get("key", "")
        if not _KEY_FORM.fullmatch(key):
            raise Refused("311")
        if key not in (KEY, SIGNED_KEY, OFF_KEY):
            raise Refused("190")
        if key == OFF_KEY:
            raise Refused("199")
        if key == SIGNED_KEY and query.get("sig") != signature(path, query, SECRET):
            raise Refused("111")
        day = int((self.clock.now() + _BEIJING_S) // 86_400)
        used = self._used.get((path, day), 0)
        if self._quota is not None and used >= self._quota:
            raise Refused("121")
        self._used[path, day] = used + 1

    def _geocoder(self, query: Mapping[str, str]) -> dict[str, Any]:
        """One path, two questions: which parameter is there decides."""
        if location := query.get("location", ""):
            return self._reverse(location, query.get("coord_type", "5"))
        address = query.get("address", "").strip()
        if not address:
            raise Refused("300")
        found = self._gazetteer.find(address, query.get("region", "")) if _HAN.search(address) else []
        if len(found) != 1:  # several cities: without a region the service rather says nothing
            raise Refused("347")
        return {"result": located(found[0])}

    def _reverse(self, location: str, system: str) -> dict[str, Any]:
        lat, lng = _point(location)
        match system:
            case "1":
                lng, lat = wgs_to_gcj(lng, lat)
            case "3":
                lng, lat = bd_to_gcj(lng, lat)
            case "5":
                pass
            case _:
                raise Refused("395")
        found = place_at(lng, lat)
        if found is None:
            raise Refused("347")
        return {"result": found}

    def _translate(self, query: Mapping[str, str]) -> dict[str, Any]:
        convert = _CONVERT.get(query.get("type", ""))
        if convert is None:
            raise Refused("395")
        moved = [convert(lng, lat) for lat, lng in map(_point, query.get("locations", "").split(";"))]
        return {"locations": [{"lng": lng, "lat": lat} for lng, lat in moved]}


def signature(path: str, query: Mapping[str, str], secret: str) -> str:
    """Path, parameters in the order of their names with raw values, and the secret behind them."""
    text = "&".join(f"{name}={query[name]}" for name in sorted(query) if name != "sig")
    return md5(f"{path}?{text}{secret}".encode(), usedforsecurity=False).hexdigest()


def _point(text: str) -> tuple[float, float]:
    found = _PAIR.fullmatch(text.strip())
    if not found:
        raise Refused("310", "location参数格式错误")
    lat, lng = float(found[1]), float(found[2])
    if abs(lat) > 90:
        raise Refused("365")
    if abs(lng) > 180:
        raise Refused("366")
    return lat, lng
