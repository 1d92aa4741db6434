"""Value tables: inside a mapping or in files of their own, forwards and backwards."""

from __future__ import annotations

import pytest

from goldbridge.errors import Mark, Problems
from goldbridge.mapping.table import Table, inline_table, read_table, reversed_table
from goldbridge.settings.yaml import read


def told(text: str, name: str = "kinds") -> tuple[Table | None, list[str]]:
    problems = Problems()
    found = read_table(read(text, "t.yaml"), name, problems)
    return found, [str(problem) for problem in problems]


def test_a_file_is_its_entries_with_their_places() -> None:
    found, problems = told("table: kinds\nabout: what there is\nentries:\n  1: a\n  NO: b\n")
    assert problems == []
    assert found is not None
    assert found.entries == {"1": "a", "NO": "b"}
    assert found.marks["NO"] == Mark("t.yaml", 5, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "t.yaml:1:1: MAP012 a table file needs `table:` and `entries: {old: new}`"),
        ("table: kinds\nentries: {}\n", "t.yaml:2:10: MAP012 `entries` is a table such as"),
        ("table: kinds\n", "t.yaml:1:1: MAP012 `entries` is a table such as"),
        (
            "table: kind\nentries: {a: b}\n",
            "t.yaml:1:8: MAP012 the file is called kinds.yaml, so it must say `table: kinds`",
        ),
        (
            "table: kinds\nentry: {a: b}\n",
            "t.yaml:2:1: MAP012 a table file has no key 'entry'; did you mean 'entries'?",
        ),
    ],
)
def test_a_file_that_is_badly_written(text: str, message: str) -> None:
    assert any(line.startswith(message) for line in told(text)[1]), told(text)


def test_backwards_needs_one_code_per_value() -> None:
    mark = Mark("m.yaml", 1, 1)
    problems = Problems()
    table = inline_table({"1": "a", "2": "b", "3": None}, lambda key: mark)
    found = reversed_table(table, mark, problems)
    assert found is not None
    assert dict(found.entries) == {"a": "1", "b": "2"}
    assert reversed_table(inline_table({"1": "a", "2": "a"}, lambda key: mark), mark, problems) is None
    assert [str(problem) for problem in problems] == [
        "m.yaml:1:1: MAP013 'a' stands for '1' and for '2'; `reverse` needs one code per value"
    ]
