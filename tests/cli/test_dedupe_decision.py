"""`goldbridge dedupe train --from-decisions`: decisions give a proposal; the rules in force are never touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dedupe.rule import compile_rules
from flows.master import rules_in_force
from goldbridge.clock import FrozenClock
from goldbridge.settings.yaml import read as read_yaml
from goldbridge.state import ruleset
from mdm.taught import taught
from tests.cli.test_steward import Type, say  # noqa: F401
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import credit_code

MATCHING = """# ours
party:
  bands: {auto: 20 bits, review: 8 bits, margin: 2 bits}
  veto: [different_hard_id, head_office_and_branch]
"""
NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯"


@pytest.fixture
def town(tmp_path: Path, store_url: str, clock: FrozenClock) -> Bench:
    """Fourteen valve works that may be two each, and a pair with two credit codes."""
    bench = Bench(tmp_path / "project", store_url, clock)
    crm = [row(str(at), f"温州宏{name}阀门制造厂", tel=f"0577-8865{at:04}") for at, name in enumerate(NAMES)]
    erp = [row(str(at), f"宏{name}阀门有限公司", tel=f"0577-8712{at:04}") for at, name in enumerate(NAMES)]
    bench.put("crm", *crm, row("90", "杭州金甲机械有限公司", tel="0571-87654321", code=credit_code(1)))
    bench.put("erp", *erp, row("90", "杭州金甲机械有限公司", tel="0571-87654321", code=credit_code(2)))
    bench.write("config/matching.yaml", MATCHING)
    bench.run("crm", "erp", "parties")
    return bench


def questions(say: Type, bench: Bench) -> list[dict[str, Any]]:  # noqa: F811
    found = json.loads(say(bench, "tasks", "--json", "--limit", "100").out)
    return [one for one in found if not one["payload"]["vetoes"]]


def untouched(bench: Bench) -> tuple[str, int, Any]:
    with bench.hub() as hub, hub.store.read() as conn:
        active = ruleset.active(conn)
        assert active is not None
        return (bench.root / "config/matching.yaml").read_text(encoding="utf-8"), active.rev, active.document


def report(say: Type, bench: Bench, *options: str) -> dict[str, Any]:  # noqa: F811
    told: dict[str, Any] = json.loads(
        say(bench, "dedupe", "train", "--from-decisions", "party", "--json", *options).out
    )
    return told


def test_decisions_against_the_rules_move_the_proposed_bands(town: Bench, say: Type) -> None:  # noqa: F811
    asked = questions(say, town)
    assert len(asked) == len(NAMES)
    before = untouched(town)
    for at, one in enumerate(asked):
        say(town, "tasks", str(one["id"]), "different" if at % 7 == 0 else "same")
    told = report(say, town)
    assert (told["labels"]["same"], told["labels"]["different"]) == (12, 2)
    assert told["choice"] == "threshold"
    assert told["bands_bits"]["guess"] < told["bands_before_bits"]["guess"]
    assert untouched(town) == before
    proposed = read_yaml(town.root / "matching.proposed.yaml")
    assert proposed.data["party"]["veto"] == ["different_hard_id", "head_office_and_branch"]
    bands = compile_rules(proposed, "party").bands
    assert [bands.auto, bands.review] == [round(told["bands_bits"][name] * 10_000) for name in ("auto", "review")]
    assert bands.margin == 20_000
    text = (town.root / "matching.proposed.yaml").read_text(encoding="utf-8")
    assert "# Proposed by `goldbridge dedupe train --from-decisions party`; not in force." in text
    assert "# 14 labels: 12 same and 2 different count" in text


def test_what_stewards_took_back_and_what_a_veto_decides_teach_nothing(town: Bench, say: Type) -> None:  # noqa: F811
    for one in questions(say, town)[:3]:
        number = say(town, "tasks", str(one["id"]), "different").out.split()[-1]
    say(town, "golden", "undo", number)
    (pair,) = [one for one in json.loads(say(town, "tasks", "--json", "--limit", "99").out) if one["payload"]["vetoes"]]
    say(town, "tasks", str(pair["id"]), "different")
    with town.hub() as hub, hub.store.read() as conn:
        lesson = taught(conn, rules_in_force(conn, hub.project, hub.survivorship, "party"))
    assert lesson.examples.same.tolist() == [False, False]
    assert (lesson.vetoed, lesson.gone) == (1, 0)
    weights = sorted(one["payload"]["weight"] for one in questions(say, town))
    assert lesson.examples.pairs.fixed.min() >= min(weights) - 10_000
    told = say(town, "dedupe", "train", "--from-decisions", "party").out
    assert "2 labels are too few to learn from" in told
    assert "1 more are kept apart by a veto" in told
    assert "nothing to propose: the bands stay as they are" in told
    assert not (town.root / "matching.proposed.yaml").exists()


def test_costs_alone_make_a_proposal_that_the_project_takes(town: Bench, say: Type) -> None:  # noqa: F811
    told = report(say, town, "--wrong-merge", "33", "--missed", "5")
    bands = told["bands_bits"]
    assert round(bands["auto"] - bands["guess"], 4) == 5
    assert round(bands["guess"] - bands["review"], 4) == 2
    assert (
        say(town, "dedupe", "train", "--from-decisions", "party", "--missed", "5", status=2).error.count(
            "DED034 exists already"
        )
        == 1
    )
    town.write("config/matching.yaml", (town.root / "matching.proposed.yaml").read_text(encoding="utf-8"))
    before = untouched(town)[1]
    town.run("parties")
    assert untouched(town)[1] == before  # edited rules wait for a review
    say(town, "rules", "diff")
    say(town, "rules", "accept")
    assert untouched(town)[1] == before + 1  # taking it over is a new revision


def test_the_rules_in_force_are_never_the_place_for_it(town: Bench, say: Type) -> None:  # noqa: F811
    before = untouched(town)
    place = str(town.root / "config/matching.yaml")
    options = ("--from-decisions", "party", "--missed", "5", "--save-config", place, "--force")
    said = say(town, "dedupe", "train", *options, status=2)
    assert "DED034 holds the rules in force" in said.out + " ".join(said.errors)
    assert untouched(town) == before
    said = say(town, "dedupe", "train", "--from-decisions", "prty", status=2)
    assert "the model has no entity 'prty'; did you mean 'party'?" in said.out + " ".join(said.errors)
