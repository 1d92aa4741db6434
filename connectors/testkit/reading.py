"""What must be true of reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from connectors.testkit.peer import READ_FAULTS, Nonconformance, Peer
from connectors.testkit.run import Walk, break_next, few, must, read_once, reader_of

RUNS = 6
"""Runs after a fault within which everything must have arrived."""
MOVING = frozenset({"edit", "tie"})
"""Faults that give rows another time while they are read."""


def reads_every_row_once(peer: Peer) -> None:
    peer.add(3 * peer.page_rows + 1)
    seen, verdict = read_once(peer, reader_of(peer))
    expected = Counter(peer.keys())
    must(set(seen) >= set(expected), f"missed {few(set(expected) - set(seen))}")
    must(set(seen) <= set(expected), f"delivered what is not there: {few(set(seen) - set(expected))}")
    twice = [key for key, times in seen.items() if times > 1]
    must(not (verdict.proven and twice), f"delivered twice in one quiet run: {few(twice)}")
    must(verdict.proven or bool(verdict.reason), "completeness is unproven without a reason")


def meets_what_is_new(peer: Peer) -> None:
    peer.add(2 * peer.page_rows + 1)
    walk = Walk(peer)
    walk.run()
    peer.pass_time(3600)
    before = peer.keys()
    peer.edit(before[2])
    peer.add(2)
    peer.pass_time(3600)
    walk.run()
    new = {*peer.keys()} - {*before} | {before[2]}
    must(new <= set(walk.last), f"the next run missed {few(new - set(walk.last))}")


def goes_on_after_a_kill(peer: Peer) -> None:
    peer.add(4 * peer.page_rows - 1)
    for pages in range(1, 5):
        walk = Walk(peer)
        walk.run(stop_after=pages)
        walk.run()
        must(set(walk.seen) >= set(peer.keys()), f"after a kill at page {pages}: missed {few(walk.missing())}")


def reading_under(name: str) -> Callable[[Peer], None]:
    def check(peer: Peer) -> None:
        peer.add(4 * peer.page_rows - 1)
        walk = Walk(peer)
        walk.run(stop_after=1)
        break_next(peer, name, READ_FAULTS[name])
        for _ in range(RUNS):
            walk.run()
            peer.pass_time(3600)
            if not walk.missing() and walk.error is None:
                return
            # What moves during a run is met by the next one; a run that says it is whole may leave out nothing else.
            if walk.error is None and walk.verdict is not None and walk.verdict.proven and name not in MOVING:
                raise Nonconformance(f"a run that says it is complete left out {few(walk.missing())}")
            if walk.error is None and walk.verdict is not None and not walk.verdict.proven and walk.verdict.reason:
                return  # it may have missed rows, and says so
        told = f"; it said {walk.error}" if walk.error else ""
        raise Nonconformance(f"after {RUNS} runs {few(walk.missing())} never came{told}")

    return check


POISONED: Mapping[str, Callable[[int], Sequence[int]]] = {
    "the first": lambda _: (0,),
    "the middle": lambda rows: (rows + 1,),
    "the last": lambda _: (-1,),
    "two next to each other": lambda rows: (rows, rows + 1),
    "the first and the last": lambda _: (0, -1),
}
"""Where the records that break their page stand, by the number of rows of a page."""


def stepping_over(where: str) -> Callable[[Peer], None]:
    """Some records break every page they are on: all others come, and each of these is told.

    A record may be told by the place where it stands, when nobody saw its key; then the run cannot be called complete,
    or what was not seen would be taken for gone.
    """

    def check(peer: Peer) -> None:
        peer.add(4 * peer.page_rows - 1)
        keys = peer.keys()
        bad = {keys[at] for at in POISONED[where](peer.page_rows)}
        for key in sorted(bad):
            peer.poison(key)
        # One thread: while one waits to ask again, its clock would move on under calls that are on their way.
        walk, told = Walk(peer, {"threads": 1}), list[str]()
        for _ in range(RUNS):
            walk.run()
            told += walk.rejects
            if walk.error is None and told and not walk.missing() - bad:
                break
            peer.pass_time(3600)
        must(walk.error is None, f"a bad record stops the stream: {walk.error}")
        must(not walk.missing() - bad, f"with what is bad {few(walk.missing() - bad)} did not come")
        must(bool(told), "a record cannot be read, and nobody is told")
        must("" not in told, "a dead letter without a key or a place")
        must(len(set(told)) >= len(bad), f"{len(bad)} records cannot be read, and {len(set(told))} of them are told")
        whole = walk.verdict is not None and walk.verdict.proven
        must(not whole or set(walk.rejects) <= bad, "a run that says it is complete does not know what it left out")

    return check
