"""The pretend Tencent map answers as its sheet says, quirks included, and agrees with the truth about every company."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.tencent_maps import KEY, OFF_KEY, SECRET, SIGNED_KEY, TencentMaps, signature
from goldbridge.simulators.world import World

GEO = "/ws/geocoder/v1/"
TEXT = "浙江省杭州市余杭区示例路1号"


class Map:
    """A map with a clock that stands still, and how to ask it."""

    def __init__(self, world: World, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(1_790_000_000.0)
        self.sim = TencentMaps(world, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://map")

    def ask(self, path: str = GEO, **query: str) -> Any:
        answer = self.http.get(path, params={"key": KEY, **query})
        assert answer.status_code == 200
        return answer.json()

    def status(self, **query: str) -> int:
        found: int = self.ask(**query)["status"]
        return found


@pytest.fixture(scope="module")
def tencent(world: World) -> Map:
    return Map(world)


def test_an_address_has_its_region_and_its_point_in_numbers(tencent: Map) -> None:
    answer = tencent.ask(address=TEXT)
    assert (answer["status"], answer["message"]) == (0, "query ok")
    assert answer["request_id"]
    result = answer["result"]
    assert result["title"] == "示例路1号"
    assert result["ad_info"] == {"adcode": "330110"}
    assert result["address_components"] == {
        "province": "浙江省", "city": "杭州市", "district": "余杭区", "street": "示例路", "street_number": "1号",
    }  # fmt: skip
    assert (result["reliability"], result["level"]) == (7, 9)
    assert isinstance(result["location"]["lat"], float)


def test_every_companys_address_leads_to_its_point_and_district() -> None:
    small = World(30, 7)
    tencent = Map(small)
    for company in small.companies:
        if company.address is not None:
            result = tencent.ask(address=company.address.text)["result"]
            assert result["ad_info"]["adcode"] == company.region
            lng, lat = company.point.split(",")
            assert result["location"] == {"lng": float(lng), "lat": float(lat)}


def test_no_result_is_a_status(tencent: Map) -> None:
    assert tencent.ask(address="Nowhere 1")["status"] == 347
    assert tencent.ask(address="鼓楼区中山路1号")["status"] == 347, "four cities have one"
    assert tencent.ask(address="鼓楼区中山路1号", region="南京")["result"]["ad_info"]["adcode"] == "320106"
    assert tencent.ask(location="10,-150")["status"] == 347


def test_the_same_path_leads_back_latitude_first(tencent: Map) -> None:
    location = tencent.ask(address=TEXT)["result"]["location"]
    result = tencent.ask(location=f"{location['lat']},{location['lng']}")["result"]
    assert result["ad_info"]["adcode"] == "330110"
    assert result["ad_info"]["city_code"] == "156330100"
    assert result["address_component"]["district"] == "余杭区"
    assert [tencent.status(location=text) for text in ("91,120", "30,181", "north")] == [365, 366, 310]
    assert tencent.status(location="30,120", coord_type="9") == 395
    assert tencent.ask(location="30,120", coord_type="1")["result"]["location"] != {"lat": 30.0, "lng": 120.0}


def test_keys(tencent: Map) -> None:
    assert tencent.status(key="short", address=TEXT) == 311
    assert tencent.status(key=KEY[:-1] + "B", address=TEXT) == 190
    assert tencent.status(key=OFF_KEY, address=TEXT) == 199
    assert tencent.status() == 300


def test_signatures(tencent: Map) -> None:
    vector = {"address": "杭州市示例路1号", "key": "DEMO-KEY"}
    assert signature(GEO, vector, "demo-sk") == "c44d77d92233ef184da17c8e4928f47a"
    query = {"key": SIGNED_KEY, "address": TEXT + " a+b"}
    assert tencent.status(**query) == 111
    assert tencent.status(**query, sig="0" * 32) == 111
    assert tencent.status(**query, sig=signature(GEO, query, SECRET)) == 0


def test_an_over_long_query_meets_the_gateway(tencent: Map) -> None:
    answer = tencent.http.get(GEO, params={"key": KEY, "address": "杭" * 300})
    assert answer.status_code == 414
    assert "<html>" in answer.text


def test_coordinates(tencent: Map) -> None:
    answer = tencent.ask("/ws/coord/v1/translate", locations="39.909187,116.397451", type="1")
    assert answer["locations"][0] == pytest.approx({"lng": 116.403695, "lat": 39.910591}, abs=1e-6)
    assert tencent.ask("/ws/coord/v1/translate", locations="39,116", type="9")["status"] == 395


def test_the_sheets_limits_hold_per_second_and_per_path_and_day(world: World) -> None:
    limited = Map(world, limits="sheet", daily_quota=7)
    assert [limited.status(address=TEXT) for _ in range(6)] == [0, 0, 0, 0, 0, 120]
    limited.clock.shift(1)
    assert [limited.status(address=TEXT) for _ in range(3)] == [0, 0, 121]
    assert limited.ask("/ws/coord/v1/translate", locations="39,116", type="5")["status"] == 0
    limited.clock.shift(86_400)
    assert limited.status(address=TEXT) == 0


def test_faults(world: World) -> None:
    broken = Map(world)
    broken.sim.faults.add({"kind": "refuse", "code": "121"}, {"kind": "forbid", "skip": 1})
    assert [broken.status(address=TEXT) for _ in range(3)] == [121, 113, 0]
