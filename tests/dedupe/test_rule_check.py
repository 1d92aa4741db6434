"""`goldbridge check` tells every mistake in config/matching.yaml once, with its place and a way out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from goldbridge import cli
from tests.dedupe.world import HOME

FILE = "config/matching.yaml"
Checking = Callable[[str], list[str]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checking:
    """What the command says of these matching rules, in a project with the shipped model and nothing else."""
    (tmp_path / "config").mkdir()
    (tmp_path / "flows.yaml").write_text("flows: {}\n", encoding="utf-8")
    (tmp_path / "config/sources.yaml").write_text("sources: {}\n", encoding="utf-8")
    shutil.copy(HOME / "config/model.yaml", tmp_path / "config/model.yaml")
    monkeypatch.chdir(tmp_path)

    def checked(text: str) -> list[str]:
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        status = cli.main(["check"])
        said = capsys.readouterr().err.splitlines()
        assert status == (2 if said else 0)
        return [line for line in said if not line.startswith("not checked")]

    return checked


def test_the_shipped_rules_are_in_order(check: Checking) -> None:
    assert check((HOME / FILE).read_text(encoding="utf-8")) == []
    assert check("") == []
    assert check("party:\n") == []


EMPTY = "empty, so that no two records would ever meet; leave the key out to use the shipped rules"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("party:\n  blok: [phone]\n", "2:3: DED001 unknown key 'blok'; did you mean 'block'?"),
        ("party:\n  3: x\n", "2:3: DED001 unknown key '3'; known: bands, block, compare, limits, veto"),
        ("party: {bands: {atuo: 5 bits}}\n", "1:17: DED001 unknown band 'atuo'; did you mean 'auto'?"),
        ("party: {limits: {hubs: 9}}\n", "1:18: DED001 unknown limit 'hubs'; did you mean 'hub'?"),
        ("party: 3\n", "1:8: DED002 party: expected block, compare, veto, bands and limits"),
        ("party:\n  block: phone\n", "2:10: DED002 block: expected a list, as [credit_code, brand+city]"),
        (
            "party: {compare: [name]}\n",
            "1:18: DED002 compare: expected fields with their kind, as {name: organisation}",
        ),
        ("party: {veto: fund_number}\n", "1:15: DED002 veto: expected a list, as [different_hard_id]"),
        (
            "party: {bands: [24 bits]}\n",
            "1:16: DED002 bands: expected {auto: 24 bits, review: 8 bits, margin: 2 bits}",
        ),
        ("party: {limits: 200}\n", "1:17: DED002 limits: expected {cluster: 200, hub: 20}"),
        ("party: {block: []}\n", f"1:16: DED002 block: {EMPTY}"),
        ("party: {compare: {}}\n", f"1:18: DED002 compare: {EMPTY}"),
        ("party: {compare: {nmae: organisation}}\n", "1:19: DED003 no field 'nmae'; did you mean 'name'?"),
        (
            "party: {compare: {name: organization}}\n",
            "1:25: DED004 unknown comparison 'organization'; did you mean 'organisation'?",
        ),
        (
            "party: {block: [brnad+city]}\n",
            "1:17: DED005 'brnad' comes from none of the compared fields; did you mean 'brand'?",
        ),
        (
            "contact: {compare: {mobile: phone}, block: [phone+x]}\n",
            "1:45: DED005 'x' comes from none of the compared fields; known: phone",
        ),
        ("party: {veto: [fund_numbers]}\n", "1:16: DED006 unknown veto 'fund_numbers'; did you mean 'fund_number'?"),
        (
            "party: {veto: [[fund_number]]}\n",
            "1:16: DED006 unknown veto '['fund_number']'; did you mean 'fund_number'?",
        ),
        ("party: {bands: {auto: 24}}\n", "1:23: DED007 auto: '24' is not a number of bits, as `24 bits`"),
        (
            "party:\n  bands: {review: 30 bits}\n",
            "2:10: DED007 review must not be above auto: nothing would be left to review",
        ),
        ("party: {bands: {margin: -1 bits}}\n", "1:16: DED007 margin must not be negative"),
        ("party: {limits: {cluster: 0}}\n", "1:27: DED008 cluster: expected a whole number of at least 2, not '0'"),
        ("party: {limits: {hub: 1.5}}\n", "1:23: DED008 hub: expected a whole number of at least 2, not '1.5'"),
    ],
)
def test_each_mistake_is_told_with_its_place(check: Checking, text: str, said: str) -> None:
    assert check(text) == [f"{FILE}:{said}"]


def test_a_missing_kind_lists_the_kinds(check: Checking) -> None:
    (said,) = check("party: {compare: {name: }, block: [brand]}\n")
    assert said.startswith(f"{FILE}:1:25: DED004 name: expected a kind of comparison; known: address, category, code, ")


def test_a_refused_field_is_not_told_again_by_the_blocks_it_would_have_offered(check: Checking) -> None:
    said = check("party:\n  compare: {nmae: organisation}\n  block: [brand+city, short_name, brnad]\n")
    assert said == [
        f"{FILE}:2:13: DED003 no field 'nmae'; did you mean 'name'?",
        f"{FILE}:3:35: DED005 'brnad' comes from none of the compared fields; did you mean 'brand'?",
    ]


def test_the_mistakes_of_all_entities_at_once_in_the_order_of_the_file(check: Checking) -> None:
    said = check(
        "contact:\n  limits: {hub: one}\n  bands: {auto: many}\nparty:\n  veto: [x]\n  compare: {nmae: organisation}\n"
    )
    assert [line.split(": ")[0].rpartition(":")[0] + " " + line.split(": ")[1].split()[0] for line in said] == [
        f"{FILE}:2 DED008",
        f"{FILE}:3 DED007",
        f"{FILE}:5 DED006",
        f"{FILE}:6 DED003",
    ]
