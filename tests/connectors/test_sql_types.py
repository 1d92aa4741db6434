"""sql: every type as the server gives it; nothing rounded, cut or guessed, and what cannot be shown is named."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import pymysql
import pytest

from connectors.base import Position
from connectors.sql import value
from goldbridge.errors import Halt
from goldbridge.state.cursor import Cursor, behind
from tests.connectors.sql_bench import STREAM, Mariadb, Postgres, SqliteFile, connect, ids, pages, rows

RARE = "𠮷野家 😀 㐀 ﾊﾝｶｸ Ａ１"
"""A character of plane 2, an emoji, one of extension A, half and full width."""


@pytest.mark.mariadb
def test_mariadb(mariadb: Mariadb) -> None:
    mariadb.run(
        "CREATE TABLE t_customer (id bigint unsigned PRIMARY KEY, flag tinyint(1), bits bit(10), one bit(1), "
        "price decimal(30,10), nothing decimal(20,10), ratio double, small float, state enum('on','off'), "
        "tags set('b','a','c'), note longtext, doc json, pic blob, uid binary(4), born date, at time(3), y year, "
        "seen timestamp(6) NULL, updated_at datetime(3), code char(6), gone tinyint(1)) CHARACTER SET utf8mb4",
        "INSERT INTO t_customer VALUES (18446744073709551615, 1, b'1000000001', b'1', 12345678901234567890.0123456789, "
        f"0, 0.1, 0.1, 'off', 'c,b', '{RARE}', '{{\"n\": 1.10}}', X'00ff', X'00000001', '1949-10-01', '-838:59:59.5', "
        "2026, '2026-02-01 08:00:00.000001', '2026-02-01 08:00:00.5', 'ab', NULL)",
    )
    assert rows(connect(mariadb.url)) == [
        {
            "id": "18446744073709551615", "flag": 1, "bits": 513, "one": 1, "price": "12345678901234567890.0123456789",
            "nothing": "0.0000000000", "ratio": "0.1", "small": "0.1", "state": "off", "tags": "b,c", "note": RARE,
            "doc": '{"n": 1.10}', "pic": "00ff", "uid": "00000001", "born": "1949-10-01", "at": "-838:59:59.500000",
            "y": 2026, "seen": "2026-02-01T00:00:00.000001+00:00", "updated_at": "2026-02-01 08:00:00.500000",
            "code": "ab", "gone": None,
        }
    ]  # fmt: skip


@pytest.mark.postgres
def test_postgresql(postgres_database: Postgres) -> None:
    postgres_database.run(
        "CREATE TYPE state AS ENUM ('on', 'off')",
        "CREATE TABLE t_customer (id uuid PRIMARY KEY, flag boolean, price numeric, nothing numeric(20,10), "
        "none numeric, ratio float8, state state, tags text[], note text, doc jsonb, pic bytea, born date, at time, "
        "lasts interval, till timestamptz, seen timestamptz, updated_at timestamp, code char(6), span int4range, "
        "host inet)",
        "INSERT INTO t_customer VALUES ('00000000-0000-0000-0000-000000000001', true, 12345678901234567890.0123456789, "
        f"0, 'NaN', 0.1, 'off', '{{b,a}}', '{RARE}', '{{\"n\": 1.10, \"of\": [1, 2.50]}}', '\\x00ff', 'infinity', "
        "'08:00', '26:00:00', '-infinity', '2026-02-01 08:00:00+08', '2026-02-01 08:00:00.5', 'ab', '[1,5)', "
        "'10.0.0.1')",
    )
    assert rows(connect(postgres_database.url)) == [
        {
            "id": "00000000-0000-0000-0000-000000000001", "flag": True, "price": "12345678901234567890.0123456789",
            "nothing": "0.0000000000", "none": "NaN", "ratio": "0.1", "state": "off", "tags": ["b", "a"], "note": RARE,
            "doc": {"n": "1.10", "of": [1, "2.50"]}, "pic": "00ff", "born": "infinity", "at": "08:00:00",
            "lasts": "26:00:00", "till": "-infinity", "seen": "2026-02-01T00:00:00+00:00",
            "updated_at": "2026-02-01 08:00:00.500000", "code": "ab    ", "span": "[1,5)", "host": "10.0.0.1",
        }
    ]  # fmt: skip


def test_sqlite_keeps_what_it_was_given(sqlite_file: SqliteFile) -> None:
    sqlite_file.run(
        "CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at datetime, born date, flag boolean, said boolean, "
        "price decimal(12,2), odd decimal(12,2), doc json, note text, pic blob)",
        "INSERT INTO t_customer VALUES (1, '2026-02-01T08:00:00Z', '1.10.1949', 1, 'Y', 12345678.91, 'much', '{no', "
        f"'{RARE}', X'00ff')",
    )
    assert rows(connect(sqlite_file.url)) == [
        {
            "id": 1, "updated_at": "2026-02-01T08:00:00Z", "born": "1.10.1949", "flag": True, "said": "Y",
            "price": "12345678.91", "odd": "much", "doc": "{no", "note": RARE, "pic": "00ff",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    "at", ["2026-02-01 08:00:00", "2026-02-01 08:00:00.000000", "2026-02-01T08:00:00Z", "20260201080000"]
)
def test_sqlite_finds_a_time_again_as_it_is_written(sqlite_file: SqliteFile, at: str) -> None:
    """A driver that reads the text as a time and writes it back in another notation loses the rest of a tie."""
    sqlite_file.run("CREATE TABLE t_customer (id text PRIMARY KEY, updated_at datetime)")
    sqlite_file.run(*(f"INSERT INTO t_customer VALUES ('{number:02}', '{at}')" for number in range(9)))
    reader = connect(sqlite_file.url, page_size=2, overlap_s=60)
    assert len(ids(reader)) == 9
    left = pages(reader)[0][-1].at or Position("")
    assert len(ids(reader, reader.rewind(reader.streams["account"], left))) == 9


@pytest.mark.mariadb
def test_zero_dates_are_read_and_shown_as_they_are(mariadb: Mariadb) -> None:
    mariadb.run("SET GLOBAL sql_mode = ''")
    try:
        mariadb.run(
            "CREATE TABLE t_customer (id integer PRIMARY KEY, born date, updated_at datetime NOT NULL)",
            "INSERT INTO t_customer VALUES (1, '0000-00-00', '0000-00-00 00:00:00'), (2, '1949-00-00', "
            "'2026-02-01 08:00:00'), (3, '1949-10-01', '0000-00-00 00:00:00'), (4, NULL, '2026-02-01 08:00:01')",
        )
        reader = connect(mariadb.url, page_size=1)
        found, _ = pages(reader)
        by_id = {row["id"]: row for page in found for row in page.rows}
        assert {id: (row["born"], row["updated_at"]) for id, row in by_id.items()} == {
            1: ("0000-00-00", "0000-00-00 00:00:00"), 2: ("1949-00-00", "2026-02-01 08:00:00"),
            3: ("1949-10-01", "0000-00-00 00:00:00"), 4: (None, "2026-02-01 08:00:01"),
        }  # fmt: skip
        assert found[-1].at is not None
        assert found[-1].at.cursor == "2026-02-01 08:00:01"
        assert set(ids(reader, found[-1].at)) == {"1", "3"}  # they have no place on the walk: every run meets them
    finally:
        mariadb.run("SET GLOBAL sql_mode = DEFAULT")


@pytest.mark.postgres
def test_cursors_without_end_have_no_place_on_the_walk(postgres_database: Postgres) -> None:
    for kind in ("timestamp", "timestamptz", "date"):
        postgres_database.run(
            "DROP TABLE IF EXISTS t_customer",
            f"CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at {kind})",
            "INSERT INTO t_customer VALUES (1, 'infinity'), (2, '-infinity'), (3, '2026-02-01'), (4, '0044-03-15 BC')",
        )
        reader = connect(postgres_database.url, page_size=1)
        found, _ = pages(reader)
        assert sorted(row["id"] for page in found for row in page.rows) == [1, 2, 3, 4]
        assert [page.at.cursor[:10] for page in found if page.at] == ["2026-02-01"]


@pytest.mark.mariadb
def test_a_timestamp_is_a_moment_and_a_datetime_is_what_the_clock_on_the_wall_said(mariadb: Mariadb) -> None:
    """The server hangs in Shanghai; in New York's autumn an hour comes twice, and a moment does not."""
    mariadb.run(
        "CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at timestamp NULL, wall datetime)",
        "SET time_zone = '+00:00'",
        "INSERT INTO t_customer VALUES (1, '2025-11-02 05:30:00', '2025-11-02 01:30:00'), "
        "(2, '2025-11-02 06:30:00', '2025-11-02 01:30:00')",
    )
    reader = connect(mariadb.url, page_size=1)
    assert [(row["updated_at"], row["wall"]) for row in rows(reader)] == [
        ("2025-11-02T05:30:00+00:00", "2025-11-02 01:30:00"),
        ("2025-11-02T06:30:00+00:00", "2025-11-02 01:30:00"),
    ]
    assert ids(reader, Position("2025-11-02T05:30:00+00:00", "1")) == ["2"]
    window = reader.slice(reader.streams["account"], "2025-11-02", "2025-11-02")  # days of Shanghai
    assert ids(reader, window.start, window.end) == ["1", "2"]
    assert ids(reader, None, "2025-11-02 13:30:00") == ["1"]


@pytest.mark.mariadb
@pytest.mark.parametrize("charset", ["gbk", "utf8mb4", "gb2312", "big5", "utf8mb3"])
def test_mariadb_tables_in_other_charsets(mariadb: Mariadb, charset: str) -> None:
    word = "數據" if charset == "big5" else "数据"
    mariadb.run(
        "CREATE TABLE t_customer (id varchar(20) PRIMARY KEY, name varchar(20), updated_at datetime) "
        f"CHARSET {charset}",
        *(f"INSERT INTO t_customer VALUES ('{word}{n}', '{word}', '2026-02-01 08:00:00')" for n in range(5)),
    )
    found = rows(connect(mariadb.url, page_size=2))
    assert sorted(row["id"] for row in found) == [f"{word}{n}" for n in range(5)]
    assert {row["name"] for row in found} == {word}


def stored_byte_for_byte(mariadb: Mariadb, charset: str) -> None:
    """As applications of old did: the column is latin1, and so says the connection, while the bytes are not."""
    mariadb.run(
        "CREATE TABLE t_customer (id varchar(20) PRIMARY KEY, name varchar(40), updated_at datetime) CHARSET latin1"
    )
    with closing(mariadb.server.open(mariadb.database)) as conn, conn.cursor() as cursor:
        statement = "INSERT INTO t_customer VALUES (%s, %s, '2026-02-01 08:00:00')"
        for key, text in (("1", "上海示例"), ("3", "plain")):
            cursor.execute(statement, (key, pymysql.Binary(text.encode(charset))))
        cursor.execute(statement, ("2", "Café Zoë"))


@pytest.mark.mariadb
def test_con375_utf8_in_a_latin1_column_is_named(mariadb: Mariadb) -> None:
    stored_byte_for_byte(mariadb, "utf-8")
    found, _ = pages(connect(mariadb.url))
    assert [row["name"] for page in found for row in page.rows] == ["Café Zoë", "plain"]
    ((key, error),) = [reject for page in found for reject in page.rejects]
    assert (key, error.code, error.field) == ("1", "CON375", "name")
    advice = "set `latin1_holds: utf-8`"
    told = f"crm account 1: column 'name' is latin1 and holds UTF-8 that was stored byte for byte; {advice}"
    assert error.message == told


@pytest.mark.mariadb
@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_bytes_in_a_latin1_column_are_read_as_what_they_are(mariadb: Mariadb, charset: str) -> None:
    stored_byte_for_byte(mariadb, charset)
    found, _ = pages(connect(mariadb.url, latin1_holds=charset))
    assert [row["name"] for page in found for row in page.rows] == ["上海示例", "plain"]
    ((key, error),) = [reject for page in found for reject in page.rejects]
    assert (key, error.message) == ("2", f"crm account 2: column 'name' holds bytes that are not {charset}")


def insert_bytes(sqlite_file: SqliteFile, key: str, name: bytes) -> None:
    with closing(sqlite3.connect(sqlite_file.path)) as conn, conn:
        conn.execute(
            "INSERT INTO t_customer VALUES (CAST(? AS TEXT), CAST(? AS TEXT), '2026-02-01 08:00:00')",
            (key.encode("gbk"), name),
        )


def test_con375_text_that_is_no_utf8_does_not_stop_its_page(sqlite_file: SqliteFile) -> None:
    sqlite_file.run("CREATE TABLE t_customer (id text PRIMARY KEY, name text, updated_at text)")
    insert_bytes(sqlite_file, "1", "上海".encode("gbk"))
    insert_bytes(sqlite_file, "2", b"plain")
    found, _ = pages(connect(sqlite_file.url))
    assert [row["id"] for page in found for row in page.rows] == ["2"]
    ((key, error),) = [reject for page in found for reject in page.rejects]
    assert (key, error.code) == ("1", "CON375")
    assert error.message == "crm account 1: column 'name' holds text that is not UTF-8"


def test_con378_a_key_that_is_no_utf8(sqlite_file: SqliteFile) -> None:
    """It cannot be compared with, so whatever comes after it would be lost."""
    sqlite_file.run("CREATE TABLE t_customer (id text PRIMARY KEY, name text, updated_at text)")
    insert_bytes(sqlite_file, "上海", b"plain")
    with pytest.raises(Halt, match=r"CON378 crm account: column 'id' holds text that is not UTF-8 \(c9cfbaa3\)"):
        pages(connect(sqlite_file.url))


@pytest.mark.postgres
def test_con378_a_database_without_a_charset(postgres_database: Postgres) -> None:
    postgres_database.run("CREATE DATABASE raw ENCODING sql_ascii TEMPLATE template0 LOCALE 'C'")
    try:
        raw = Postgres(re.sub(r"/crm_\d+\?", "/raw?", postgres_database.url))
        raw.run(
            "CREATE TABLE t_customer (id integer PRIMARY KEY, name text, updated_at timestamp)",
            "INSERT INTO t_customer VALUES (1, E'\\xc9\\xcf', '2026-02-01')",
        )
        assert rows(connect(f"{raw.url}&client_encoding=gbk"))[0]["name"] == "上"
        reader = connect(raw.url)
        with pytest.raises(Halt, match=r"CON378 crm: .* holds text that is not in its charset"):
            pages(reader)
        reader.close()
    finally:
        postgres_database.run("DROP DATABASE raw WITH (FORCE)")


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (bytes.fromhex("00000000000007d0"), bytes.fromhex("0000000000001000")),  # all digits, and not
        (Decimal("9.50"), Decimal("10.25")),
        (999.5, 1000.25),
        (9, 10),
    ],
)
def test_a_position_sorts_as_the_database_sorts(low: Any, high: Any) -> None:
    held = Cursor("", "", value.position(low), "", "", "", 0, "", False, 0, "")
    assert not behind(held, value.position(high), "")
    assert behind(held._replace(value=value.position(high)), value.position(low), "")


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("decimal(20,2)", lambda n: f"{n * 5}.25"), ("double", lambda n: f"{n * 5}.25"), ("bigint unsigned", str),
        ("binary(8)", lambda n: f"X'{n * 100:016x}'"), ("date", lambda n: f"'2026-01-{n // 2 + 1:02}'"),
        ("timestamp(6) NULL", lambda n: f"'2026-01-01 00:00:{n:02}.000001'"), ("char(6)", lambda n: f"'{n:06}'"),
    ],
)  # fmt: skip
def test_mariadb_walks_by_cursors_of_any_type(mariadb: Mariadb, kind: str, of: Callable[[int], str]) -> None:
    mariadb.run(
        f"CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at {kind})",
        *(f"INSERT INTO t_customer VALUES ({n}, {of(n)})" for n in range(20)),
    )
    reader = connect(mariadb.url, page_size=3)
    found, _ = pages(reader)
    assert [row["id"] for page in found for row in page.rows] == list(range(20))
    assert ids(reader, found[2].at) == [str(n) for n in range(9, 20)]


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["uuid", "bytea", "char(8)", "numeric(10,2)", "bigint", "state", "date"])
def test_postgresql_walks_by_keys_of_any_type(postgres_database: Postgres, kind: str) -> None:
    of: dict[str, Callable[[int], str]] = {
        "uuid": lambda n: f"'00000000-0000-0000-0000-{n:012}'", "bytea": lambda n: f"'\\x{n:04x}'",
        "char(8)": lambda n: f"'k{n}'", "state": lambda n: f"'s{n}'", "date": lambda n: f"'2026-01-{n + 1:02}'",
    }  # fmt: skip
    postgres_database.run(
        f"CREATE TYPE state AS ENUM ({', '.join(repr(f's{n}') for n in range(20))})",
        f"CREATE TABLE t_customer (id {kind} PRIMARY KEY, updated_at timestamp)",
        *(f"INSERT INTO t_customer VALUES ({of.get(kind, str)(n)}, '2026-01-01')" for n in range(20)),
    )
    for cursor in (None, "updated_at"):
        reader = connect(postgres_database.url, {**STREAM, "cursor": cursor}, page_size=3)
        found, _ = pages(reader)
        assert len({str(row["id"]) for page in found for row in page.rows}) == 20
        assert cursor is None or len(ids(reader, found[2].at)) == 11


def test_a_flag_of_the_database_means_deleted(sqlite_file: SqliteFile) -> None:
    sqlite_file.run(
        "CREATE TABLE t_customer (id integer PRIMARY KEY, gone boolean, updated_at text)",
        "INSERT INTO t_customer VALUES (1, 1, '2026-02-01'), (2, 0, '2026-02-01')",
    )
    reader = connect(sqlite_file.url, {**STREAM, "deleted": {"gone": ["true"]}})
    stream = reader.streams["account"]
    assert [stream.is_deleted(row) for row in rows(reader)] == [True, False]


def test_what_is_made_of_parts_keeps_their_types() -> None:
    assert value.plain({"a": [Decimal("1.50"), {"z", "b"}, None, True]}) == {"a": ["1.50", ["b", "z"], None, True]}
