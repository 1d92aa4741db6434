"""Refuses what contradicts what stewards said before, with the chain that contradicts (E03, E04).

Holds of the system give way to a steward; what a steward said is taken back first. Nothing is written before this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision
from goldbridge.state.decision import Assertion
from mdm.steward.desk import Look, name, names

Links = dict[int, tuple[int, Assertion | None]]


def unopposed(conn: Connection, look: Look) -> None:
    """Raises when somebody said that records of two of these golden records are different; a merge would tear them."""
    home, records = look.home, look.records
    for said in decision.active_assertions(conn, home):
        if said.kind == "different" and {said.a, said.b} <= set(home) and home[said.a] != home[said.b]:
            first, second = sorted((name(records[said.a]), name(records[said.b])))
            raise Reject(
                "MDM018",
                f"decision {said.decision} says that {first} and {second} are different; "
                f"take it back first: goldbridge golden undo {said.decision}",
            )


def holds_between(conn: Connection, look: Look) -> list[int]:
    """The system's own assertions that records of two of these golden records stay apart: they give way."""
    home = look.home
    return [
        said.id
        for said in decision.active_assertions(conn, home)
        if said.kind == "hold_different" and home.get(said.a) != home.get(said.b) and {said.a, said.b} <= set(home)
    ]


def same_is_free(conn: Connection, a: int, b: int) -> None:
    """Raises `Reject` MDM022 when a chain of what was said already makes these two different."""
    left, right = _linked(conn, a), _linked(conn, b)
    for said in decision.active_assertions(conn, left.keys() | right.keys()):
        if said.kind != "different":
            continue
        for one, other in ((said.a, said.b), (said.b, said.a)):
            if one in left and other in right:
                chain = [*_chain(left, one), said, *reversed(_chain(right, other))]
                raise _refusal(conn, "the same", a, b, chain)


def different_is_free(conn: Connection, a: int, b: int) -> None:
    """Raises `Reject` MDM022 when a chain of what was said already makes these two the same."""
    linked = _linked(conn, a)
    if b in linked:
        raise _refusal(conn, "different", a, b, _chain(linked, b))


def _linked(conn: Connection, start: int) -> Links:
    """Every record that stewards said to be the same as `start`, by whatever chain, and how each was come to."""
    came: Links = {start: (start, None)}
    fresh = deque([start])
    while fresh:
        layer = list(fresh)
        fresh.clear()
        for said in decision.active_assertions(conn, layer):
            if said.kind != "same":
                continue
            for one, other in ((said.a, said.b), (said.b, said.a)):
                if one in came and other not in came:
                    came[other] = (one, said)
                    fresh.append(other)
    return came


def _chain(came: Mapping[int, tuple[int, Assertion | None]], end: int) -> list[Assertion]:
    """The assertions from the start to `end`."""
    chain: list[Assertion] = []
    at = end
    while (step := came[at])[1] is not None:
        chain.append(step[1])
        at = step[0]
    return chain[::-1]


def _refusal(conn: Connection, wish: str, a: int, b: int, chain: Sequence[Assertion]) -> Reject:
    known = names(conn, {a, b, *(end for said in chain for end in (said.a, said.b))})
    said = ", ".join(
        f"{known.get(one.a, one.a)} {'=' if one.kind == 'same' else '≠'} {known.get(one.b, one.b)} "
        f"(assertion {one.id}, decision {one.decision} by {one.author})"
        for one in chain
    )
    newest = max((one.decision for one in chain if one.decision is not None), default=None)
    way = f"; take one of them back first: goldbridge golden undo {newest}" if newest is not None else ""
    return Reject("MDM022", f"{known.get(a, a)} and {known.get(b, b)} cannot be said to be {wish}: {said}{way}")
