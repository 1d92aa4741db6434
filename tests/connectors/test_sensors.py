"""Sensors Analytics against a pretend project: profiles, items, events, rules, faults, and every status."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Write
from connectors.sensors import Sensors
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.sensors import PROJECT, SECRET, TOKEN
from goldbridge.simulators.sensors import Sensors as Store
from tests.connectors.rig import CLASSES, NOON, NOON_MS, connect, outcome, sim_clock, table

STREAMS = {
    "customer": {"to": "profile", "numbers": ["capital"], "times": ["founded_at"]},
    "product": {"to": "item", "item_type": "product", "numbers": ["price"]},
    "payment": {"to": "event", "event": "PaymentReceived", "time": "paid_at", "numbers": ["amount"]},
}


class Case:
    """A project and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Store(clock=sim_clock(self.clock), **options)

    @property
    def profiles(self) -> dict[str, Any]:
        assert all(login for login, _ in self.sim.project.profiles), "no second, anonymous user"
        return {id: row for (_, id), row in self.sim.project.profiles.items()}

    def connect(self, **more: Any) -> Sensors:
        own = {"project": PROJECT, "token": TOKEN, "api_secret": SECRET, "streams": STREAMS, "writes": "enabled"}
        return connect(Sensors, self.sim, self.clock, **{**own, **more})


def write(connector: Sensors, *batch: Write, stream: str = "customer") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert [result.external_id for result in results] == [each.external_id for each in batch]
    return results


def create(id: str = "party-1", op: Any = "create", **values: Any) -> Write:
    return Write(op, id, values)


def outcomes(results: list[Any]) -> list[str]:
    return [result.outcome for result in results]


def customers(count: int) -> list[Write]:
    return [create(f"party-{number}", company=f"样本{number:03d}") for number in range(count)]


# What becomes of a write


def test_a_customer_becomes_a_profile_with_text_numbers_times_truth_and_lists() -> None:
    case = Case()
    values = {"company": "样本仪表", "capital": "12800.50", "founded_at": "2012-07-10T00:00:00Z", "vip": True}
    [result] = write(case.connect(), create(**values, tags=["a", "b"], level=3))
    assert (result.outcome, result.key) == ("written", "party-1")
    assert case.profiles["party-1"] == {
        "company": "样本仪表", "capital": 12800.5, "founded_at": "2012-07-10 08:00:00.000", "vip": True,
        "tags": ["a", "b"], "level": 3,
    }  # fmt: skip
    assert case.sim.project.dropped == []


def test_an_update_sets_what_has_a_value_and_unsets_what_was_cleared() -> None:
    case = Case()
    connector = case.connect()
    write(connector, create(company="a", grade="A"))
    write(connector, create(op="update", company="b", grade=None))
    assert case.profiles == {"party-1": {"company": "b"}}
    write(connector, create(op="deactivate"))
    assert case.profiles == {}
    assert outcomes(write(connector, create(op="deactivate"))) == ["written"]


def test_an_item_goes_to_its_dimension_table() -> None:
    case = Case()
    connector = case.connect()
    write(connector, create("P-1", name="泵", price="99.9"), stream="product")
    assert case.sim.project.items == {("product", "P-1"): {"name": "泵", "price": 99.9}}
    [refused] = write(connector, create("P-1", op="update", name=None), stream="product")
    assert (refused.outcome, refused.code, refused.field) == ("rejected", "CON320", "name")
    write(connector, create("P-1", op="deactivate"), stream="product")
    assert case.sim.project.items == {}


def test_a_payment_becomes_an_event_at_its_own_time() -> None:
    case = Case()
    connector = case.connect()
    paid = create(amount="12800.5", order_no="SO-9", paid_at="2020-03-01T08:00:00+08:00")
    write(connector, paid, stream="payment")
    [event] = case.sim.project.events
    assert (event["event"], event["time"], event["time_free"]) == ("PaymentReceived", 1583020800000, True)
    assert event["properties"] == {"amount": 12800.5, "order_no": "SO-9"}
    assert event["lib"] == {"$lib": "goldbridge"}, "no file names, no line numbers"
    assert outcomes(write(connector, create(op="deactivate"), stream="payment")) == ["written"]
    assert len(case.sim.project.events) == 1, "no event is taken back"


def test_a_repeated_event_carries_the_same_id_another_one_another() -> None:
    case = Case()
    connector = case.connect()
    for amount in ("1", "1", "2"):
        write(connector, create(amount=amount, paid_at="2026-03-01T08:00:00Z"), stream="payment")
    first, again, other = (event["_track_id"] for event in case.sim.project.events)
    assert first == again != other
    assert 0 < first < 2**53


def test_what_each_stream_promises() -> None:
    streams = Case().connect().streams
    assert (streams["customer"].natural_key, streams["customer"].effect) == ("distinct_id", "once")
    assert {streams[name].effect for name in ("product", "payment")} == {"at_least_once"}
    blind = Case().connect(api_secret=None).streams["customer"]
    assert (blind.natural_key, blind.effect) == (None, "at_least_once")
    assert Case().connect(dry_run=True).streams["customer"].one_by_one
    assert not streams["customer"].one_by_one


# Rules


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"company": "x" * 8192}, "8191"),
        ({"company": {"a": 1}}, "neither text"),
        ({"company": [1, 2]}, "neither text"),
        ({"capital": "many"}, "no number"),
        ({"capital": "NaN"}, "no number"),
        ({"capital": "0.1234567890123456789"}, "more digits"),
        ({"capital": "9007199254740993"}, "more digits"),
        ({"capital": True}, "no number"),
        ({"founded_at": "yesterday"}, "no time"),
    ],
)
def test_a_value_that_would_be_dropped_in_silence_is_rejected_the_rest_is_written(
    values: dict[str, Any], word: str
) -> None:
    case = Case()
    results = write(
        case.connect(), create("party-1", company="a"), create("party-2", **values), create("party-3", a="b")
    )
    assert outcomes(results) == ["written", "rejected", "written"]
    assert (results[1].code, results[1].field) == ("CON320", next(iter(values)))
    assert word in results[1].message
    assert set(case.profiles) == {"party-1", "party-3"}
    assert case.sim.project.dropped == []


def test_an_id_that_is_too_long_is_rejected() -> None:
    [result] = write(Case().connect(), create("x" * 256, a="b"))
    assert (result.outcome, result.code) == ("rejected", "CON320")


@pytest.mark.parametrize("name", ["time", "user_id", "ID", "first name", "客户", "1a", "a" * 101])
def test_a_name_that_no_property_can_have_stops_the_flow_before_anything_is_sent(name: str) -> None:
    case = Case()
    with pytest.raises(Misconfigured, match="cannot name a property") as caught:
        write(case.connect(), create(company="a"), create("party-2", **{name: "x"}))
    assert caught.value.code == "CON324"
    assert case.sim.counters.calls == 0


def test_a_naive_time_is_meant_in_the_projects_zone() -> None:
    case = Case()
    write(case.connect(), create(founded_at="2012-07-10"))
    assert case.profiles["party-1"]["founded_at"] == "2012-07-10 00:00:00.000"


@pytest.mark.parametrize("sink", [{"to": "item"}, {"to": "event"}, {"to": "table"}, {"colour": "red"}])
def test_configuration_mistakes_are_told(sink: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Case().connect(streams={"x": sink})


def test_writing_has_to_be_switched_on() -> None:
    case = Case()
    assert outcome(lambda: write(case.connect(writes="disabled"), create(a="b"))) == (Misconfigured, "CON323")
    assert case.sim.counters.calls == 0


# Dry run


def test_a_dry_run_finds_what_only_the_server_knows() -> None:
    case = Case()
    write(case.connect(), create(grade="A"))
    connector = case.connect(dry_run=True)
    results = write(connector, create("party-2", grade=1), create("party-3", grade="B"))
    assert outcomes(results) == ["rejected", "written"]
    assert results[0].code == "CON321"
    assert case.sim.project.dropped == []
    write(case.connect(), create("party-2", grade=1))
    assert case.sim.project.dropped == ["property grade is a string"], "without it the record is lost in silence"


def test_a_refusal_that_looks_like_a_redirection_is_one_of_the_record() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", path="/debug", code="300"))
    [result] = write(case.connect(dry_run=True), create(grade="A"))
    assert (result.outcome, result.code) == ("rejected", "CON321")


# Faults


def test_fifty_records_go_in_one_call() -> None:
    case = Case()
    connector = case.connect()
    assert set(outcomes(write(connector, *customers(50)))) == {"written"}
    assert (case.sim.counters.calls, len(case.profiles)) == (1, 50)
    assert connector.streams["customer"].write_batch == 50


@pytest.mark.parametrize("kind", ["lost", "reset", "truncated", "unavailable"])
def test_f1_f28_a_profile_whose_answer_was_lost_is_sent_again_with_one_effect(kind: str) -> None:
    case = Case()
    case.sim.faults.add(Fault(kind, when="after"))
    assert set(outcomes(write(case.connect(), *customers(3)))) == {"written"}
    assert case.profiles == {f"party-{number}": {"company": f"样本{number:03d}"} for number in range(3)}


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_f1_f28_an_event_whose_answer_was_lost_is_unknown(kind: str) -> None:
    case = Case()
    case.sim.faults.add(Fault(kind, when="after"))
    connector = case.connect()
    [result] = write(connector, create(amount="1", paid_at="2026-03-01T08:00:00Z"), stream="payment")
    assert (result.outcome, result.code) == ("unknown", "CON005")
    assert case.sim.counters.calls == 1, "it is not sent again by itself"
    assert connector.read_back(connector.streams["payment"], ["party-1"]) == {}


def test_f27_a_batch_that_is_refused_is_halved_until_the_bad_record_stands_alone() -> None:
    case = Case()
    case.sim.faults.add(Fault("poison", key="样本005", count=None))
    results = write(case.connect(), *customers(16))
    assert [at for at, result in enumerate(results) if result.outcome == "rejected"] == [5]
    assert len(case.profiles) == 15
    assert case.sim.counters.calls <= 10


def test_f42_what_was_received_but_not_kept_is_seen_when_it_is_read_back() -> None:
    for fault in (Fault("phantom"), Fault("partial"), Fault("trim", field="company")):
        case = Case()
        case.sim.faults.add(fault)
        connector = case.connect()
        assert outcomes(write(connector, create(company="a"))) == ["written"], "success is weak"
        found = connector.read_back(connector.streams["customer"], ["party-1"])
        assert found.get("party-1", {}).get("company") is None


def test_a_target_that_is_down_or_refuses_is_raised_for_the_whole() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", count=None))
    assert outcome(lambda: write(case.connect(), create(a="b"))) == (Retry, "CON002")
    assert outcome(lambda: write(Case().connect(token="wrong"), create(a="b")))[0] is Misconfigured


SHEET = {
    "fatal-record": ["300", "400", "413"],
    "fatal-config": ["401", "403", "404"],
    "throttle": ["429"],
    "retry": ["500", "502", "503"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_status_of_the_import_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    connector = case.connect()
    if name == "fatal-record":
        [result] = write(connector, create(a="b"))
        assert (result.outcome, result.code) == ("rejected", "CON321")
    else:
        expected = CLASSES | {"fatal-config": (Misconfigured, "CON322")}
        assert outcome(lambda: write(connector, create(a="b"))) == expected[name]


@pytest.mark.parametrize(
    ("code", "name"),
    table({"fatal-config": ["400", "401", "403", "404"], "throttle": ["429", "503", "504"], "retry": ["500"]}),
)
def test_every_status_of_the_query_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    connector = case.connect()
    expected = CLASSES | {"fatal-config": (Misconfigured, "CON322")}
    assert outcome(lambda: connector.read_back(connector.streams["customer"], ["a"])) == expected[name]


def test_the_reason_of_a_refusal_is_told() -> None:
    case = Case()
    write(case.connect(), create(grade="A"))
    [result] = write(case.connect(dry_run=True), create(grade=1))
    assert "400 property grade is a string" in result.message


# Looking up


def test_users_are_read_back_by_their_login_id_minutes_later() -> None:
    case = Case(lag_s=600)
    connector = case.connect()
    write(connector, *customers(3))
    stream = connector.streams["customer"]
    assert connector.read_back(stream, ["party-1"]) == {}
    case.clock.advance(600)
    found = connector.read_back(stream, ["party-1", "party-9", "it's", ""])
    assert found == {"party-1": {"second_id": "party-1", "distinct_id": "party-1", "company": "样本001"}}
    assert stream.key_of(found["party-1"]) == "party-1"


def test_amounts_are_read_back_as_text() -> None:
    case = Case()
    connector = case.connect()
    write(connector, create(capital="0.10"))
    assert connector.read_back(connector.streams["customer"], ["party-1"])["party-1"]["capital"] == "0.1"


def test_without_the_secret_or_for_items_nothing_is_looked_up() -> None:
    case = Case()
    blind = case.connect(api_secret=None)
    assert blind.read_back(blind.streams["customer"], ["party-1"]) == {}
    seeing = case.connect()
    assert seeing.read_back(seeing.streams["product"], ["P-1"]) == {}
    assert case.sim.counters.calls == 0


def test_a_refused_statement_is_a_matter_of_settings() -> None:
    connector = Case().connect(id_column="login")
    assert outcome(lambda: connector.read_back(connector.streams["customer"], ["a"])) == (Misconfigured, "CON322")


def test_f16_a_login_page_is_no_empty_table() -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("html", count=None))
    assert outcome(lambda: connector.read_back(connector.streams["customer"], ["a"])) == (Halt, "CON007")
    case.sim.faults.clear()
    case.sim.faults.add(Fault("error_body", body="x"))
    assert outcome(lambda: connector.read_back(connector.streams["customer"], ["a"])) == (Halt, "CON016")


def test_the_probe_stores_nothing() -> None:
    case = Case()
    assert "the token is accepted" in case.connect().probe()
    assert case.sim.project.profiles == {}
    assert outcome(lambda: case.connect(project="other").probe()) == (Misconfigured, "CON322")


def test_s6_neither_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect()
    connector.read_back(connector.streams["customer"], ["party-1"])
    case.sim.faults.add(Fault("error_body", status=500, body={"error": f"{TOKEN} {SECRET}"}, count=None))
    with pytest.raises(Retry) as caught:
        write(connector, create(a="b"))
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (TOKEN, SECRET):
        assert secret not in everything


def test_records_are_stamped_with_the_time_of_sending() -> None:
    case = Case()
    write(case.connect(streams={"x": {"to": "event", "event": "Seen"}}), create(a="b"), stream="x")
    assert case.sim.project.events[0]["time"] == NOON_MS
