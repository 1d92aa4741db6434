"""The two databases hold the world's rows, and the people in them go on working."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from goldbridge.simulators import sql
from goldbridge.simulators.world import World

AT = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)


class Site:
    """A small world with its two files."""

    def __init__(self, folder: Path) -> None:
        self.world = World(80, 3)
        self.legacy, self.erp = sql.write(self.world, folder)

    def rows(self, table: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.erp if table == "BD_PARTNER" else self.legacy)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()

    def dump(self) -> list[tuple[object, ...]]:
        return [tuple(row) for table in sql.TABLES for row in self.rows(table)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_tables_hold_what_the_world_says(site: Site) -> None:
    world = site.world
    assert [dict(row) for row in site.rows("T_CUSTOMER")] == [entry.row for entry in world.legacy.entries]
    assert [dict(row) for row in site.rows("T_CONTACT")] == [row for row, _ in world.legacy.contacts]
    assert {row["CONTRACT_NO"] for row in site.rows("T_CONTRACT")} == {
        contract.number for contract in world.contracts if contract.row
    }
    assert [dict(row) for row in site.rows("BD_PARTNER")] == [entry.row for entry in world.erp]


def test_every_value_is_text_or_null_and_fits_its_column(site: Site) -> None:
    for value in (value for row in site.dump() for value in row):
        assert value is None or isinstance(value, str)
    for row in site.rows("T_CUSTOMER"):
        assert row["CUST_TYPE"] in ("1", "2")
        assert row["STATUS"] in ("0", "1")
        assert row["IS_DELETED"] in ("0", "1")
        assert row["CAPITAL_UNIT"] in ("万元", "元", "", None)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["UPDATED_AT"])
    assert {row["KIND"] for row in site.rows("T_CONTRACT")} <= {"A", "F", "S"}
    assert {row["FTYPE"] for row in site.rows("BD_PARTNER")} == {"C", "V", "A"}


def test_the_files_are_private_and_made_anew(site: Site, tmp_path: Path) -> None:
    assert site.legacy.stat().st_mode & 0o077 == 0
    before = site.dump()
    sql.Editors(site.world, site.legacy, site.erp).edit(30, AT)
    assert site.dump() != before
    assert Site(tmp_path).dump() == before


def test_edits_do_what_they_say_and_move_the_cursor(site: Site) -> None:
    before = {str(row[0]): tuple(row) for table in sql.TABLES for row in site.rows(table)}
    editors = sql.Editors(site.world, site.legacy, site.erp)
    done = editors.edit(60, AT)
    assert len(done) == 60
    assert editors.counts["legacy_crm"] + editors.counts["erp"] == 60
    after = {str(row[0]): tuple(row) for table in sql.TABLES for row in site.rows(table)}
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {edit["key"] for edit in done}
    for key in changed:
        assert after[key][-1] == ("2026-10-01 08:30:00" if key.startswith("BP") else "2026-10-01 16:30:00")
    kinds = {edit["kind"] for edit in done}
    assert {"phone", "code", "name", "new", "status"} <= kinds


def test_new_records_enter_the_truth(site: Site) -> None:
    editors = sql.Editors(site.world, site.legacy, site.erp)
    new = [edit for edit in editors.edit(80, AT) if edit["kind"] == "new"]
    records = site.world.truth()["records"]
    assert {edit["stream"] for edit in new} == {"account", "contact"}
    for edit in new:
        assert edit["key"] in records[f"legacy_crm.{edit['stream']}"]
    names = {row["CUST_ID"]: row["CUST_NAME"] for row in site.rows("T_CUSTOMER")}
    for edit in new:
        if edit["stream"] == "account":
            company = site.world.by_id[records["legacy_crm.account"][edit["key"]]]
            assert names[edit["key"]] == company.name


def test_the_same_seed_makes_the_same_edits(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = Site(tmp_path / "one"), Site(tmp_path / "two")
    assert sql.Editors(one.world, one.legacy, one.erp).edit(25, AT, 5) == sql.Editors(
        two.world, two.legacy, two.erp
    ).edit(25, AT, 5)
    assert one.dump() == two.dump()


def test_a_reader_does_not_stop_the_editors(site: Site) -> None:
    with closing(sqlite3.connect(site.legacy)) as reader:
        cursor = reader.execute("SELECT CUST_ID FROM T_CUSTOMER")
        cursor.fetchone()
        assert len(sql.Editors(site.world, site.legacy, site.erp).edit(20, AT)) == 20
