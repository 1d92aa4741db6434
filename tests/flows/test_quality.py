"""Quality: shares per rule and source by hand-counted rows, what changed since, the worst first, and bad rule files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.quality import earlier, measure, rules_of
from goldbridge import cli
from goldbridge.errors import Misconfigured
from goldbridge.settings.project import load_project
from mdm.quality import GOLDEN, Measure
from tests.flows.bench import Bench, row

RULES = """
party:
  identified: {present: credit_code, weight: 3}
  reachable: {present: [phones, address.region]}
  valid_code: {valid: credit_code, at_least: 0.6}
  in_force: {agrees: name, systems: [crm]}
  looked_after: {changed_within: 30 d}
  only_one: {unique: true, weight: 2}
  spelled_out: {expr: "name.size() > 6"}
"""
GOOD, BAD = "91330106MA27XAMP09", "91330106MA27XAMP08"
PHONE = "0571-87654321"


@pytest.fixture
def measured(bench: Bench) -> Bench:
    """Two rows of crm that are one company, a third with a bad number, and the company in erp under a longer name."""
    bench.write("config/quality.yaml", RULES)
    bench.edit("flows.yaml", "parties:", "quality: {quality: [party]}\n  parties:")
    bench.put(
        "crm",
        row("1", "杭州甲机械有限公司", code=GOOD, tel=PHONE),
        row("2", "杭州甲机械有限公司", code=GOOD, at="2025-02-01 08:00:00"),
        row("3", "乙公司", code=BAD),
    )
    bench.put("erp", row("7", "杭州甲机械股份有限公司", code=GOOD, tel=PHONE))
    bench.run("crm", "erp", "parties")
    return bench


def found(bench: Bench, worst: int = 0, of: str = "") -> Measure:
    with bench.hub() as hub:
        return measure(hub.store, "party", rules_of(hub.project)["party"], worst=worst, of=of)


def shares(measure: Measure, rule: str) -> dict[str, tuple[int, int]]:
    return {source: tuple(share) for source, share in measure.shares[rule].items()}  # type: ignore[misc]


def test_every_source_is_measured_by_every_rule_that_asks_it(measured: Bench) -> None:
    seen = found(measured)
    assert seen.records == {"crm.account": 3, "erp.partner": 1, GOLDEN: 2}
    assert shares(seen, "identified") == {"crm.account": (3, 3), "erp.partner": (1, 1), GOLDEN: (2, 2)}
    assert shares(seen, "reachable") == {"crm.account": (3, 1), "erp.partner": (1, 1), GOLDEN: (2, 1)}
    assert shares(seen, "valid_code") == {"crm.account": (3, 2), "erp.partner": (1, 1)}
    assert shares(seen, "in_force") == {"crm.account": (3, 1)}  # erp's name survives
    assert shares(seen, "looked_after") == {"crm.account": (3, 2), "erp.partner": (1, 1)}
    assert shares(seen, "only_one") == {"crm.account": (3, 1), "erp.partner": (1, 1)}
    assert shares(seen, "spelled_out") == {"crm.account": (3, 2), "erp.partner": (1, 1), GOLDEN: (2, 1)}
    assert seen.duplicates("crm.account") == pytest.approx(1 / 3)
    assert seen.duplicates("erp.partner") == 0


def test_the_worst_records_come_first_with_the_rules_that_they_broke(measured: Bench) -> None:
    worst = found(measured, worst=3).worst
    assert [(poor.key, poor.broken) for poor in worst] == [
        ("2", ("reachable", "in_force", "looked_after", "only_one")),
        ("1", ("in_force", "only_one")),
        ("3", ("reachable", "valid_code", "spelled_out")),
    ]
    assert [poor.score for poor in worst] == pytest.approx([0.5, 0.7, 0.7])
    assert [poor.key for poor in found(measured, worst=2).worst] == ["2", "1"]  # of two that are as bad, the first
    assert [poor.key for poor in found(measured, worst=9, of="erp").worst] == []
    assert [poor.key for poor in found(measured, worst=9, of="crm").worst] == ["2", "1", "3"]


def test_a_run_remembers_its_measure_and_a_source_below_its_share_needs_a_person(measured: Bench) -> None:
    (result,) = measured.run("quality")
    assert not result.needs_person
    measured.put("crm", row("4", "丙公司", code=BAD))
    measured.clock.wait(60)
    measured.run("crm", "parties")
    (result,) = measured.run("quality")
    assert result.needs_person
    (report,) = result.detail["quality"]
    assert report["below"] == [{"rule": "valid_code", "source": "crm.account", "share": 0.5, "at_least": 0.6}]
    with measured.hub() as hub, hub.store.read() as conn:
        past = earlier(conn, list(hub.flows.values()), "party")
    assert [report["rules"]["valid_code"]["crm.account"] for _, report in past] == [[4, 2], [3, 2]]


def test_the_command_shows_what_changed_since_the_last_run(measured: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    measured.run("quality")
    measured.put("crm", row("4", "丁机械设备有限公司", code=BAD, tel="0571-11112222"))
    measured.run("crm", "parties")
    capsys.readouterr()
    where = ("--project", str(measured.root))
    assert cli.main(["quality", "--json", "--worst", "1", *where]) == 1
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert shown["sources"]["crm.account"]["rules"]["valid_code"] == 0.5
    assert [poor["key"] for poor in shown["worst"]] == ["2"]
    assert cli.main(["quality", "--source", "crm", "--history", "1", *where]) == 1
    out = capsys.readouterr().out
    assert "50.0% (-16.7)" in out
    assert "erp.partner" not in out
    assert "crm.account: valid_code is 50.0%, at least 60.0% is wanted" in out


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("partie: {a: {present: name}}", "config/quality.yaml:1:1: MDM070 the model has no entity 'partie'"),
        (
            "party: {a: {present: nam}}",
            "config/quality.yaml:1:22: MDM070 party has no field 'nam'; did you mean 'name'",
        ),
        ("party: {a: {present: address.regio}}", "config/quality.yaml:1:22: MDM070 party has no field 'address.regio'"),
        ("party: {a: {weight: 2}}", "config/quality.yaml:1:9: MDM071 rule 'a' asks one of present"),
        ("party: {a: {present: name, valid: name}}", "config/quality.yaml:1:9: MDM071 rule 'a' asks one of present"),
        ("party: {A-b: {present: name}}", "config/quality.yaml:1:9: MDM071 'A-b' cannot name a rule"),
        ("party: [name]", "config/quality.yaml:1:8: MDM071 the rules of 'party' are a mapping"),
        ("party: {a: {present: name, wieght: 2}}", "config/quality.yaml:1:28: MDM071 a rule of quality has no key"),
        ("party: {a: {present: name, weight: 0}}", "config/quality.yaml:1:36: MDM071 a weight is a whole number"),
        ("party: {a: {present: name, at_least: 95}}", "config/quality.yaml:1:38: MDM071 `at_least` is a share"),
        ("party: {a: {changed_within: 2 years}}", "config/quality.yaml:1:29: MDM071 '2 years' is no number of days"),
        ("party: {a: {unique: false}}", "config/quality.yaml:1:21: MDM071 `unique` is true"),
        ("party: {a: {present: []}}", "config/quality.yaml:1:22: MDM071 `present` names a field"),
        ("party: {a: {present: name, systems: crm}}", "config/quality.yaml:1:37: MDM071 `systems` is a list"),
        ("party: {a: {expr: 'nam.size() > 6'}}", "config/quality.yaml:1:20: MDM072 `expr`: party has no field 'nam'"),
        ("party: {a: {expr: 'name >'}}", "config/quality.yaml:1:26: MDM072 `expr`: in the expression"),
        ("party: {a: {present: name, systems: [crn]}}", "config/quality.yaml:1:38: MDM073 there is no system 'crn'"),
    ],
)
def test_a_rule_file_with_a_mistake_is_refused_at_its_place(bench: Bench, rules: str, said: str) -> None:
    bench.write("config/quality.yaml", rules)
    with pytest.raises(Misconfigured) as caught:
        rules_of(load_project(bench.root))
    assert str(caught.value).startswith(said)


def test_a_flow_needs_rules_for_what_it_measures(bench: Bench) -> None:
    bench.edit("flows.yaml", "parties:", "quality: {quality: [party]}\n  parties:")
    with pytest.raises(Misconfigured, match=r"flows.yaml:5:23: FLW015 config/quality.yaml has no rules for 'party'"):
        bench.run("crm")


def test_the_command_says_which_entities_have_rules(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.write("config/quality.yaml", RULES)
    assert cli.main(["quality", "contact", "--project", str(bench.root)]) == 2
    assert "no rules for 'contact'; it has: party" in capsys.readouterr().err
