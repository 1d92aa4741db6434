"""Each invariant, broken by hand in the database, is named; a sound store is silent; a rebuild sees the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from flows.hub import Hub
from flows.rebuild import deviations, rebuild, rebuild_into
from goldbridge.clock import FrozenClock
from goldbridge.state import crosswalk, decision, golden, landing, tables
from goldbridge.state.audit import Audit
from goldbridge.state.engine import open_store
from goldbridge.state.vault import derive
from mdm.export import lines
from mdm.verify import violations
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import credit_code

JIA, YI, ANSWER = (landing.record_id(*name) for name in
                   (("crm", "account", "1"), ("crm", "account", "2"), ("erp", "partner", "1")))  # fmt: skip


@pytest.fixture
def bench(bench: Bench) -> Bench:
    return filled(bench)


@pytest.fixture
def sqlite_bench(sqlite_bench: Bench) -> Bench:
    return filled(sqlite_bench)


def filled(bench: Bench) -> Bench:
    """Two companies, the first of them in both systems."""
    bench.put("crm", row("1", "杭州甲机械有限公司", tel="0571-87654321", code=credit_code(1)),
              row("2", "宁波乙电子有限公司", tel="0574-87654321", code=credit_code(2)))  # fmt: skip
    bench.put("erp", row("1", "杭州甲机械有限公司", tel="0571-87654321", code=credit_code(1)))
    bench.run("crm", "erp", "parties")
    return bench


def broken(hub: Hub) -> list[str]:
    with hub.store.read() as conn:
        return violations(conn, hub.project.model, Audit(derive(hub.key, "audit")))


def home(conn: Connection, record: int) -> int:
    return crosswalk.golden_of(conn, [record])[record]


def _homeless(conn: Connection) -> None:
    conn.execute(update(tables.membership).where(tables.membership.c.record == YI).values(tx_to="2026-03-01T09"))


def _said(kind: decision.AssertionKind, a: int, b: int) -> Callable[[Connection], None]:
    def say(conn: Connection) -> None:
        decision.add_assertions(conn, [decision.Assertion(kind, a, b, "anna")])

    return say


def _contradict(conn: Connection) -> None:
    for kind in ("same", "different"):
        _said(kind, JIA, ANSWER)(conn)  # type: ignore[arg-type]


def _two_numbers(conn: Connection) -> None:
    named = tables.identifier.c
    conn.execute(
        update(tables.identifier)
        .where(named.record == ANSWER, named.type == "credit_code")
        .values(value=credit_code(3))
    )  # fmt: skip


def _no_lineage(conn: Connection) -> None:
    head = golden.load(conn, [home(conn, YI)])[home(conn, YI)]
    conn.execute(
        update(tables.golden_record).where(tables.golden_record.c.id == head.id)
        .values(lineage={**head.lineage, "name": None})
    )  # fmt: skip


def _stranger_wins(conn: Connection) -> None:
    head = golden.load(conn, [home(conn, YI)])[home(conn, YI)]
    line: Any = head.lineage["name"]
    conn.execute(
        update(tables.golden_record).where(tables.golden_record.c.id == head.id)
        .values(lineage={**head.lineage, "name": {**line, "record": JIA}})
    )  # fmt: skip


def _nowhere(conn: Connection) -> None:
    conn.execute(insert(tables.golden_record).values(_head(7, "redirected")))
    _version(conn, 7)


def _circle(conn: Connection) -> None:
    for id, to in ((7, 8), (8, 7)):
        conn.execute(insert(tables.golden_record).values(_head(id, "redirected")))
        _version(conn, id)
        conn.execute(
            insert(tables.golden_redirect).values(
                from_id=id, direct=to, to_id=to, members=[], cause="x", run=0, tx_from="2026", tx_to=""
            )
        )


def _head(id: int, state: str) -> dict[str, Any]:
    return {"id": id, "entity": "party", "founder": id, "counter": 0, "state": state, "version": 1, "values": {},
            "lineage": {}, "changed_at": "2026"}  # fmt: skip


def _version(conn: Connection, id: int) -> None:
    conn.execute(
        insert(tables.golden_version).values(
            id=id, version=1, state="active", values={}, unset=[], lineage={}, valid_from="", tx_from="2026",
            cause="x", run=0,
        )
    )  # fmt: skip
    conn.execute(
        insert(tables.outbox).values(
            kind="golden", subject=id, entity="party", version=1, event="created", system="", stream="", detail=None,
            run=0, at="2026",
        )
    )  # fmt: skip


def _never_issued(conn: Connection) -> None:
    conn.execute(update(tables.membership).where(tables.membership.c.record == YI).values(golden=9))


def _gap(conn: Connection) -> None:
    conn.execute(update(tables.golden_record).where(tables.golden_record.c.id == home(conn, YI)).values(version=5))


def _no_event(conn: Connection) -> None:
    conn.execute(delete(tables.outbox).where(tables.outbox.c.subject == home(conn, YI)))


def _two_events(conn: Connection) -> None:
    event = conn.execute(select(tables.outbox).where(tables.outbox.c.subject == home(conn, YI))).one()
    conn.execute(insert(tables.outbox).values({**event._mapping, "seq": 99}))


def _unheeded(conn: Connection) -> None:
    decision.add_overrides(conn, [decision.Override(YI, "name", "set", "anna", "别名")])


def _audited(conn: Connection) -> None:
    conn.execute(
        insert(tables.audit).values(seq=1, at="2026", actor="x", action="x", subject="x", detail_digest="", digest="x")
    )


BREAKS: dict[str, tuple[Callable[[Connection], None], str]] = {
    "no membership": (_homeless, "G1 crm.account/2 belongs to no golden record"),
    "joined against an assertion": (_said("different", JIA, ANSWER), "joins two records that assertion 1 keeps apart"),
    "assertions that contradict": (_contradict, "G2 assertions contradict each other"),
    "two numbers": (_two_numbers, "holds 2 different credit_code"),
    "parted against an assertion": (_said("same", JIA, YI), "G10 assertion 1 says that party-"),
    "a redirect to nowhere": (_nowhere, "leads nowhere"),
    "an id that was never issued": (_never_issued, "names golden record 9, which was never issued"),
    "redirects in a circle": (_circle, "G5 golden record 7 leads back to itself"),
    "no lineage": (_no_lineage, ".name has no lineage"),
    "a winner that is no member": (_stranger_wins, ".name rests on a record that is gone"),
    "an override that is not heeded": (_unheeded, ".name does not heed override 1"),
    "a gap in the versions": (_gap, "has versions that do not count up"),
    "no event": (_no_event, "has no event in the outbox"),
    "two events": (_two_events, "has 2 events in the outbox"),
    "an audit row put in by hand": (_audited, "STA019 the audit is broken at row 1"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_named(sqlite_bench: Bench, name: str) -> None:
    break_it, sentence = BREAKS[name]
    with sqlite_bench.hub() as hub:
        assert broken(hub) == []
        with hub.store.begin() as conn:
            break_it(conn)
        found = broken(hub)
    assert any(sentence in one for one in found), found


def test_a_sound_store_is_silent_on_every_database(bench: Bench) -> None:
    with bench.hub() as hub:
        assert broken(hub) == []
        assert deviations(hub) == []


def test_an_asserted_merge_may_hold_two_numbers(sqlite_bench: Bench) -> None:
    with sqlite_bench.hub() as hub, hub.store.begin() as conn:
        _two_numbers(conn)
        _said("same", JIA, ANSWER)(conn)
        assert violations(conn, hub.project.model) == []


def test_versions_from_before_the_outbox_was_pruned_are_not_asked_about(sqlite_bench: Bench) -> None:
    with sqlite_bench.hub() as hub:
        with hub.store.begin() as conn:
            conn.execute(delete(tables.outbox).where(tables.outbox.c.seq <= 4))
        assert broken(hub) == []


def test_deep_verification_names_what_would_be_made_anew_otherwise(bench: Bench) -> None:
    with bench.hub() as hub:
        with hub.store.begin() as conn:
            id = home(conn, YI)
            head = golden.load(conn, [id])[id]
            head.values = {**head.values, "name": "写坏的名字"}
            golden.save(conn, [head], "damage", 0)
        assert broken(hub) == []
        (found,) = deviations(hub)
        assert found.startswith("G7 party-")
        assert 'values.name: stored "写坏的名字", made anew "宁波乙电子有限公司"' in found
        made = rebuild(hub)
        assert (made.records, made.moved, made.versions) == (3, 0, 1)
        assert deviations(hub) == []
        assert rebuild(hub).versions == 0


def test_a_rebuild_repairs_an_index_that_lies(bench: Bench) -> None:
    with bench.hub() as hub:
        with hub.store.read() as conn:
            before = list(lines(conn, ["party"]))
        with hub.store.begin() as conn:
            conn.execute(delete(tables.match_edge))
            conn.execute(delete(tables.match_key))
            conn.execute(update(tables.match_feature).values(features="[]"))
        rebuild(hub)
        with hub.store.read() as conn:
            assert list(lines(conn, ["party"])) == before
            assert len(conn.execute(select(tables.match_edge)).all()) == 1


def test_what_is_made_in_a_new_file_is_the_same(bench: Bench, tmp_path: Path) -> None:
    with bench.hub() as hub:
        assert rebuild_into(hub, tmp_path / "anew.sqlite").records == 3
        made = open_store(f"sqlite:///{tmp_path / 'anew.sqlite'}", hub.clock)
        try:
            with hub.store.read() as one, made.read() as other:
                assert list(lines(one, ["party"])) == list(lines(other, ["party"]))
                assert landing.versions(one, JIA) == landing.versions(other, JIA)
        finally:
            made.close()


def test_the_export_is_the_same_on_both_databases(
    tmp_path: Path, sqlite_url: str, postgres_url: str, clock: FrozenClock
) -> None:
    found = []
    for name, url in (("one", sqlite_url), ("other", postgres_url)):
        with filled(Bench(tmp_path / name, url, clock)).hub() as hub, hub.store.read() as conn:
            found.append(list(lines(conn, ["party"])))
    assert found[0] == found[1]
    assert len(found[0]) == 2
