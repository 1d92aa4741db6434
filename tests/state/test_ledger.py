"""What we wrote is told from what somebody else wrote, field by field."""

from __future__ import annotations

from goldbridge.state import ledger
from goldbridge.state.engine import Store
from goldbridge.state.ledger import Written

T, OBJ = "new_crm", "AccountObj"


def note(store: Store, *written: Written) -> None:
    with store.begin() as conn:
        ledger.note(conn, T, OBJ, written)


def entry(store: Store, key: str = "K1") -> ledger.Entry:
    with store.read() as conn:
        return ledger.load(conn, T, OBJ, [key])[key]


def test_f47_our_own_write_is_no_news(store: Store) -> None:
    note(store, Written("K1", 7, 1, {"name": "a", "tel": ["1", "2"], "level": None}))
    assert entry(store).foreign({"name": "a", "tel": ["1", "2"], "level": None}) == {}


def test_f48_a_human_edit_in_the_same_poll_passes(store: Store) -> None:
    note(store, Written("K1", 7, 1, {"name": "a", "tel": "1"}))
    assert entry(store).foreign({"name": "a", "tel": "2", "owner": "u1"}) == {"tel": "2", "owner": "u1"}


def test_f42_f43_what_the_target_made_of_our_value_counts_as_ours(store: Store) -> None:
    note(store, Written("K1", 7, 1, {"name": " long name ", "tel": "1"}, {"name": "long", "tel": "1", "extra": "x"}))
    held = entry(store)
    assert held.foreign({"name": "long", "tel": "1"}) == {}
    assert held.unchanged({"name": " long name "}), "no rewrite of what the target trims again"
    assert not held.unchanged({"name": "long"})
    assert "extra" not in held.fields


def test_a_targets_answer_may_come_later(store: Store) -> None:
    note(store, Written("K1", 7, 1, {"name": "abcdef", "tel": "1"}))
    with store.begin() as conn:
        rows = {"K1": {"name": "abc", "tel": "1", "other": "x"}, "K9": {"name": "?"}}
        assert ledger.answered(conn, T, OBJ, rows) == 1
        assert ledger.answered(conn, T, OBJ, rows) == 0
    assert entry(store).foreign({"name": "abc"}) == {}
    assert entry(store).foreign({"name": "abcdef"}) == {}


def test_fields_not_written_this_time_stay_noted(store: Store) -> None:
    note(store, Written("K1", 7, 1, {"name": "a", "tel": "1"}))
    note(store, Written("K1", 7, 2, {"tel": "2"}), Written("K1", 7, 3, {"tel": "3"}))
    held = entry(store)
    assert held.version == 3
    assert held.foreign({"name": "a", "tel": "3"}) == {}
    assert held.foreign({"tel": "1"}) == {"tel": "1"}


def test_ledgers_are_found_by_the_golden_record(store: Store) -> None:
    note(store, Written("K2", 7, 1, {}), Written("K1", 7, 1, {}), Written("K3", 8, 1, {}))
    note(store)
    with store.read() as conn:
        found = ledger.by_subject(conn, T, OBJ, [7, 9])
        assert [one.key for one in found[7]] == ["K1", "K2"]
        assert ledger.by_subject(conn, T, "other", [7]) == {}
        assert ledger.load(conn, T, OBJ, []) == {}
        assert ledger.load(conn, "other", OBJ, ["K1"]) == {}
