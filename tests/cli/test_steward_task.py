"""The stewards' commands as they are typed: the queue, previews, reasons, and a second person."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.desk import actor
from goldbridge.clock import FrozenClock
from tests.bad_input.desk import Said, hear
from tests.mdm.town import BING, BING_ERP, DING, JIA, JIA_ERP, YI, YI_ERP, Town

Type = Callable[..., Said]


@pytest.fixture
def town(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Town:
    return Town(tmp_path / "project", sqlite_url, clock)


@pytest.fixture
def say(town: Town, capsys: pytest.CaptureFixture[str]) -> Type:
    """Type a command, hear what it says; the exit status must be the expected one."""

    def typed(*words: str, status: int = 0) -> Said:
        said = hear(town.root, capsys, *words)
        assert said.status == status, said
        return said

    return typed


def number(say: Type) -> str:
    (asked,) = json.loads(say("tasks", "--kind", "match", "--json").out)
    return str(asked["id"])


def test_the_queue_is_listed_by_what_is_asked(say: Type) -> None:
    task = number(say)
    assert say("tasks", "lanes").out.split() == ["1", "doubt", "evidence", "between", "the", "bands"]
    assert json.loads(say("tasks", "lanes", "--json").out) == {"doubt": 1}
    for words in (("--lane", "doubt"), ("--kind", "match"), ("--entity", "party"), ("--priority", "0"), ("--pool",)):
        assert task in say("tasks", *words).out.split()
    for words in (("--lane", "weak"), ("--mine",), ("--due", "2026-12-31"), ("--deferred",), ("--priority", "9")):
        assert "nothing fits" in say("tasks", *words).out
    assert "did you mean 'doubt'" in say("tasks", "--lane", "dobt", status=2).errors[-1]
    say("tasks", "assign", task)
    assert f"[{actor()}]" in say("tasks", "--mine").out
    assert "nothing fits" in say("tasks", "--pool").out
    say("tasks", "due", task, "2036-12-31")
    assert "[due 2036-12-31]" in say("tasks", "--due", "2036-12-31").out
    say("tasks", "comment", task, "called them")
    assert "called them" in say("tasks", task).out
    assert json.loads(say("tasks", task, "--json").out)["comments"][0]["text"] == "called them"
    assert "called them" in say("tasks", "next").out
    assert say("tasks", "next", "--lane", "weak").out == "nothing waits for you\n"
    say("tasks", "unassign", task)
    assert json.loads(say("tasks", "next", "--json").out)["id"] == int(task)
    say("tasks", "due", task, "never")
    say("tasks", "defer", task, "--until", "2036-12-31")
    assert "nothing" in say("tasks").out
    assert task in say("tasks", "--deferred").out.split()
    say("tasks", "resume", task)
    assert number(say) == task
    say("tasks", "assign", task, "--to", "lin")
    assert say("tasks", "leave", "lin").out == "1 questions are back in the pool\n"


def test_mdm029_a_day_that_is_over(say: Type) -> None:
    task = number(say)
    assert say("tasks", "defer", task, "--until", "2020-01-01", status=1).error.startswith(f"MDM029 task {task} cannot")
    assert "write it as 2026-12-31" in say("tasks", "due", task, "soon", status=2).errors[-1]


def test_an_answer_on_a_version_that_is_over_is_refused(say: Type) -> None:
    task = number(say)
    say("tasks", "assign", task)
    assert "was changed since you looked" in say("tasks", task, "same", "--seen", "1", status=1).error
    say("tasks", task, "same", "--seen", "2")


def test_many_are_answered_at_once(say: Type, tmp_path: Path) -> None:
    task = number(say)
    assert say("tasks", "bulk", "same", "--kind", "match", "--dry-run").out == f"1: {task}\n"
    assert say("tasks", "bulk", "same", "--min-weight", "400", "--dry-run").out == "0: \n"
    assert "say which" in say("tasks", "bulk", "same", status=2).errors[-1]
    file = tmp_path / "ids"
    file.write_text(f"# mine\n{task}\n999\n")
    said = say("tasks", "bulk", "different", "--file", str(file), "-m", "two shops", status=1)
    assert "decision 1" in said.out
    assert "999  MDM014" in said.out
    assert said.out.endswith("1 answered, 1 not\n")
    file.write_text("twelve\n")
    assert "CFG090 expected the number of a task" in say("tasks", "bulk", "same", "--file", str(file), status=2).error


def test_a_decision_is_seen_before_it_is_made(say: Type, town: Town) -> None:
    before = town.canonical()
    said = say("golden", "merge", JIA, DING, "--dry-run")
    assert "redirected, leads to" in said.out
    assert f"+ {DING}" in said.out
    view = said.out.split("--view ")[1].strip()
    shown: dict[str, Any] = json.loads(say("golden", "merge", JIA, DING, "--dry-run", "--json").out)
    assert shown["act"] == "merge"
    assert town.canonical() == before
    say("golden", "merge", JIA, YI)
    assert say("golden", "merge", JIA, DING, "--view", view, status=1).error.startswith("MDM023 party-")
    said = say("golden", "split", YI, YI, "--dry-run")
    assert f"would stay: {YI_ERP} (--with-group takes them along)" in said.out
    said = say("golden", "split", YI, YI)
    assert f"{YI_ERP} had come together with what left, and stayed" in said.out
    say("golden", "undo", "2")
    say("golden", "split", YI, YI, "--with-group")
    assert len(set(town.home(YI, YI_ERP))) == 1
    assert say("golden", "undo", "1", "--stack", "--dry-run").out == "would be taken back, in this order: 4, 1\n"
    say("golden", "undo", "1", "--stack")
    assert town.canonical() == before


def test_groups_move_and_records_are_said_to_be_the_same_or_not(say: Type, town: Town) -> None:
    before = town.canonical()
    say("golden", "merge", JIA, YI, DING)
    say("golden", "split", JIA, YI, YI_ERP, "+", DING)
    assert len(set(town.home(JIA, YI, DING))) == 3
    say("golden", "move", DING, "--to", YI, status=1)  # it is all that its golden record has
    assert say("golden", "move", YI_ERP, "--to", JIA, status=1).error.startswith("MDM018 decision 2 says")
    say("golden", "undo", "1", "--stack")
    say("golden", "move", YI_ERP, "--to", JIA)
    assert town.home(YI_ERP) == town.home(JIA)
    say("golden", "undo", "5")
    say("golden", "same", BING, BING_ERP)
    assert len(set(town.home(BING, BING_ERP))) == 1
    say("golden", "different", JIA, JIA_ERP, "--until-evidence-changes")
    assert len(set(town.home(JIA, JIA_ERP))) == 2
    assert say("golden", "different", BING, BING_ERP, status=1).error.startswith("MDM022")
    made = max(one.decision or 0 for one in town.canonical()["assertions"])
    say("golden", "undo", str(made))
    say("golden", "undo", str(made - 1))
    assert town.canonical()["golden"] == before["golden"]


def test_why_is_told_in_sentences(say: Type) -> None:
    assert f"{BING} and {BING_ERP} are apart: the evidence is too thin" in say("golden", "why", BING, BING_ERP).out
    said = json.loads(say("golden", "why", JIA, JIA_ERP, "--json").out)
    assert said["together"]
    golden = json.loads(say("golden", "show", JIA, "--json").out)["id"]
    assert "are together: by their own evidence" in say("golden", "why", golden).out
    other = json.loads(say("golden", "show", YI, "--json").out)["id"]
    assert "are apart" in say("golden", "why", golden, other).out
    assert "has one record only" in say("golden", "why", DING).out


def test_e43_the_command_line_knows_one_actor(say: Type, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: mdm.steward.proposal:not_own"""
    with (town.root / "config/settings.yaml").open("a", encoding="utf-8") as settings:
        settings.write("stewards: {four_eyes: {merge: {}}}\n")
    said = say("golden", "merge", JIA, DING)
    assert said.out.startswith("decision 1 waits for a second person: goldbridge tasks approve ")
    task = said.out.split("approve ")[1].split(";")[0]
    monkeypatch.setenv("LOGNAME", "somebody else")
    monkeypatch.setenv("USER", "somebody else")
    assert say("tasks", "approve", task, status=1).error.startswith("MDM026 decision 1 is your own proposal")
    assert len(set(town.home(JIA, DING))) == 2
    assert f"{task}  approvals" in say("tasks", "--lane", "approvals").out
    monkeypatch.setattr(os, "getuid", lambda: 64_999)
    assert "decision 1: " in say("tasks", "approve", task).out
    assert len(set(town.home(JIA, DING))) == 1
    said = say("golden", "merge", JIA, YI)
    task = said.out.split("approve ")[1].split(";")[0]
    assert say("golden", "merge", JIA, YI, status=1).error.startswith("MDM025 decision 2 ")
    assert say("tasks", "reject", task, "-m", "no").out == "decision 2 is refused\n"
    assert say("tasks", "close", number(say), status=1).error.startswith("MDM014")
