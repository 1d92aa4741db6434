"""Suggestions for invented tables of many kinds (tests/cases/first_mappings.yaml): right entity and fields, and a file
that loads with examples that pass."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from goldbridge.mapping.compile import compile_mapping
from goldbridge.mapping.example import check_examples, count_examples
from goldbridge.mapping.profile import profile
from goldbridge.mapping.suggest import Known, Seen, Suggestion, suggest
from goldbridge.mapping.words import Words, load
from goldbridge.records.field import Model
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read

ROOT = Path(__file__).resolve().parents[2]
CASES: list[dict[str, Any]] = read(ROOT / "tests/cases/first_mappings.yaml").data["tables"]
NAMES = [case["name"] for case in CASES]
RECALL, PRECISION = 0.9, 0.95


@cache
def model() -> Model:
    return compile_model(read(ROOT / "config/model.yaml", "config/model.yaml"))


@cache
def words() -> Words:
    return load()


@cache
def made(at: int) -> Suggestion:
    case = CASES[at]
    columns: dict[str, list[Any]] = case["columns"]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    key = case.get("key", next(iter(columns)))
    stream = case["name"]
    known = [Known("crm.customer", "party", "CUST_ID")]
    seen = Seen(stream, (stream.partition(".")[2],), tuple(profile(rows)), key, flat=frozenset(columns))
    return suggest(seen, model(), words(), known, case.get("ask"))


def pairs(fields: dict[str, Any]) -> set[tuple[str, str]]:
    return {(field, column) for field, columns in fields.items() for column in columns}


@pytest.mark.parametrize("at", range(len(CASES)), ids=NAMES)
def test_the_file_loads_and_its_examples_pass(at: int) -> None:
    document = read(made(at).text, f"{NAMES[at]}.yaml")
    mapping = compile_mapping(document, model(), zone="Asia/Shanghai")
    assert [str(problem) for problem in check_examples(mapping, document)] == []
    assert count_examples(document) >= 1


@pytest.mark.parametrize("at", range(len(CASES)), ids=NAMES)
def test_the_entity_is_found(at: int) -> None:
    assert made(at).entity == CASES[at]["entity"]


def test_most_fields_are_found_and_nearly_all_that_are_found_are_right() -> None:
    right = wanted = given = 0
    lines = []
    for at, case in enumerate(CASES):
        expected, found = pairs(case["is"]), pairs(dict(made(at).sources))
        right, wanted, given = right + len(expected & found), wanted + len(expected), given + len(found)
        lines += [f"{case['name']}: missed {pair}" for pair in sorted(expected - found)]
        lines += [f"{case['name']}: beyond {pair}" for pair in sorted(found - expected)]
    recall, precision = right / wanted, right / given
    print("\n".join([*lines, f"recall {recall:.3f}, precision {precision:.3f} of {wanted} fields"]))
    assert recall >= RECALL
    assert precision >= PRECISION


@pytest.mark.parametrize("at", range(len(CASES)), ids=NAMES)
def test_every_field_is_used_dropped_or_named_as_left(at: int) -> None:
    text = made(at).text.partition("examples:")[0]
    assert [name for name in CASES[at]["columns"] if name not in text] == []
