"""What a golden record was: every change with its two times, past states, and what came late."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from goldbridge.state import golden
from mdm.history import changes, known_at, true_since, words
from tests.bad_input.desk import Said, hear
from tests.flows.bench_crm import CrmBench, company, credit_code, written

JIA, YI = "杭州甲机械有限公司", "宁波乙电子有限公司"
STREAM = """
  drop:
    connector: file
    root: ROOT/inbox
    zone: UTC
    streams:
      party: {path: "party_*.jsonl", key: ID, take: changes, partial: true, changed_at: AT, settle_s: 0}
"""
MAPPING = """
mapping: drop.party
target: party
key: ID
fields:
  name: {from: NAME, via: [blank, organisation], required: true}
  role: {value: customer}
  credit_code: {from: CODE, via: [blank, credit_code]}
  capital_cny: {from: CAPITAL, via: [blank, money]}
drop: [AT]
"""


@pytest.fixture
def crm(crm: CrmBench) -> CrmBench:
    crm.edit("config/sources.yaml", "  new_crm:", f"{STREAM.lstrip(chr(10)).replace('ROOT', str(crm.root))}  new_crm:")
    crm.edit("flows.yaml", "  people: {ingest", "  told: {ingest: drop.party}\n  people: {ingest")
    crm.write("mappings/drop/party.yaml", MAPPING)
    (crm.root / "inbox").mkdir()
    return crm


def tell(crm: CrmBench, number: int, **row: str) -> None:
    """Another file of changes arrives, and everything runs."""
    path = crm.root / f"inbox/party_{number}.jsonl"
    path.write_text(json.dumps({"ID": "1", **row}, ensure_ascii=False) + "\n", encoding="utf-8")
    os.utime(path, times=(0, 0))
    crm.clock.wait(86_400)
    crm.go("told", "parties")


def told_three(crm: CrmBench) -> int:
    tell(crm, 1, NAME=JIA, CODE=credit_code(1), CAPITAL="100", AT="2026-01-10 08:00:00")
    tell(crm, 2, CAPITAL="300", AT="2026-02-20 08:00:00")
    tell(crm, 3, CAPITAL="200", AT="2026-02-01 08:00:00")  # late: it was true before what is held
    return crm.home("drop.party", "1")


@pytest.fixture
def say(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> Any:
    def typed(*words: str, status: int = 0) -> Said:
        said = hear(crm.root, capsys, *words)
        assert said.status == status, said
        return said

    return typed


def test_e60_an_event_that_comes_late_is_history_and_an_as_of_query_shows_it(crm: CrmBench, say: Any) -> None:
    """Guard: mdm.history:content_at"""
    id = written(told_three(crm))
    assert json.loads(say("golden", "show", id, "--json").out)["values"]["capital_cny"] == "300"
    capital = {}
    for day in ("2026-01-20", "2026-02-10", "2026-02-25"):
        shown = json.loads(say("golden", "show", id, "--true-at", day, "--json").out)
        capital[day] = shown["values"]["capital_cny"]
    assert capital == {"2026-01-20": "100", "2026-02-10": "200", "2026-02-25": "300"}
    before = say("golden", "show", id, "--true-at", "2026-01-01", "--json")
    assert json.loads(before.out)["values"] == {"roles": []}


def test_e52_a_partial_feed_keeps_what_it_leaves_out(crm: CrmBench) -> None:
    """Guard: goldbridge.state.landing:completed"""
    home = told_three(crm)
    with crm.reading() as conn:
        values = golden.load(conn, [home])[home].values
    assert (values["name"], values["credit_code"]) == (JIA, credit_code(1))


def test_the_history_of_a_value_tells_both_times_and_the_source(crm: CrmBench, say: Any) -> None:
    home = told_three(crm)
    say("golden", "pin", written(home), "capital_cny", "500", "-m", "annual report")
    with crm.reading() as conn:
        made = changes(conn, home, "capital_cny")
        (pin,) = words(conn, home, "capital_cny")
    assert [(one.before, one.after, one.source, one.valid_at, one.known_at[:10]) for one in made[:2]] == [
        (None, "100", "drop.party/1", "2026-01-10T08:00:00.000000Z", "2026-03-02"),
        ("100", "300", "drop.party/1", "2026-02-20T08:00:00.000000Z", "2026-03-03"),
    ]
    last = made[-1]
    assert (last.before, last.after, last.rule, last.reason) == ("300", "500", "override", "annual report")
    assert (pin.decision, pin.mode, pin.value, pin.ended_at) == (last.decision, "pin", "500", "")
    text = say("golden", "history", written(home), "capital_cny").out
    assert "annual report" in text
    assert "drop.party/1" in text


def test_e31_a_retired_id_is_shown_as_it_was(crm: CrmBench, say: Any) -> None:
    """Guard: mdm.history:known_at"""
    crm.accounts("crm", company("1", JIA, code=credit_code(1)), company("2", YI, code=credit_code(2), capital="500"))
    crm.go("crm", "parties")
    ids = [crm.home("crm.account", key) for key in ("1", "2")]
    crm.clock.wait(86_400 * 31)
    crm.accounts("crm", company("2", YI, gone="1", at="2026-03-20 08:00:00"))
    crm.go("crm", "parties")
    gone = written(ids[1])
    assert json.loads(say("golden", "show", gone, "--json").out)["state"] == "retired"
    then = json.loads(say("golden", "show", gone, "--as-of", "2026-03-15", "--json").out)
    assert (then["state"], then["values"]["capital_cny"], then["records"]) == ("active", "500", ["crm.account/2"])
    assert "capital_cny: 500" in say("golden", "show", gone, "--as-of", "2026-03-15").out
    say("golden", "show", gone, "--as-of", "2026-02-15", status=2)  # nobody knew it
    with crm.reading() as conn:
        assert known_at(conn, ids[1], "2026-02-15T00:00:00.000000Z") is None


def test_one_time_is_asked_for_and_one_that_can_be_read(crm: CrmBench, say: Any) -> None:
    id = written(told_three(crm))
    assert "ask for one of" in str(say("golden", "show", id, "--as-of", "2026-01-01", "--sees", "x", status=2).errors)
    assert "'soon' is no time" in str(say("golden", "show", id, "--as-of", "soon", status=2).errors)
    assert "has no field 'capitol'" in str(say("golden", "history", id, "capitol", status=2).errors)


def test_who_does_not_say_when_has_no_business_time() -> None:
    assert true_since([], 3) == ""
