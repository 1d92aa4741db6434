"""The pretend Baidu map answers as its sheet says, quirks included, and agrees with the truth about every company."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from goldbridge.simulators.baidu_maps import AK, PLAIN_AK, SIGNED_AK, SK, BaiduMaps, sn
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.world import World

GEO, REVERSE = "/geocoding/v3/", "/reverse_geocoding/v3/"
TEXT = "浙江省杭州市余杭区示例路1号"
SAFE = "/:=&?#+!$,;'@()*[]"


class Map:
    """A map with a clock that stands still, and how to ask it."""

    def __init__(self, world: World, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(1_790_000_000.0)
        self.sim = BaiduMaps(world, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://map")

    def ask(self, path: str = GEO, **query: str) -> Any:
        answer = self.http.get(path, params={"ak": AK, "output": "json", **query})
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture(scope="module")
def baidu(world: World) -> Map:
    return Map(world)


def test_an_address_has_a_point_with_its_error_bound_and_no_region(baidu: Map) -> None:
    answer = baidu.ask(address=TEXT, ret_coordtype="gcj02ll")
    assert answer["status"] == 0
    result = answer["result"]
    assert set(result) == {"location", "precise", "confidence", "comprehension", "level"}
    assert (result["precise"], result["confidence"], result["level"]) == (1, 80, "门址")
    assert isinstance(result["location"]["lng"], float)


def test_points_are_bd09_unless_asked_for(baidu: Map) -> None:
    own = baidu.ask(address=TEXT)["result"]["location"]
    official = baidu.ask(address=TEXT, ret_coordtype="gcj02ll")["result"]["location"]
    assert 0.004 < own["lng"] - official["lng"] < 0.012
    assert baidu.ask(address=TEXT, ret_coordtype="mars")["status"] == 2


def test_a_point_leads_to_its_place_latitude_first(baidu: Map) -> None:
    location = baidu.ask(address=TEXT)["result"]["location"]
    at = f"{location['lat']:.6f},{location['lng']:.6f}"
    component = baidu.ask(REVERSE, location=at)["result"]["addressComponent"]
    assert (component["adcode"], component["district"]) == (330110, "余杭区")
    assert baidu.ask(REVERSE, location=",".join(reversed(at.split(","))))["status"] == 2
    assert baidu.ask(REVERSE, location=at, coordtype="mars")["status"] == 2
    under_province = baidu.ask(REVERSE, location="30.36,113.45", coordtype="gcj02ll")["result"]["addressComponent"]
    assert (under_province["province"], under_province["city"]) == ("湖北省", "")
    assert baidu.ask(REVERSE, location="10,-150")["result"]["addressComponent"]["province"] == ""


def test_xml_is_what_comes_unasked(baidu: Map) -> None:
    text = baidu.http.get(GEO, params={"ak": AK, "address": TEXT}).text
    assert text.startswith("<?xml")
    assert "<status>0</status>" in text


def test_what_cannot_be_read_or_is_too_long(baidu: Map) -> None:
    assert baidu.ask(address="杭州市示例路１号")["status"] == 8
    assert baidu.ask(address="杭州市示例路1号☆")["status"] == 8
    assert baidu.ask(address="杭" * 28)["status"] == 0
    assert baidu.ask(address="杭" * 29)["status"] == 2
    assert baidu.ask()["status"] == 2
    assert baidu.ask(address="Nowhere Road 1") == {"status": 0, "result": []}


def test_keys(baidu: Map) -> None:
    assert baidu.ask(ak="", address=TEXT)["status"] == 101
    assert baidu.ask(ak="wrong", address=TEXT)["status"] == 200
    assert baidu.ask("/geocoding/v9/", address=TEXT)["status"] == 240


def test_the_signature_of_the_sheet() -> None:
    vector = "/geocoder/v2/?address=百度大厦&output=json&ak=yourak"
    assert sn(vector, "yoursk") == "7de5a22212ffaa9e326444c75a58f9a0"


def test_signatures(baidu: Map) -> None:
    text = f"{GEO}?address={TEXT}&output=json&ak={SIGNED_AK}"
    assert baidu.http.get(quote(text, safe=SAFE)).json()["status"] == 211
    assert baidu.http.get(quote(text, safe=SAFE) + "&sn=" + "0" * 32).json()["status"] == 211
    assert baidu.http.get(quote(text, safe=SAFE) + "&sn=" + sn(text, SK)).json()["status"] == 0
    other = f"{GEO}?output=json&address={TEXT}&ak={SIGNED_AK}"
    assert baidu.http.get(quote(other, safe=SAFE) + "&sn=" + sn(text, SK)).json()["status"] == 211, "order counts"
    lower = quote(text, safe=SAFE).replace("%E6", "%e6") + "&sn=" + sn(text, SK)
    assert baidu.http.get(lower).json()["status"] == 211, "the case of hexadecimal digits counts"


def test_batches(baidu: Map) -> None:
    url = f"{GEO}?address={quote(TEXT)}&output=json&ak={AK}"
    reqs = [{"method": "get", "url": url}, {"method": "get", "url": "/nothing?ak=" + AK}]
    answer = baidu.http.post("/batch", json={"reqs": reqs}).json()
    assert [each["status"] for each in answer["batch_result"]] == [0, 240]
    assert baidu.http.post("/batch", json={"reqs": reqs * 11}).json()["status"] == 2
    plain = [{"method": "get", "url": f"{GEO}?address=x&ak={PLAIN_AK}"}]
    assert baidu.http.post("/batch", json={"reqs": plain}).json()["status"] == 9


def test_the_sheets_limits_hold_per_second_and_per_day(world: World) -> None:
    limited = Map(world, limits="sheet", daily_quota=5)
    assert [limited.ask(address=TEXT)["status"] for _ in range(4)] == [0, 0, 0, 401]
    limited.clock.shift(1)
    assert [limited.ask(address=TEXT)["status"] for _ in range(3)] == [0, 0, 302]
    limited.clock.shift(86_400)
    assert limited.ask(address=TEXT)["status"] == 0


def test_faults(world: World) -> None:
    broken = Map(world)
    broken.sim.faults.add({"kind": "refuse", "code": "302"}, {"kind": "forbid", "skip": 1})
    assert [broken.ask(address=TEXT)["status"] for _ in range(3)] == [302, 240, 0]


def test_every_companys_address_leads_to_its_point() -> None:
    small = World(30, 7)
    baidu = Map(small)
    short = [company for company in small.companies if company.address and len(company.address.text) <= 28]
    assert len(short) > 10
    for company in short:
        assert company.address is not None
        found = baidu.ask(address=company.address.text, ret_coordtype="gcj02ll")["result"]
        lng, lat = company.point.split(",")
        assert found["location"] == pytest.approx({"lng": float(lng), "lat": float(lat)}, abs=1e-6)
