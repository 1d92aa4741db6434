"""E88: an audit row edited in the database is found and named."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, update

from goldbridge.errors import Halt
from goldbridge.state import audit as rows
from goldbridge.state.audit import Audit
from goldbridge.state.engine import Store
from goldbridge.state.tables import audit as table

KEY = b"k" * 32


@pytest.fixture
def audit(store: Store) -> Audit:
    made = Audit(KEY)
    with store.begin() as conn:
        assert made.verify(conn) == 0
        for number in range(1, 6):
            assert made.append(conn, "lin", "merge", f"decision:{number}", {"records": [number]}) == number
    return made


def test_an_untouched_chain_is_proven(store: Store, audit: Audit) -> None:
    with store.read() as conn:
        assert audit.verify(conn) == 5
        assert [row.seq for row in rows.read(conn, after=1, limit=2)] == [2, 3]


def test_the_chain_is_read_in_steps(store: Store, audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BATCH", 2)
    with store.read() as conn:
        assert audit.verify(conn) == 5


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail_digest", "digest"])
def test_e88_an_edited_row_is_named(store: Store, audit: Audit, column: str) -> None:
    """Guard: goldbridge.state.audit:Audit.verify"""
    with store.begin() as conn:
        conn.execute(update(table).where(table.c.seq == 3).values({column: "edited"}))
        with pytest.raises(Halt, match="broken at row 3") as caught:
            audit.verify(conn)
    assert caught.value.code == "STA019"


@pytest.mark.parametrize(("gone", "named"), [(1, 1), (3, 3), (5, 5)])
def test_e88_a_missing_row_is_named(store: Store, audit: Audit, gone: int, named: int) -> None:
    """Guard: goldbridge.state.audit:Audit.verify"""
    with store.begin() as conn:
        conn.execute(delete(table).where(table.c.seq == gone))
        with pytest.raises(Halt, match=f"broken at row {named}"):
            audit.verify(conn)


def test_e88_a_row_put_in_by_hand_is_named(store: Store, audit: Audit) -> None:
    """Guard: goldbridge.state.audit:Audit.verify"""
    with store.begin() as conn:
        row = conn.execute(select(table).where(table.c.seq == 5)).one()
        conn.execute(insert(table).values(**{**row._mapping, "seq": 6}))
        with pytest.raises(Halt, match="broken at row 6"):
            audit.verify(conn)


def test_another_key_proves_nothing(store: Store, audit: Audit) -> None:
    with store.read() as conn, pytest.raises(Halt, match="row 1"):
        Audit(b"x" * 32).verify(conn)


def test_content_is_proven_without_being_held(store: Store, audit: Audit) -> None:
    with store.begin() as conn:
        audit.append(conn, "lin", "pin", "override:1", {"value": "上海示例"})
        row = rows.read(conn, after=5)[0]
        assert "上海" not in str(row)
    assert audit.proves(row, {"value": "上海示例"})
    assert not audit.proves(row, {"value": "别的"})
