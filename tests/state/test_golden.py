"""A golden record's versions rise by one per visible change, and each has exactly one event."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from goldbridge.clock import FrozenClock
from goldbridge.errors import Retry
from goldbridge.state import golden as goldens
from goldbridge.state import outbox
from goldbridge.state.engine import Store
from goldbridge.state.golden import Golden, golden_id
from goldbridge.state.tables import golden_record, golden_version
from goldbridge.state.tables import outbox as outbox_table
from tests.state.samples import RUN, golden, number


def events(store: Store) -> list[tuple[int, str, int]]:
    with store.read() as conn:
        return [(event.subject, event.event, event.version) for event in outbox.read(conn, kind="golden")]


def test_ids_come_from_the_founding_record_and_its_counter(store: Store) -> None:
    first, second, other = golden("A"), golden("A", 1), golden("B")
    assert first.id == golden_id(number("A"), 0) < 2**63
    assert len({first.id, second.id, other.id}) == 3
    with store.begin() as conn:
        goldens.save(conn, [second, first, other], "test", RUN)
        assert goldens.founded(conn, [number("A"), 5]) == {number("A"): [first.id, second.id]}
        assert goldens.heads(conn, [second.id, 5]) == {second.id: ("active", number("A"))}
        assert goldens.heads(conn, []) == {}


def test_g11_a_visible_change_is_one_version_and_one_event(store: Store, clock: FrozenClock) -> None:
    one = golden("A", name="a", phones=["1"])
    one.lineage = {"name": {"rule": "only"}, "phones": {"rule": "union"}}
    with store.begin() as conn:
        assert goldens.save(conn, [one], "created", RUN, valid_from="2026-01-01") == [one.id]
        assert one.version == 1
        assert goldens.load(conn, [one.id, 5]) == {one.id: one}
        clock.advance(1)
        one.values = {"name": "b", "city": "杭州市"}
        one.lineage["name"] = {"rule": "recency"}
        assert goldens.save(conn, [one], "changed", 2) == [one.id]
        history = goldens.history(conn, one.id)
    assert events(store) == [(one.id, "created", 1), (one.id, "changed", 2)]
    assert [(v.version, v.values, v.unset, v.lineage, v.cause, v.run) for v in history] == [
        (1, {"name": "a", "phones": ["1"]}, [], {"name": {"rule": "only"}, "phones": {"rule": "union"}}, "created", 1),
        (2, {"name": "b", "city": "杭州市"}, ["phones"], {"name": {"rule": "recency"}}, "changed", 2),
    ]
    assert history[0].valid_from == "2026-01-01"


def test_e22_saving_the_same_again_writes_nothing(store: Store) -> None:
    """Guard: goldbridge.state.golden:_event"""
    one = golden("A", name="a")
    with store.begin() as conn:
        goldens.save(conn, [one], "test", RUN)
    with store.begin() as conn:
        again = goldens.load(conn, [one.id])[one.id]
        assert goldens.save(conn, [again], "test", 2) == []
        assert again.version == 1
    assert len(events(store)) == 1


def test_what_is_read_without_its_lineage_says_the_same_and_is_never_saved(store: Store) -> None:
    one = golden("A", name="a")
    one.lineage = {"name": {"rule": "longest"}}
    with store.begin() as conn:
        goldens.save(conn, [one], "test", RUN)
    with store.begin() as conn:
        whole, (bare,) = goldens.load(conn, [one.id])[one.id], goldens.scan(conn, lineage=False)
        assert goldens.load(conn, [one.id], lineage=False) == {one.id: bare}
        assert (bare.id, bare.state, bare.version, bare.values) == (whole.id, whole.state, whole.version, whole.values)
        assert (whole.lineage, bare.lineage) == ({"name": {"rule": "longest"}}, {})
        with pytest.raises(AssertionError, match="without its lineage"):
            goldens.save(conn, [bare], "test", RUN)


def test_lineage_alone_is_kept_without_a_version(store: Store) -> None:
    one = golden("A", name="a")
    with store.begin() as conn:
        goldens.save(conn, [one], "test", RUN)
        one.lineage = {"name": {"rule": "quorum"}}
        assert goldens.save(conn, [one], "test", RUN) == []
        assert goldens.load(conn, [one.id])[one.id].lineage == {"name": {"rule": "quorum"}}
        assert len(goldens.history(conn, one.id)) == 1


@pytest.mark.parametrize(
    ("state", "event"), [("redirected", "redirected"), ("retired", "retired"), ("erased", "erased")]
)
def test_states_are_told_by_name(store: Store, state: goldens.GoldenState, event: str) -> None:
    one = golden("A", name="a")
    with store.begin() as conn:
        goldens.save(conn, [one], "test", RUN)
        one.state = state
        goldens.save(conn, [one], "test", RUN, details={one.id: {"to": ["7"]}})
        one.state = "active"
        goldens.save(conn, [one], "test", RUN)
        details = [found.detail for found in outbox.read(conn, kind="golden")]
    assert [what for _, what, _ in events(store)] == ["created", event, "restored"]
    assert details == [None, {"to": ["7"]}, None]


def test_a_change_to_something_that_changed_meanwhile_is_refused(store: Store) -> None:
    one = golden("A", name="a")
    with store.begin() as conn:
        goldens.save(conn, [one], "test", RUN)
    mine, theirs = copy.deepcopy(one), copy.deepcopy(one)
    theirs.values["name"] = "theirs"
    mine.values["name"] = "mine"
    with store.begin() as conn:
        goldens.save(conn, [theirs], "test", RUN)
    with pytest.raises(Retry, match="version 2, not 1") as caught, store.begin() as conn:
        goldens.save(conn, [mine], "test", RUN)
    assert caught.value.code == "STA030"
    with pytest.raises(Retry), store.begin() as conn:
        goldens.save(conn, [golden("A", name="new again")], "test", RUN)


def test_walking_all_of_an_entity(store: Store) -> None:
    many = [golden(f"C{i}", name=str(i)) for i in range(9)]
    contact = Golden(7, "contact", 1, values={"name": "p"})
    many[3].state = "retired"
    with store.begin() as conn:
        goldens.save(conn, [*many, contact], "test", RUN)
        expected = sorted(one.id for one in many if one.state == "active")
        assert list(goldens.ids(conn, "party")) == expected
        assert len(list(goldens.ids(conn, states=()))) == 10
        walked, after = [], -1
        while batch := goldens.scan(conn, "party", after=after, limit=3):
            walked += batch
            after = batch[-1].id
        assert [one.id for one in walked] == expected
        assert [one.id for one in goldens.scan(conn, states=["retired"])] == [many[3].id]


fields = st.dictionaries(st.sampled_from(["name", "city", "phones"]), st.none() | st.integers(0, 3), max_size=3)
states = st.sampled_from(["active", "retired"])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(fields, fields, states), min_size=1, max_size=6))
def test_e31_every_past_state_can_be_read(
    store: Store, clock: FrozenClock, steps: list[tuple[dict[str, int], dict[str, int], goldens.GoldenState]]
) -> None:
    """The versions replayed up to a time give the record as it stood then, values and lineage.

    Guard: goldbridge.state.golden:_difference
    """
    one = golden("A")
    with store.begin() as conn:
        for table in (golden_record, golden_version, outbox_table):
            conn.execute(delete(table))
        then: list[tuple[str, dict[str, object], goldens.GoldenState]] = []
        visible = 0
        for values, marks, state in steps:
            before = (dict(one.values), one.state)
            one.values = dict(values)
            one.lineage = {name: {"rule": marks.get(name)} for name in values}
            one.state = state
            visible += not then or before != (one.values, one.state)
            goldens.save(conn, [one], "step", RUN)
            then.append((goldens.history(conn, one.id)[-1].tx_from, dict(values), state))
            now = clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            (found,) = goldens.as_of(conn, [one.id], now).values()
            assert (found.values, found.state, found.version) == (one.values, one.state, one.version)
            clock.advance(1)
        assert one.version == visible == len(goldens.history(conn, one.id)) == len(outbox.read(conn))
        for at, values, state in then:
            (found,) = goldens.as_of(conn, [one.id], at).values()
            assert (found.values, found.state) == (values, state)
        assert goldens.as_of(conn, [one.id], "2020") == {}
