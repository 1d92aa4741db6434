"""Features stand beside the keys; the questions of a search walk no table."""

from __future__ import annotations

from goldbridge.state import crosswalk, feature, match, ruleset
from goldbridge.state.crosswalk import Move
from goldbridge.state.engine import Store
from goldbridge.state.feature import Feature, Near
from tests.state.samples import RUN, land, number
from tests.state.samples import golden as golden_of

ONE, TWO, THREE = number("C1"), number("C2"), number("C3")


def test_who_is_near_comes_with_features_of_the_asked_revision(store: Store) -> None:
    with store.begin() as conn:
        match.replace_keys(conn, "party", {ONE: ["a", "b"], TWO: ["b"], THREE: ["c"]})
        match.replace_keys(conn, "contact", {9: ["a"]})
        feature.put(conn, [Feature(TWO, 1, "s", "old"), Feature(ONE, 2, "s", "one"), Feature(THREE, 2, "s", "three")])
        found, crowded = feature.near(conn, "party", 2, ["a", "b", "none"], 10)
        assert (sorted(found), crowded) == (sorted([Near(ONE, 2, "one"), Near(TWO, 1, None)]), {})
        feature.put(conn, [Feature(TWO, 2, "t", "two")])
        assert feature.load(conn, 2, [TWO, 7]) == {TWO: Feature(TWO, 2, "t", "two")}
        assert feature.load(conn, 2, []) == feature.load(conn, 1, [TWO]) == {}
        feature.forget(conn, [TWO])
        feature.forget(conn, [])
        assert feature.load(conn, 2, [ONE, TWO]) == {ONE: Feature(ONE, 2, "s", "one")}


def test_a_golden_record_answers_for_its_open_members_alone(store: Store) -> None:
    with store.begin() as conn:
        land(conn, {"C1": {"name": "a"}, "C2": {"name": "b"}, "C3": {"name": "c"}})
        home, other = golden_of("C1").id, golden_of("C3").id
        crosswalk.move(conn, [Move(ONE, home), Move(TWO, home), Move(THREE, home)], "test", RUN)
        crosswalk.move(conn, [Move(THREE, other)], "test", RUN)
        feature.put(conn, [Feature(ONE, 2, "", "one"), Feature(TWO, 1, "", "two"), Feature(THREE, 2, "", "three")])
        assert feature.homes(conn, [ONE, THREE, 7]) == {ONE: home, THREE: other}
        assert feature.of_members(conn, 2, [home]) == [(home, "one")]
        assert feature.homes(conn, []) == {}
        assert feature.of_members(conn, 2, []) == []


def test_the_revision_in_force(store: Store) -> None:
    with store.begin() as conn:
        assert ruleset.in_force(conn) == 0
        first = ruleset.add(conn, {"party": {}}, {}, "x")
        second = ruleset.add(conn, {"party": {"a": 1}}, {}, "x")
        assert ruleset.in_force(conn) == 0
        ruleset.activate(conn, second, "x")
        assert ruleset.in_force(conn) == second
        ruleset.activate(conn, first, "x")
        assert ruleset.in_force(conn) == first


def test_no_question_walks_a_table(sqlite_store: Store) -> None:
    asked = {
        feature._NEAR["sqlite"]: ("party", '["k"]', 5, 1),
        feature._COMPANIONS["sqlite"]: ("party", '["k"]', 5, 1),
        feature._CROWDS["sqlite"]: ("party", 5, '["k"]'),
        feature._HOMES["sqlite"]: ("[1]",),
        feature._MEMBERS["sqlite"]: (1, "[1]"),
        ruleset._IN_FORCE["sqlite"]: (),
    }
    with sqlite_store.read() as conn:
        for sql, values in asked.items():
            plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            # x, n and the subquery are what was found so far.
            walked = [
                step for step in plan if step.startswith("SCAN") and step.split()[1] not in ("x", "n", "(subquery-1)")
            ]
            assert [step for step in walked if "json_each" not in step and "SCAN j " not in step] == [], (sql, plan)
