"""sql, reading: every row once, whatever the server's order, and nothing lost at the end of a page."""

from __future__ import annotations

from collections import Counter

import psycopg
import pytest

from connectors.base import Page, Position, Reading, Window
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Retry
from tests.connectors.rig import NOON
from tests.connectors.sql_bench import (
    STREAM,
    Mariadb,
    Postgres,
    Server,
    SqliteFile,
    connect,
    fill,
    ids,
    line_to,
    moments,
    pages,
    rows,
)

AT = "2026-02-01 08:00:00"


def create(server: Server, key: str = "varchar(40)", *, precision: int = 6, null: str = "", unique: str = "") -> None:
    """The table of customers: `unique` is what is said of its key."""
    at = moments(server, precision)
    server.run(f"CREATE TABLE t_customer (id {key} {unique}, name varchar(200), updated_at {at} {null})")
    server.run("CREATE INDEX t_customer_walk ON t_customer (updated_at, id)")


def test_rows_of_one_time_are_told_apart_by_their_key(server: Server) -> None:
    create(server, "integer", unique="PRIMARY KEY")
    fill(server, "t_customer", [(number, "甲", AT) for number in range(1, 25)])
    reader = connect(server.url, page_size=5)
    assert Counter(ids(reader)) == Counter(str(number) for number in range(1, 25))


def test_a_page_of_text_keys_never_makes_a_position_go_back(server: Server) -> None:
    """`10` comes before `9` for a database and after it for who compares numbers."""
    create(server, unique="PRIMARY KEY")
    keys = [str(number) for number in range(1, 41)] + ["a1", "Z9", "é", "中文"]
    fill(server, "t_customer", [(key, "甲", AT) for key in keys])
    reader = connect(server.url, page_size=3)
    assert Counter(ids(reader)) == Counter(keys)


def test_a_run_goes_on_inside_a_tie(server: Server) -> None:
    create(server, unique="PRIMARY KEY")
    keys = {str(number) for number in range(1, 31)}
    fill(server, "t_customer", [(key, "甲", AT) for key in keys])
    reader = connect(server.url, page_size=4)
    for stop in (1, 4, 7):
        found, _ = pages(reader)
        seen = {row["id"] for page in found[:stop] for row in page.rows}
        rest = ids(reader, found[stop - 1].at)
        assert not seen & set(rest)
        assert seen | set(rest) == keys
        assert set(ids(reader, reader.rewind(reader.streams["account"], found[stop - 1].at or Position("")))) == keys


@pytest.mark.parametrize("precision", [0, 6])
def test_microseconds_and_whole_seconds(server: Server, precision: int) -> None:
    create(server, "integer", precision=precision, unique="PRIMARY KEY")
    times = [
        f"2026-02-01 08:00:{number // 10:02}" + (f".{number % 10:06}" if precision else "") for number in range(40)
    ]
    fill(server, "t_customer", [(number, "甲", at) for number, at in enumerate(times)])
    reader = connect(server.url, page_size=3)
    found, _ = pages(reader)
    assert [row["id"] for page in found for row in page.rows] == list(range(40))
    for page in found[:-1]:
        assert page.at is not None
        assert ids(reader, page.at) == [str(number) for number in range(page.rows[-1]["id"] + 1, 40)]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("cursor", [None, "updated_at"])
def test_keys_that_the_server_takes_for_equal(server: Server, size: int, cursor: str | None) -> None:
    """Nothing forbids `a` and `A` here, and for these columns they are one: the page must not end between them."""
    kind = {
        "sqlite": "varchar(40) COLLATE NOCASE",
        "postgresql": 'varchar(40) COLLATE "same"',
        "mariadb": "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    }[server.name]
    if isinstance(server, Postgres):
        try:
            server.run("CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")
        except psycopg.Error as error:  # a build without ICU
            pytest.skip(f"no collation that takes letters for equal: {error}")
    create(server, kind)
    keys = ["a", "A", "b", "B", "ä" if server.name == "mariadb" else "c", "c ", "C", "d"]
    fill(server, "t_customer", [(key, "甲", AT) for key in keys])
    reader = connect(server.url, {**STREAM, "cursor": cursor}, page_size=size)
    assert Counter(ids(reader)) == Counter(keys)


@pytest.mark.mariadb
def test_con376_a_key_that_tells_nothing_apart(mariadb: Mariadb) -> None:
    create(mariadb, "varchar(40)")
    fill(mariadb, "t_customer", [("same", str(number), AT) for number in range(1002)])
    with pytest.raises(Halt, match="CON376 crm account: more than 1000 rows are equal in 'id' for the database"):
        pages(connect(mariadb.url, page_size=2))


@pytest.mark.mariadb
def test_a_collation_of_its_own_costs_nothing_where_the_key_is_unique(mariadb: Mariadb) -> None:
    create(mariadb, "varchar(40) COLLATE utf8mb4_unicode_ci", unique="PRIMARY KEY")
    keys = ["a", "B", "ä1", "Z", "中", "国", "10", "9", "_", "é", "zz", "𠮷"]
    fill(mariadb, "t_customer", [(key, "甲", AT) for key in keys])
    for cursor in (None, "updated_at"):
        assert Counter(ids(connect(mariadb.url, {**STREAM, "cursor": cursor}, page_size=2))) == Counter(keys)


def test_rows_without_a_cursor_are_read_by_every_run(server: Server) -> None:
    create(server, "integer", null="NULL", unique="PRIMARY KEY")
    fill(server, "t_customer", [(number, "甲", None if number % 2 else AT) for number in range(1, 12)])
    reader = connect(server.url, page_size=2)
    found, verdict = pages(reader)
    assert verdict.proven
    assert Counter(row["id"] for page in found for row in page.rows) == Counter(range(1, 12))
    assert set(ids(reader, found[-1].at)) == {"1", "3", "5", "7", "9", "11"}


def test_con375_rows_without_a_key_are_named(server: Server) -> None:
    create(server, "integer", null="NULL")
    fill(server, "t_customer", [(None, "甲", AT), (None, "乙", None), (1, "丙", AT), (None, "丁", AT)])
    for cursor in (None, "updated_at"):
        found, _ = pages(connect(server.url, {**STREAM, "cursor": cursor}, page_size=1))
        assert [row["id"] for page in found for row in page.rows] == [1]
        ((place, error),) = [reject for page in found for reject in page.rejects]
        assert (place, error.code) == ("t_customer without id", "CON375")
        assert error.message == "crm account: 3 rows have no 'id' and cannot be told apart; fill it there"


def test_a_row_from_the_future_does_not_take_the_cursor_with_it(server: Server) -> None:
    """Else nothing that is edited before 2099 would ever be read again."""
    create(server, "integer", unique="PRIMARY KEY")
    fill(server, "t_customer", [(1, "甲", AT), (2, "乙", "2099-01-01 00:00:00"), (3, "丙", "2026-03-02 12:00:01")])
    clock = FrozenClock(NOON)  # 12:00:00 in Shanghai
    reader = connect(server.url, clock=clock)
    assert reader.bound(reader.streams["account"]) == "2026-03-02 12:00:00"
    found, _ = pages(reader)
    assert sorted(row["id"] for page in found for row in page.rows) == [1, 2, 3]
    assert found[-1].at is not None
    assert found[-1].at.cursor == AT
    clock.advance(60)
    server.run("UPDATE t_customer SET name = '丁', updated_at = '2026-03-02 12:00:30' WHERE id = 1")
    assert sorted(ids(reader, found[-1].at)) == ["1", "2", "3"]


def test_a_late_commit_is_met_within_the_overlap(server: Server) -> None:
    create(server, "integer", unique="PRIMARY KEY")
    fill(server, "t_customer", [(1, "甲", "2026-02-01 08:00:00"), (2, "乙", "2026-02-01 08:01:00")])
    reader = connect(server.url, overlap_s=30)
    left = pages(reader)[0][-1].at or Position("")
    start = reader.rewind(reader.streams["account"], left)
    fill(server, "t_customer", [(3, "丙", "2026-02-01 08:00:45"), (4, "丁", "2026-02-01 08:00:15")])
    assert ids(reader, start) == ["3", "2"]  # the fourth came too late: a full compare finds it
    assert set(ids(connect(server.url), None)) == {"1", "2", "3", "4"}


def test_a_late_commit_within_the_last_second_is_met_without_one(server: Server) -> None:
    create(server, "integer", precision=0, unique="PRIMARY KEY")
    fill(server, "t_customer", [(5, "甲", AT)])
    reader = connect(server.url)
    left = pages(reader)[0][-1].at or Position("")
    fill(server, "t_customer", [(3, "乙", AT)])
    assert "3" in ids(reader, reader.rewind(reader.streams["account"], left))


def test_the_bound_stays_behind_the_clock_not_behind_the_newest_row(server: Server) -> None:
    """Behind the newest row, the last rows of a quiet table would never be read."""
    create(server, "integer", unique="PRIMARY KEY")
    fill(server, "t_customer", [(1, "甲", "2026-03-02 11:59:00"), (2, "乙", "2026-03-02 11:59:50")])
    clock = FrozenClock(NOON)
    reader = connect(server.url, clock=clock, safety_delay_s=30)
    assert ids(reader) == ["1"]
    clock.advance(30)
    assert ids(reader) == ["1", "2"]


def test_a_table_is_free_between_two_pages(server: Server) -> None:
    """Whoever changes the table meanwhile waits for nobody, and the server holds no snapshot for us."""
    create(server, "integer", unique="PRIMARY KEY")
    fill(server, "t_customer", [(number, "甲", AT) for number in range(1, 8)])
    reader = connect(server.url, page_size=2)
    stream = reader.streams["account"]
    reading = Reading(reader.read(stream, Window(None, reader.bound(stream))))
    next(reading)
    if isinstance(server, Mariadb):
        assert server.rows("SELECT trx_id FROM information_schema.innodb_trx") == []
    if isinstance(server, Postgres):
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
        assert len(server.rows(query)) == 1  # who asks
        server.run("SET lock_timeout = '1s'")
    server.run("ALTER TABLE t_customer ADD COLUMN town varchar(20)")
    assert sum(len(page.rows) for page in reading) == 5


def test_con073_a_connection_that_breaks_is_taken_up_again(remote: Postgres | Mariadb) -> None:
    create(remote, "integer", unique="PRIMARY KEY")
    fill(remote, "t_customer", [(number, "甲", f"2026-02-01 08:00:{number:02}") for number in range(1, 21)])
    with line_to(remote) as (line, url):
        reader = connect(url, page_size=4)
        stream = reader.streams["account"]
        window = Window(None, reader.bound(stream))
        reading = Reading(reader.read(stream, window))
        line.cut_at("ORDER BY", nth=4)  # one for rows without a cursor, one for zero dates, then the pages
        found: list[Page] = []
        with pytest.raises(Retry, match=r"CON073 crm: .*cannot be reached") as told:
            found.extend(reading)
        assert line.cuts == 1
        assert "the-word" not in str(told.value)
        seen = [row["id"] for page in found for row in page.rows]
        assert 0 < len(seen) < 20
        seen += [row["id"] for row in rows(reader, found[-1].at, window.end)]
        assert seen == list(range(1, 21))
        reader.close()


def test_con377_a_question_that_takes_too_long(postgres_database: Postgres) -> None:
    create(postgres_database, "integer", unique="PRIMARY KEY")
    postgres_database.run("CREATE VIEW slow AS SELECT id, updated_at, pg_sleep(30)::text AS name FROM t_customer")
    fill(postgres_database, "t_customer", [(1, "甲", AT)])
    reader = connect(postgres_database.url, {**STREAM, "table": "slow"}, timeout_s=0.05)
    with pytest.raises(Retry, match=r"CON377 crm: .*no answer within 0.05 s .*add an index on \(cursor, key\)"):
        pages(reader)


@pytest.mark.mariadb
def test_con376_a_cursor_finer_than_its_driver_can_say(mariadb: Mariadb) -> None:
    """A stand-in for SQL Server's datetime2(7): to the server no row equals the value that the driver gave for it."""
    mariadb.run("CREATE TABLE t_customer (id integer, name text, updated_at float)")
    fill(mariadb, "t_customer", [(1, "甲", 1), (2, "乙", 1), (3, "丙", 1)])
    mariadb.run("UPDATE t_customer SET updated_at = 0.3")
    reader = connect(mariadb.url, page_size=1)
    with pytest.raises(Halt, match="CON376 crm account: a page ends where it began: 'updated_at' is finer"):
        pages(reader, None, "99")


def test_a_position_of_an_earlier_version_still_counts(sqlite_file: SqliteFile) -> None:
    create(sqlite_file, unique="PRIMARY KEY")
    fill(sqlite_file, "t_customer", [(key, "甲", AT) for key in ("1", "2", "3")])
    assert ids(connect(sqlite_file.url), Position(AT, "2")) == ["3"]
