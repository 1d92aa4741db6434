"""The migrations create exactly the tables that the code declares."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from goldbridge.errors import Halt
from goldbridge.state import schema
from goldbridge.state.engine import Store
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
