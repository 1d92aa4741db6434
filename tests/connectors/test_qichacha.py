"""Qichacha against a pretend register over one world: answers, bills, signature, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.qichacha import Qichacha, token
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.qichacha import KEY, SECRET
from goldbridge.simulators.qichacha import Qichacha as Register
from goldbridge.simulators.world import World
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

WORLD = World(customers=30, seed=7)
COMPANY = next(company for company in WORLD.companies if company.country == "CN" and company.credit_code)
PRODUCT = "/ECIV4/GetBasicDetailsByName"


class Case:
    """A register and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Register(WORLD, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Qichacha:
        return connect(Qichacha, self.sim, self.clock, store=self.store, **{"key": KEY, "secret": SECRET, **more})


def ask(connector: Qichacha, keyword: str = COMPANY.name) -> Any:
    return connector.ask("company", {"keyword": keyword})


def test_the_signature_of_the_sheet() -> None:
    assert token("demoKey", "1700000000", "demoSecret") == "9EA414825F656CE6764EC4CE7E871A11"


def test_a_company_is_found_by_name_and_by_code() -> None:
    case = Case()
    by_name, by_code = ask(case.connect(), f" {COMPANY.name} "), ask(case.connect(), COMPANY.credit_code)
    assert by_name.found
    assert by_name.row == by_code.row
    assert by_name.row["Name"] == COMPANY.name
    assert by_name.row["CreditCode"] == COMPANY.credit_code
    assert by_name.key == by_name.row["KeyNo"]
    assert by_name.stream == "company"


def test_no_such_company_is_an_answer_that_can_be_kept() -> None:
    case = Case()
    answer = ask(case.connect(), "绝无此名有限公司")
    assert (answer.found, answer.row) == (False, {})
    assert answer.key == ask(case.connect(), "绝无此名有限公司").key
    assert "no such company" in answer.reason


@pytest.mark.parametrize("result", [None, {}, []])
def test_a_found_that_holds_nothing_is_not_found(result: Any) -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"Status": "200", "Result": result}))
    assert not ask(case.connect()).found


def test_a_product_that_answers_lists_is_refused() -> None:
    assert outcome(lambda: ask(Case().connect(path="/NameSearch/GetList")))[0] is Reject  # it asks by another name
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"Status": "200", "Result": [{"Name": "x"}]}))
    assert outcome(lambda: ask(case.connect())) == (Halt, "CON069")


def test_a_question_without_a_keyword_costs_nothing() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), "  ")) == (Reject, "CON065")
    with pytest.raises(Misconfigured, match="did you mean 'company'") as caught:
        case.connect().ask("compny", {})
    assert caught.value.code == "CON068"
    assert case.sim.counters.calls == 0


def test_still_being_processed_is_handed_back_after_one_billed_call() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="205", count=None))
    with pytest.raises(Retry, match="asked again later") as caught:
        ask(case.connect())
    assert caught.value.after_s == 60
    assert case.sim.counters.calls == 1


def test_a_question_that_failed_too_often_waits_two_hours_the_others_go_on() -> None:
    case = Case(limits="sheet")
    connector = case.connect()
    for _ in range(5):
        assert not ask(connector, "绝无此名有限公司").found
    with pytest.raises(Retry) as caught:
        ask(connector, "绝无此名有限公司")
    assert (caught.value.code, caught.value.after_s) == ("CON018", 7200)
    before = case.clock.monotonic()
    assert ask(connector).found
    assert case.clock.monotonic() - before < 2


def test_an_identity_out_of_date_is_signed_again_once() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="115"))
    assert ask(case.connect()).found
    assert case.sim.counters.calls == 2


def test_a_clock_that_is_wrong_is_named() -> None:
    case = Case()
    case.sim.clock.shift(900)
    with pytest.raises(Misconfigured, match="clock is 900 s behind"):
        ask(case.connect())


SHEET = {
    "retry": ["203", "205", "199"],
    "fatal-record": ["202", "204", "206", "207", "208", "209", "213", "215", "216", "218", "219", "221", "299"],
    "fatal-config": [
        *("214", "101", "102", "103", "104", "105", "106", "107", "111", "112", "113", "114", "118", "119", "121"),
        "108",  # throttle, then fatal-config
    ],
    "refresh-token": ["115"],
    "throttle day": ["222", "109", "116"],
    "throttle record": ["110"],
    "throttle": ["117", "120", "122"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {"fatal-record": (Reject, "CON066"), "fatal-config": (Misconfigured, "CON067")}
    want = expected[name]
    if name == "refresh-token":
        want = (Misconfigured, "CON010")
    assert outcome(lambda: ask(case.connect())) == want
    if code == "108":
        assert case.sim.counters.calls == 4, "throttled three times, then it is a matter for people"


def test_an_unknown_code_is_no_empty_answer() -> None:
    case = Case()
    for body in ({"Status": "777", "Message": "?"}, {}, []):
        case.sim.faults.add(Fault("error_body", body=body))
        assert outcome(lambda: ask(case.connect())) == (Halt, "CON015")


def test_f13_a_balance_that_is_used_up_is_a_matter_of_billing() -> None:
    case = Case(balance=1)
    connector = case.connect()
    ask(connector)
    with pytest.raises(Misconfigured, match="buy or renew"):
        ask(connector)


def test_the_name_of_a_person_stays_in_the_row(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect()
    person = ask(connector).row["OperName"]
    case.sim.faults.add(Fault("truncated"))
    assert ask(connector).row["OperName"] == person
    case.sim.faults.add(Fault("error_body", body={"Status": "203", "Message": "!", "Result": {"OperName": person}}))
    ask(connector)
    assert person
    assert person not in caplog.text + "".join(capsys.readouterr())


def test_s6_no_key_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("refuse", code="199", message=f"fault for key={KEY} {SECRET}", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (KEY, SECRET):
        assert secret not in everything
