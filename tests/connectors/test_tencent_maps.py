"""Tencent Maps against a pretend map over one world: answers, quota, signature, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from connectors.tencent_maps import TencentMaps, sig
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.tencent_maps import KEY, OFF_KEY, SECRET, SIGNED_KEY
from goldbridge.simulators.tencent_maps import TencentMaps as MapService
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

    def connect(self, **more: Any) -> TencentMaps:
        more = {"key": KEY, **more}
        return connect(TencentMaps, None, self.clock, store=self.store, transport=self.transport, **more)


def ask(connector: TencentMaps, address: str = TEXT, city: str = "") -> Any:
    return connector.ask("geocode", {"address": address, "city": city})


def regeo(connector: TencentMaps, location: str, system: str = "") -> Any:
    return connector.ask("regeo", {"location": location, "system": system})


def test_the_signature_of_the_sheet() -> None:
    params = [("key", "DEMO-KEY"), ("address", "杭州市示例路1号")]
    assert sig("/ws/geocoder/v1/", params, "demo-sk") == "c44d77d92233ef184da17c8e4928f47a"


def test_an_answer_holds_an_official_point_and_how_far_it_can_be_trusted() -> None:
    case = Case()
    answer = ask(case.connect(policy=1), f" {TEXT} ", "杭州")
    assert (answer.found, answer.stream, answer.row["key"]) == (True, "geocode", answer.key)
    assert answer.row["question"] == {"address": TEXT, "city": "杭州"}
    assert (answer.row["system"], answer.row["level"], answer.row["reliability"]) == ("gcj02", 9, 7)
    assert answer.row["ad_info"] == {"adcode": "330110"}
    assert answer.row["similarity"] == "0.8", "no number with a fraction passes through a float"
    assert (case.seen[0].params["region"], case.seen[0].params["policy"]) == ("杭州", "1")
    point = parse_point(answer.row["location"])
    assert point
    assert 119 < point.lng < 121


def test_the_point_of_every_company_is_the_one_the_truth_names() -> None:
    case = Case()
    connector = case.connect(daily_quota=10_000)
    for company in WORLD.companies:
        if company.address:
            row = ask(connector, company.address.text).row
            assert (row["location"], row["ad_info"]["adcode"]) == (company.point, company.region)


def test_the_city_that_is_known_settles_what_many_cities_have() -> None:
    connector = Case().connect()
    assert not ask(connector, "鼓楼区中山路1号").found
    assert ask(connector, "鼓楼区中山路1号", "南京市").row["ad_info"]["adcode"] == "320106"


def test_a_point_leads_to_its_place_whatever_system_it_is_in() -> None:
    case = Case()
    connector = case.connect()
    gcj = parse_point(ask(connector).row["location"])
    assert gcj
    for system in SYSTEMS:
        answer = regeo(connector, str(convert(gcj, "gcj02", system)), system)
        assert answer.row["ad_info"]["adcode"] == "330110"
        asked = parse_point(",".join(reversed(case.seen[-1].params["location"].split(","))))
        assert asked
        assert distance_m(asked, gcj) < 1
        assert case.seen[-1].params["coord_type"] == "5"
    assert not regeo(connector, "-150,10").found


@pytest.mark.parametrize(("location", "system"), [("", ""), ("30.2,120.1", ""), ("120.1,30.2", "mars")])
def test_what_is_no_point_costs_no_call(location: str, system: str) -> None:
    case = Case()
    assert outcome(lambda: regeo(case.connect(), location, system)) == (Reject, "CON220")
    assert case.seen == []


def test_a_question_without_an_address_costs_no_call() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), "  ")) == (Reject, "CON220")
    assert outcome(lambda: ask(case.connect(), "杭州\ud800")) == (Reject, "CON017")
    with pytest.raises(Misconfigured, match="did you mean 'geocode'") as caught:
        case.connect().ask("geocodes", {})
    assert caught.value.code == "CON223"
    assert case.seen == []


def test_no_hit_is_an_answer() -> None:
    answer = ask(Case().connect(), "Nowhere Road 1")
    assert (answer.found, answer.row) == (False, {})


def test_a_key_with_a_signature_needs_its_secret() -> None:
    case = Case()
    connector = case.connect(key=SIGNED_KEY, secret_key=SECRET)
    assert ask(connector, f"{TEXT} (A-1, 2/3) a&b=c+d", "杭州").found
    with pytest.raises(Misconfigured, match="secret_key"):
        ask(case.connect(key=SIGNED_KEY))
    for wrong in ("wrong", OFF_KEY):
        assert outcome(lambda key=wrong: ask(case.connect(key=key))) == (Misconfigured, "CON222")


def test_a_signature_does_not_cover_the_prefix_of_a_gateway() -> None:
    case = Case()
    serve = InProcess(case.sim.app)

    def gateway(request: httpx.Request) -> httpx.Response:
        inner = httpx.Request("GET", str(request.url).replace("/gateway/maps/", "/"))
        return serve.handle_request(inner)

    settings = {"key": SIGNED_KEY, "secret_key": SECRET, "base_url": "http://127.0.0.1/gateway/maps/"}
    connector = connect(TencentMaps, None, case.clock, transport=httpx.MockTransport(gateway), **settings)
    assert ask(connector).found


def test_many_questions_are_asked_one_by_one_and_keep_their_order() -> None:
    case = Case()
    found = case.connect().ask_many("geocode", [{"address": TEXT}, {"address": ""}, {"address": "Nowhere"}])
    assert [type(each).__name__ for each in found] == ["Answer", "Reject", "Answer"]
    assert [getattr(each, "found", None) for each in found] == [True, None, False]
    assert case.sim.counters.calls == 2


def test_an_over_long_address_is_a_matter_of_the_record() -> None:
    assert outcome(lambda: ask(Case().connect(), "杭" * 300)) == (Reject, "CON012")


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
    connector = case.connect()
    for _ in range(20):
        ask(connector)
    assert case.sim.counters.refused == 0


SHEET = {
    "fatal-config": ["110", "111", "112", "113", "123", "160", "161", "190", "199", "301", "311", "324"],
    "throttle": ["120", "122"],
    "throttle day": ["121"],
    "fatal-record": [
        *(
            "300",
            "306",
            "310",
            "320",
            "330",
            "348",
            "395",
            "331",
            "351",
            "364",
            "380",
            "394",
            "365",
            "366",
            "375",
            "382",
        ),
        *(
            "326",
            "327",
            "328",
            "329",
            "332",
            "333",
            "334",
            "335",
            "341",
            "344",
            "373",
            "374",
            "376",
            "377",
            "378",
            "379",
        ),
        *("384", "387", "393", "396", "397", "399"),
    ],
    "retry": ["400", "500", "600", "685"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {
        "fatal-config": (Misconfigured, "CON222"),
        "fatal-record": (Reject, "CON221"),
    }
    assert outcome(lambda: ask(case.connect())) == expected[name]


def test_no_result_is_no_error() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="347"))
    assert not ask(case.connect()).found


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
    connector = case.connect(key=SIGNED_KEY, secret_key=SECRET)
    assert "accepted" in connector.probe()
    case.sim.faults.add(Fault("refuse", code="500", message=f"busy key={SIGNED_KEY} {SECRET}", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (SIGNED_KEY, SECRET):
        assert secret not in everything
