"""`goldbridge golden tree`, `place` and `erase`, and the side of a child asked for, as a steward types it."""

from __future__ import annotations

import json

import pytest

from tests.bad_input.desk import Said, hear
from tests.flows.bench_crm import CrmBench
from tests.flows.conftest import crm, sqlite_crm
from tests.mdm.conftest import sqlite_town
from tests.mdm.test_child import contracts, homes, part, published
from tests.mdm.test_hierarchy import sqlite_kin
from tests.mdm.town import Town

__all__ = ["crm", "sqlite_crm", "sqlite_kin", "sqlite_town"]

CONTRACT = "new_crm.SaleContractObj/HT-2"


def test_a_side_is_asked_for_answered_and_taken_back(sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    crm = sqlite_crm

    def say(*words: str, status: int = 0) -> str:
        said: Said = hear(crm.root, capsys, *words)
        assert said.status == status, said
        return said.out + "\n".join(said.errors)

    row, _ = published(crm)
    contracts(crm, {"HT-2": row})
    part(crm)
    (asked,) = crm.tasks("late_child")
    number = str(asked.id)
    assert "answer with its id" in say("tasks", "--lane", "children")
    shown = say("tasks", number)
    sides = [one["golden"] for one in asked.payload["sides"]]
    assert "that are apart now" in " ".join(shown.split())
    assert all(side in shown for side in sides)
    assert f"answer with one of {', '.join(sides)}" in " ".join(say("tasks", number, "same", status=2).split())
    assert f"its side is not known: goldbridge tasks {number}" in say("golden", "show", CONTRACT)
    assert "0 contract, and 1 whose side nobody knows" in say("golden", "show", "crm.account/1")
    said = say("tasks", number, "crm.account/2", "-m", "called them")
    assert "1 contract" in say("golden", "show", "crm.account/2")
    assert json.loads(say("golden", "show", CONTRACT, "--json"))["relations"]["on"][0]["name"] == "宁波乙电子有限公司"
    say("golden", "undo", said.split()[-1])
    assert [one.id for one in crm.tasks("late_child")] == [asked.id]
    assert "decision" in say("golden", "place", CONTRACT, "--under", "crm.account/1")
    assert crm.tasks("late_child") == []
    assert "MDM086" in say("golden", "place", CONTRACT, "--under", CONTRACT, status=1)
    # What is erased is told before, and done with --yes alone.
    assert "nothing is left" in say("golden", "erase", "crm.account/2", status=1)
    assert len(set(homes(crm))) == 2
    gone = say("golden", "erase", "crm.account/2", "--yes", "-m", "asked for it")
    assert "erased; its id names nothing any more" in gone
    assert "there is no record" in say("golden", "erase", "crm.account/2", "--yes", status=2)
    assert crm.broken() == []


def test_who_owns_whom_is_shown_pinned_and_never_in_a_circle(
    sqlite_kin: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*words: str) -> str:
        said: Said = hear(sqlite_kin.root, capsys, "golden", *words)
        assert said.status == 0, said
        return said.out

    def names(text: str) -> list[str]:
        return [line.split("  party-")[0].partition("party-")[0] + line.split()[-1] for line in text.splitlines()]

    say("pin", "crm.account/4", "parent_company", "crm.account/3")
    assert names(say("tree", "crm.account/3")) == [
        "杭州甲机械有限公司", "  branch 宁波乙电子有限公司", "    owns <--", "      owns 绍兴丁纺织有限公司",
    ]  # fmt: skip
    (top,) = json.loads(say("tree", "crm.account/1", "--json", "--depth", "1"))
    assert [(one["relation"], one["below"]) for one in top["below"]] == [("branch_of", [])]
    shown = say("show", "crm.account/3")
    told = [line.strip().partition(" party-")[0] for line in shown.partition("relations:")[2].splitlines() if line]
    assert told == ["owned by", "branch of", "formerly", "owns"]
    say("merge", "crm.account/1", "crm.account/2")
    assert "branch_of is dropped, since it would lead back here" in say("show", "crm.account/1")
    assert "nothing owns it, and it owns nothing" in say("tree", "erp.partner/3")
