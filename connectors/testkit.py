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
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.base import (
    Completeness,
    Connector,
    Lookup,
    Position,
    RawRow,
    Reader,
    Reading,
    Stream,
    Window,
    Write,
    Writer,
    WriteResult,
)
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.ports import Json, TokenStore

RUNS = 6
"""Runs after a fault within which everything must have arrived."""


class Nonconformance(AssertionError):
    """A promise that a connector broke; the message says which, and shows keys, never rows."""


class KeptTokens:
    """A token store that outlives the connector, as the state does."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], str] = {}

    def load(self, system: str, name: str) -> Json:
        text = self._kept.get((system, name))
        return None if text is None else json.loads(text)

    def save(self, system: str, name: str, value: Json) -> None:
        self._kept[system, name] = json.dumps(value)


class Peer(ABC):
    """The other side of one connector. Made anew for each check; `close` is called at the end."""

    kind: ClassVar[type[Connector[Any]]]
    stream: ClassVar[str] = ""
    """The stream that is read and written; a look-up has none."""
    read_faults: ClassVar[frozenset[str]] = frozenset()
    """Which of `READ_FAULTS` this side can play."""
    write_faults: ClassVar[frozenset[str]] = frozenset()
    """Which of `WRITE_FAULTS` this side can play."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """What must never show in a message."""
    question: ClassVar[tuple[str, Mapping[str, str], Mapping[str, str]]] = ("", {}, {})
    """For a look-up: a question, terms that are found, terms that are not."""

    @abstractmethod
    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        """A connector as a new process would make it; `settings` change its configuration (`page_size`)."""

    small_pages: ClassVar[Mapping[str, Any]] = {"page_size": 3}
    """Settings that make pages of a few rows; nothing where the vendor fixes their size."""
    page_rows: ClassVar[int] = 3
    """How many rows such a page has."""
    free_probe: ClassVar[bool] = True
    """Whether `probe` costs nothing and may be called at will."""

    def keys(self) -> list[str]:
        """The keys of the rows that are there now."""
        return []

    def add(self, count: int) -> None:
        """So many further rows, each a moment later than the one before."""
        return

    def edit(self, key: str) -> None:
        """Somebody changes this row now."""
        return

    def pass_time(self, seconds: float) -> None:
        """The clock of both sides moves on."""
        return

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        """Break the next call (of reading, or of writing) in this way, once."""
        return

    def new(self, number: int, *, bad: bool = False) -> Write:
        """A record to create; a `bad` one is refused by the other side."""
        raise NotImplementedError

    def rows_of(self, external_id: str) -> int:
        """How many rows on the other side carry this id."""
        return 0

    def token_calls(self) -> int | None:
        """How often a token was asked for; None where there is none, or nobody counts."""
        return None

    def refused_calls(self) -> int | None:
        """How many calls broke the vendor's rate limit; None where nobody counts."""
        return None

    def close(self) -> None:
        """Stop what was started."""
        return


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to go wrong: its number in the fault catalogue, what the peer is asked to play, and in words."""

    number: str
    options: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""


READ_FAULTS: Mapping[str, Fault] = {
    "duplicate_page": Fault("F6", about="a page is served twice"),
    "edit": Fault("F7", {"rows": 2}, "rows are edited between two pages"),
    "short_page": Fault("F8", {"rows": 1}, "a page is short although more follow"),
    "throttle_after": Fault("F10", {"after_s": 2}, "429 with Retry-After"),
    "throttle": Fault("F12", about="429 without Retry-After"),
    "error_body": Fault("F14", {"body": {"unexpected": "error"}}, "200 with an error in the body"),
    "html": Fault("F16", about="200 with a login page"),
    "expire": Fault("F17", about="the token dies between two pages"),
    "truncated": Fault("F20", about="the body is cut off"),
    "unavailable": Fault("F28", {"status": 503}, "the server is down for a moment"),
    "reset": Fault("F25", {"when": "mid"}, "the connection is reset in the middle of a body"),
    "tie": Fault("F30", {"rows": 7}, "many rows get one time across a page boundary"),
}
WRITE_FAULTS: Mapping[str, Fault] = {
    "lost": Fault("F1", about="the write happens and its answer is lost"),
    "reset": Fault("F28", {"when": "after"}, "the write happens and the connection is reset"),
    "throttle": Fault("F12", about="429 before the write"),
    "unavailable": Fault("F28", {"status": 503}, "the server is down for a moment"),
    "expire": Fault("F17", about="the token dies in the middle of a batch"),
}

MOVING = frozenset({"edit", "tie"})
"""Faults that give rows another time while they are read."""

Check = Callable[[Peer], None]


def checks(peer: type[Peer]) -> Iterator[tuple[str, Check]]:
    """(name, check) of everything that applies to this peer's connector."""
    kind = peer.kind
    yield "says what it is", says_what_it_is
    if issubclass(kind, Reader):
        yield "reads every row once", reads_every_row_once
        yield "a later run meets only what is new", meets_what_is_new
        yield "a killed run goes on at its page", goes_on_after_a_kill
        for name in READ_FAULTS:
            if name in peer.read_faults:
                yield f"{READ_FAULTS[name].number} {READ_FAULTS[name].about}", _reading_under(name)
    if issubclass(kind, Writer):
        yield "writes once and reads back", writes_once
        yield "a write that is repeated makes no second row", repeats_without_doubling
        yield "one refused record does not stop the others", refuses_one
        for name in WRITE_FAULTS:
            if name in peer.write_faults:
                yield f"{WRITE_FAULTS[name].number} {WRITE_FAULTS[name].about}", _writing_under(name)
    if issubclass(kind, Lookup):
        yield "answers, and says when there is no answer", answers
    if peer.free_probe:
        yield "many threads share one token", shares_a_token
    yield "stays within the vendor's limits", stays_within_limits
    yield "keeps its secrets", keeps_secrets


def hold(peer: type[Peer], check: Check) -> None:
    """Run one check on a fresh peer; what is logged meanwhile must not hold a secret either."""
    made, said = peer(), io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            check(made)
    finally:
        made.close()
    shown = [secret for secret in peer.secrets if secret in said.getvalue()]
    _hold(not shown, f"{len(shown)} of {len(peer.secrets)} secrets stand in the log")


def says_what_it_is(peer: Peer) -> None:
    """`kind` is a module's name, every setting is described, a declared stream can be found and is consistent."""
    kind = peer.kind
    home = kind.__module__.split(".")
    _hold(kind.kind in home, f"kind is '{kind.kind}', but its class lives in {kind.__module__}")
    silent = [name for name, info in kind.config_model.model_fields.items() if not info.description]
    _hold(not silent, f"settings without a description: {', '.join(silent)}")
    if peer.stream:
        connector = peer.connect(_store(peer))
        _hold(peer.stream in connector.streams, f"there is no stream '{peer.stream}'")
        stream = connector.streams[peer.stream]
        _hold(stream.name == peer.stream, f"stream '{peer.stream}' calls itself '{stream.name}'")
        once = stream.external_id or stream.natural_key
        _hold(
            not stream.writable or bool(once) or stream.effect == "at_least_once",
            f"{stream.name} promises one effect, but has neither external_id nor natural_key to read back by",
        )
        connector.close()
        connector.close()  # safe to call twice


def reads_every_row_once(peer: Peer) -> None:
    peer.add(3 * peer.page_rows + 1)
    seen, verdict = _read(peer, _reader(peer))
    expected = Counter(peer.keys())
    _hold(set(seen) >= set(expected), f"missed {_few(set(expected) - set(seen))}")
    _hold(set(seen) <= set(expected), f"delivered what is not there: {_few(set(seen) - set(expected))}")
    twice = [key for key, times in seen.items() if times > 1]
    _hold(not (verdict.proven and twice), f"delivered twice in one quiet run: {_few(twice)}")
    _hold(verdict.proven or bool(verdict.reason), "completeness is unproven without a reason")


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
    _hold(new <= set(walk.last), f"the next run missed {_few(new - set(walk.last))}")


def goes_on_after_a_kill(peer: Peer) -> None:
    peer.add(4 * peer.page_rows - 1)
    for pages in range(1, 5):
        walk = Walk(peer)
        walk.run(stop_after=pages)
        walk.run()
        _hold(set(walk.seen) >= set(peer.keys()), f"after a kill at page {pages}: missed {_few(walk.missing())}")


def _reading_under(name: str) -> Check:
    def check(peer: Peer) -> None:
        peer.add(4 * peer.page_rows - 1)
        walk = Walk(peer)
        walk.run(stop_after=1)
        _break(peer, name, READ_FAULTS[name])
        for _ in range(RUNS):
            walk.run()
            peer.pass_time(3600)
            if not walk.missing() and walk.error is None:
                return
            # What moves during a run is met by the next one; a run that says it is whole may leave out nothing else.
            if walk.error is None and walk.verdict is not None and walk.verdict.proven and name not in MOVING:
                raise Nonconformance(f"a run that says it is complete left out {_few(walk.missing())}")
            if walk.error is None and walk.verdict is not None and not walk.verdict.proven and walk.verdict.reason:
                return  # it may have missed rows, and says so
        told = f"; it said {walk.error}" if walk.error else ""
        raise Nonconformance(f"after {RUNS} runs {_few(walk.missing())} never came{told}")

    return check


def writes_once(peer: Peer) -> None:
    writer, stream = _writer(peer)
    batch = [peer.new(number) for number in range(3)]
    results = _write(writer, stream, batch)
    for one in results:
        _hold(one.outcome == "written", f"{one.external_id}: {one.outcome} {one.code} {one.message}")
        _hold(bool(one.key), f"{one.external_id}: written, but without the target's own key")
    _expect_one_each(peer, batch)
    if stream.external_id or stream.natural_key:
        found = writer.read_back(stream, [write.external_id for write in batch])
        missing = {write.external_id for write in batch} - set(found)
        _hold(not missing, f"read_back does not find {_few(missing)}")
        keys = {one.external_id: one.key for one in results}
        odd = [each for each, row in found.items() if stream.key_of(row) != keys[each]]
        _hold(not odd, f"read_back finds another row than was written: {_few(odd)}")


def repeats_without_doubling(peer: Peer) -> None:
    writer, stream = _writer(peer)
    batch = [peer.new(number) for number in range(2)]
    _write(writer, stream, batch)
    again, stream = _writer(peer)
    _write(again, stream, batch)
    if stream.effect == "once":
        _expect_one_each(peer, batch)


def refuses_one(peer: Peer) -> None:
    writer, stream = _writer(peer)
    batch = [peer.new(0), peer.new(1, bad=True), peer.new(2)]
    results = {one.external_id: one for one in _in_calls(writer, stream, batch)}
    outcomes = [results[write.external_id].outcome for write in batch]
    _hold(outcomes == ["written", "rejected", "written"], f"expected only the second to be rejected, got {outcomes}")
    refused = results[batch[1].external_id]
    _hold(bool(refused.code and refused.message), "a rejected record needs a code and a reason")
    _hold(peer.rows_of(batch[1].external_id) == 0, "the refused record is there all the same")


def _writing_under(name: str) -> Check:
    def check(peer: Peer) -> None:
        writer, stream = _writer(peer)
        batch = [peer.new(number) for number in range(3)]
        _break(peer, name, WRITE_FAULTS[name], write=True)
        open_ = {write.external_id: write for write in batch}
        for _ in range(RUNS):
            unknown: list[str] = []
            for one in _in_calls(writer, stream, list(open_.values())):
                if one.outcome == "written":
                    open_.pop(one.external_id)
                elif one.outcome == "unknown":
                    unknown.append(one.external_id)
                elif one.outcome == "rejected":
                    raise Nonconformance(
                        f"{one.external_id}: a fault of the line was taken for a bad record: {one.code}"
                    )
            peer.pass_time(600)
            writer, stream = _writer(peer)  # as after a restart
            for found in writer.read_back(stream, unknown):
                open_.pop(found, None)
            if not open_:
                break
        _hold(not open_, f"never written: {_few(open_)}")
        if stream.effect == "once":
            _expect_one_each(peer, batch)

    return check


def answers(peer: Peer) -> None:
    connector = peer.connect(_store(peer))
    assert isinstance(connector, Lookup)
    question, good, none = peer.question
    _hold(question in connector.questions, f"'{question}' is not among its questions")
    found = connector.ask(question, good)
    _hold(found.found and bool(found.row) and bool(found.key), "a known question found nothing, or has no row or key")
    nothing = connector.ask(question, none)
    _hold(
        not nothing.found and bool(nothing.reason), "no answer needs found=False and a reason, so that it can be kept"
    )
    json.dumps([found.row, nothing.row])


def shares_a_token(peer: Peer) -> None:
    connector = peer.connect(_store(peer))
    before = peer.token_calls()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: connector.probe(), range(8)))
    after = peer.token_calls()
    if before is not None and after is not None:
        _hold(after - before <= 1, f"8 threads asked for {after - before} tokens")


def stays_within_limits(peer: Peer) -> None:
    if issubclass(peer.kind, Reader):
        peer.add(40)
        _read(peer, _reader(peer))
        peer.pass_time(3600)  # what follows is another process, which cannot know what this one has used up
    connector = peer.connect(_store(peer))
    for _ in range(60 if peer.free_probe else 0):
        connector.probe()
    refused = peer.refused_calls()
    _hold(not refused, f"{refused} calls broke the vendor's limit")


def keeps_secrets(peer: Peer) -> None:
    said: list[str] = []
    for kind in ("html", "unavailable", "truncated", "error_body"):
        if kind not in peer.read_faults:
            continue
        _break(peer, kind, READ_FAULTS[kind], count=None)
        try:
            said.append(str(peer.connect(_store(peer)).probe()))
        except GoldbridgeError as error:
            said += [str(error), repr(error)]
    shown = [secret for secret in peer.secrets if any(secret in text for text in said)]
    _hold(not shown, f"{len(shown)} of {len(peer.secrets)} secrets stand in messages")


@dataclass
class Walk:
    """Runs of one flow over the stream: each starts where the last committed page left it."""

    peer: Peer
    at: Position | None = None
    seen: Counter[str] = field(default_factory=Counter)
    last: list[str] = field(default_factory=list)
    verdict: Completeness | None = None
    error: GoldbridgeError | None = None

    def run(self, *, stop_after: int | None = None) -> None:
        """One run; a kill after so many pages leaves everything after the last of them undone."""
        self.last, self.error, self.verdict = [], None, None
        reader = _reader(self.peer)
        stream = reader.streams[self.peer.stream]
        start = reader.rewind(stream, self.at) if self.at is not None and any(self.at) else None
        try:
            reading = Reading(reader.read(stream, Window(start, reader.bound(stream))))
            for number, page in enumerate(reading, 1):
                for row in page.rows:
                    self.last.append(_checked(stream, row))
                self.last += page.gone
                self.at = _later(self.at, page.at)
                if number == stop_after:
                    reading.close()
                    break
            self.verdict = reading.completeness
        except GoldbridgeError as error:
            if not isinstance(error, (Retry, Halt, Misconfigured)):
                raise Nonconformance(
                    f"reading raised {type(error).__name__}, which only writing may: {error}"
                ) from None
            self.error = error
        self.seen.update(self.last)

    def missing(self) -> set[str]:
        return set(self.peer.keys()) - set(self.seen)


def _later(before: Position | None, after: Position | None) -> Position | None:
    return before if after is None else after


def _store(peer: Peer) -> KeptTokens:
    """What outlives every connector of a check, as the state outlives every process."""
    kept: KeptTokens = vars(peer).setdefault("_kept_tokens", KeptTokens())
    return kept


def _reader(peer: Peer) -> Reader[Any]:
    connector = peer.connect(_store(peer), **peer.small_pages)
    assert isinstance(connector, Reader)
    return connector


def _read(peer: Peer, reader: Reader[Any]) -> tuple[Counter[str], Completeness]:
    stream = reader.streams[peer.stream]
    reading = Reading(reader.read(stream, Window(None, reader.bound(stream))))
    seen = Counter(_checked(stream, row) for page in reading for row in page.rows)
    assert reading.completeness is not None
    return seen, reading.completeness


def _checked(stream: Stream, row: RawRow) -> str:
    """The key of a row that may go on: JSON without floats, and with a key."""
    key = stream.key_of(row)
    _hold(bool(key), f"a row without its key field '{stream.key}'")
    floats = [name for name, value in row.items() if isinstance(value, float)]
    _hold(not floats, f"row {key}: numbers that were rounded to floats: {_few(floats)}")
    json.dumps(row)
    return key


def _writer(peer: Peer) -> tuple[Writer[Any], Stream]:
    connector = peer.connect(_store(peer), writes="enabled")
    assert isinstance(connector, Writer)
    return connector, connector.streams[peer.stream]


def _write(writer: Writer[Any], stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
    """All of `batch`, in calls of the size the stream allows; exactly one result per write."""
    size = max(1, stream.write_batch)
    results = [one for at in range(0, len(batch), size) for one in writer.write(stream, batch[at : at + size])]
    sent, told = [write.external_id for write in batch], [one.external_id for one in results]
    _hold(sorted(sent) == sorted(told), f"{len(sent)} writes, {len(told)} results: {_few(set(sent) ^ set(told))}")
    return results


def _in_calls(writer: Writer[Any], stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
    """As a flow does it: trouble with a whole call is a result for each of its records."""
    size = max(1, stream.write_batch)
    results: list[WriteResult] = []
    for at in range(0, len(batch), size):
        part = batch[at : at + size]
        try:
            results += _write(writer, stream, part)
        except OutcomeUnknown as error:
            results += [WriteResult(write.external_id, "unknown", code=error.code) for write in part]
        except (Retry, Halt, Misconfigured) as error:
            results += [WriteResult(write.external_id, "retry", code=error.code) for write in part]
        except Reject as error:
            rejected = WriteResult(part[0].external_id, "rejected", code=error.code, message=error.message)
            results += [rejected] if len(part) == 1 else []
            _hold(len(part) == 1, f"a rejected record took {len(part) - 1} others with it: {error}")
    return results


def _expect_one_each(peer: Peer, batch: Iterable[Write]) -> None:
    counts = {write.external_id: peer.rows_of(write.external_id) for write in batch}
    wrong = {key: count for key, count in counts.items() if count != 1}
    _hold(not wrong, f"rows per record should be one: {wrong}")


def _break(peer: Peer, name: str, fault: Fault, *, write: bool = False, **more: Any) -> None:
    peer.fault("throttle" if name == "throttle_after" else name, write=write, **{**fault.options, **more})


def _hold(true: bool, otherwise: str) -> None:
    if not true:
        raise Nonconformance(otherwise)


def _few(keys: Iterable[str]) -> str:
    found = sorted(keys)
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "") or "nothing"
