"""The migrations create exactly the tables that the code declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from goldbridge.errors import Halt
from goldbridge.state import schema
from goldbridge.state.engine import Store, open_store
from goldbridge.state.schema import MIGRATIONS
from goldbridge.state.tables import metadata


def test_the_migrations_create_the_declared_tables(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_and_row_layout_are_as_declared(store: Store) -> None:
    with store.read() as conn:
        found = {index["name"]: index for index in inspect(conn).get_indexes("membership")}
        assert found["membership_open"]["unique"]
        assert any("where" in name for name in found["membership_open"]["dialect_options"])
        if store.dialect == "sqlite":
            layout = conn.execute(text("SELECT sql FROM sqlite_master WHERE name = 'sighting'")).scalar_one()
            assert "WITHOUT ROWID" in layout
            counted = conn.execute(text("SELECT sql FROM sqlite_master WHERE name = 'outbox'")).scalar_one()
            assert "AUTOINCREMENT" in counted


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.migrate()
    with store.read() as conn:
        assert schema.current(conn) == schema.newest()


def test_a_state_of_a_newer_program_is_refused(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Halt, match="install the newer program") as caught:
        store.migrate()
    assert caught.value.code == "STA004"


def test_a_state_of_the_first_release_gets_all_that_came_since(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with engine.begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        assert "inbox" not in inspect(conn).get_table_names()
    engine.dispose()
    store = open_store(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with store.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    store.close()
