"""Landing keeps what changed, once, and tells the outbox."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from goldbridge.clock import FrozenClock
from goldbridge.state import landing, outbox, record
from goldbridge.state.engine import Store, open_store
from goldbridge.state.landing import Arrival, StreamRef, record_id
from goldbridge.state.tables import sighting, source_record, source_version
from tests.state.samples import CRM, NEW, RUN, land, number


def events(store: Store) -> list[tuple[int, str, int]]:
    with store.read() as conn:
        return [(event.subject, event.event, event.version) for event in outbox.read(conn)]


def test_record_ids_are_computed_from_what_names_a_record() -> None:
    assert record_id("legacy_crm", "account", "C001") == 1075977807609459084
    assert len({record_id("a", "b", "c"), record_id("a", "bc", ""), record_id("a", "b", "c", 1)}) == 3


def test_new_records_are_kept_and_announced_in_page_order(store: Store) -> None:
    with store.begin() as conn:
        assert land(conn, ["C3", "C1", "C2"]) == [number("C3"), number("C1"), number("C2")]
        records = landing.load(conn, [number("C1"), 7], raw=True)
    assert events(store) == [(number(key), "created", 1) for key in ("C3", "C1", "C2")]
    record = records.pop(number("C1"))
    assert not records
    assert (record.system, record.stream, record.entity, record.key) == ("legacy_crm", "account", "party", "C1")
    assert (record.state, record.fate, record.version, record.first_run) == ("live", "applied", 1, RUN)
    assert record.raw == record.canonical == {"name": "C1"}
    assert record.notes == {}
    assert record.received_at == "2026-03-01T08:00:00.000000Z"


def test_e19_f6_the_same_page_twice_writes_nothing(store: Store) -> None:
    """Guard: goldbridge.state.document:digest_of"""
    with store.begin() as conn:
        land(conn, ["C1", "C2"])
    before = events(store)
    with store.begin() as conn:
        compared = landing.changed(conn, CRM, [Arrival(key, {"name": key}) for key in ("C1", "C2")])
        assert compared.changes == []
        assert compared.same == {"applied": 2}
        assert land(conn, ["C1", "C2"]) == []
        assert conn.execute(select(func.count()).select_from(source_version)).scalar_one() == 2
    assert events(store) == before


def test_a_change_appends_a_version_and_keeps_the_old(store: Store, clock: FrozenClock) -> None:
    with store.begin() as conn:
        land(conn, {"C1": {"name": "a"}})
    clock.advance(60)
    with store.begin() as conn:
        assert land(conn, {"C1": {"name": "b"}}, run=2) == [number("C1")]
        history = landing.versions(conn, number("C1"))
        record = landing.load(conn, [number("C1")], raw=True)[number("C1")]
    assert [(one.seq, one.op, one.raw, one.run) for one in history] == [
        (1, "full", {"name": "a"}, 1),
        (2, "full", {"name": "b"}, 2),
    ]
    assert (record.version, record.raw, record.first_run) == (2, {"name": "b"}, 1)
    assert record.received_at == "2026-03-01T08:01:00.000000Z"
    assert events(store)[-1] == (number("C1"), "changed", 2)


def test_e61_volatile_fields_never_make_a_change(store: Store) -> None:
    """Guard: goldbridge.state.landing:_without"""
    with store.begin() as conn:
        land(conn, {"C1": {"name": "a", "seen": "1"}}, volatile=["seen"])
        assert land(conn, {"C1": {"name": "a", "seen": "2"}}, volatile=["seen"]) == []
        assert land(conn, {"C1": {"name": "b", "seen": "3"}}, volatile=["seen"]) == [number("C1")]
        assert landing.load(conn, [number("C1")], raw=True)[number("C1")].raw == {"name": "b", "seen": "3"}


def test_a_row_whose_mapped_part_stays_is_kept_without_an_event(store: Store) -> None:
    with store.begin() as conn:
        for remark in ("x", "y"):
            compared = landing.changed(conn, CRM, [Arrival("C1", {"name": "a", "remark": remark})])
            for change in compared.changes:
                change.canonical = {"name": change.raw["name"]}
            landing.save(conn, CRM, compared.changes, RUN)
        assert len(landing.versions(conn, number("C1"))) == 2
    assert [event for _, event, _ in events(store)] == ["created"]


def test_without_a_mapping_the_row_itself_is_visible(store: Store) -> None:
    with store.begin() as conn:
        assert land(conn, {"C1": {"name": "a"}}, mapped=False) == [number("C1")]
        assert land(conn, {"C1": {"name": "b"}}, mapped=False) == [number("C1")]
        assert landing.load(conn, [number("C1")])[number("C1")].canonical is None


def test_f60_a_newer_mapping_is_applied_to_rows_that_did_not_change(store: Store) -> None:
    with store.begin() as conn:
        land(conn, {"C1": {"name": "a"}}, mapping_rev="one")
    with store.begin() as conn:
        compared = landing.changed(conn, CRM, [Arrival("C1", {"name": "a"})], mapping_rev="two")
        (change,) = compared.changes
        assert not change.raw_changed
        change.canonical = {"name": "A"}
        assert landing.save(conn, CRM, [change], 2, mapping_rev="two") == [number("C1")]
        assert len(landing.versions(conn, number("C1"))) == 1
        record = landing.load(conn, [number("C1")])[number("C1")]
    assert (record.canonical, record.version, record.mapping_rev) == ({"name": "A"}, 2, "two")


def test_e78_stored_rows_can_be_mapped_again_without_the_source(store: Store) -> None:
    """Guard: goldbridge.state.landing:outdated"""
    keys = [f"C{i}" for i in range(7)]
    with store.begin() as conn:
        land(conn, keys, mapping_rev="one")
        land(conn, ["other"], ref=NEW, mapping_rev="one")
        landing.delete(conn, CRM, ["C6"], RUN)
    seen, after = [], -1
    while True:
        with store.begin() as conn:
            changes = landing.outdated(conn, CRM, "two", after=after, limit=4)
            if not changes:
                break
            after = changes[-1].id
            for change in changes:
                change.canonical = {"name": change.raw["name"].lower()}
            assert landing.save(conn, CRM, changes, 2, mapping_rev="two") == [change.id for change in changes]
            seen += [change.key for change in changes]
    assert sorted(seen) == keys[:6]
    with store.read() as conn:
        record = landing.load(conn, [number("C2")])[number("C2")]
        assert landing.outdated(conn, CRM, "two") == []
    assert (record.canonical, record.mapping_rev) == ({"name": "c2"}, "two")


def test_fates_are_counted_and_decide_what_is_visible(store: Store) -> None:
    rows: dict[str, dict[str, Any]] = {key: {"name": key} for key in ("ok", "out", "bad", "waits")}
    fates: dict[str, landing.Fate] = {"out": "filtered", "bad": "dead", "waits": "pending"}
    with store.begin() as conn:
        assert land(conn, rows, fates=fates) == [number("ok")]
        compared = landing.changed(conn, CRM, [Arrival(key, row) for key, row in rows.items()])
        assert compared.same == {"applied": 1, "filtered": 1, "dead": 1, "pending": 1}
        assert landing.count(conn) == {
            ("legacy_crm", "account", "party", "live", fate): 1 for fate in ("applied", "filtered", "dead", "pending")
        }
        assert [one.key for one in landing.scan(conn, fates=["dead", "pending"])] == sorted(
            ["bad", "waits"], key=number
        )
        assert land(conn, {"out": {"name": "in again"}}) == [number("out")]
        assert land(conn, {"ok": {"name": "left"}}, fates={"ok": "filtered"}) == [number("ok")]
    assert [event for _, event, _ in events(store)] == ["created", "created", "filtered"]


def test_a_dead_letter_keeps_the_last_good_document(store: Store) -> None:
    with store.begin() as conn:
        land(conn, {"C1": {"name": "good"}})
        assert land(conn, {"C1": {"name": "\0"}}, fates={"C1": "dead"}) == []
        record = landing.load(conn, [number("C1")], raw=True)[number("C1")]
        assert (record.fate, record.canonical, record.raw) == ("dead", {"name": "good"}, {"name": "\0"})
        assert land(conn, {"C1": {"name": "good"}}) == []
        assert landing.load(conn, [number("C1")])[number("C1")].fate == "applied"


def test_a_key_that_comes_twice_in_a_page_is_read_twice_and_kept_once(store: Store) -> None:
    with store.begin() as conn:
        arrivals = [Arrival("C1", {"name": "a"}), Arrival("C2", {"name": "x"}), Arrival("C1", {"name": "b"})]
        compared = landing.changed(conn, CRM, arrivals)
        assert [(change.key, change.raw["name"]) for change in compared.changes] == [("C1", "b"), ("C2", "x")]
        assert compared.same == {"applied": 1}
        assert len(landing.save(conn, CRM, compared.changes, RUN)) == 2


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800", "x" * 501])
def test_a_row_without_a_usable_key_is_rejected_alone(store: Store, key: str) -> None:
    with store.begin() as conn:
        compared = landing.changed(conn, CRM, [Arrival(key, {"name": "x"}), Arrival("C1", {"name": "y"})])
        ((arrival, error),) = compared.rejected
        assert arrival.key == key
        assert error.code == "STA020"
        assert [change.key for change in compared.changes] == ["C1"]


def test_a_row_that_is_no_json_is_rejected_alone(store: Store) -> None:
    with store.begin() as conn:
        compared = landing.changed(conn, CRM, [Arrival("C1", {"name": object()}), Arrival("C2", {"name": "y"})])
    assert [(arrival.key, error.code) for arrival, error in compared.rejected] == [("C1", "STA021")]
    assert [change.key for change in compared.changes] == ["C2"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.text(st.characters(codec=None), max_size=8), max_size=4))
def test_f22_whatever_a_source_sends_is_stored_intact(store: Store, row: dict[str, str]) -> None:
    row = {**row, "odd": "\0 \ud800 𠮷 １２３"}
    with store.begin() as conn:
        land(conn, {"C1": row})
        record = landing.load(conn, [number("C1")], raw=True)[number("C1")]
        assert record.raw == record.canonical == row
        assert land(conn, {"C1": row}) == []


def test_e70_e71_a_deleted_record_is_a_tombstone_and_comes_back_as_itself(store: Store) -> None:
    """Guard: goldbridge.state.landing:set_state"""
    with store.begin() as conn:
        land(conn, ["C1", "C2"])
        assert landing.delete(conn, CRM, ["C1", "never seen", "C1"], 2) == [number("C1")]
        assert landing.delete(conn, CRM, ["C1"], 2) == []
        assert landing.load(conn, [number("C1")])[number("C1")].state == "deleted"
        assert [one.key for one in landing.scan(conn)] == ["C2"]
        assert land(conn, ["C1"], run=3) == [number("C1")]
        assert land(conn, ["C1"], run=3) == []
        history = landing.versions(conn, number("C1"))
        assert landing.load(conn, [number("C1")], raw=True)[number("C1")].raw == {"name": "C1"}
    assert [(one.seq, one.op, one.raw) for one in history] == [
        (1, "full", {"name": "C1"}),
        (2, "delete", None),
        (3, "restore", {"name": "C1"}),
    ]
    assert events(store)[2:] == [(number("C1"), "deleted", 2), (number("C1"), "restored", 3)]


def test_a_filtered_record_goes_without_an_event(store: Store) -> None:
    with store.begin() as conn:
        land(conn, ["C1"], fates={"C1": "filtered"})
        assert landing.delete(conn, CRM, ["C1"], 2) == [number("C1")]
    assert events(store) == []


def test_e72_a_reused_key_starts_a_new_incarnation_and_closes_the_old(store: Store) -> None:
    """Guard: goldbridge.state.landing:Change.reborn"""
    with store.begin() as conn:
        land(conn, {"C1": {"name": "old"}})
        (change,) = landing.changed(conn, CRM, [Arrival("C1", {"name": "somebody else"})]).changes
        reborn = change.reborn(CRM)
        reborn.canonical = reborn.raw
        assert landing.save(conn, CRM, [reborn], 2) == [number("C1", incarnation=1)]
        both = landing.load(conn, [number("C1"), number("C1", incarnation=1)], raw=True)
        assert landing.find(conn, CRM.system, CRM.stream, ["C1", "C9"]) == {"C1": number("C1", incarnation=1)}
        assert land(conn, {"C1": {"name": "somebody else"}}) == []
    old, new = both[number("C1")], both[number("C1", incarnation=1)]
    assert (old.state, old.raw, new.state, new.incarnation, new.version) == ("deleted", {"name": "old"}, "live", 1, 1)


def test_e75_a_source_that_goes_off_can_come_back(store: Store) -> None:
    """Guard: goldbridge.state.landing:set_state"""
    with store.begin() as conn:
        land(conn, ["C1"])
        assert landing.set_state(conn, [number("C1"), 5], "withdrawn", 2) == [number("C1")]
        assert landing.set_state(conn, [number("C1")], "withdrawn", 2) == []
        assert landing.set_state(conn, [number("C1")], "live", 3) == [number("C1")]
        assert landing.set_state(conn, [], "live", 3) == []
    assert [event for _, event, _ in events(store)] == ["created", "withdrawn", "restored"]


def test_a_full_compare_finds_what_is_gone(store: Store) -> None:
    with store.begin() as conn:
        land(conn, ["C1", "C2", "C3"])
        land(conn, ["other"], ref=NEW)
    with store.begin() as conn:
        start = landing.place(conn)
        assert landing.missing(conn, CRM, 9, before=start) == (3, 3)
        land(conn, ["C1"], generation=9)
        land(conn, {"C2": {"name": "changed"}}, generation=9)
        land(conn, ["C4"])  # a live run lands it meanwhile
        assert landing.missing(conn, CRM, 9, before=start) == (1, 4)
        assert landing.sweep(conn, CRM, 9, 2, before=start) == [number("C3")]
        assert landing.sweep(conn, CRM, 9, 2, before=start) == []
        landing.close_generation(conn, 9)
        assert conn.execute(select(func.count()).select_from(sighting)).scalar_one() == 0
        assert sorted(one.key for one in landing.scan(conn)) == ["C1", "C2", "C4", "other"]


def test_a_sweep_goes_in_steps(store: Store) -> None:
    keys = [f"C{number}" for number in range(5)]
    with store.begin() as conn:
        land(conn, keys)
        swept = [landing.sweep(conn, CRM, 1, 2, before="9", limit=2) for _ in range(4)]
    assert [len(step) for step in swept] == [2, 2, 1, 0]
    assert [id for step in swept for id in step] == [number(key) for key in keys]


def test_a_full_compare_of_unchanged_rows_touches_no_record(store: Store) -> None:
    with store.begin() as conn:
        land(conn, ["C1", "C2"])
    with store.begin() as conn:
        before = conn.execute(select(source_record).order_by(source_record.c.id)).all()
        land(conn, ["C1", "C2"], generation=1)
        land(conn, ["C1", "C2"], generation=1)
        assert conn.execute(select(source_record).order_by(source_record.c.id)).all() == before
        assert conn.execute(select(func.count()).select_from(sighting)).scalar_one() == 2


def test_scanning_walks_everything_once(store: Store) -> None:
    keys = [f"C{i}" for i in range(25)]
    with store.begin() as conn:
        land(conn, keys)
        land(conn, ["x"], ref=StreamRef("legacy_crm", "contact", "contact"))
        landing.delete(conn, CRM, ["C3"], RUN)
        found = []
        after = -1
        while batch := landing.scan(conn, entity="party", after=after, limit=4, raw=True):
            found += batch
            after = batch[-1].id
        assert [one.id for one in found] == sorted(number(key) for key in keys if key != "C3")
        assert all(one.raw for one in found)
        assert len(list(landing.scan_all(conn))) == 25
        assert len(list(landing.scan_all(conn, system="legacy_crm", stream="account"))) == 24
        assert [one.key for one in landing.scan(conn, states=["deleted"])] == ["C3"]
        assert len(list(landing.scan_all(conn, states=()))) == 26


def test_scanning_a_stream_does_not_sort_it_for_every_batch(sqlite_store: Store) -> None:
    query = record.paged(select(source_record.c.id), "", "crm", "account", ("live",), (), 0).limit(10)
    with sqlite_store.read() as conn:
        sql = str(query.compile(conn, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in conn.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_answers_are_found_by_the_record_they_describe(store: Store) -> None:
    answers = StreamRef("map", "geocode", "party")
    with store.begin() as conn:
        land(conn, ["C1"])
        for key in ("q1", "q2"):
            (change,) = landing.changed(conn, answers, [Arrival(key, {"point": "1,2"})]).changes
            change.canonical, change.anchor, change.notes = {"p": 1}, number("C1"), {"p": {"inferred": True}}
            landing.save(conn, answers, [change], RUN)
        found = landing.anchored(conn, [number("C1"), 5])
        assert found == {number("C1"): sorted([number("q1", answers), number("q2", answers)])}
        record = landing.load(conn, [number("q1", answers)])[number("q1", answers)]
        assert (record.anchor, record.notes) == (number("C1"), {"p": {"inferred": True}})
        landing.delete(conn, answers, ["q1"], RUN)
        assert landing.anchored(conn, [number("C1")]) == {number("C1"): [number("q2", answers)]}


def test_nothing_asked_is_nothing_found(store: Store) -> None:
    with store.read() as conn:
        assert landing.load(conn, []) == {}
        assert landing.find(conn, "a", "b", []) == {}
        assert landing.anchored(conn, []) == {}
        assert landing.changed(conn, CRM, []).changes == []


operations = st.lists(
    st.tuples(st.sampled_from(["land", "delete"]), st.sets(st.sampled_from("ABC"), min_size=1), st.integers(0, 2)),
    max_size=8,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(operations)
def test_the_store_follows_the_source(store: Store, steps: list[tuple[str, set[str], int]]) -> None:
    """After any sequence of pages and deletions the live rows are the source's, and versions count every difference."""
    with store.begin() as conn:
        for table in (source_record, source_version):
            conn.execute(table.delete())
        source: dict[str, dict[str, Any]] = {}
        differences = 0
        for what, keys, value in steps:
            if what == "delete":
                differences += len(source.keys() & keys)
                landing.delete(conn, CRM, sorted(keys), RUN)
                for key in keys:
                    source.pop(key, None)
            else:
                rows = {key: {"value": value} for key in sorted(keys)}
                differences += sum(source.get(key) != row for key, row in rows.items())
                land(conn, rows)
                source |= rows
        live = {one.key: one.raw for one in landing.scan_all(conn, raw=True)}
        assert live == source
        assert conn.execute(select(func.count()).select_from(source_version)).scalar_one() == differences


def test_f59_a_row_read_before_another_run_landed_it_does_not_overwrite(store: Store) -> None:
    with store.begin() as conn:
        land(conn, {"C1": {"name": "a"}, "C2": {"name": "a"}})
        asked = landing.place(conn)
    with store.begin() as conn:
        land(conn, {"C1": {"name": "live"}})
    with store.begin() as conn:
        arrivals = [Arrival(key, {"name": "backfill"}) for key in ("C1", "C2", "C3")]
        compared = landing.changed(conn, CRM, arrivals, since=asked)
        assert [change.key for change in compared.changes] == ["C2", "C3"]
        assert compared.same == {"applied": 1}
        assert landing.load(conn, [number("C1")], raw=True)[number("C1")].raw == {"name": "live"}


@pytest.mark.postgres
def test_two_runs_that_land_one_new_record_make_one_version(postgres_url: str) -> None:
    stores = [open_store(postgres_url) for _ in range(2)]
    start = threading.Barrier(2)

    def run(store: Store) -> None:
        start.wait()
        for _ in range(5):
            with store.begin() as conn:
                land(conn, {f"C{n}": {"name": "same"} for n in range(50)})

    threads = [threading.Thread(target=run, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].read() as conn:
        assert conn.execute(select(func.count()).select_from(source_version)).scalar_one() == 50
        assert len(outbox.read(conn)) == 50
    for store in stores:
        store.close()
