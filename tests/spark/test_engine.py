"""Spark comes to the local engine's result to the last bit: edges, weights, bands, reasons, clusters, counts."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from dedupe.grade import KINDS
from dedupe.prepare import prepare
from dedupe.rule import Limits, Rules
from dedupe.statistic import statistics
from dedupe.table import company, engine, pairing
from dedupe.table import general as local_general
from dedupe.table.frame import Column
from dedupe.table.resolution import NOTHING_ASKED, Resolution, Wish
from goldbridge import cli
from goldbridge.errors import Mark, Misconfigured
from goldbridge.simulators.world import World
from goldbridge.spark import company as far_company
from goldbridge.spark import count, frame, general
from goldbridge.spark import engine as far
from tests.dedupe.table.people import Cells, people
from tests.dedupe.table.test_company import ROWS, table
from tests.dedupe.world import credit_code

HERE = Mark("companies.csv")


def companies(seed: int = 3) -> Cells:
    """Companies that share brands, telephones, doors and numbers, in an order drawn from the seed."""
    draw = random.Random(seed)
    rows = [*ROWS, *ROWS[5:7]]  # two namesakes in one city, each known by its number twice
    for number in range(90):
        brand = "".join(draw.choice("东南西北天地方圆") for _ in range(2))
        name = (
            f"{draw.choice(('上海', '北京', ''))}{brand}{draw.choice(('科技', '贸易'))}{draw.choice(('有限公司', ''))}"
        )
        phone = draw.choice((f"021-6123{draw.randint(0, 40):04}", "", "010-88886666"))
        code = credit_code(draw.randint(1, 30)) if number % 4 == 0 else ""
        rows.append((name, phone, code, f"上海市浦东新区张江路{draw.randint(1, 9)}号" if number % 3 else ""))
    names = [
        f"Acme {word} {form}" for word in ("Pumps", "Valves", "Pupms") for form in ("Ltd", "GmbH", "Ltd", "LLC", "")
    ]
    rows += [(name, f"+44 20 7946 {number:04}", "", "") for number, name in enumerate(names)]
    draw.shuffle(rows)
    return table(rows)


def same(local: Resolution, spark: Resolution) -> None:
    for field in fields(Resolution):
        one, two = getattr(local, field.name), getattr(spark, field.name)
        if field.name == "edges":
            assert [each.tolist() for each in one] == [each.tolist() for each in two]
        elif field.name == "judge":
            asked = local.edges.left.tolist(), local.edges.right.tolist()
            assert list(one.matches(*asked)) == list(two.matches(*asked))
            assert [one.compared(0, row) for row in range(1, 6)] == [two.compared(0, row) for row in range(1, 6)]
            assert [one.shared(0, row) for row in range(1, 6)] == [two.shared(0, row) for row in range(1, 6)]
        else:
            assert one == two, field.name


def both(cells: Cells, wish: Wish = NOTHING_ASKED, **asked: Any) -> tuple[Resolution, Resolution]:
    guesses = engine.guess_columns(cells, {})
    return (
        engine.resolve(cells, guesses, wish=wish, **asked),
        far.resolve(cells, guesses, where=HERE, wish=wish, **asked),
    )


def test_companies_in_any_order_and_number_of_partitions(spark: Any) -> None:
    """In two partitions, and as one thing: the next test."""
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    local, found = both(companies(4))
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert len(local.edges.left) > 50
    assert found.vetoed is not None
    same(local, found)


def test_companies_are_linked_one_to_one(spark: Any) -> None:
    cells = companies()
    sources = ["crm" if number % 2 else "erp" for number in range(len(cells["公司名称"]))]
    local, found = both(cells, sources=sources, one_to_one=True)
    assert max(np.bincount(local.labels)) == 2
    same(local, found)


def test_frequencies_hubs_and_split_keys_are_counted_alike(spark: Any) -> None:
    cells = companies()
    used = engine.guess_columns(cells, {})
    rules = replace(company.rules_of(used, NOTHING_ASKED), limits=Limits(hub=2, block=5))
    size = len(cells["公司名称"])
    local = statistics(rules, [prepare(rules, company.record_of(used, cells, row)) for row in range(size)])
    assert local.crowded
    assert local.hubs
    assert local.spread
    assert local.doubles
    assert local.forms
    assert count.statistics(spark, rules, prepared(spark, rules, cells))[0] == local


def prepared(spark: Any, rules: Rules, cells: Cells) -> Any:
    used = engine.guess_columns(cells, {})
    names = [guess.column for guess in used]
    rows = frame.numbered(frame.rows(spark, cells, names, None, None), ["row"], "rank")
    made = partial(far_company._prepared, rules, used, names)
    schema = "row long, source long, input long, filled int, text string, offers string"
    return rows.mapInArrow(made, schema).persist()


@pytest.mark.parametrize("linked", [False, True])
def test_keys_over_the_cap_are_split_and_what_stays_too_large_is_told(spark: Any, linked: bool) -> None:
    draw = random.Random(5)
    size = 400
    words = ["red", "green", "blue", "grey"]
    columns = [
        Column.encode(name, KINDS[kind], [draw.choice(values) for _ in range(size)])
        for name, kind, values in (
            ("colour", "name", [*words, ""]),
            ("town", "name", ["Ulm", "Hamm", "Jena", ""]),
            ("note", "text", [f"{one} {two} tin" for one in words for two in "abcdefgh"]),
        )
    ]
    keys = [*pairing.combine(columns, every=True), pairing.rare_words(columns[2])]
    origin = np.array([draw.randrange(2) for _ in range(size)], dtype=np.int64) if linked else None
    left, right, told = pairing.propose(keys, size, 9, columns, origin)
    work = general.plan(spark)(columns, size, origin, False, NOTHING_ASKED)
    found = work.propose(keys, 9, columns)
    assert told.left_out
    assert (found[0].tolist(), found[1].tolist()) == (left.tolist(), right.tolist())
    assert found[2] == told


def everything_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Executors clean, compare and guard a few hundred already, and these are blocked."""
    monkeypatch.setattr(general, "WORTH", 300)
    monkeypatch.setattr(local_general, "_ALL_PAIRS", 1_000)


def test_people_are_learned_from_alike(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    everything_counts(monkeypatch)
    cells, _ = people(330, 90)
    cells["note"] = [f"{name.split()[0]} of {town}" for name, town in zip(cells["name"], cells["town"], strict=True)]
    local, found = both(cells)
    assert len(local.blocking.keys) > 3
    assert len(local.edges.left) > 80
    same(local, found)


def test_people_are_linked_one_to_one_and_by_the_keys_that_are_asked_for(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything_counts(monkeypatch)
    cells, _ = people(200, 150)
    sources = ["old"] * 200 + ["new"] * 150
    local, found = both(cells, Wish(block=("phone", "name~start & born")), sources=sources, one_to_one=True)
    assert [key for key, _ in local.blocking.keys] == ["phone", "name~start & born"]
    same(local, found)


def test_equal_rows_by_the_dozen(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(general, "WORTH", 20)
    cells, _ = people(60, 20)
    same(*both({name: [*values, *[values[7]] * 30] for name, values in cells.items()}))


def test_executors_read_the_rows_by_themselves(spark: Any) -> None:
    cells = companies()
    names = tuple(cells)
    rows = [[f" {cell} " for cell in row] for row in zip(*cells.values(), strict=True)]
    frame_ = frame.rows(spark, {}, names[1:3], None, frame.Slices(len(rows), names, Part(rows), 9))
    found = sorted(tuple(each) for each in frame_.collect())
    assert found == [(at, 0, row[1][:9].strip(), row[2][:9].strip()) for at, row in enumerate(rows)]


class Part:
    """Rows that travel with their reader."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows = rows

    def __call__(self, start: int, count: int) -> Sequence[Sequence[str]]:
        return self._rows[start : start + count]


def test_a_task_that_fails_is_told_in_one_line(spark: Any) -> None:
    cells = companies()
    slices = frame.Slices(len(cells["公司名称"]), tuple(cells), gone, 600)
    with pytest.raises(Misconfigured, match=r"companies.csv: DED062 Spark gave up: FileNotFoundError: .*/nowhere"):
        far.resolve(cells, engine.guess_columns(cells, {}), where=HERE, slices=slices)


def gone(start: int, count: int) -> list[list[str]]:
    return [[Path("/nowhere").read_text(encoding="utf-8")]]


def test_columns_that_say_too_little_are_refused_alike(spark: Any) -> None:
    cells = {"town": ["Ulm", "Hamm"] * 30, "note": [""] * 60}
    guesses = [each._replace(kind="ignore") for each in engine.guess_columns(cells, {})]
    with pytest.raises(ValueError, match="no column can be compared"):
        far.resolve(cells, guesses, where=HERE)
    cells = companies()
    with pytest.raises(KeyError, match="colour"):
        far.resolve(cells, engine.guess_columns(cells, {}), where=HERE, wish=Wish(block=("colour",)))


def test_the_command_writes_the_same_files_for_what_two_systems_hold(
    spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(80, 3)
    rows = [
        {
            "名称": row["CUST_NAME"],
            "信用代码": row["CREDIT_CODE"],
            "电话": row["TEL"],
            "地址": row["ADDRESS"],
            "号": number,
        }
        for number, row in enumerate(entry.row for entry in world.legacy.entries)
    ]
    rows += [
        {"名称": row["FNAME"], "信用代码": row["FTAXNO"], "电话": row["FPHONE"], "地址": row["FADDRESS"], "号": -number}
        for number, row in enumerate((entry.row for entry in world.erp), start=1)
    ]
    source = tmp_path / "companies.parquet"
    polars.DataFrame(rows).write_parquet(source)
    made = {}
    for place in ("local", "spark"):
        out, edges = tmp_path / f"{place}.csv", tmp_path / f"{place}.edges.csv"
        words = [source, "--engine", place, "--id", "号", "--out", out, "--edges", edges, "--json"]
        assert cli.main(["dedupe", *map(str, words)]) == 0
        told = json.loads(capsys.readouterr().out)
        made[place] = out.read_bytes(), edges.read_bytes(), {name: told[name] for name in told if name not in PLACES}
    assert made["local"] == made["spark"]
    assert made["local"][1].count(b"\n") > 30


PLACES = ("out", "edges", "seconds")
