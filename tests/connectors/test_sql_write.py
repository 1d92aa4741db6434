"""sql, writing: one row for one record, one result for one write, and nothing of somebody else's is touched."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from connectors.base import Write, WriteResult
from connectors.sql import Sql
from goldbridge.errors import GoldbridgeError, Misconfigured, OutcomeUnknown, Retry
from tests.connectors.sql_bench import Mariadb, Postgres, Server, SqliteFile, connect, line_to

STREAM = {"table": "t_partner", "key": "id", "external_id": "hub_id", "deleted": {"gone": ["1"]}}


def create(server: Server) -> None:
    serial = {"sqlite": "integer", "postgresql": "serial", "mariadb": "integer AUTO_INCREMENT"}[server.name]
    moment = {"sqlite": "text", "postgresql": "timestamptz", "mariadb": "timestamp NULL"}[server.name]
    local = {"sqlite": "text", "postgresql": "timestamp", "mariadb": "datetime"}[server.name]
    server.run(
        f"CREATE TABLE t_partner (id {serial} PRIMARY KEY, hub_id varchar(40) UNIQUE, "
        f"name varchar(20) NOT NULL CHECK (name <> 'no'), tax varchar(20) UNIQUE, price decimal(12,2), seen {moment}, "
        f"wall {local}, born date, gone smallint DEFAULT 0)"
    )


def writer(server: Server, url: str = "", **settings: Any) -> Sql:
    return connect(url or server.url, STREAM, writes="enabled", **settings)


def write(connector: Sql, *batch: Write) -> list[WriteResult]:
    return connector.write(connector.streams["account"], batch)


def new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": f"甲{number}", **values})


def stored(server: Server, columns: str = "hub_id, name") -> list[tuple[Any, ...]]:
    return server.rows(f"SELECT {columns} FROM t_partner ORDER BY id")


def test_a_batch_is_written_and_changed_where_it_differs(server: Server) -> None:
    create(server)
    connector = writer(server)
    results = write(connector, *(new(number, price="1.50") for number in range(3)))
    assert [(result.external_id, result.outcome, result.key) for result in results] == [
        ("g0", "written", "1"), ("g1", "written", "2"), ("g2", "written", "3"),
    ]  # fmt: skip
    mixed = [
        Write("update", "g1", {"name": "乙", "price": None}, key="2"), new(3), Write("deactivate", "g2", {}, key="3"),
        Write("deactivate", "g9", {}),
    ]  # fmt: skip
    assert [result.outcome for result in write(connector, *mixed)] == ["written"] * 4
    told = [(hub, name, gone) for hub, name, gone in stored(server, "hub_id, name, gone")]
    assert told == [("g0", "甲0", 0), ("g1", "乙", 0), ("g2", "甲2", 1), ("g3", "甲3", 0)]
    shown = connector.read_back(connector.streams["account"], ["g0", "g1", "g2", "g9", "G0"])
    assert {id: (row["id"], row["name"], row["price"]) for id, row in shown.items()} == {
        "g0": (1, "甲0", "1.50"), "g1": (2, "乙", None),
    }  # fmt: skip


def test_values_become_the_columns_own(server: Server) -> None:
    create(server)
    connector = writer(server)
    values = {
        "price": "12345678.90", "born": "1949-10-01",
        "seen": "2026-02-01T08:00:00+08:00", "wall": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    write(connector, new(1, **values))
    (row,) = connector.read_back(connector.streams["account"], ["g1"]).values()
    if server.name == "sqlite":  # text stays as it was given
        assert (row["seen"], row["wall"]) == (values["seen"], values["wall"])
    else:
        assert datetime.fromisoformat(row["seen"]) == datetime(2026, 2, 1, tzinfo=UTC)
        assert row["wall"] == "2026-02-01 08:00:00"  # by the clock on the wall in Shanghai
    assert (row["price"], row["born"]) == ("12345678.90", "1949-10-01")


def test_a_repeated_write_changes_nothing(server: Server) -> None:
    """Not even the row's own idea of when it was touched."""
    create(server)
    connector = writer(server)
    batch = [new(number, price="1.5", seen="2026-02-01T08:00:00Z", born="1949-10-01") for number in range(3)]
    write(connector, *batch)
    if server.name == "sqlite":
        server.run("CREATE TRIGGER t AFTER UPDATE ON t_partner BEGIN SELECT RAISE(ABORT, 'touched'); END")
    elif server.name == "mariadb":
        server.run("CREATE TRIGGER t BEFORE UPDATE ON t_partner FOR EACH ROW SIGNAL SQLSTATE '45000'")
    else:
        server.run(
            "CREATE FUNCTION f() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''touched''; END' LANGUAGE plpgsql",
            "CREATE TRIGGER t BEFORE UPDATE ON t_partner FOR EACH ROW EXECUTE FUNCTION f()",
        )
    assert [result.outcome for result in write(connector, *batch)] == ["written"] * 3
    assert len(stored(server)) == 3
    refused = write(connector, Write("update", "g1", {"name": "乙"}), Write("update", "g2", {"born": "1949-10-01"}))
    assert [(result.outcome, result.code) for result in refused] == [("rejected", "CON373"), ("written", "")]


BAD: dict[str, dict[str, Any]] = {
    "a name that is missing": {"name": None}, "a name that is forbidden": {"name": "no"},
    "a name that is too long": {"name": "长" * 21}, "a number that is none": {"price": "much"},
    "a number that is too large": {"price": "123456789012.00"}, "a time that is none": {"seen": "yesterday"},
    "somebody else's tax number": {"tax": "T1"}, "a text with a zero byte": {"name": "a\x00b"},
}  # fmt: skip
TAKEN = {
    "sqlite": (
        "a name that is too long",
        "a time that is none",
        "a number that is too large",
        "a text with a zero byte",
    ),
    "postgresql": (),
    "mariadb": ("a text with a zero byte",),
}
"""What these servers take as it is."""


@pytest.mark.parametrize("about", BAD)
def test_con373_one_bad_row_does_not_stop_the_others(server: Server, about: str) -> None:
    create(server)
    server.run("INSERT INTO t_partner (hub_id, name, tax) VALUES ('other', '别人', 'T1')")
    connector = writer(server)
    results = write(connector, new(1), new(2, **BAD[about]), new(3))
    taken = about in TAKEN[server.name]
    assert [result.outcome for result in results] == ["written", "written" if taken else "rejected", "written"]
    if not taken:
        assert results[1].code == "CON373"
        assert results[1].message
    hubs = ["other", "g1", "g2", "g3"] if taken else ["other", "g1", "g3"]
    assert sorted(stored(server, "hub_id")) == sorted((hub,) for hub in hubs)
    assert server.rows("SELECT name, tax FROM t_partner WHERE hub_id = 'other'") == [("别人", "T1")]


@pytest.mark.mariadb
def test_a_server_that_cuts_what_is_too_long_is_told_not_to(mariadb: Mariadb) -> None:
    create(mariadb)
    mariadb.run("SET GLOBAL sql_mode = ''")
    try:
        results = write(writer(mariadb), new(1, name="长" * 21), new(2, price="much"), new(3))
    finally:
        mariadb.run("SET GLOBAL sql_mode = DEFAULT")
    assert [result.code for result in results] == ["CON373", "CON373", ""]
    assert stored(mariadb) == [("g3", "甲3")]


def test_con379_rows_that_are_gone(server: Server) -> None:
    create(server)
    server.run("INSERT INTO t_partner (hub_id, name, gone) VALUES ('g1', '甲', 1)")
    connector = writer(server)
    results = write(connector, Write("update", "g7", {"name": "乙"}, key="7"), new(1), new(1), new(2))
    told = {"CON379": "its row is flagged as deleted in 'gone'; let the mapping write that column too"}
    assert [(one.outcome, one.code) for one in results] == [
        ("rejected", "CON379"), ("rejected", "CON379"), ("retry", ""), ("written", ""),
    ]  # fmt: skip
    assert results[0].message == "crm account g7: no row carries this id or key any more; create it anew"
    assert told["CON379"] in results[1].message
    (revived,) = write(connector, Write("create", "g1", {"name": "丙", "gone": "0"}))
    assert (revived.outcome, revived.key) == ("written", "1")
    plain = connect(server.url, {**STREAM, "deleted": {}}, writes="enabled")
    (kept,) = write(plain, Write("deactivate", "g1", {}))
    assert (kept.code, kept.message) == (
        "CON379", "crm account g1: a row is never deleted; name the column that says so under `deleted`",
    )  # fmt: skip


def test_a_row_that_was_typed_by_hand_gets_our_id(server: Server) -> None:
    create(server)
    server.run("INSERT INTO t_partner (name) VALUES ('手写')")
    (result,) = write(writer(server), Write("update", "g5", {"name": "我们的"}, key="1"))
    assert (result.outcome, result.key) == ("written", "1")
    assert stored(server) == [("g5", "我们的")]


def test_con371_a_commit_whose_answer_is_lost_is_read_back(remote: Postgres | Mariadb) -> None:
    create(remote)
    with line_to(remote) as (line, url):
        connector = writer(remote, url)
        write(connector, new(1))
        line.cut_at("COMMIT")
        with pytest.raises(OutcomeUnknown, match=r"CON371 crm: .*the connection broke while the batch was committed"):
            write(connector, new(2), new(3))
        assert line.cuts == 1
        found = connector.read_back(connector.streams["account"], ["g2", "g3"])
        assert sorted(found) == ["g2", "g3"]  # it happened, as the next run sees
        assert [result.outcome for result in write(connector, new(2), new(3))] == ["written"] * 2
        assert [hub for hub, _ in stored(remote)] == ["g1", "g2", "g3"]
        connector.close()


def test_con371_a_commit_that_never_arrives_is_sent_again(remote: Postgres | Mariadb) -> None:
    create(remote)
    with line_to(remote) as (line, url):
        connector = writer(remote, url)
        write(connector, new(1))
        line.cut_at("COMMIT", before=True)
        with pytest.raises(OutcomeUnknown):
            write(connector, new(2), new(3))
        assert connector.read_back(connector.streams["account"], ["g2", "g3"]) == {}
        assert [result.outcome for result in write(connector, new(2), new(3))] == ["written"] * 2
        assert len(stored(remote)) == 3
        connector.close()


def test_a_connection_that_breaks_before_the_commit_wrote_nothing(remote: Postgres | Mariadb) -> None:
    create(remote)
    with line_to(remote) as (line, url):
        connector = writer(remote, url)
        line.cut_at("INSERT")
        with pytest.raises(Retry, match=r"CON073 crm: .*cannot be reached") as told:
            write(connector, new(2), new(3))
        assert not isinstance(told.value, OutcomeUnknown)
        assert stored(remote) == []
        connector.close()


@contextmanager
def held(server: Server) -> Iterator[None]:
    """Somebody else holds row g1 (on SQLite, the whole file) while this lasts."""
    change = "UPDATE t_partner SET name = '别人' WHERE hub_id = 'g1'"
    if isinstance(server, SqliteFile):
        with closing(sqlite3.connect(server.path)) as other:
            other.execute(change)
            yield
            other.rollback()
    elif isinstance(server, Postgres):
        with psycopg.connect(server.url) as conn:
            conn.execute(change)
            yield
            conn.rollback()
    else:
        assert isinstance(server, Mariadb)
        with closing(server.server.open(server.database)) as mine, mine.cursor() as cursor:
            mine.begin()
            cursor.execute(change)
            yield
            mine.rollback()


def test_con372_a_row_that_somebody_else_holds_is_tried_again(server: Server) -> None:
    create(server)
    write(writer(server), new(1))
    if isinstance(server, Postgres):
        server.run(f"ALTER DATABASE {server.rows('SELECT current_database()')[0][0]} SET lock_timeout = '50ms'")
    if isinstance(server, Mariadb):
        server.run("SET GLOBAL innodb_lock_wait_timeout = 1")
    connector = writer(server, timeout_s=5 if server.name != "sqlite" else 0.05)
    with held(server), pytest.raises(Retry, match=r"CON372 crm: .*somebody else holds a lock") as told:
        write(connector, new(2), Write("update", "g1", {"name": "乙"}))
    assert not isinstance(told.value, OutcomeUnknown)
    assert stored(server) == [("g1", "甲1")]
    assert [one.outcome for one in write(connector, new(2), Write("update", "g1", {"name": "乙"}))] == ["written"] * 2


def test_con372_who_loses_a_deadlock_is_tried_again(remote: Postgres | Mariadb) -> None:
    """Two batches change the same two rows in two orders; the server stops one of them."""
    create(remote)
    write(writer(remote), new(1), new(2))
    told: list[Any] = []
    gate = threading.Barrier(2, timeout=20)

    def change(order: tuple[int, int], name: str) -> None:
        connector = writer(remote, timeout_s=20)
        table = connector._table(connector.streams["account"]).table

        def work(conn: Any) -> None:
            for at, number in enumerate(order):
                if at:
                    gate.wait()
                conn.execute(table.update().where(table.c.hub_id == f"g{number}").values(name=name))

        try:
            told.append(connector._database.transact(work))
        except GoldbridgeError as error:
            told.append(error)
        connector.close()

    threads = [threading.Thread(target=change, args=each) for each in (((1, 2), "乙"), ((2, 1), "丙"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (lost,) = [each for each in told if each is not None]
    assert isinstance(lost, Retry)
    assert lost.code == "CON372"
    assert len({name for _, name in stored(remote)}) == 1  # one of the two, whole


def until_written(connector: Sql, *batch: Write) -> list[WriteResult]:
    """As a flow does it: two who insert at one place may block each other, and one is told to come again."""
    while True:
        try:
            return write(connector, *batch)
        except Retry as error:
            assert error.code == "CON372"  # noqa: PT017


def test_two_hubs_that_create_the_same_record_make_one_row(remote: Postgres | Mariadb) -> None:
    create(remote)
    gate = threading.Barrier(4, timeout=20)
    told: list[WriteResult] = []

    def run() -> None:
        connector = writer(remote)
        connector.probe()
        gate.wait()
        for number in range(8):
            told.extend(until_written(connector, new(number)))
        connector.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.outcome for one in told} == {"written"}, [one for one in told if one.outcome != "written"]
    assert sorted(hub for hub, _ in stored(remote)) == [f"g{number}" for number in range(8)]


def misconfigured(work: Any) -> str:
    with pytest.raises(Misconfigured) as told:
        work()
    assert told.value.code == "CON374"
    return told.value.message


def test_con374_what_keeps_a_table_from_being_written(server: Server) -> None:
    create(server)
    assert misconfigured(lambda: write(connect(server.url, STREAM), new(1))).startswith(
        "crm: writing is switched off; set `writes: enabled`"
    )
    bare = connect(server.url, {**STREAM, "external_id": "name"}, writes="enabled")
    assert misconfigured(bare.probe) == (
        "crm: stream 'account': 'name' carries our id and has no unique index, "
        "so a repeated write would make a second row; create one"
    )
    assert misconfigured(lambda: write(writer(server), new(1, nmae="甲"))) == (
        "crm: stream 'account': the table has no column 'nmae' to write; did you mean 'name'?"
    )
    assert stored(server) == []


def test_probe_asks_for_writing_without_writing(server: Server) -> None:
    create(server)
    assert writer(server).probe().endswith(" answers; may write account")
    assert stored(server) == []


def test_con374_a_user_who_may_only_read(remote: Postgres | Mariadb) -> None:
    create(remote)
    if isinstance(remote, Postgres):
        remote.run("CREATE ROLE reads LOGIN", "GRANT SELECT ON t_partner TO reads")
        url = remote.url.replace("://postgres:@", "://reads:@")
    else:
        remote.run(
            "CREATE USER looker@'%' IDENTIFIED BY 'its-own-word'", f"GRANT SELECT ON {remote.database}.* TO looker@'%'"
        )
        url = remote.server.url(remote.database, user="looker", password="its-own-word")
    try:
        connector = writer(remote, url)
        assert misconfigured(connector.probe).startswith("crm: the database refuses to be written to: ")
        assert misconfigured(lambda: write(connector, new(1))).startswith(
            "crm: the database refuses to be written to: "
        )
        connector.close()
    finally:
        remote.run(
            *(("DROP OWNED BY reads", "DROP ROLE reads") if isinstance(remote, Postgres) else ("DROP USER looker",))
        )
