"""Brings the tables to this version of the program, through numbered migrations that only go forward.

Alembic is imported only when there is something to do: opening an up-to-date state costs one query.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from goldbridge.errors import Halt

MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The number of the last migration this program knows."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(conn: Connection) -> str:
    """The number of the last migration applied; empty for an empty database."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or ""


def upgrade(conn: Connection) -> None:
    """Apply what is missing in the caller's transaction; raises `Halt` STA004 for a state of a newer program."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.migrate'))"))
    have, want = current(conn), newest()
    if have == want:
        return
    if have > want:
        raise Halt(
            "STA004", f"the state is at migration {have}, this program knows up to {want}; install the newer program"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
