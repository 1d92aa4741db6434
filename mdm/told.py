"""What a source says about its own records: that one was merged into another, or split from it.

A merge in the source is a must-link with the system as its author: the loser's key goes on as an alias of the winner's,
also when the source deletes the loser with it (E73). A split is a question: the new record is kept out of the old one's
golden record until a steward has looked (E74). What a steward said before stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision, landing, outbox
from goldbridge.state.decision import Assertion
from goldbridge.state.landing import Record, StreamRef
from goldbridge.state.outbox import NewEvent

MERGED, SPLIT = "merged in the source", "split in the source"
EVENT = "told"
"""The event of a record of which its source said something; mastering looks at it again."""


def merged(conn: Connection, ref: StreamRef, pairs: Mapping[str, str], run: int) -> int:
    """Loser's key -> winner's key: they are one from now on. Returns how many of these are news."""
    return _say(conn, ref, pairs, "same", MERGED, run)


def parted(conn: Connection, ref: StreamRef, pairs: Mapping[str, str], run: int) -> int:
    """New key -> old key: they are kept apart until somebody looks. Returns how many of these are news."""
    return _say(conn, ref, pairs, "hold_different", SPLIT, run)


def _say(
    conn: Connection, ref: StreamRef, pairs: Mapping[str, str], kind: decision.AssertionKind, why: str, run: int
) -> int:
    known = landing.find(conn, ref.system, ref.stream, {*pairs, *pairs.values()})
    wanted = {key: other for key, other in pairs.items() if key != other and key in known and other in known}
    said = [
        Assertion(kind, known[key], known[other], "system", f"{why} ({ref.system}.{ref.stream}/{key} and {other})")
        for key, other in sorted(wanted.items())
    ]
    new = unsaid(conn, said)
    decision.add_assertions(conn, new)
    touched = landing.load(conn, {end for one in new for end in (one.a, one.b)})
    outbox.append(conn, [_event(ref, record) for _, record in sorted(touched.items())], run)
    return len(new)


def unsaid(conn: Connection, said: Sequence[Assertion]) -> list[Assertion]:
    """Those that are news: nobody said anything about the pair before, and no chain of what was said speaks against."""
    from mdm.steward.contradiction import same_is_free

    ever = {
        (one.a, one.b)
        for one in decision.every_assertion(conn, {end for each in said for end in (each.a, each.b)})
        if one.author != "system" or one.reason.startswith((MERGED, SPLIT))
    }
    new = []
    for one in said:
        if (min(one.a, one.b), max(one.a, one.b)) in ever:
            continue
        if one.kind == "same":
            try:
                same_is_free(conn, one.a, one.b)
            except Reject:  # a steward said otherwise by way of others; that stands
                continue
        new.append(one)
    return new


def _event(ref: StreamRef, record: Record) -> NewEvent:
    return NewEvent("record", record.id, ref.entity, record.version, EVENT, ref.system, ref.stream)


def aliases(records: Mapping[int, Record], said: Iterable[Assertion], place: Mapping[int, int]) -> dict[int, int]:
    """Deleted record -> golden id of the live one into which its source merged it: its key goes on under that."""
    links: dict[int, set[int]] = {}
    for one in said:
        if one.kind == "same" and one.author == "system" and one.reason.startswith(MERGED):
            links.setdefault(one.a, set()).add(one.b)
            links.setdefault(one.b, set()).add(one.a)
    found: dict[int, int] = {}
    for start in links:
        if start in place or start not in records or records[start].state not in ("deleted", "withdrawn"):
            continue
        seen, fresh = {start}, [start]
        while fresh:
            beside = sorted({other for one in fresh for other in links.get(one, ())} - seen)
            home = next((place[other] for other in beside if other in place), None)
            if home is not None:
                found[start] = home
                break
            seen.update(beside)
            fresh = beside
    return found
