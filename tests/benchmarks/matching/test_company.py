"""The benchmark's table of companies: the same for everybody, as mixed as it says, and not made from our own lists."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.matching.company import HEADER, entries, write
from benchmarks.matching.company_word import HEADS, LANDS, MIDDLES, SOUNDS, TAILS, TRADES
from goldbridge.text.code import parse_credit_code
from goldbridge.text.gazetteer import index
from goldbridge.text.table import lines

ROWS = 4000


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    file = tmp_path_factory.mktemp("company") / "company.csv"
    write(file, ROWS, seed=3)
    with file.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def test_the_same_seed_gives_the_same_table(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write(tmp_path / name, 300, seed)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes() != (tmp_path / "other").read_bytes()


def test_a_fifth_are_duplicates_and_three_of_five_companies_chinese(table: list[dict[str, str]]) -> None:
    assert len(table) == ROWS
    assert tuple(table[0]) == HEADER
    clusters = {row["cluster"] for row in table}
    assert 0.18 < 1 - len(clusters) / ROWS < 0.22
    chinese = {row["cluster"] for row in table if any("\u4e00" <= each <= "\u9fff" for each in row["name"])}
    # The trap companies that stand beside Chinese ones are Chinese, too.
    assert 0.58 < len(chinese) / len(clusters) < 0.68


def test_duplicates_do_not_stand_together(table: list[dict[str, str]]) -> None:
    neighbours = sum(one["cluster"] == two["cluster"] for one, two in pairwise(table))
    assert neighbours < 0.005 * ROWS


def test_every_kind_of_error_and_trap_occurs() -> None:
    told = Counter(kind for _, row in entries(ROWS, 3) for kind in row.kinds.split("+"))
    assert set(told) >= {
        "brackets", "region moved", "region missing", "short name", "former name alone", "former name beside",
        "traditional", "typo in brand", "typo in trade", "homophone", "in Latin letters", "full-width", "code typo",
        "code wrong", "phone other", "Latin form", "Latin form missing", "transliterated", "first fund", "first shop",
    }  # fmt: skip
    names = [row.name for _, row in entries(ROWS, 3)]
    assert any("分公司" in name for name in names)
    assert any("集团" in name for name in names)
    homes: dict[str, set[int]] = {}
    for company, row in entries(ROWS, 3):
        if row.kinds == "first company" and row.name.endswith("有限公司"):
            homes.setdefault(row.name[2:], set()).add(company)
    assert any(len(companies) > 1 for companies in homes.values())  # namesakes in two towns


def test_credit_codes_pass_our_check_unless_they_were_mistyped() -> None:
    checked = Counter(
        (found.valid, "code typo" in row.kinds)
        for _, row in entries(ROWS, 3)
        if row.code.startswith("91") and (found := parse_credit_code(row.code))
    )
    assert checked[False, False] == 0
    assert checked[True, False] > 500
    assert checked[True, True] < 0.2 * checked[False, True]  # another digit may fit by chance


def test_name_parts_are_not_those_of_the_parser() -> None:
    known = {word for line in lines("brand_words.txt") for word in line.split()}
    known |= {word for line in lines("trades.txt") for word in line.split()}
    pairs = {one + two for one in "".join(SOUNDS.values()) for two in "".join(SOUNDS.values())}
    assert len(pairs & known) < 0.0005 * len(pairs)
    assert len([pair for pair in pairs if any(entry.form == pair for entry in index().get(pair, ()))]) < 0.0005 * len(
        pairs
    )
    latin = {word for name in ("common_latin.txt", "trades_latin.txt") for line in lines(name) for word in line.split()}
    words = {head + middle + tail for head in HEADS for middle in ("", *MIDDLES) for tail in TAILS}
    assert len(words & latin) < 0.001 * len(words)


def test_of_trades_and_forms_only_what_the_language_forces_is_shared() -> None:
    known = {word for line in lines("trades.txt") for word in line.split()}
    whole = [zh for zh, _ in TRADES if zh in known]
    assert len(whole) < 0.5 * len(TRADES)
    assert all(land.forms and land.trades for land in LANDS)
