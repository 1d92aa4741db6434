"""A watched folder: every file in its order, the last word counts, and no file has to be moved away."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import RawRow, Window
from connectors.file import connector as module
from connectors.file.row import Read
from connectors.file.unique import CLASH, DROP, TAKE, Keys
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Retry
from tests.connectors.shelf import Shelf

FOLDER: dict[str, Any] = {"path": "c_*.csv", "take": "changes"}


@pytest.fixture
def shelf(tmp_path: Path, clock: FrozenClock) -> Shelf:
    return Shelf(tmp_path, clock)


def test_the_last_file_that_names_a_key_has_the_word(shelf: Shelf) -> None:
    shelf.put("c_1.csv", "ID,NAME\n1,a\n2,b\n")
    shelf.put("c_2.csv", "ID,NAME\n2,c\n3,d\n")
    pages, reading = shelf.reading(**FOLDER)
    assert [(row["ID"], row["NAME"]) for row in pages[0].rows] == [("1", "a"), ("2", "c"), ("3", "d")]
    assert pages[0].rejects == []
    assert reading.completeness is not None
    assert not reading.completeness.proven  # nothing is gone because no file names it


def test_a_file_that_arrives_between_runs_is_read_and_none_need_be_moved(shelf: Shelf) -> None:
    shelf.put("c_9.csv", "ID,NAME\n1,a\n")
    assert shelf.rows(**FOLDER) == [{"ID": "1", "NAME": "a"}]
    shelf.put("c_10.csv", "ID,NAME\n1,b\n2,b\n")  # after c_9: numbers count as numbers
    assert shelf.rows(**FOLDER) == [{"ID": "1", "NAME": "b"}, {"ID": "2", "NAME": "b"}]
    assert shelf.rows(path="c_*.csv")[0]["NAME"] == "b"


def test_keys_must_be_unique_within_the_last_file_only(shelf: Shelf) -> None:
    shelf.put("c_1.csv", "ID,NAME\n1,a\n1,b\n2,a\n2,b\n3,a\n")
    shelf.put("c_2.csv", "ID,NAME\n1,c\n3,x\n3,y\n4,z\n4,z\n")
    pages, _ = shelf.reading(**FOLDER)
    assert [(row["ID"], row["NAME"]) for row in pages[0].rows] == [("1", "c"), ("4", "z")]
    assert [(key, error.code) for key, error in pages[0].rejects] == [("2", "CON085")] * 2 + [("3", "CON085")] * 2


def test_f76_what_is_being_written_waits_and_keeps_nothing_back(shelf: Shelf, clock: FrozenClock) -> None:
    shelf.put("c_1.csv", "ID,NAME\n1,a\n")
    shelf.put("c_2.csv", "ID,NAME\n1,b\n", age_s=1)
    shelf.put("c_3.csv", "ID,NAME\n1,c\n")
    assert shelf.rows(**FOLDER) == [{"ID": "1", "NAME": "a"}]  # c_3 comes after c_2, whenever it was written
    clock.advance(5)
    assert shelf.rows(**FOLDER) == [{"ID": "1", "NAME": "c"}]
    shelf.put("c_0.csv", "ID,NAME\n", age_s=1)
    shelf.fails(Retry, "CON081", **FOLDER)


def test_files_as_one_wait_for_all_of_them(shelf: Shelf) -> None:
    shelf.put("c_1.csv", "ID\n1\n")
    shelf.put("c_2.csv", "ID\n2\n", age_s=1)
    shelf.fails(Retry, "CON081", path="c_*.csv", take="all")


def test_a_file_that_is_cut_off_stops_the_folder(shelf: Shelf) -> None:
    shelf.put("c_1.csv", "ID\n1\nEOF\n")
    shelf.put("c_2.csv", "ID\n2\n")
    assert "c_2.csv" in shelf.fails(Retry, "CON082", trailer="EOF", **FOLDER)


def test_what_stands_beside_the_files_is_none_of_them(shelf: Shelf) -> None:
    shelf.put("a.csv", "ID\n1\n")
    for name in ("~$a.csv", ".a.csv", ".~lock.a.csv"):
        shelf.put(name, "?")
    assert shelf.rows(path="*.csv", take="all") == [{"ID": "1"}]
    shelf.put(".b.csv", "ID\n2\n")
    assert shelf.rows(path=".b*.csv") == [{"ID": "2"}]
    shelf.fails(Halt, "CON080", path="?x.csv")


@pytest.mark.parametrize("kept", [100, 1])
def test_a_process_may_hold_few_files_open(shelf: Shelf, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_OPEN", kept)
    for number in range(20):
        shelf.put(f"c_{number}.csv", f"ID\n{number}\n")
    connector = shelf.connector(page_size=1, path="c_*.csv", take="all")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a folder of numbers
    pages = connector.read(connector.streams["customers"], Window())
    opened = [len(os.listdir("/proc/self/fd")) - before for _ in pages]  # noqa: PTH208
    assert len(opened) == 20
    assert max(opened) < 5 if kept == 1 else min(opened) >= 20


def test_a_file_replaced_between_the_passes_is_noticed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_OPEN", 0)
    shelf.put("c_1.csv", "ID\n1\n")
    path = shelf.put("c_2.csv", "ID\n2\n")
    connector = shelf.connector(page_size=1, path="c_*.csv", take="all")
    pages = connector.read(connector.streams["customers"], Window())
    rows = next(pages).rows
    shelf.put("new", "ID\n3\n").rename(path)
    with pytest.raises(Retry, match="changed while it was read"):
        rows.extend(row for page in pages for row in page.rows)
    assert rows == [{"ID": "1"}]  # nothing of a file that nobody has checked


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=6), max_size=5), st.booleans())
def test_verdicts_are_what_the_rule_says(files: list[list[tuple[int, int]]], changes: bool) -> None:
    keys = Keys(changes=changes)
    reads: list[tuple[int, str, RawRow]] = []
    for at, file in enumerate(files):
        keys.begin()
        for key, value in file:
            reads.append((at, str(key), {"v": value}))
            keys.add(Read(1, str(key), {"v": value}))
    keys.settle()
    expected, seen = [], set[str]()
    for at, key, _ in reads:
        last = max(file for file, other, _ in reads if other == key)
        group = [row for file, other, row in reads if other == key and (file == last or not changes)]
        if changes and at != last:
            expected.append(DROP)
        elif any(row != group[0] for row in group):
            expected.append(CLASH)
        else:
            expected.append(DROP if key in seen else TAKE)
            seen.add(key)
    assert [keys.verdict() for _ in reads] == expected
    assert keys.verdict() == DROP  # more rows than there were
