"""`goldbridge mapping suggest`: a file that loads and passes, and clear words when there is nothing to make it of."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.bad_input.desk import Desk

MAPPING = "mappings/crm/account.yaml"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    rows = [(str(number), f"杭州示例{number}装备有限公司", "91330110MA2EXAMP5K") for number in range(6)]
    desk.account(*rows)
    return desk


def test_the_file_is_written_and_passes(filled: Desk) -> None:
    (filled.root / MAPPING).unlink()
    said = filled.type("mapping", "suggest", "crm.account", "--out", str(filled.root / MAPPING))
    assert said.status == 0, said
    assert "party (sure: its name says so); 2 fields, 0 source fields not placed" in said.out
    assert filled.type("mapping", "test", "crm.account").out == "ok    crm.account: 3 examples\n"
    assert filled.type("check").status == 0
    assert filled.type("preview", "crm.account").status == 0


def test_to_the_screen_without_a_file(filled: Desk) -> None:
    said = filled.type("mapping", "suggest", "crm.account")
    assert said.status == 0
    assert "credit_code: {from: CODE, via: [blank, credit_code]}" in said.out
    assert "杭州示例1装备" not in said.out


def test_a_file_that_is_there_is_kept(filled: Desk) -> None:
    before = (filled.root / MAPPING).read_text(encoding="utf-8")
    said = filled.type("mapping", "suggest", "crm.account", "--out", str(filled.root / MAPPING))
    assert said.status == 2
    assert "MAP053 the file exists and is not overwritten" in said.error
    assert (filled.root / MAPPING).read_text(encoding="utf-8") == before


def test_an_entity_can_be_asked_for_and_must_be_one_of_the_model(filled: Desk) -> None:
    assert "# Entity party, as asked." in filled.type("mapping", "suggest", "crm.account", "--entity", "party").out
    said = filled.type("mapping", "suggest", "crm.account", "--entity", "partie")
    assert said.status == 2
    assert "MAP050 the model has no entity 'partie'; did you mean 'party'?" in said.error


def test_a_stream_that_looks_like_nothing_is_not_guessed(filled: Desk) -> None:
    with sqlite3.connect(filled.root / "crm.sqlite") as conn:
        conn.execute("CREATE TABLE ZQX (Q1 INTEGER PRIMARY KEY, Q2 TEXT)")
        conn.executemany("INSERT INTO ZQX (Q2) VALUES (?)", [("blau",), ("rot",)])
    said = filled.type("mapping", "suggest", "crm.ZQX")
    assert said.status == 2
    assert "MAP051 nothing in it looks like one of the model's entities (party" in said.error


def test_a_table_without_a_key_says_so(filled: Desk) -> None:
    with sqlite3.connect(filled.root / "crm.sqlite") as conn:
        conn.execute("CREATE TABLE CUSTOMER (NAME TEXT)")
        conn.executemany("INSERT INTO CUSTOMER VALUES (?)", [("甲公司",), ("甲公司",)])
    said = filled.type("mapping", "suggest", "crm.CUSTOMER")
    assert said.status == 2
    assert "crm.CUSTOMER: MAP054 no field can be told to be the key" in said.error


def test_a_file_without_rows_says_nothing(filled: Desk) -> None:
    filled.write("inbox/customers.csv", "编号,名称,电话\n")
    said = filled.type("mapping", "suggest", "drop.customers")
    assert said.status == 2
    assert "drop.customers: MAP055 no field is known" in said.error


def test_words_of_ones_own(filled: Desk, tmp_path: Path) -> None:
    filled.write("inbox/customers.csv", "编号,名称,快线\n1,杭州示例装备有限公司,\n")
    assert "phones:" not in filled.type("mapping", "suggest", "drop.customers").out
    own = tmp_path / "words.yaml"
    own.write_text("words: {phone: [快线]}\n", encoding="utf-8")
    assert "phones: " in filled.type("mapping", "suggest", "drop.customers", "--words", str(own)).out
    own.write_text("wrods: {}\n", encoding="utf-8")
    said = filled.type("mapping", "suggest", "drop.customers", "--words", str(own))
    assert "MAP052 a file of words has no key 'wrods'; did you mean 'words'?" in said.error


def test_a_name_without_a_stream_is_a_matter_of_usage(filled: Desk) -> None:
    assert filled.type("mapping", "suggest", "crm").status == 2
