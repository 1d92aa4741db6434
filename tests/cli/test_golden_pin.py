"""`goldbridge golden pin`, `suppress` and `release`, as a steward types them; and what `golden show` then says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldbridge.clock import FrozenClock
from tests.bad_input.desk import Said, hear
from tests.flows.bench_crm import CrmBench, company, credit_code

JIA = "crm.account/1"
Type = Callable[..., Said]


@pytest.fixture
def crm(tmp_path: Path, store_url: str, clock: FrozenClock) -> CrmBench:
    bench = CrmBench(tmp_path / "project", store_url, clock)
    bench.accounts("crm", company("1", "杭州甲机械有限公司", code=credit_code(1), tel="0571-87654321", capital="100",
                                  address="杭州市西湖区文三路1号"),
                   company("2", "宁波乙电子有限公司", code=credit_code(2)))  # fmt: skip
    bench.go("crm", "parties")
    return bench


@pytest.fixture
def say(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> Type:
    def typed(*words: str, status: int = 0) -> Said:
        said = hear(crm.root, capsys, *words)
        assert said.status == status, said
        return said

    return typed


def values(say: Type) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(say("golden", "show", JIA, "--json").out)["values"]
    return shown


def undo(say: Type, said: Said) -> None:
    say("golden", "undo", said.out.split()[-1])


@pytest.mark.parametrize(
    ("words", "field", "after"),
    [
        (("pin", JIA, "capital_cny", "300万元"), "capital_cny", "3000000"),
        (("pin", JIA, "phones", "0571-88888888"), "phones", ["+8657188888888", "+8657187654321"]),
        (("pin", JIA, "name", " 甲机械（集团）有限公司 "), "name", "甲机械（集团）有限公司"),
        (("pin", JIA, "status", "inactive", "--until", "forever"), "status", "inactive"),
        (("suppress", JIA, "phones", "0571-87654321"), "phones", None),
        (("suppress", JIA, "address", "--until", "2099-12-31"), "address", None),
    ],
)
def test_an_override_shows_until_it_is_undone(say: Type, words: tuple[str, ...], field: str, after: Any) -> None:
    before = values(say)
    said = say("golden", *words, "-m", "the licence says so")
    assert values(say).get(field) == after
    assert say("golden", "verify").status == 0
    undo(say, said)
    assert values(say) == before


def test_show_tells_what_is_pinned_and_hidden(say: Type) -> None:
    say("golden", "pin", JIA, "capital_cny", "300", "-m", "annual report")
    say("golden", "suppress", JIA, "phones", "0571-87654321")
    say("golden", "pin", JIA, "phones", "0571-88888888")
    shown = say("golden", "show", JIA).out
    assert re.search(r"capital_cny +300 +crm\.account/1 +override", shown)
    assert "hidden: +8657187654321" in shown
    history = json.loads(say("golden", "history", JIA, "capital_cny", "--json").out)
    assert [(one["from"] if "from" in one else one["before"], one["after"]) for one in history["changes"]] == [
        (None, "100"), ("100", "300"),
    ]  # fmt: skip
    (word,) = history["overrides"]
    assert (word["mode"], word["reason"], word["policy"]) == ("pin", "annual report", "until_source_changes")
    say("golden", "release", JIA, "capital_cny")
    (word,) = json.loads(say("golden", "history", JIA, "capital_cny", "--json").out)["overrides"]
    assert word["ended"].startswith("decision ")
    assert "ended" in say("golden", "history", JIA, "capital_cny").out


def test_a_dry_run_decides_nothing(say: Type) -> None:
    shown = json.loads(say("golden", "pin", JIA, "capital_cny", "300", "--dry-run", "--json").out)
    assert values(say)["capital_cny"] == "100"
    say("golden", "pin", JIA, "capital_cny", "300", "--view", shown["view"])
    said = say("golden", "pin", JIA, "capital_cny", "400", "--view", shown["view"], status=1)
    assert said.error.startswith("MDM023 ")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("pin", JIA, "capitol", "1"), 1, "MDM080 party has no field 'capitol'; there are address"),
        (("pin", JIA, "capital_cny", "much"), 1, "MDM081 capital_cny: "),
        (("pin", JIA, "status", "closed"), 1, "MDM081 status: "),
        (("pin", JIA, "credit_code", "91330110MA2000001X"), 1, "MDM081 credit_code: '91330110MA2000001X' is no credit"),
        (("pin", JIA, "name", "甲", "--until", "soon"), 1, "MDM081 'soon' is no end of a pin; write forever, changes"),
        (("pin", JIA, "name", "甲", "--until", "2020-01-01"), 2, "2020-01-01 is over"),
        (("pin", JIA, "name", "甲", "--record", "crm.account/2"), 1, "MDM082 that record is none of party-"),
        (("suppress", JIA, "name", "甲"), 2, "'name' holds one value; leave the item out"),
        (("suppress", JIA, "phones", "0571-11111111"), 1, "MDM083 no source says anything about '"),
        (("release", JIA, "name"), 1, "MDM084 nothing is pinned or hidden about name of party-"),
    ],
)
def test_what_cannot_be_decided_is_told(say: Type, words: tuple[str, ...], status: int, message: str) -> None:
    said = say("golden", *words, status=status)
    assert message in " ".join(" ".join(said.errors).replace("│", " ").split()), said
