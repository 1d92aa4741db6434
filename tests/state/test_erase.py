"""E86, E87, G13: erased content is absent from every table; the numbers stay and the record is not imported again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from goldbridge.ports import Part
from goldbridge.state import (
    cache,
    crosswalk,
    dead,
    decision,
    delivery,
    golden,
    inbox,
    landing,
    match,
    outbox,
    relation,
    task,
)
from goldbridge.state.crosswalk import Move
from goldbridge.state.engine import Store
from goldbridge.state.erase import erase, suppressed
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.tables import metadata
from tests.state.samples import RUN, land, number
from tests.state.samples import golden as golden_of

KEY = b"e" * 32
SECRET = "王小明13800138000"
ANSWERS = StreamRef("map", "geocode", "party")
GONE, STAYS = number(SECRET), number("C2")


def everything(conn: Connection) -> str:
    return "\n".join(str(conn.execute(select(table)).all()) for table in metadata.sorted_tables)


def spread(conn: Connection) -> int:
    """A record whose content is everywhere it can be; returns its golden id."""
    land(conn, {SECRET: {"name": SECRET}, "C2": {"name": "其他公司"}})
    land(conn, {SECRET: {"name": SECRET + "!"}})
    (answer,) = landing.changed(conn, ANSWERS, [Arrival(SECRET, {"line": SECRET})]).changes
    answer.canonical, answer.anchor, answer.notes = {"line": SECRET}, GONE, {"line": {"invalid": SECRET}}
    landing.save(conn, ANSWERS, [answer], RUN)
    cache.save(
        conn, "map", "geocode", [cache.CachedAnswer({"a": SECRET}, True, "geocode", SECRET, {"l": SECRET}, "", "2026")]
    )
    one = golden_of("C2", name="其他公司", mobile=SECRET)
    one.lineage = {"name": {"record": STAYS}, "mobile": {"record": GONE, "challengers": [STAYS]}}
    golden.save(conn, [one], "test", RUN, details={one.id: {"who": SECRET}})
    one.values["mobile"] = "其他公司"
    golden.save(conn, [one], "the value changed, the winner stayed", RUN)
    crosswalk.move(conn, [Move(GONE, one.id), Move(STAYS, one.id)], "test", RUN)
    match.replace_keys(conn, "party", {GONE: [SECRET], STAYS: ["k"]})
    match.replace_identifiers(conn, {GONE: [match.Identifier(GONE, "phone", SECRET, "soft", True)]})
    match.replace_edges(conn, 1, [], [match.Edge(GONE, STAYS, 1, "auto", {"name": SECRET})])
    dead.put(
        conn, "crm", [dead.Letter("legacy_crm", "account", SECRET, "map", "MAP050", SECRET, payload_src=SECRET)], RUN
    )
    write = delivery.Order("new_crm", "AccountObj", one.id, 1, "create", "G1", {"m": SECRET}, {"m": SECRET})
    delivery.enqueue(conn, "publish", [write], RUN)
    (asked,) = task.open_tasks(conn, [task.NewTask("review", [GONE, STAYS], {"names": [SECRET]})])
    task.comment(conn, asked, "lin", f"called {SECRET}")
    made = decision.add(
        conn, kind="pin", judgement="set", payload={"v": SECRET}, proposer="lin", reason=SECRET, task=asked
    )
    decision.add_overrides(
        conn, [decision.Override(GONE, "name", "set", "lin", value=SECRET, decision=made, reason="r")]
    )
    relation.replace_roles(conn, [one.id], [relation.Role(one.id, "customer", anchor=GONE, owner=SECRET)])
    outbox.append(conn, [outbox.NewEvent("record", GONE, "party", 9, "changed", detail=SECRET)], RUN)
    told = {"body": {"id": SECRET, "name": SECRET}}
    inbox.put(
        conn, "legacy_crm", "e1", [Part("record", "account", SECRET, content=told), Part("unclaimed", content=told)]
    )
    inbox.put(conn, "legacy_crm", "e2", [Part("record", "account", "C2", content={"body": {"name": "其他公司"}})])
    inbox.put(conn, "events", "e1", [Part("hint", "legacy_crm.account", SECRET, content=told)])
    return one.id


def test_e86_g13_nothing_of_an_erased_record_is_left(store: Store) -> None:
    """Guard: goldbridge.state.erase:_wipe_records"""
    with store.begin() as conn:
        id = spread(conn)
        assert SECRET in everything(conn)
        lost = erase(conn, KEY, [GONE], author="officer", run=2)
        left = everything(conn)
        assert SECRET not in left
        assert "其他公司" in left
        assert set(lost) >= {
            "inbox",
            "source_record",
            "source_version",
            "dead_letter",
            "delivery",
            "golden_version",
            "task",
        }
        records = landing.load(conn, [GONE, STAYS], raw=True)
        assert (records[GONE].state, records[GONE].raw, records[GONE].canonical) == ("erased", None, None)
        assert records[STAYS].raw == {"name": "其他公司"}
        assert [one.raw for one in landing.versions(conn, GONE)] == [None, None, None]
        assert outbox.read(conn, kind="record")[-1].event in ("erased", "changed")
        assert [one.values for one in golden.history(conn, id)] == [{"name": "其他公司"}, {}]
        assert delivery.list_deliveries(conn)[0].state == "superseded"
        (told,) = inbox.page(conn, "legacy_crm", "account", 0, inbox.last(conn), 9)
        assert (told.key, told.content) == ("C2", {"body": {"name": "其他公司"}})
        assert not inbox.put(conn, "legacy_crm", "e1", []), "an erased event is not taken again"
        assert crosswalk.golden_of(conn, [GONE]) == {GONE: id}, "numbers stay; the caller closes and recomputes"


def test_e86_a_second_import_is_suppressed_by_a_keyed_hash(store: Store) -> None:
    """Guard: goldbridge.state.erase:suppressed"""
    with store.begin() as conn:
        spread(conn)
        erase(conn, KEY, [GONE, GONE], author="officer", run=2)
        assert suppressed(conn, KEY, "legacy_crm", "account", [SECRET, "C2", "a\0b"]) == {SECRET}
        assert suppressed(conn, b"x" * 32, "legacy_crm", "account", [SECRET]) == set()
        assert suppressed(conn, KEY, "erp", "partner", [SECRET]) == set()
        assert suppressed(conn, KEY, "legacy_crm", "account", []) == set()
        assert landing.find(conn, "legacy_crm", "account", [SECRET]) == {}


def test_erasing_again_changes_nothing_more(store: Store) -> None:
    with store.begin() as conn:
        spread(conn)
        erase(conn, KEY, [GONE], author="officer", run=2)
        before = everything(conn)
        erase(conn, KEY, [], author="officer", run=3)
        assert everything(conn) == before


def test_g13_erased_bytes_leave_the_file_too(sqlite_store: Store) -> None:
    with sqlite_store.begin() as conn:
        spread(conn)
    assert sqlite_store.path is not None
    needle = SECRET.encode()
    files = [Path(f"{sqlite_store.path}{suffix}") for suffix in ("", "-wal")]
    assert any(needle in file.read_bytes() for file in files)
    with sqlite_store.begin() as conn:
        erase(conn, KEY, [GONE], author="officer", run=2)
    sqlite_store.scrub()
    assert not any(needle in file.read_bytes() for file in files if file.exists())
