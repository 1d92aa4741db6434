"""Tianyancha against a pretend register over one world: answers, charges, pages, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connectors.tianyancha import Tianyancha
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.tianyancha import TOKEN
from goldbridge.simulators.tianyancha import Tianyancha as Register
from goldbridge.simulators.world import World
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

WORLD = World(customers=60, seed=7)
COMPANY = next(c for c in WORLD.companies if c.credit_code and c.kind == "company" and c.former)


class Case:
    """A register and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Register(options.pop("world", WORLD), clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Tianyancha:
        more = {"token": TOKEN, "base_url": "http://127.0.0.1/services/open", **more}
        return connect(Tianyancha, self.sim, self.clock, store=self.store, **more)


def ask(connector: Tianyancha, keyword: str = COMPANY.name, question: str = "company") -> Any:
    return connector.ask(question, {connector.questions[question][0]: keyword})


def test_a_company_is_found_by_name_and_by_code_under_one_key() -> None:
    case = Case()
    connector = case.connect()
    by_name, by_code = ask(connector, f" {COMPANY.name} "), ask(connector, COMPANY.credit_code)
    assert by_name.found
    assert by_name.row == by_code.row
    assert (by_name.row["name"], by_name.row["creditCode"]) == (COMPANY.name, COMPANY.credit_code)
    assert by_name.key == by_code.key == str(by_name.row["id"])
    assert ask(connector, COMPANY.former[0].name).key == by_name.key
    assert (by_name.stream, connector.streams["company"].key) == ("company", "id")


def test_the_interface_behind_company_is_a_setting() -> None:
    case = Case()
    richer = ask(case.connect(company_path="/ic/baseinfoV2/2.0"))
    assert "phoneNumber" in richer.row
    assert ask(case.connect(company_path="/ic/baseinfo/2.0")).key == richer.key, "an id may come as text"


def test_special_bodies_are_asked_for_by_a_question_of_their_own() -> None:
    world = World(400, 7)
    public = next(c for c in world.companies if c.kind == "public")
    connector = Case(world=world).connect()
    assert not ask(connector, public.name).found
    assert ask(connector, public.name, "special").row["creditCode"] == public.credit_code


def test_a_search_tells_candidates_without_marks() -> None:
    case = Case()
    answer = ask(case.connect(), COMPANY.name[:4], "search")
    assert answer.row["items"][0]["name"].startswith(COMPANY.name[:4])
    assert "<em>" not in str(answer.row)
    assert answer.row["total"] >= len(answer.row["items"])
    assert answer.row["key"] == answer.key
    assert not ask(case.connect(), "绝无此名", "search").found


def changed(*pages: int, total: int) -> list[Fault]:
    """Pages with so many changes each."""
    bodies = [{"result": {"total": total, "items": [{"changeItem": str(at)}] * at}} for at in pages]
    return [Fault("error_body", body={**body, "reason": "ok", "error_code": 0}) for body in bodies]


def test_changes_are_read_page_by_page() -> None:
    case = Case()
    answer = ask(case.connect(), COMPANY.name, "changes")
    assert [item["contentBefore"] for item in answer.row["items"]] == [each.name for each in COMPANY.former[::-1]]
    assert answer.row["complete"]
    case.sim.faults.add(*changed(20, 20, 5, total=45))
    long = ask(case.connect(), COMPANY.name, "changes")
    assert (len(long.row["items"]), long.row["total"], long.row["complete"]) == (45, 45, True)
    assert case.sim.counters.calls == 1 + 3


def test_f8_f9_changes_that_are_cut_or_counted_wrongly_are_told_incomplete() -> None:
    case = Case()
    case.sim.faults.add(*changed(20, 20, total=100))
    cut = ask(case.connect(change_pages=2), COMPANY.name, "changes")
    assert (len(cut.row["items"]), cut.row["complete"]) == (40, False)
    case.sim.faults.add(*changed(20, 3, 0, total=45))
    short = ask(case.connect(), COMPANY.name, "changes")
    assert (len(short.row["items"]), short.row["complete"]) == (23, False)


def test_no_such_company_is_an_answer_that_can_be_kept() -> None:
    case = Case()
    answer = ask(case.connect(), "绝无此名有限公司")
    assert (answer.found, answer.row) == (False, {})
    assert answer.key == ask(case.connect(), "绝无此名有限公司").key
    assert "no such company" in answer.reason


@pytest.mark.parametrize("result", [[{"id": 1}], {"total": 1, "items": []}, "x"])
def test_an_interface_that_answers_something_else_is_refused(result: Any) -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"result": result, "reason": "ok", "error_code": 0}))
    assert outcome(lambda: ask(case.connect())) == (Halt, "CON234")


def test_a_question_without_a_keyword_costs_nothing() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), "  ")) == (Reject, "CON230")
    with pytest.raises(Misconfigured, match="did you mean 'company'") as caught:
        case.connect().ask("compny", {})
    assert caught.value.code == "CON233"
    assert case.sim.counters.calls == 0


SHEET = {
    "retry": ["300001", "300012"],
    "fatal-config": ["300002", "300003", "300005", "300006", "300007", "300009", "300010", "300011"],
    "throttle": ["300004"],
    "fatal-record": ["300008"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {"fatal-record": (Reject, "CON231"), "fatal-config": (Misconfigured, "CON232")}
    assert outcome(lambda: ask(case.connect())) == expected[name]


def test_a_failed_query_is_repeated_only_where_it_is_free() -> None:
    for charged, calls in ((True, 1), (False, 2)):
        case = Case()
        case.sim.faults.add(Fault("refuse", code="300001"))
        case.connect(charge_per_query=charged).ask_many("company", [{"keyword": COMPANY.name}])
        assert case.sim.counters.calls == calls


def test_a_report_that_is_being_written_is_handed_back_after_one_call() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="300012", count=None))
    with pytest.raises(Retry, match="asked again later") as caught:
        ask(case.connect(charge_per_query=False))
    assert caught.value.after_s == 60
    assert case.sim.counters.calls == 1


def test_an_interface_that_was_not_bought_leaves_the_others_alone() -> None:
    connector = Case(interfaces=frozenset({"/ic/baseinfo/normal"})).connect()
    with pytest.raises(Misconfigured, match="not bought"):
        ask(connector, COMPANY.name, "search")
    assert ask(connector).found


def test_f13_a_balance_that_is_used_up_is_a_matter_of_billing() -> None:
    connector = Case(balance=1).connect()
    ask(connector)
    with pytest.raises(Misconfigured, match="buy or renew"):
        ask(connector)


def test_the_limit_of_an_interface_is_never_hit() -> None:
    case = Case(limits="sheet")
    connector = case.connect()
    for _ in range(130):
        ask(connector)
    ask(connector, COMPANY.name, "search")
    assert case.sim.counters.refused == 0


def test_f14_an_unknown_code_is_no_empty_answer() -> None:
    case = Case()
    for body in ({"error_code": 399999, "reason": "?"}, {}, []):
        case.sim.faults.add(Fault("error_body", body=body))
        assert outcome(lambda: ask(case.connect())) == (Halt, "CON015")


def test_f16_a_web_page_is_given_two_more_chances_then_it_is_an_alarm() -> None:
    case = Case()
    case.sim.faults.add(Fault("html", count=2))
    assert ask(case.connect()).found
    case.sim.faults.add(Fault("html", count=None))
    before = case.sim.counters.calls
    assert outcome(lambda: ask(case.connect())) == (Halt, "CON007")
    assert case.sim.counters.calls - before == 3


@pytest.mark.parametrize("fault", [Fault("truncated"), Fault("reset"), Fault("unavailable", status=500)])
def test_f20_f25_a_passing_fault_is_asked_again(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(fault)
    assert ask(case.connect()).found
    assert case.sim.counters.calls == 2


def test_s6_neither_token_nor_person_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect()
    assert "accepted" in connector.probe()
    person = ask(connector).row["legalPersonName"]
    case.sim.faults.add(Fault("refuse", code="300001", message=f"token {TOKEN} failed", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    assert person
    for secret in (TOKEN, person):
        assert secret not in everything
