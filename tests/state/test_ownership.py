"""Owners of entities in a cutover: an epoch that rises with every change, and writers that must know it."""

from __future__ import annotations

import pytest

from goldbridge.errors import Halt, Retry
from goldbridge.state import ownership
from goldbridge.state.engine import Store, open_store

SYSTEMS = ("crm", "new_crm")


def assign(store: Store, owner: str, to: tuple[int, int], wave: str = "pilot") -> int:
    with store.begin() as conn:
        return ownership.assign(conn, wave, ["party", "contact"], SYSTEMS, owner, to)


def test_the_epoch_rises_with_every_change_and_only_then(store: Store) -> None:
    assert assign(store, "crm", (0, 0)) == 1
    assert assign(store, "crm", (0, 0)) == 1
    assert assign(store, "crm", (0, 1)) == 2
    assert assign(store, "new_crm", (1, 0)) == 3
    with store.read() as conn:
        assert [(one.entity, one.owner, one.epoch) for one in ownership.load(conn, "pilot")] == [
            ("contact", "new_crm", 3),
            ("party", "new_crm", 3),
        ]


def test_a_writer_proves_what_it_began_with(store: Store) -> None:
    """Guard: goldbridge.state.ownership:check"""
    with store.begin() as conn:
        ownership.check(conn, "new_crm", "party", {})  # no cutover, nothing to prove
    assign(store, "crm", (0, 1))
    with store.begin() as conn:
        held = ownership.epochs(conn, "new_crm", "party")
        ownership.check(conn, "new_crm", "party", held)
        with pytest.raises(Halt, match="epoch 0 -> 1"):
            ownership.check(conn, "new_crm", "party", {})  # it began before the cutover did
        assert ownership.epochs(conn, "erp", "party") == {}
    assign(store, "new_crm", (1, 0))
    with store.begin() as conn, pytest.raises(Halt, match="epoch 1 -> 2") as caught:
        ownership.check(conn, "new_crm", "party", held)
    assert caught.value.code == "CUT031"


@pytest.mark.postgres
def test_a_flip_waits_for_writers_in_a_transaction(postgres_url: str) -> None:
    """Guard: goldbridge.state.ownership:touch"""
    store, other = open_store(postgres_url), open_store(postgres_url, busy_s=0.2)
    try:
        assign(store, "crm", (0, 1))
        with store.begin() as conn:
            held = ownership.epochs(conn, "new_crm", "party")
            ownership.check(conn, "new_crm", "party", held)
            with pytest.raises(Retry), other.begin() as flip:
                ownership.touch(flip, "pilot")
            ownership.check(conn, "new_crm", "party", held)  # still ours
        with other.begin() as flip:
            ownership.touch(flip, "pilot")
    finally:
        store.close()
        other.close()


def test_who_has_a_wave_keeps_it(store: Store) -> None:
    with store.begin() as conn:
        ownership.join(conn, [(1, "party", "pilot"), (2, "party", "rest")])
        ownership.join(conn, [(1, "party", "rest")])
        assert ownership.waves_of(conn, [1, 2, 3]) == {1: "pilot", 2: "rest"}
        assert ownership.waves_of(conn, []) == {}
        assert ownership.members(conn, "pilot", "party") == [1]
        assert ownership.count(conn, "rest") == {"party": 1}
        ownership.dismiss(conn)
        assert ownership.waves_of(conn, [1, 2, 3]) == {}
