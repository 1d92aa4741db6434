"""Comparing rows: what differs is named once, and the figures of both sides say the same as the differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flows.comparison import Comparison, Report, Wanted

SUMS = {"party": {"capital": "capital__c"}}


def compare(
    wanted: Sequence[tuple[str, dict[str, Any]]],
    rows: Sequence[tuple[str, str, dict[str, Any]]],
    groups: Sequence[str] = (),
) -> Report:
    """`wanted`: (external id, values); `rows`: (key, external id that it carries, row)."""
    compared = Comparison("crm.Account", SUMS, groups)
    for external, values in wanted:
        compared.want(Wanted(external, values, {}))
    for key, said, row in rows:
        compared.see(key, said, row)
    return compared.finish(lambda strangers: strangers.items())


def kinds(report: Report) -> list[tuple[str, str, str]]:
    return [(one.kind, one.external_id, one.field) for one in report.shown]


def test_figures_stand_beside_each_other_for_both_sides() -> None:
    report = compare(
        [
            ("party-1", {"name": "甲", "capital__c": "100.50", "founded": "2001-05-06"}),
            ("party-2", {"name": "乙", "capital__c": "20", "founded": None}),
        ],
        [
            ("k1", "party-1", {"name": "甲", "capital__c": 100.5, "founded": "2001-05-06"}),
            ("k2", "party-2", {"name": "丙", "capital__c": "30", "founded": "1999-01-01"}),
        ],
    )
    assert kinds(report) == [("field", "party-2", "name"), ("field", "party-2", "capital__c"), ("sum", "", "capital")]
    assert report.fields["capital__c"] == {
        "expected": {"filled": 2, "min": "20", "max": "100.5", "sum": "120.5"},
        "found": {"filled": 2, "min": "30", "max": "100.5", "sum": "130.5"},
        "ok": False,
    }
    day = {"filled": 1, "min": "2001-05-06", "max": "2001-05-06"}
    assert report.fields["founded"] == {"expected": day, "found": day, "ok": True}  # nobody answers for the other one
    assert report.fields["name"]["expected"] == {"filled": 2}


def test_groups_show_where_a_difference_lies() -> None:
    wanted = [(f"party-{n}", {"region": "330000" if n < 3 else "310000", "capital__c": "1"}) for n in range(5)]
    rows = [(f"k{n}", external, dict(values)) for n, (external, values) in enumerate(wanted)]
    rows[0][2]["capital__c"] = "7"
    rows[4][2]["region"] = ""
    report = compare(wanted, rows, ["region"])
    by = {
        value: (both["expected"]["rows"], both["found"]["rows"], both["found"]["capital__c"]["sum"], both["ok"])
        for value, both in report.groups["region"].items()
    }
    assert by == {
        "": (0, 1, "1", False),
        "310000": (2, 1, "1", False),
        "330000": (3, 3, "9", False),
    }


def test_very_many_groups_keep_those_with_the_most_rows() -> None:
    wanted = [(f"party-{n}", {"city": f"c{n:03}" if n % 2 else "big"}) for n in range(500)]
    rows = [(f"k{n}", external, values) for n, (external, values) in enumerate(wanted)]
    there, back = compare(wanted, rows, ["city"]), compare(wanted[::-1], rows[::-1], ["city"])
    assert there.groups == back.groups
    city = there.groups["city"]
    assert (len(city), city["big"]["expected"]["rows"]) == (201, 250)
    assert sum(both["found"]["rows"] for both in city.values()) == 500


def test_a_row_counts_as_found_once_more_when_it_stands_there_twice() -> None:
    report = compare(
        [("party-1", {"name": "甲"})], [("a", "party-1", {"name": "甲"}), ("b", "party-1", {"name": "甲"})]
    )
    assert (report.expected, report.found, kinds(report)) == (1, 2, [("double", "party-1", "")])


def test_a_known_row_is_compared_whatever_id_it_carries() -> None:
    compared = Comparison("crm.Account")
    compared.want(Wanted("party-1", {"name": "甲", "note": None}, {"k": ["note"]}))
    compared.see("k", "", {"name": "甲", "note": "still here"})
    compared.see("other", "", {"name": "theirs"})
    report = compared.finish(lambda strangers: strangers.items())
    assert (report.found, kinds(report)) == (1, [("field", "party-1", "note")])


def test_the_first_are_shown_and_all_are_counted() -> None:
    compared = Comparison("crm.Account", limit=3)
    for number in range(5):
        compared.want(Wanted(f"party-{number}", {"name": "甲"}, {}))
    report = compared.finish(lambda strangers: ())
    assert (report.differences, len(report.shown), report.ok) == (5, 3, False)


VALUES = st.one_of(
    st.none(), st.just(""), st.integers(-3, 3),
    st.sampled_from(["1", "1.0", "01", "a", "A", "2001-01-02", True, False]),
    st.floats(-2, 2).map(lambda number: round(number, 1)), st.lists(st.sampled_from(["a", "b", "", "1.0"]), max_size=2),
    st.sampled_from(['["a"]', "a\0b"]),
)  # fmt: skip
ROWS = st.dictionaries(st.sampled_from("abcdef"), st.fixed_dictionaries({"x": VALUES, "y": VALUES}), max_size=5)


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_equal_fingerprints_and_figures_mean_that_nothing_differs(
    ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]], shuffle: Any
) -> None:
    wanted = [(f"party-{name}", values) for name, values in ours.items()]
    rows = [(name, f"party-{name}", row) for name, row in theirs.items()]
    report = compare(wanted, rows, ["x"])
    shuffle.shuffle(wanted)
    shuffle.shuffle(rows)
    other = compare(wanted, rows, ["x"])
    assert (other.fields, other.groups, other.fingerprints, other.differences) == (
        report.fields, report.groups, report.fingerprints, report.differences,
    )  # fmt: skip
    told = {one.kind for one in report.shown} - {"sum", "extra"}
    assert (report.fingerprints["expected"] == report.fingerprints["found"]) is (not told)
    if not told:
        assert all(both["ok"] for both in report.fields.values())
