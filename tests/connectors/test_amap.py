"""Amap against a pretend map over one world: answers, quota, signature, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from connectors.amap import Amap
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.amap import JS_KEY, KEY, PRIVATE_KEY, SIGNED_KEY
from goldbridge.simulators.amap import Amap as MapService
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.world import World
from goldbridge.text.coordinate import SYSTEMS, convert, parse_point
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

WORLD = World(customers=30, seed=7)
ADDRESS = next(company.address for company in WORLD.companies if company.address)
TEXT = "浙江省杭州市余杭区文一西路969号"


class Case:
    """A map service and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = MapService(WORLD, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Amap:
        return connect(Amap, self.sim, self.clock, store=self.store, **{"key": KEY, **more})


def ask(connector: Amap, address: str = TEXT, city: str = "") -> Any:
    return connector.ask("geocode", {"address": address, "city": city})


def test_an_answer_is_the_first_geocode_with_its_question_and_count() -> None:
    answer = ask(Case().connect(), f" {TEXT} ", "杭州")
    assert answer.found
    assert answer.stream == "geocode"
    assert answer.row["key"] == answer.key
    assert answer.row["question"] == {"address": TEXT, "city": "杭州"}
    assert answer.row["count"] >= 1
    assert answer.row["adcode"].startswith("3301")
    assert answer.row["location"].count(",") == 1


def test_empty_lists_become_empty_text_at_every_depth() -> None:
    case = Case()
    geocode = {
        "township": [],
        "building": {"name": [], "type": []},
        "adcode": "330110",
        "tags": ["a"],
        "city": "杭州市",
    }
    body = {"status": "1", "info": "OK", "infocode": "10000", "count": "2", "geocodes": [geocode, {}]}
    case.sim.faults.add(Fault("error_body", body=body))
    row = ask(case.connect()).row
    assert (row["township"], row["building"], row["tags"]) == ("", {"name": "", "type": ""}, ["a"])
    assert row["count"] == 2


def test_the_key_of_an_answer_is_the_same_for_the_same_question_only() -> None:
    case = Case()
    connector = case.connect()
    assert ask(connector).key == ask(case.connect(), f"{TEXT} ").key
    assert ask(connector).key != ask(connector, TEXT, "杭州").key
    assert len(ask(connector).key) == 32


def test_no_hit_is_an_answer() -> None:
    answer = ask(Case().connect(), "Nowhere Road 1")
    assert (answer.found, answer.row) == (False, {})
    assert "no such address" in answer.reason


def test_a_question_without_an_address_costs_no_call() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), "  ")) == (Reject, "CON060")
    with pytest.raises(Misconfigured, match="did you mean 'geocode'") as caught:
        case.connect().ask("geocodes", {})
    assert caught.value.code == "CON063"
    assert case.sim.counters.calls == 0


def test_a_key_with_signing_needs_the_private_key() -> None:
    case = Case()
    assert ask(case.connect(key=SIGNED_KEY, private_key=PRIVATE_KEY), f"{TEXT} a&b=c", "杭州").key
    with pytest.raises(Misconfigured, match="private_key"):
        ask(case.connect(key=SIGNED_KEY))
    assert outcome(lambda: ask(case.connect(key=JS_KEY))) == (Misconfigured, "CON062")


def regeo(connector: Amap, location: str, system: str = "") -> Any:
    return connector.ask("regeo", {"location": location, "system": system})


def test_a_point_leads_to_its_place_whatever_system_it_is_in() -> None:
    case = Case()
    connector = case.connect()
    gcj = parse_point(ask(connector).row["location"])
    assert gcj
    here = regeo(connector, str(gcj))
    assert (here.found, here.stream, here.row["key"]) == (True, "regeo", here.key)
    assert here.row["addressComponent"]["adcode"] == "330110"
    assert here.row["addressComponent"]["township"] == ""
    for system in SYSTEMS:
        moved = str(convert(gcj, "gcj02", system))
        assert regeo(connector, moved, system).row["addressComponent"] == here.row["addressComponent"]
    assert case.sim.counters.by_endpoint["/v3/geocode/regeo"] == 4


def test_the_point_that_is_asked_about_is_an_official_one() -> None:
    case, seen = Case(), []
    serve = InProcess(case.sim.app)
    transport = httpx.MockTransport(lambda request: [seen.append(request.url), serve.handle_request(request)][1])
    connector = connect(Amap, None, case.clock, transport=transport, key=KEY)
    regeo(connector, "116.397451,39.909187", "wgs84")
    assert seen[0].params["location"] == "116.403695,39.910591"


def test_the_sea_is_no_place() -> None:
    answer = regeo(Case().connect(), "-150,10")
    assert (answer.found, answer.row) == (False, {})


@pytest.mark.parametrize(("location", "system"), [("", ""), ("30.2,120.1", ""), ("120.1,30.2", "mars")])
def test_what_is_no_point_costs_no_call(location: str, system: str) -> None:
    case = Case()
    assert outcome(lambda: regeo(case.connect(), location, system)) == (Reject, "CON060")
    assert case.sim.counters.calls == 0


def many(*addresses: str) -> list[dict[str, str]]:
    return [{"address": address} for address in addresses]


def test_a_batch_asks_ten_addresses_at_once_and_keeps_their_order() -> None:
    case = Case()
    asked = many(
        *(f"浙江省杭州市余杭区文一西路{number}号" for number in range(1, 22)), "", "Nowhere 1", "上海市|浦东新区"
    )
    together, alone = case.connect(batch=True).ask_many("geocode", asked), case.connect().ask_many("geocode", asked)
    assert [getattr(each, "row", None) and each.row["formatted_address"] for each in together] == [
        getattr(each, "row", None) and each.row["formatted_address"] for each in alone
    ]
    assert isinstance(together[21], Reject)
    assert not together[22].found
    assert together[0].key == alone[0].key
    assert (together[0].row["count"], alone[0].row["count"]) == (None, 1)
    assert case.sim.counters.calls == 3 + 23


def test_a_batch_asks_for_each_hint_apart_and_for_twenty_points_at_once() -> None:
    case = Case()
    connector = case.connect(batch=True)
    asked = [{"address": "鼓楼区中山路1号", "city": city} for city in ("南京", "福州", "南京")]
    assert [each.row["adcode"] for each in connector.ask_many("geocode", asked)] == ["320106", "350102", "320106"]
    assert case.sim.counters.calls == 2
    points = [{"location": "120.1,30.2"}] * 20 + [{"location": "nowhere"}]
    found = connector.ask_many("regeo", points)
    assert len({str(each.row) for each in found[:20]}) == 1
    assert isinstance(found[20], Reject)
    assert case.sim.counters.calls == 3


def test_a_batch_in_another_shape_is_taken_for_nothing() -> None:
    case = Case()
    body = {"status": "1", "info": "OK", "infocode": "10000", "count": "1", "geocodes": [{"adcode": "330110"}]}
    case.sim.faults.add(Fault("error_body", body=body))
    found = case.connect(batch=True).ask_many("geocode", many("杭州市", "上海市"))
    assert [(type(each), each.code) for each in found] == [(Halt, "CON064")] * 2


def test_f27_an_address_that_spoils_its_batch_stands_alone_at_last() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="20000"))
    found = case.connect(batch=True).ask_many("geocode", many("杭州市", "上海市", "吉林省"))
    assert [each.found for each in found] == [True] * 3


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
    ask(case.connect(daily_quota=10))


def test_f13_a_quota_smaller_than_thought_parks_after_one_refusal() -> None:
    case = Case(limits="sheet", daily_quota=2)
    connector = case.connect()
    ask(connector)
    ask(connector)
    for _ in range(3):
        assert outcome(lambda: ask(case.connect())) == (Halt, "CON004")
    assert case.sim.counters.refused == 1


def test_the_limit_per_second_is_never_hit() -> None:
    case = Case(limits="sheet")
    connector = case.connect()
    for _ in range(20):
        ask(connector)
    assert case.sim.counters.refused == 0


SHEET = {
    "fatal-config": [
        *("10001", "10002", "10005", "10006", "10007", "10008", "10009", "10010", "10011", "10012", "10013"),
        *("10026", "10041", "40000", "40002", "40003"),
    ],
    "throttle day": ["10003", "10029", "10044", "10045"],
    "throttle": ["10004", "10014", "10019", "10020", "10021"],
    "retry": ["10015", "10016", "20003"],
    "retry, then fatal-record": ["10017", "30001", "30002", "39999"],
    "fatal-record": ["20000", "20001", "20002", "20011", "20012", "20800", "20801", "20802", "20803"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {
        "fatal-config": (Misconfigured, "CON062"),
        "fatal-record": (Reject, "CON061"),
        "retry, then fatal-record": (Reject, "CON061"),
    }
    assert outcome(lambda: ask(case.connect())) == expected[name]
    if code.startswith("3"):
        assert case.sim.counters.calls == 2, "asked again once: every call costs"


@pytest.mark.parametrize(("code", "wait_s"), [("10004", 60), ("10021", 1)])
def test_a_throttle_waits_as_long_as_the_sheet_says(code: str, wait_s: int) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code))
    ask(case.connect(timeout_s=100))
    assert wait_s <= case.clock.monotonic() <= wait_s + 1


def test_an_unknown_code_is_no_empty_answer() -> None:
    case = Case()
    for body in ({"status": "0", "infocode": "77777", "info": "?"}, {}, [], {"status": "1", "infocode": "10000"}):
        case.sim.faults.add(Fault("error_body", body=body))
        kind, code = outcome(lambda: ask(case.connect()))
        assert kind is Halt
        assert code in ("CON015", "CON019")


def test_f78_a_map_that_is_down_is_a_matter_of_waiting() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", count=None))
    assert outcome(lambda: ask(case.connect())) == (Retry, "CON002")


def test_s6_no_key_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect(key=SIGNED_KEY, private_key=PRIVATE_KEY)
    case.sim.faults.add(Fault("refuse", code="10016", message=f"busy key={SIGNED_KEY}", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (SIGNED_KEY, PRIVATE_KEY):
        assert secret not in everything
