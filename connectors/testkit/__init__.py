"""The conformance suite: what every connector must hold, whoever wrote it and whatever it speaks to.

Whoever writes a connector subclasses `Peer` once: the other side, a pretend system or a real server, with the few
things the suite has to do to it (add and edit rows, break the next call, look at what was written). `checks(peer)`
lists the checks that apply; each gets a fresh peer and raises `Nonconformance` with a sentence on what was lost,
doubled or told.

The suite never asks how a connector works, only what is true in the end: after any fault every row was delivered, or
the run says that it cannot prove it, or it raised one of the four errors and a later run delivers the rest; and every
write has exactly one result and one row on the other side, or the writer says `at_least_once`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout

from connectors.base import Lookup, Reader, Writer
from connectors.testkit.calling import (
    ASK_FAULTS,
    answers,
    asking_under,
    gives_up_in_time,
    keeps_secrets,
    says_what_it_is,
    shares_a_token,
    stays_within_limits,
)
from connectors.testkit.peer import READ_FAULTS, WRITE_FAULTS, Fault, KeptTokens, Nonconformance, Peer
from connectors.testkit.reading import (
    POISONED,
    goes_on_after_a_kill,
    meets_what_is_new,
    reading_under,
    reads_every_row_once,
    stepping_over,
)
from connectors.testkit.run import must
from connectors.testkit.writing import refuses_one, repeats_without_doubling, writes_once, writing_under

__all__ = [
    "ASK_FAULTS",
    "READ_FAULTS",
    "WRITE_FAULTS",
    "Check",
    "Fault",
    "KeptTokens",
    "Nonconformance",
    "Peer",
    "checks",
    "hold",
]

Check = Callable[[Peer], None]


def checks(peer: type[Peer]) -> Iterator[tuple[str, Check]]:
    """(name, check) of everything that applies to this peer's connector."""
    kind = peer.kind
    yield "says what it is", says_what_it_is
    if issubclass(kind, Reader):
        yield "reads every row once", reads_every_row_once
        yield "a later run meets only what is new", meets_what_is_new
        yield "a killed run goes on at its page", goes_on_after_a_kill
        for name, fault in READ_FAULTS.items():
            if name not in peer.read_faults:
                continue
            if name == "poison":
                yield from ((f"{fault.number} {fault.about}: {where}", stepping_over(where)) for where in POISONED)
            else:
                yield f"{fault.number} {fault.about}", reading_under(name)
    if issubclass(kind, Writer) and peer.writes:
        yield "writes once and reads back", writes_once
        yield "a write that is repeated makes no second row", repeats_without_doubling
        yield "one refused record does not stop the others", refuses_one
        for name in WRITE_FAULTS:
            if name in peer.write_faults:
                yield f"{WRITE_FAULTS[name].number} {WRITE_FAULTS[name].about}", writing_under(name)
    if issubclass(kind, Lookup):
        yield "answers, and says when there is no answer", answers
        for name, fault in READ_FAULTS.items():
            if name in peer.read_faults & ASK_FAULTS:
                yield f"{fault.number} {fault.about}, asking", asking_under(name)
    if peer.free_probe:
        yield "many threads share one token", shares_a_token
    if "unavailable" in peer.read_faults and (issubclass(kind, Reader) or peer.free_probe):
        yield "gives up in time", gives_up_in_time
    yield "stays within the vendor's limits", stays_within_limits
    yield "keeps its secrets", keeps_secrets


def hold(make: Callable[[], Peer], check: Check) -> None:
    """Run one check on a fresh peer.

    Whatever it is about, no secret may be logged meanwhile, and no call may break the vendor's limits.
    """
    made, said = make(), io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            check(made)
        refused = made.refused_calls()
    finally:
        made.close()
    shown = [secret for secret in made.secrets if secret in said.getvalue()]
    must(not shown, f"{len(shown)} of {len(made.secrets)} secrets stand in the log")
    # Where threads share a clock that others move, calls that were let go a second apart may arrive at once.
    must(not refused or check is shares_a_token, f"{refused} calls broke the vendor's limit")
