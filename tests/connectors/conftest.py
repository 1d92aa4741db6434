"""Databases for the sql connector: SQLite by file, the PostgreSQL of the suite, and a MariaDB of the session's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.connectors.sql_bench import Mariadb, Postgres, Server, SqliteFile
from tests.mariadb_server import MariadbServer, NotInstalled

_count = iter(range(1_000_000))


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """Started once, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="my"))
    try:
        with MariadbServer(home) as server:
            yield server
    except NotInstalled as error:
        pytest.skip(str(error))
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def mariadb(mariadb_server: MariadbServer) -> Iterator[Mariadb]:
    """An empty database."""
    name = f"crm_{next(_count)}"
    with mariadb_server.open() as conn, conn.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        yield Mariadb(mariadb_server, name)
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def sqlite_file(tmp_path: Path) -> SqliteFile:
    """An empty database."""
    return SqliteFile(tmp_path / "crm.sqlite")


@pytest.fixture
def postgres_database(postgres: str) -> Iterator[Postgres]:
    """An empty database."""
    name = f"crm_{next(_count)}"
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        yield Postgres(postgres.replace("/postgres?", f"/{name}?"))
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


_FIXTURES = {"sqlite": "sqlite_file", "postgresql": "postgres_database", "mariadb": "mariadb"}
_MARKS = {"sqlite": (), "postgresql": (pytest.mark.postgres,), "mariadb": (pytest.mark.mariadb,)}


@pytest.fixture(params=[pytest.param(name, marks=_MARKS[name]) for name in _FIXTURES])
def server(request: pytest.FixtureRequest) -> Server:
    """An empty database on each kind of server in turn."""
    found: Server = request.getfixturevalue(_FIXTURES[request.param])
    return found


@pytest.fixture(params=[pytest.param(name, marks=_MARKS[name]) for name in ("postgresql", "mariadb")])
def remote(request: pytest.FixtureRequest) -> Postgres | Mariadb:
    """The same, only where there is a line to cut and a password to get wrong."""
    found: Postgres | Mariadb = request.getfixturevalue(_FIXTURES[request.param])
    return found
