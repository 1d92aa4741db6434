"""One empty database on a real server, and the sql connector in front of it; the same on every server."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg

from connectors.base import Completeness, Context, Page, Position, RawRow, Reading, Window
from connectors.sql import Sql
from goldbridge.clock import Clock, FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.state.cursor import Cursor, behind
from tests.connectors.rig import NOON, MemoryStore
from tests.mariadb_server import MariadbServer


class Server(Protocol):
    """A database of one test: `name` of its kind, `url` for the connector, `run` as its administrator."""

    name: str
    url: str

    def run(self, *statements: str) -> None: ...

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...


class SqliteFile:
    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"
        self.run()

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=0.1)) as conn, conn:
            for statement in statements:
                conn.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as conn:
            return conn.execute(query).fetchall()


class Postgres:
    name = "postgresql"

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return conn.execute(query).fetchall()


class Mariadb:
    name = "mariadb"

    def __init__(self, server: MariadbServer, database: str) -> None:
        self.server, self.database, self.url = server, database, server.url(database)

    def run(self, *statements: str) -> None:
        with closing(self.server.open(self.database)) as conn, conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.server.open(self.database)) as conn, conn.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


STREAM = {"table": "t_customer", "key": "id", "cursor": "updated_at"}


def connect(url: str, stream: dict[str, Any] | None = None, clock: Clock | None = None, **settings: Any) -> Sql:
    """The connector, with one stream `account`."""
    entry = {"connector": "sql", "url": url, "zone": "Asia/Shanghai", "streams": {"account": stream or STREAM}}
    clock = clock or FrozenClock(NOON)
    context = Context("crm", HttpFactory(clock), MemoryStore(), clock)
    return Sql(Sql.config_model.model_validate({**entry, **settings}), context)


def pages(reader: Sql, start: Position | None = None, end: str | None = None) -> tuple[list[Page], Completeness]:
    """The pages of one run; as the hub holds them, positions must never go back."""
    stream = reader.streams["account"]
    reading = Reading(reader.read(stream, Window(start, end if end is not None else reader.bound(stream))))
    found = list(reading)
    held: Cursor | None = None
    for page in found:
        if page.at is not None:
            assert not behind(held, page.at.cursor, page.at.tie), f"{page.at} after {held}"
            held = Cursor("", "", page.at.cursor, page.at.tie, "", "", 0, "", False, 0, "")
    assert reading.completeness is not None
    return found, reading.completeness


def rows(reader: Sql, start: Position | None = None, end: str | None = None) -> list[RawRow]:
    return [row for page in pages(reader, start, end)[0] for row in page.rows]


def ids(reader: Sql, start: Position | None = None, end: str | None = None) -> list[str]:
    return [str(row["id"]) for row in rows(reader, start, end)]


def moments(server: Server, precision: int = 6) -> str:
    """A type for local times."""
    return {"sqlite": "TEXT", "postgresql": f"timestamp({precision})", "mariadb": f"DATETIME({precision})"}[server.name]


def fill(server: Server, table: str, values: Sequence[Sequence[Any]]) -> None:
    def written(value: Any) -> str:
        return (
            "NULL" if value is None else str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
        )

    for at in range(0, len(values), 500):
        listed = ", ".join(f"({', '.join(map(written, row))})" for row in values[at : at + 500])
        server.run(f"INSERT INTO {table} VALUES {listed}")


class Line:
    """A line between the connector and its server that can be cut at a word the connector says.

    `before`: the word never arrives. Otherwise it does, and the line is cut when the answer comes.
    """

    def __init__(self, target: Callable[[], socket.socket]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._word, self._left, self._before = b"", 0, False
        self.cuts = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, word: str, *, nth: int = 1, before: bool = False) -> None:
        self._word, self._left, self._before = word.encode(), nth, before

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = self._target()
                self._open += [near, far]
                doomed = threading.Event()
                threading.Thread(target=self._asked, args=(near, far, doomed), daemon=True).start()
                threading.Thread(target=self._answered, args=(far, near, doomed), daemon=True).start()

    def _asked(self, near: socket.socket, far: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while said := near.recv(1 << 16):
                if self._left and self._word in said:
                    self._left -= 1
                    if not self._left:
                        self.cuts += 1
                        doomed.set()
                        if self._before:
                            break
                far.sendall(said)
        self._close(near, far)

    def _answered(self, far: socket.socket, near: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while said := far.recv(1 << 16):
                if doomed.is_set():
                    break
                near.sendall(said)
        self._close(near, far)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for each in self._open:
            self._close(each)
            each.close()


@contextmanager
def line_to(server: Postgres | Mariadb) -> Iterator[tuple[Line, str]]:
    """A line to the server, and the URL that goes through it."""
    if isinstance(server, Mariadb):
        line = Line(lambda: socket.create_connection(("127.0.0.1", server.server.port)))
        url = server.server.url(server.database, port=line.port)
    else:
        folder = psycopg.conninfo.conninfo_to_dict(server.url)["host"]
        database = psycopg.conninfo.conninfo_to_dict(server.url)["dbname"]

        def dial() -> socket.socket:
            end = socket.socket(socket.AF_UNIX)
            end.connect(f"{folder}/.s.PGSQL.5432")
            return end

        line = Line(dial)
        url = f"postgresql://postgres@127.0.0.1:{line.port}/{database}?sslmode=disable&gssencmode=disable"
    try:
        yield line, url
    finally:
        line.close()
