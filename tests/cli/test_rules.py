"""`goldbridge rules`, as an engineer types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.cli.test_steward import Type, say  # noqa: F401
from tests.flows.bench import Bench
from tests.flows.test_rule_change import LAST, STRICT, filled


@pytest.fixture
def sqlite_bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Bench:
    return filled(Bench(tmp_path / "project", sqlite_url, clock))


def test_a_change_is_seen_then_let_in_and_taken_back(sqlite_bench: Bench, say: Type) -> None:  # noqa: F811
    bench = sqlite_bench
    bench.write("config/matching.yaml", STRICT)
    told = say(bench, "rules", "diff", status=1).out
    assert "revision 2 compared with 1: party; simulated" in told
    assert "3  would be split" in told
    assert "0  decisions would be overridden" in told
    assert "now  " in told
    assert "crm.account/1, erp.partner/1" in told
    assert "let it in with: goldbridge rules accept 2" in told
    assert "1 cases are held" in say(bench, "rules", "accept", "--clusters", "1,3").out
    assert "0 cases are held" in say(bench, "rules", "accept", "2").out
    shown = json.loads(say(bench, "rules", "show", "--json").out)
    assert (shown["state"], [case["state"] for case in shown["cases"]]) == ("active", ["accepted"] * 3)
    assert [sorted(case["after"].values()) for case in shown["cases"]] == [
        [[f"crm.account/{key}"], [f"erp.partner/{key}"]] for key in _order(shown)
    ]
    assert "rolled back" in say(bench, "rules", "rollback").out
    assert say(bench, "rules", "diff", status=1).out.startswith("revision 3 compared with 1")


def _order(shown: dict[str, object]) -> list[str]:
    cases: list[dict[str, dict[str, list[str]]]] = shown["cases"]  # type: ignore[assignment]
    return [next(iter(case["before"].values()))[0][-1] for case in cases]


def test_a_file_that_is_not_the_projects(sqlite_bench: Bench, say: Type) -> None:  # noqa: F811
    bench = sqlite_bench
    bench.write("matching.proposed.yaml", STRICT)
    bench.write("names.yaml", LAST)
    assert "3  would be split" in say(bench, "rules", "diff", str(bench.root / "matching.proposed.yaml"), status=1).out
    told = say(bench, "rules", "diff", str(bench.root / "names.yaml"), status=1).out
    assert "3  would get other values" in told
    assert "would be split" not in told
    assert 'name: "杭州甲机械股份有限公司" -> "杭州甲机械有限公司"' in told


def test_the_rules_in_force_are_no_change(sqlite_bench: Bench, say: Type) -> None:  # noqa: F811
    assert say(sqlite_bench, "rules", "diff").out == "the rules in force are the ones that are asked for\n"
    assert json.loads(say(sqlite_bench, "rules", "diff", "--statistics", "--json").out)["cases"] == []


def test_a_run_says_that_edited_rules_wait(sqlite_bench: Bench, say: Type) -> None:  # noqa: F811
    sqlite_bench.write("config/matching.yaml", STRICT)
    sqlite_bench.write("config/survivorship.yaml", LAST)
    (result,) = sqlite_bench.run("parties")
    told = (
        "config/matching.yaml and config/survivorship.yaml ask for other rules of party than are in force "
        "(revision 1); see what they would do: goldbridge rules diff"
    )
    assert told in result.message


def test_a_mistake_in_the_numbers(sqlite_bench: Bench, say: Type) -> None:  # noqa: F811
    said = say(sqlite_bench, "rules", "accept", "--clusters", "1,x", status=2)
    assert "'x' is no case" in " ".join(said.errors)
