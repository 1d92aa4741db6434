"""Vetoes: what a record says about itself that no amount of evidence may override."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.fact import EMPTY, Facts, conflict, hard_ids_differ, namesakes, share_hard_id
from dedupe.rule import VETOES

ALL = frozenset(VETOES)
CODE_A, CODE_B, LEI = ("credit_code", "A"), ("credit_code", "B"), ("lei", "L")
COMPANY = Facts(kind="company", brand="示例", named=True)
BEIJING = COMPANY._replace(branch="北京", branch_kind="分公司")


@pytest.mark.parametrize(
    ("left", "right", "vetoes"),
    [
        (COMPANY, COMPANY, ()),
        (Facts(hard=(CODE_A,)), Facts(hard=(CODE_B,)), ("different_hard_id",)),
        (Facts(hard=(CODE_A,)), Facts(hard=(LEI,)), ()),  # two kinds of numbers say nothing about each other
        (Facts(hard=(CODE_A, LEI)), Facts(hard=(CODE_B, LEI)), ("different_hard_id",)),
        (COMPANY, COMPANY._replace(kind="individual"), ("different_kind",)),
        (COMPANY, COMPANY._replace(kind=""), ()),
        (COMPANY._replace(hard=(CODE_A,)), COMPANY._replace(hard=(CODE_A,), kind="cooperative"), ()),
        (COMPANY, COMPANY._replace(number_mark="2"), ("fund_number",)),
        (COMPANY._replace(named=False), COMPANY._replace(number_mark="2"), ()),  # a short name leaves it out
        (COMPANY._replace(named=False, number_mark="1"), COMPANY._replace(number_mark="2"), ("fund_number",)),
        (COMPANY, COMPANY._replace(group=True), ("group_marker",)),
        (COMPANY, COMPANY._replace(group=True, named=False), ()),
        (COMPANY, COMPANY._replace(group=True, brand="样板"), ()),
        (COMPANY._replace(hard=(CODE_A,)), COMPANY._replace(hard=(CODE_A,), group=True), ()),  # a group renamed
        (COMPANY, BEIJING, ("head_office_and_branch",)),
        (COMPANY._replace(named=False), BEIJING, ("head_office_and_branch",)),
        (COMPANY, COMPANY._replace(branch_kind="分公司"), ("head_office_and_branch",)),  # a branch without a place
        (BEIJING, COMPANY._replace(branch="上海", branch_kind="分公司"), ("head_office_and_branch",)),
        (BEIJING, COMPANY._replace(branch="北京朝阳", branch_kind="分公司"), ()),
        (BEIJING, COMPANY._replace(branch="北京3", branch_kind="分公司"), ("head_office_and_branch",)),
        (BEIJING, COMPANY._replace(branch_kind="分公司"), ()),
        # somebody typed the head office's code on the branch
        (COMPANY._replace(hard=(CODE_A,)), BEIJING._replace(hard=(CODE_A,)), ("head_office_and_branch",)),
        (Facts(hard=(CODE_A,)), BEIJING._replace(hard=(CODE_A,)), ()),  # a record without a name may be either
    ],
)
def test_conflicts(left: Facts, right: Facts, vetoes: tuple[str, ...]) -> None:
    assert conflict(ALL, left, right) == vetoes
    assert conflict(ALL, right, left) == vetoes
    for veto in vetoes:
        assert veto not in conflict(ALL - {veto}, left, right)


FACTS = st.builds(
    Facts,
    hard=st.sampled_from([(), (CODE_A,), (CODE_B,), (LEI,), (CODE_A, LEI)]),
    kind=st.sampled_from(["", "company", "individual"]),
    brand=st.sampled_from(["示例", "样板"]),
    group=st.booleans(),
    named=st.booleans(),
    branch=st.sampled_from(["", "北京", "上海", "北京3"]),
    branch_kind=st.sampled_from(["", "分公司"]),
    number_mark=st.sampled_from(["", "1", "2"]),
    cities=st.sampled_from([frozenset[str](), frozenset({"3301"}), frozenset({"3301", "1100"})]),
)


@given(FACTS, FACTS)
def test_a_conflict_is_symmetric_and_never_with_oneself_or_with_nothing(one: Facts, two: Facts) -> None:
    assert conflict(ALL, one, two) == conflict(ALL, two, one)
    assert conflict(ALL, one, one) == conflict(ALL, one, EMPTY) == ()
    assert conflict(frozenset(), one, two) == ()
    assert list(conflict(ALL, one, two)) == sorted(conflict(ALL, one, two))


def test_numbers_of_a_whole_cluster() -> None:
    assert hard_ids_differ([Facts(hard=(CODE_A,)), EMPTY], [Facts(hard=(CODE_B,))])
    # an asserted merge may hold two numbers: either is at home
    assert not hard_ids_differ([Facts(hard=(CODE_A,)), Facts(hard=(CODE_B,))], [Facts(hard=(CODE_B,))])
    assert not hard_ids_differ([Facts(hard=(CODE_A,))], [])
    assert share_hard_id(Facts(hard=(CODE_A, LEI)), Facts(hard=(LEI,)))
    assert not share_hard_id(EMPTY, EMPTY)


def test_namesakes_say_where_they_are() -> None:
    here, there = Facts(cities=frozenset({"3301"})), Facts(cities=frozenset({"1100"}))
    assert namesakes(here, there)
    assert not namesakes(here, EMPTY)
    assert not namesakes(here, there._replace(cities=frozenset({"1100", "3301"})))
    assert not namesakes(here._replace(hard=(CODE_A,)), there._replace(hard=(CODE_A,)))
