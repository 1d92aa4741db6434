"""What a record says about its own identity beside any comparison: enough to refuse a join, whoever proposes it.

Facts are small and shared by most records (`EMPTY`), so a cluster keeps the set of its members' facts and a join is
checked against those, not against every pair of members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Facts(NamedTuple):
    """`hard`: valid official numbers as (type, value); the rest is from the parsed name, "" where it says nothing."""

    hard: tuple[tuple[str, str], ...] = ()
    kind: str = ""
    """company, individual, cooperative, public or other; a branch has the kind of its head office."""
    brand: str = ""
    group: bool = False
    named: bool = False
    """A full legal name was parsed, so a missing marker means that there is none."""
    branch: str = ""
    """Place and number of a branch, "" for a head office."""
    branch_kind: str = ""
    number_mark: str = ""
    doubtful: bool = False
    """The number was given out in another province than the record's own: it may be somebody else's."""
    cities: frozenset[str] = frozenset()
    """Four-digit city codes of the name or the address; not a veto, but it tells namesakes apart."""


EMPTY = Facts()

Conflict = Callable[[Facts, Facts], str]


def hard_ids_differ(left: Iterable[Facts], right: Iterable[Facts]) -> bool:
    """True when both sides know numbers of one type and have none in common."""
    one, two = _ids(left), _ids(right)
    return any(kind in two and not values & two[kind] for kind, values in one.items())


def share_hard_id(left: Facts, right: Facts) -> bool:
    return bool(left.hard and right.hard and set(left.hard) & set(right.hard))


def namesakes(left: Facts, right: Facts) -> bool:
    """Both say where they are, the places differ, and no official number says that they are one."""
    return bool(left.cities and right.cities and not left.cities & right.cities and not share_hard_id(left, right))


def _ids(facts: Iterable[Facts]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in facts:
        for kind, value in item.hard:
            found.setdefault(kind, set()).add(value)
    return found


def conflict(vetoes: frozenset[str], left: Facts, right: Facts) -> tuple[str, ...]:
    """The vetoes that forbid these two to be one, in alphabetical order.

    A shared valid number outweighs markers that a renamed company drops or gains (group, kind), but not those that
    tell two registered units apart (branch, number): somebody typed the head office's code on the branch.
    """
    if left is right or left == right:
        return ()
    found = []
    same_id = share_hard_id(left, right)
    if "different_hard_id" in vetoes and hard_ids_differ((left,), (right,)):
        found.append("different_hard_id")
    if "different_kind" in vetoes and not same_id and left.kind and right.kind and left.kind != right.kind:
        found.append("different_kind")
    if (
        "fund_number" in vetoes
        and left.number_mark != right.number_mark
        and ((left.named and right.named) or (left.number_mark and right.number_mark))
    ):
        found.append("fund_number")
    if (
        "group_marker" in vetoes
        and not same_id
        and left.group != right.group
        and left.named
        and right.named
        and left.brand == right.brand
    ):
        found.append("group_marker")
    if "head_office_and_branch" in vetoes and _branches_differ(left, right):
        found.append("head_office_and_branch")
    return tuple(found)


def _branches_differ(left: Facts, right: Facts) -> bool:
    """A branch never joins its head office; two branches differ when place or number differ.

    A record without a name (every name has a brand) is silent: it may be either.
    """
    if not (left.brand and right.brand):
        return False
    if bool(left.branch or left.branch_kind) != bool(right.branch or right.branch_kind):
        return True
    if not (left.branch and right.branch) or left.branch == right.branch:
        return False
    return not (left.branch in right.branch or right.branch in left.branch) or any(
        mark.isdigit() for mark in left.branch + right.branch
    )
