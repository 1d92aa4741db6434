"""Baidu Maps against a pretend map over one world: answers, systems, quota, signature, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from connectors.baidu_maps import BaiduMaps, cut, plain, sn
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.baidu_maps import AK, PLAIN_AK, SIGNED_AK, SK
from goldbridge.simulators.baidu_maps import BaiduMaps as MapService
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.world import World
from goldbridge.text.coordinate import SYSTEMS, convert, distance_m, parse_point
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

WORLD = World(customers=30, seed=7)
TEXT = "浙江省杭州市余杭区文一西路969号"


class Case:
    """A map service and connectors in front of it; `seen` holds the addresses that were called."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = MapService(WORLD, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()
        self.seen: list[httpx.URL] = []
        serve = InProcess(self.sim.app)

        def look(request: httpx.Request) -> httpx.Response:
            self.seen.append(request.url)
            return serve.handle_request(request)

        self.transport = httpx.MockTransport(look)

    def connect(self, **more: Any) -> BaiduMaps:
        more = {"ak": AK, **more}
        return connect(BaiduMaps, None, self.clock, store=self.store, transport=self.transport, **more)


def ask(connector: BaiduMaps, address: str = TEXT, city: str = "") -> Any:
    return connector.ask("geocode", {"address": address, "city": city})


def regeo(connector: BaiduMaps, location: str, system: str = "") -> Any:
    return connector.ask("regeo", {"location": location, "system": system})


def test_the_signature_of_the_sheet() -> None:
    vector = "/geocoder/v2/?address=百度大厦&output=json&ak=yourak"
    assert sn(vector, "yoursk") == "7de5a22212ffaa9e326444c75a58f9a0"


def test_an_answer_holds_an_official_point_and_how_far_it_can_be_trusted() -> None:
    case = Case()
    answer = ask(case.connect(), f" {TEXT} ", "杭州")
    assert (answer.found, answer.stream, answer.row["key"]) == (True, "geocode", answer.key)
    assert answer.row["question"] == {"address": TEXT, "city": "杭州"}
    assert (answer.row["system"], answer.row["level"], answer.row["confidence"]) == ("gcj02", "门址", 80)
    assert case.seen[0].params["ret_coordtype"] == "gcj02ll"
    point = parse_point(answer.row["location"])
    assert point
    assert 119 < point.lng < 121


def test_the_point_of_every_company_is_the_one_the_truth_names() -> None:
    case = Case()
    connector = case.connect()
    tried = 0
    for company in WORLD.companies:
        if company.address and len(company.address.text.encode()) <= 84 and not set("&#:") & set(company.address.text):
            found, truth = parse_point(ask(connector, company.address.text).row["location"]), parse_point(company.point)
            assert found
            assert truth
            assert distance_m(found, truth) < 0.2
            tried += 1
    assert tried > 20


def test_the_region_costs_a_second_question_when_it_is_wanted() -> None:
    case = Case()
    answer = ask(case.connect(region=True))
    assert answer.row["region"]["adcode"] == "330110"
    assert answer.row["region"]["district"] == "余杭区"
    assert [url.path for url in case.seen] == ["/geocoding/v3/", "/reverse_geocoding/v3/"]
    assert "region" not in ask(case.connect()).row


def test_a_point_leads_to_its_place_whatever_system_it_is_in() -> None:
    case = Case()
    connector = case.connect()
    gcj = parse_point(ask(connector).row["location"])
    assert gcj
    for system in SYSTEMS:
        answer = regeo(connector, str(convert(gcj, "gcj02", system)), system)
        assert answer.row["addressComponent"]["adcode"] == "330110"
        asked = parse_point(",".join(reversed(case.seen[-1].params["location"].split(","))))
        assert asked
        assert distance_m(asked, gcj) < 1
        assert case.seen[-1].params["coordtype"] == "gcj02ll"
    assert not regeo(connector, "-150,10").found


@pytest.mark.parametrize(("location", "system"), [("", ""), ("30.2,120.1", ""), ("120.1,30.2", "mars")])
def test_what_is_no_point_costs_no_call(location: str, system: str) -> None:
    case = Case()
    assert outcome(lambda: regeo(case.connect(), location, system)) == (Reject, "CON210")
    assert case.seen == []


def test_a_question_without_an_address_costs_no_call() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), " ： ")) == (Reject, "CON210")
    assert outcome(lambda: ask(case.connect(), "杭州\ud800")) == (Reject, "CON017")
    with pytest.raises(Misconfigured, match="did you mean 'geocode'") as caught:
        case.connect().ask("geocodes", {})
    assert caught.value.code == "CON213"
    assert case.seen == []


def test_no_hit_is_an_answer() -> None:
    answer = ask(Case().connect(), "Nowhere Road 1")
    assert (answer.found, answer.row) == (False, {})


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("杭州市示例路１２号３＃楼", "杭州市示例路12号3号楼"),
        ("地址：杭州&西湖=1?", "地址 杭州 西湖 1"),
        ("  杭州 　西湖 ", "杭州 西湖"),
    ],
)
def test_an_address_is_written_plainly_first(text: str, sent: str) -> None:
    assert plain(text) == sent


def test_the_tail_is_cut_never_the_head_and_never_inside_a_character() -> None:
    assert cut("杭" * 30) == "杭" * 28
    assert cut("a" + "杭" * 30) == "a" + "杭" * 27
    case = Case()
    assert ask(case.connect(), TEXT + "示例大厦一号楼二单元三层四零五室西侧").found
    assert len(case.seen[0].params["address"].encode()) <= 84
    assert case.seen[0].params["address"].startswith(TEXT)


def test_what_cannot_be_read_is_asked_once_more_without_special_characters() -> None:
    case = Case()
    assert ask(case.connect(), TEXT + "☆").found
    assert [url.params["address"] for url in case.seen] == [TEXT + "☆", TEXT]
    case.sim.faults.add(Fault("refuse", code="8", count=None))
    assert outcome(lambda: ask(case.connect())) == (Reject, "CON211")
    assert case.sim.counters.calls == 4


def test_a_key_with_a_signature_needs_its_secret() -> None:
    case = Case()
    connector = case.connect(ak=SIGNED_AK, secret_key=SK, region=True)
    assert ask(connector, f"{TEXT} (A-1, 2/3) a&b=c", "杭州").row["region"]
    with pytest.raises(Misconfigured, match="secret_key"):
        ask(case.connect(ak=SIGNED_AK))
    assert outcome(lambda: ask(case.connect(ak="wrong"))) == (Misconfigured, "CON212")


def test_a_signature_does_not_cover_the_prefix_of_a_gateway() -> None:
    case = Case()
    serve = InProcess(case.sim.app)

    def gateway(request: httpx.Request) -> httpx.Response:
        inner = httpx.Request("GET", str(request.url).replace("/gateway/maps/", "/"))
        return serve.handle_request(inner)

    settings = {"ak": SIGNED_AK, "secret_key": SK, "base_url": "http://127.0.0.1/gateway/maps/"}
    connector = connect(BaiduMaps, None, case.clock, transport=httpx.MockTransport(gateway), **settings)
    assert ask(connector).found


def test_twenty_questions_go_in_one_call_and_keep_their_order() -> None:
    case = Case()
    asked = [{"address": f"浙江省杭州市余杭区文一西路{number}号"} for number in range(21)]
    asked[3:3] = [{"address": ""}, {"address": "Nowhere 1"}, {"address": "杭州市☆"}]
    together = case.connect(batch=True, ak=SIGNED_AK, secret_key=SK).ask_many("geocode", asked)
    alone = case.connect().ask_many("geocode", asked)
    assert [getattr(each, "row", None) for each in together] == [getattr(each, "row", None) for each in alone]
    assert isinstance(together[3], Reject)
    assert case.sim.counters.by_endpoint["/batch"] == 2
    points = case.connect(batch=True).ask_many("regeo", [{"location": "120.1,30.2"}] * 3)
    assert len({str(each.row) for each in points}) == 1  # type: ignore[union-attr]


def test_a_key_without_the_permission_for_batches_is_told_so() -> None:
    with pytest.raises(Misconfigured, match="batch: false") as caught:
        Case().connect(batch=True, ak=PLAIN_AK).ask_many("geocode", [{"address": TEXT}] * 2)
    assert caught.value.code == "CON212"


def test_a_batch_in_another_shape_is_taken_for_nothing() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"status": 0, "batch_result": []}))
    found = case.connect(batch=True).ask_many("geocode", [{"address": TEXT}] * 2)
    assert [(type(each), getattr(each, "code", "")) for each in found] == [(Halt, "CON214")] * 2


def test_f13_the_quota_of_a_day_survives_a_restart_and_parks() -> None:
    case = Case(limits="sheet", daily_quota=10)
    for _ in range(5):
        connector = case.connect(daily_quota=10)
        ask(connector)
        ask(connector)
        case.clock.advance(2)
    assert outcome(lambda: ask(case.connect(daily_quota=10))) == (Halt, "CON004")
    assert case.sim.counters.calls == 10
    case.clock.advance(12 * 3600 + 1)
    assert ask(case.connect(daily_quota=10)).found


def test_the_limit_per_second_is_never_hit() -> None:
    case = Case(limits="sheet")
    connector = case.connect(region=True)
    for _ in range(10):
        ask(connector)
    assert case.sim.counters.refused == 0


SHEET = {
    "retry, then fatal-record": ["1"],
    "fatal-record": ["2", "8", "10"],
    "fatal-config": [
        *("3", "5", "9", "101", "102", "200", "201", "202", "203", "210", "211", "220", "230", "240"),
        *("250", "251", "252", "260", "261", "299", "301"),
    ],
    "throttle day": ["4", "302", "399"],
    "throttle": ["401", "402"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {
        "fatal-config": (Misconfigured, "CON212"),
        "fatal-record": (Reject, "CON211"),
        "retry, then fatal-record": (Reject, "CON211"),
    }
    assert outcome(lambda: ask(case.connect())) == expected[name]
    if code == "1":
        assert case.sim.counters.calls == 2, "asked again once: every call costs"


def test_the_sentence_of_an_error_may_stand_under_either_name() -> None:
    case = Case()
    for name in ("message", "msg"):
        case.sim.faults.add(Fault("error_body", body={"status": 211, name: "APP SN校验失败"}))
        with pytest.raises(Misconfigured, match="校验失败"):
            ask(case.connect())


def test_f14_an_unknown_code_is_no_empty_answer() -> None:
    case = Case()
    for body in ({"status": 777, "message": "?"}, {}, []):
        case.sim.faults.add(Fault("error_body", body=body))
        assert outcome(lambda: ask(case.connect())) == (Halt, "CON015")


@pytest.mark.parametrize("fault", [Fault("truncated"), Fault("reset"), Fault("unavailable"), Fault("html")])
def test_f16_f20_a_passing_fault_is_asked_again(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(fault)
    assert ask(case.connect()).found
    assert case.sim.counters.calls == 2


def test_f78_a_map_that_is_down_is_a_matter_of_waiting() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", count=None))
    assert outcome(lambda: ask(case.connect())) == (Retry, "CON002")


def test_s6_no_key_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect(ak=SIGNED_AK, secret_key=SK)
    assert "accepted" in connector.probe()
    case.sim.faults.add(Fault("refuse", code="401", message=f"busy ak={SIGNED_AK} {SK}", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (SIGNED_AK, SK):
        assert secret not in everything
