"""Records that refer to each other: written first, told of each other afterwards; and references in two systems."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.runner import Result, run_flow
from goldbridge.clock import FrozenClock
from tests.flows.bench_two_way import TwoWayBench

MODEL = """
entities:
  account:
    fields:
      name: {type: text, required: true}
      contact: {reference: person}
  person:
    fields:
      name: {type: text, required: true}
      account: {reference: account, required: true}
"""
MAPPINGS = {
    "account": "  name: {from: NAME, via: [trim], required: true}\n  contact: {from: MAIN, ref: %s.person}\n",
    "person": "  name: {from: NAME, via: [trim], required: true}\n  account: {from: FIRM, ref: %s.account}\n",
}
FLOWS = """
flows:
  accounts: {sync: {between: [crm.account, erp.account]}, entity: account, own: {crm: "*"}, conflict: merge}
  people: {sync: {between: [crm.person, erp.person]}, entity: person, own: {crm: "*"}, conflict: merge}
"""
STREAMS = """
    streams:
      account: {table: ACCOUNTS, key: ID, cursor: SEQ, external_id: GB_ID}
      person: {table: PEOPLE, key: ID, cursor: SEQ, external_id: GB_ID}
"""
TABLES = {"ACCOUNTS": "MAIN", "PEOPLE": "FIRM"}


class Pair(TwoWayBench):
    """Two databases; in each an account names its contact and every person an account."""

    def __init__(self, root: Path, state_url: str, clock: FrozenClock) -> None:
        super().__init__(root, state_url, clock)
        text = (root / "config/sources.yaml").read_text()
        for line in [line for line in text.splitlines() if "streams:" in line]:
            text = text.replace(line, STREAMS.strip("\n"))
        self.write("config/sources.yaml", text)
        self.write("config/model.yaml", MODEL)
        self.write("flows.yaml", FLOWS)
        (root / "mappings/new_crm/AccountObj.yaml").unlink()
        for system, start in (("crm", 0), ("erp", 100)):
            for stream, fields in MAPPINGS.items():
                head = f"mapping: {system}.{stream}\ntarget: {stream}\nkey: ID\nfields:\n"
                self.write(f"mappings/{system}/{stream}.yaml", f"{head}{fields % system}drop: [SEQ, GB_ID]\n")
            with sqlite3.connect(self.database(system)) as conn:
                for table, reference in TABLES.items():
                    conn.execute(
                        f"CREATE TABLE {table} (ID INTEGER PRIMARY KEY AUTOINCREMENT, NAME TEXT, {reference} TEXT,"
                        " GB_ID TEXT UNIQUE, SEQ INTEGER DEFAULT 0)"
                    )
                    for event in ("INSERT", f"UPDATE OF NAME, {reference}, GB_ID"):
                        conn.execute(
                            f"CREATE TRIGGER {table}_{event[:6]} AFTER {event} ON {table} BEGIN UPDATE {table} SET "
                            f"SEQ = (SELECT MAX(SEQ) + 1 FROM {table}) WHERE ID = NEW.ID; END"
                        )
                    if start:  # its own numbers
                        conn.execute(f"INSERT INTO {table} (ID, NAME) VALUES ({start}, NULL)")
                        conn.execute(f"DELETE FROM {table}")

    def run(self, *names: str, **options: Any) -> list[Result]:
        self.clock.wait(60)
        with self.open() as hub:
            return [run_flow(hub, name) for name in names]

    def put_into(self, system: str, statement: str, *values: Any) -> None:
        with sqlite3.connect(self.database(system)) as conn:
            conn.execute(statement, values)

    def all(self, system: str, table: str) -> list[tuple[Any, ...]]:
        columns = f"ID, NAME, {TABLES[table]}"
        with sqlite3.connect(self.database(system)) as conn:
            return conn.execute(f"SELECT {columns} FROM {table} ORDER BY ID").fetchall()


@pytest.fixture
def pair(tmp_path: Path, store_url: str, clock: FrozenClock) -> Iterator[Pair]:
    made = Pair(tmp_path / "project", store_url, clock)
    yield made
    made.close()


def test_f51_an_account_and_its_contact_are_written_first_and_told_of_each_other_then(pair: Pair) -> None:
    """Guard: flows.delivering:_second_phase"""
    pair.put_into("crm", "INSERT INTO ACCOUNTS (ID, NAME, MAIN) VALUES (1, 'Jia', '7')")
    pair.put_into("crm", "INSERT INTO PEOPLE (ID, NAME, FIRM) VALUES (7, 'Zhang', '1')")
    first, people = pair.run("accounts", "people")
    assert (first.detail["written"], people.detail["written"]["erp.person"]) == (
        {"crm.account": 0, "erp.account": 1},
        1,
    )
    ((key, *_),) = pair.all("erp", "ACCOUNTS")
    assert pair.all("erp", "ACCOUNTS") == [(key, "Jia", None)]
    assert pair.all("erp", "PEOPLE") == [(101, "Zhang", str(key))]
    (second,) = pair.run("accounts")
    assert second.detail["written"]["erp.account"] == 1
    assert pair.all("erp", "ACCOUNTS") == [(key, "Jia", "101")]
    # Each system has keys of its own, which say the same.
    quiet = [result.detail["written"] for result in pair.run("accounts", "people", "accounts", "people")]
    assert [sum(written.values()) for written in quiet] == [0, 0, 0, 0]
    assert (pair.all("crm", "ACCOUNTS"), pair.broken()) == ([(1, "Jia", "7")], [])
    # Somebody names another contact, in the other system.
    pair.put_into("erp", "INSERT INTO PEOPLE (ID, NAME, FIRM) VALUES (102, 'Li', ?)", str(key))
    pair.run("people")
    pair.put_into("erp", "UPDATE ACCOUNTS SET MAIN = '102' WHERE ID = ?", key)
    pair.run("accounts")
    assert pair.all("crm", "ACCOUNTS") == [(1, "Jia", "8")]
    assert pair.all("crm", "PEOPLE")[-1] == (8, "Li", "1")
