"""E82: who owns whom and whose branch it is, between golden records: moved by merges, never in a circle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from goldbridge.clock import FrozenClock
from goldbridge.state import landing, relation
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.relation import Relation
from goldbridge.state.tables import relation as table
from goldbridge.state.tables import task as tasks
from mdm.export import differences, lines
from mdm.hierarchy import DROPPED, KEPT, Branch, Edge, circular, tree, upwards
from mdm.steward import merge, undo
from mdm.steward.act import decide
from mdm.steward.pinning import Pin, Suppress
from tests.mdm.town import BING, DING, JIA, YI, Town, homes, record

RELATED = """
      head_office: {reference: party, relation: branch_of}
      parent_company: {reference: party, relation: parent_of}
      former_company: {reference: party, relation: formerly}
"""


@pytest.fixture
def kin(tmp_path: Path, store_url: str, clock: FrozenClock) -> Town:
    """乙 is a branch of 甲 and owns 丙, 丙 was 丁 before: what the CRM says in its own columns."""
    return _kin(Town(tmp_path / "project", store_url, clock))


@pytest.fixture
def sqlite_kin(sqlite_town: Town) -> Town:
    return _kin(sqlite_town)


def _kin(town: Town) -> Town:
    town.edit("config/model.yaml", "      address: {type: address}\n", f"      address: {{type: address}}{RELATED}")
    told(town, {"2": {"head_office": "1"}, "3": {"parent_company": "2", "former_company": "4"}})
    return town


def told(town: Town, rows: dict[str, dict[str, str]]) -> None:
    """The CRM says that these accounts relate to others (by key)."""
    town.later()
    ref = StreamRef("crm", "account", "party")
    with town.hub() as hub, hub.store.begin() as conn:
        known = landing.load(conn, landing.find(conn, *ref[:2], rows).values())
        arrivals = [Arrival(one.key, {"ID": one.key, **rows[one.key]}) for one in known.values()]
        for change in (compared := landing.changed(conn, ref, arrivals)).changes:
            held = {n: v for n, v in (known[change.id].canonical or {}).items() if n not in RELATED}
            change.canonical = held | {n: {"ref": "crm.account", "key": key} for n, key in rows[change.key].items()}
        landing.save(conn, ref, compared.changes, 9, mapping_rev=next(iter(known.values())).mapping_rev)
    town.run("parties")


def up(town: Town, source: str) -> list[list[tuple[str, int]]]:
    with town.reading() as conn:
        return upwards(conn, homes(conn, source))


def shape(branches: list[Branch]) -> Any:
    return [(one.golden, one.kind, shape(one.below)) for one in branches]


def exported(town: Town) -> list[str]:
    with town.reading() as conn:
        return list(lines(conn, ["party"]))


def questions(town: Town) -> list[Any]:
    return [one.payload for one in town.tasks(kinds=["relation_dropped"])]


def test_relations_are_seen_up_to_the_root_and_move_with_a_merge(sqlite_kin: Town) -> None:
    kin = sqlite_kin
    jia, yi, bing, ding = (id or 0 for id in kin.home(JIA, YI, BING, DING))
    assert up(kin, BING) == [[("parent_of", yi)], [("branch_of", jia)]]
    with kin.reading() as conn:
        assert upwards(conn, bing, ["formerly"]) == [[("formerly", ding)]]
        assert shape(tree(conn, yi)) == [(jia, "", [(yi, "branch_of", [(bing, "parent_of", [])])])]
    before = exported(kin)
    assert any('"branch_of"' in line for line in before)
    with kin.steward() as (conn, who):
        made = merge(conn, who, [jia, ding], survivor=ding)
    assert up(kin, YI) == [[("branch_of", ding)]]
    assert (questions(kin), kin.broken()) == ([], [])
    with kin.steward() as (conn, who):
        undo(conn, who, made.decision)
    assert exported(kin) == before


def test_e82_a_branch_merged_with_its_head_office_relates_to_nobody(kin: Town) -> None:
    """Guard: mdm.hierarchy:circular"""
    before = exported(kin)
    with kin.steward() as (conn, who):
        made = merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
    assert up(kin, JIA) == []
    (asked,) = questions(kin)
    assert (asked["relation"], asked["goldens"][0]) == ("branch_of", asked["goldens"][1])
    assert "would lead back to itself" in asked["reason"]
    assert [one.queue for one in kin.tasks(kinds=["relation_dropped"])] == ["relations"]
    assert kin.broken() == []
    # A run and a rebuild leave it, and its undo brings the relation back.
    dropped = exported(kin)
    kin.run("parties")
    assert exported(kin) == dropped
    with kin.steward() as (conn, who):
        undo(conn, who, made.decision)
    assert (exported(kin), questions(kin), up(kin, YI)) == (before, [], [[("branch_of", kin.home(JIA)[0])]])


def test_e82_an_ownership_circle_by_way_of_a_merge_is_cut_at_one_place_whatever_the_order(sqlite_kin: Town) -> None:
    """Guard: mdm.hierarchy:circular"""
    kin = sqlite_kin
    # 丙 is owned by 乙, which is a branch of 甲; 甲 is to be merged with 丙.
    with kin.steward() as (conn, who):
        merge(conn, who, [homes(conn, JIA), homes(conn, BING)])
    (asked,) = questions(kin)
    assert "and that leads back" in asked["reason"]
    with kin.reading() as conn:
        home = homes(conn, JIA)
        lines_ = relation.touching(conn, [record(conn, one) for one in (YI, BING)])
        (gone,) = [one for one in lines_ if one.basis == DROPPED]
        assert gone.kind == "parent_of"
        (top,) = tree(conn, home)
    assert shape([top]) == [(home, "", [(kin.home(YI)[0], "branch_of", [])])]
    assert kin.broken() == []
    # What a steward pins stays; the other one is dropped in its stead. Hiding the wrong one settles the question.
    with kin.steward() as (conn, who):
        pinned = decide(
            conn, who, Pin(home, "parent_company", {"ref": "crm.account", "key": "2"}, anchor=record(conn, BING))
        )
    (asked,) = questions(kin)
    assert asked["relation"] == "branch_of"
    assert kin.broken() == []
    with kin.steward() as (conn, who):
        undo(conn, who, pinned.decision)
    with kin.steward() as (conn, who):
        decide(conn, who, Suppress(home, "parent_company"))
    assert (questions(kin), kin.broken()) == ([], [])
    assert up(kin, YI) == [[("branch_of", home)]]


def test_e82_verify_names_a_circle_and_a_drop_that_nobody_is_asked_about(sqlite_kin: Town) -> None:
    """Guard: mdm.hierarchy:broken"""
    kin = sqlite_kin
    with kin.steward() as (conn, who):
        merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
        conn.execute(update(tasks).values(state="done"))
    assert ["nobody is asked" in one for one in kin.broken()] == [True]
    with kin.hub() as hub, hub.store.begin() as conn:
        conn.execute(update(table).values(basis=KEPT))
    assert [one.partition(" party-")[0] for one in kin.broken()] == ["E82 branch_of leads"]


def test_e82_a_circle_that_the_sources_say_is_cut_alike_in_any_order_and_by_a_rebuild(sqlite_kin: Town) -> None:
    """Guard: mdm.hierarchy:circular"""
    kin = sqlite_kin
    from flows.rebuild import _beside
    from goldbridge.state.engine import open_store

    told(kin, {"1": {"parent_company": "3"}})
    assert len(questions(kin)) == 1
    assert kin.broken() == []
    with kin.hub() as hub:
        made = open_store(f"sqlite:///{kin.root / 'beside.sqlite'}", hub.clock)
        try:
            _beside(hub, made)
            with made.read() as anew:
                assert differences(iter(exported(kin)), lines(anew, ["party"])) == []
        finally:
            made.close()


edges = st.lists(
    st.builds(
        lambda kind, child, parent, pinned: Edge(child, parent, Relation(kind, child, parent), pinned),
        st.sampled_from(["parent_of", "branch_of", "formerly"]), st.integers(0, 5), st.integers(0, 5), st.booleans(),
    ),
    max_size=12, unique_by=lambda one: one.line,
)  # fmt: skip


@given(edges, st.randoms())
@settings(max_examples=60, deadline=None)
def test_e82_whatever_relates_to_whom_nothing_leads_back_and_nothing_more_is_dropped(edges: Any, random: Any) -> None:
    """Guard: mdm.hierarchy:_leads"""
    dropped = circular(edges)
    kept = [edge for edge in edges if edge.line not in dropped]
    assert circular(kept) == set()
    for family in (("parent_of", "branch_of"), ("formerly",)):
        up = {(edge.child, edge.parent) for edge in kept if edge.line.kind in family}
        reach = set(up)
        while more := {(a, d) for a, b in reach for c, d in up if b == c} - reach:
            reach |= more
        assert all(a != b for a, b in reach)
    random.shuffle(edges)
    assert circular(edges) == dropped
