"""The pretend map answers as its sheet says, quirks included, and agrees with the truth about every company."""

from urllib.parse import quote

import httpx
import pytest

from goldbridge.simulators.amap import JS_KEY, KEY, PRIVATE_KEY, SIGNED_KEY, Amap, signature
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.world import World
from goldbridge.simulators.world.address import Address
from goldbridge.simulators.world.coordinate import bd_to_gcj, wgs_to_gcj
from goldbridge.simulators.world.division import divisions
from goldbridge.simulators.world.gazetteer import Gazetteer, find_city

START = 1_790_000_000.0
GEO = "/v3/geocode/geo"


class Map:
    """A map with a clock that stands still, and how to ask it."""

    def __init__(self, world: World, **options: object) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        self.sim = Amap(world, clock=self.clock, **options)  # type: ignore[arg-type]
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://map")

    def ask(self, path: str = GEO, **query: str) -> dict[str, object]:
        answer = self.http.get(path, params={"key": KEY, **query})
        assert answer.status_code == 200
        return answer.json()

    def first(self, address: str, **query: str) -> dict[str, object]:
        answer = self.ask(address=address, **query)
        assert answer["status"] == "1"
        return answer["geocodes"][0]


@pytest.fixture(scope="module")
def amap(world: World) -> Map:
    return Map(world)


def test_a_full_address_is_found_at_its_door(amap: Map) -> None:
    answer = amap.ask(address="浙江省杭州市余杭区示例路1号")
    assert (answer["status"], answer["info"], answer["infocode"], answer["count"]) == ("1", "OK", "10000", "1")
    [found] = answer["geocodes"]
    assert found["formatted_address"] == "浙江省杭州市余杭区示例路1号"
    assert [found[name] for name in ("province", "city", "district", "adcode", "citycode")] == [
        "浙江省", "杭州市", "余杭区", "330110", "0571",
    ]  # fmt: skip
    assert [found[name] for name in ("street", "number", "level")] == ["示例路", "1号", "门牌号"]
    assert found["township"] == []
    assert found["building"] == {"name": [], "type": []}
    lng, lat = found["location"].split(",")
    assert 119 < float(lng) < 121
    assert 29 < float(lat) < 31


def test_every_companys_address_leads_to_its_point_and_district(world: World) -> None:
    gazetteer = Gazetteer(company.address for company in world.companies if company.address)
    for company in world.companies:
        if company.address is not None:
            [found] = gazetteer.find(company.address.text)
            assert (found.code, found.point) == (company.region, company.point), company.address.text


def test_most_addresses_as_people_typed_them_lead_to_the_right_county(world: World) -> None:
    gazetteer = Gazetteer(company.address for company in world.companies if company.address)
    right = wrong = 0
    for entry in world.legacy.entries:
        row = entry.row
        text = "".join(str(row[column] or "") for column in ("PROVINCE", "CITY", "DISTRICT", "ADDRESS"))
        found = gazetteer.find(text)
        if len(found) == 1 and found[0].place is not None:
            right += found[0].code == entry.company.region
            wrong += found[0].code != entry.company.region
    assert right > 0.5 * len(world.legacy.entries)
    assert wrong < 0.06 * right


@pytest.mark.parametrize(
    ("text", "adcode", "level"),
    [
        ("浙江杭州余杭文三路12号", "330110", "门牌号"),
        ("北京市朝阳区", "110105", "区县"),
        ("上海市上海市浦东新区世纪大道", "310115", "道路"),
        ("湖北省仙桃市仙桃大道3号", "429004", "门牌号"),
        ("仙桃市仙桃市仙桃大道3号", "429004", "门牌号"),
        ("广东东莞人民路", "441900", "道路"),
        ("杭州市", "330100", "市"),
        ("吉林省", "220000", "省"),
        ("吉林市船营区", "220204", "区县"),
        ("新疆伊犁霍城县", "654023", "区县"),
        ("地址：浙江省　杭州市　西湖区", "330106", "区县"),
        ("上海市静安區", "310106", "区县"),
        ("浙江省杭州市余杭区良渚街道", "330110", "乡镇"),
        ("湖南省衡阳市衡南县三塘镇新塘村12号", "430422", "门牌号"),
        ("浙江省杭州市余杭区未来科技城产业园", "330110", "开发区"),
        ("杭州市江干区庆春路", "330102", "道路"),
        ("杭州市余杭区南京路9号", "330110", "门牌号"),
    ],
)
def test_addresses_in_every_style(amap: Map, text: str, adcode: str, level: str) -> None:
    found = amap.first(text)
    assert (found["adcode"], found["level"]) == (adcode, level)


def test_a_county_name_that_many_cities_have_gives_many_answers(amap: Map) -> None:
    answer = amap.ask(address="鼓楼区中山路1号")
    assert int(str(answer["count"])) == len(answer["geocodes"]) == 4
    assert {found["city"] for found in answer["geocodes"]} == {"南京市", "徐州市", "福州市", "开封市"}
    assert amap.first("鼓楼区中山路1号", city="南京")["adcode"] == "320106"
    assert amap.first("鼓楼区中山路1号", city="0591")["adcode"] == "350102"


def test_a_road_with_a_places_name_is_a_road(amap: Map) -> None:
    assert amap.first("上海市南京西路100号")["adcode"].startswith("31")
    assert amap.ask(address="南京路99999号")["count"] == "0"


def test_a_known_door_settles_the_county_that_the_text_leaves_out(world: World) -> None:
    place = divisions()["330110"]
    gazetteer = Gazetteer([Address(place, road="示例路", number="1")])
    [found] = gazetteer.find("杭州市示例路1号")
    assert found.code == "330110"
    [found] = gazetteer.find("杭州市示例路2号")
    assert found.code == "330100"
    [found] = gazetteer.find("示例路1号")
    assert found.code == "330110"
    assert gazetteer.find("示例路2号") == []


def test_municipalities_and_counties_under_a_province_have_their_quirks(amap: Map) -> None:
    assert amap.first("北京市朝阳区")["city"] == "北京市"
    assert amap.first("湖北省仙桃市")["city"] == []
    assert amap.first("广东省东莞市")["district"] == []
    assert amap.first("吉林省")["city"] == []
    for point, province in (("116.389,39.9711", "北京市"), ("113.45,30.36", "湖北省")):
        component = amap.ask("/v3/geocode/regeo", location=point)["regeocode"]["addressComponent"]
        assert (component["province"], component["city"]) == (province, [])


def test_a_point_leads_back_to_its_district(amap: Map) -> None:
    place = divisions()["330110"]
    answer = amap.ask("/v3/geocode/regeo", location=f"{place.lng},{place.lat}")
    assert answer["regeocode"]["addressComponent"]["adcode"] == "330110"
    many = amap.ask("/v3/geocode/regeo", location=f"{place.lng},{place.lat}|121.5319,31.3078", batch="true")
    assert [each["addressComponent"]["adcode"] for each in many["regeocodes"]] == ["330110", "310115"]
    assert amap.ask("/v3/geocode/regeo", location="-150,10")["regeocode"]["formatted_address"] == []
    assert amap.ask("/v3/geocode/regeo", location="somewhere")["infocode"] == "20000"
    assert amap.ask("/v3/geocode/regeo", location="120.1,30.2", extensions="all")["regeocode"]["pois"] == []


@pytest.mark.parametrize("text", ["asdf", "12345", "不存在的地方", "Main Street 5, London"])
def test_nonsense_is_found_nowhere(amap: Map, text: str) -> None:
    answer = amap.ask(address=text)
    assert (answer["status"], answer["count"], answer["geocodes"]) == ("1", "0", [])


def test_what_the_engine_cannot_read_is_its_own_error(amap: Map) -> None:
    assert amap.ask(address="！？。")["infocode"] == "30001"


def test_missing_parameters_and_unknown_paths(amap: Map) -> None:
    assert amap.ask() == {"status": "0", "info": "MISSING_REQUIRED_PARAMS", "infocode": "20001"}
    assert amap.ask("/v3/nothing")["infocode"] == "10002"


def test_keys(amap: Map) -> None:
    assert amap.ask(key="wrong", address="杭州市")["infocode"] == "10001"
    assert amap.ask(key=JS_KEY, address="杭州市")["infocode"] == "10009"


def test_signatures(amap: Map) -> None:
    vector = {"address": "杭州市示例路1号", "key": "demo-key"}
    assert signature(vector, "demo-private") == "8437d747b84212c5bd708ebbb5768293"
    query = {"key": SIGNED_KEY, "address": "浙江省杭州市 余杭区"}
    assert amap.ask(**query)["infocode"] == "10007"
    assert amap.ask(**query, sig="0" * 32)["infocode"] == "10007"
    assert amap.ask(**query, sig=signature(query, PRIVATE_KEY))["status"] == "1"


def test_batches_of_addresses(amap: Map) -> None:
    answer = amap.ask(address="江苏省|没有这个地方|上海市", batch="true")
    assert [found["adcode"] for found in answer["geocodes"]] == ["320000", [], "310000"]
    assert amap.ask(address="|".join(["上海市"] * 11), batch="true")["infocode"] == "20000"


def test_batches_of_requests(amap: Map) -> None:
    ops = [
        {"url": f"{GEO}?key={KEY}&address={quote('杭州市')}"},
        {"url": f"{GEO}?key=wrong&address={quote('杭州市')}"},
        {"url": f"/v3/nothing?key={KEY}"},
    ]
    answer = amap.http.post("/v3/batch", params={"key": KEY}, json={"ops": ops}).json()
    assert [each["status"] for each in answer] == [200, 200, 200]
    assert [each["body"]["infocode"] for each in answer] == ["10000", "10001", "10002"]
    too_many = amap.http.post("/v3/batch", params={"key": KEY}, json={"ops": ops * 7}).json()
    assert too_many["infocode"] == "20000"
    assert amap.http.post("/v3/batch", params={"key": KEY}, content=b"{").json()["infocode"] == "20000"


def test_xml_and_callbacks(amap: Map) -> None:
    xml = amap.http.get(GEO, params={"key": KEY, "address": "吉林省", "output": "XML"}).text
    assert "<adcode>220000</adcode>" in xml
    assert "<township/>" in xml
    called = amap.http.get(GEO, params={"key": KEY, "address": "吉林省", "callback": "take"}).text
    assert called.startswith('take({"status":"1"')


def test_districts(amap: Map) -> None:
    [city] = amap.ask("/v3/config/district", keywords="杭州", subdistrict="1")["districts"]
    assert (city["adcode"], city["level"], city["name"]) == ("330100", "city", "杭州市")
    assert {"330110", "330106"} <= {below["adcode"] for below in city["districts"]}
    [china] = amap.ask("/v3/config/district", subdistrict="1")["districts"]
    assert len(china["districts"]) == 31
    [shanghai] = amap.ask("/v3/config/district", keywords="310000", subdistrict="1")["districts"]
    assert {below["level"] for below in shanghai["districts"]} == {"district"}
    assert amap.ask("/v3/config/district", keywords="没有", subdistrict="0")["count"] == "0"
    assert amap.ask("/v3/config/district", subdistrict="9")["infocode"] == "20000"
    both = [amap.ask("/v3/config/district", keywords="朝阳区", page=page, offset="1") for page in ("1", "2", "3")]
    assert [[found["adcode"] for found in each["districts"]] for each in both] == [["110105"], ["220104"], []]
    assert amap.ask("/v3/config/district", page="0")["infocode"] == "20000"


@pytest.mark.parametrize(
    ("wgs", "gcj", "bd"),
    [
        ((116.397451, 39.909187), (116.403695, 39.910591), (116.410067, 39.916930)),
        ((114.057868, 22.543099), (114.062982, 22.540382), (114.069532, 22.546040)),
        ((87.616848, 43.825592), (87.619698, 43.826797), (87.626148, 43.832941)),
    ],
)
def test_coordinates(amap: Map, wgs: tuple[float, float], gcj: tuple[float, float], bd: tuple[float, float]) -> None:
    assert wgs_to_gcj(*wgs) == pytest.approx(gcj, abs=1e-6)
    assert bd_to_gcj(*bd) == pytest.approx(gcj, abs=3e-6)
    path = "/v3/assistant/coordinate/convert"
    answer = amap.ask(path, locations=f"{wgs[0]},{wgs[1]}|{wgs[0]},{wgs[1]}", coordsys="gps")
    assert answer["locations"] == ";".join([f"{gcj[0]:.6f},{gcj[1]:.6f}"] * 2)
    assert amap.ask(path, locations="|".join(["1,1"] * 41))["infocode"] == "20000"
    assert amap.ask(path, locations="1,1", coordsys="mars")["infocode"] == "20000"


def test_points_abroad_are_not_shifted() -> None:
    assert wgs_to_gcj(2.35, 48.85) == (2.35, 48.85)


def test_the_sheets_limits_hold_per_second_and_per_day(world: World) -> None:
    amap = Map(world, limits="sheet", daily_quota=5)
    assert [amap.ask(address="杭州市")["infocode"] for _ in range(4)] == ["10000"] * 3 + ["10021"]
    amap.clock.shift(1)
    assert [amap.ask(address="杭州市")["infocode"] for _ in range(3)] == ["10000", "10000", "10003"]
    amap.clock.shift(86_400)
    assert amap.ask(address="杭州市")["infocode"] == "10000"


def test_the_day_begins_at_midnight_in_beijing(world: World) -> None:
    amap = Map(world, limits="sheet", daily_quota=1)
    amap.clock.freeze(86_400 * 20_000 - 8 * 3600 - 5)  # five seconds before midnight there
    assert [amap.ask(address="杭州市")["infocode"] for _ in range(2)] == ["10000", "10003"]
    amap.clock.shift(6)
    assert amap.ask(address="杭州市")["infocode"] == "10000"


def test_roomy_limits_limit_nothing(amap: Map) -> None:
    assert {amap.ask(address="杭州市")["infocode"] for _ in range(50)} == {"10000"}


def test_faults(world: World) -> None:
    amap = Map(world)
    amap.sim.faults.add({"kind": "refuse", "code": "10016"}, {"kind": "forbid", "skip": 1})
    assert amap.ask(address="杭州市")["infocode"] == "10016"
    assert amap.ask(address="杭州市")["infocode"] == "10012"
    assert amap.ask(address="杭州市")["infocode"] == "10000"


@pytest.mark.parametrize(
    ("hint", "code"),
    [
        ("杭州", "330100"),
        ("杭州市", "330100"),
        ("0571", "330100"),
        ("Hangzhou", "330100"),
        ("310000", "310000"),
        ("上海", "310000"),
        ("310100", "310000"),
        ("昆山市", ""),
        ("somewhere", ""),
    ],
)
def test_city_hints(hint: str, code: str) -> None:
    assert find_city(hint) == code
