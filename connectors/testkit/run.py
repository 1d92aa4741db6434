"""What the checks do with a connector: runs of a flow over a stream, writes as a flow sends them, a close look."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import (
    Completeness,
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
from connectors.testkit.peer import Fault, KeptTokens, Nonconformance, Peer
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry


@dataclass
class Walk:
    """Runs of one flow over the stream: each starts where the last committed page left it."""

    peer: Peer
    settings: Mapping[str, Any] = field(default_factory=dict)
    at: Position | None = None
    seen: Counter[str] = field(default_factory=Counter)
    last: list[str] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    verdict: Completeness | None = None
    error: GoldbridgeError | None = None

    def run(self, *, stop_after: int | None = None) -> None:
        """One run; a kill after so many pages leaves everything after the last of them undone."""
        self.last, self.rejects, self.error, self.verdict = [], [], None, None
        reader = reader_of(self.peer, **self.settings)
        stream = reader.streams[self.peer.stream]
        start = reader.rewind(stream, self.at) if self.at is not None and any(self.at) else None
        try:
            reading = Reading(reader.read(stream, Window(start, reader.bound(stream))))
            for number, page in enumerate(reading, 1):
                for row in page.rows:
                    self.last.append(checked(stream, row))
                self.last += page.gone
                self.rejects += [key for key, _ in page.rejects]
                self.at = later(self.at, page.at)
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


def later(before: Position | None, after: Position | None) -> Position | None:
    return before if after is None else after


def kept(peer: Peer) -> KeptTokens:
    """What outlives every connector of a check, as the state outlives every process."""
    kept: KeptTokens = vars(peer).setdefault("_kept_tokens", KeptTokens())
    return kept


def reader_of(peer: Peer, **settings: Any) -> Reader[Any]:
    connector = peer.connect(kept(peer), **peer.small_pages, **settings)
    assert isinstance(connector, Reader)
    return connector


def read_once(peer: Peer, reader: Reader[Any]) -> tuple[Counter[str], Completeness]:
    stream = reader.streams[peer.stream]
    reading = Reading(reader.read(stream, Window(None, reader.bound(stream))))
    seen = Counter(checked(stream, row) for page in reading for row in page.rows)
    assert reading.completeness is not None
    return seen, reading.completeness


def checked(stream: Stream, row: RawRow) -> str:
    """The key of a row that may go on: JSON without floats, and with a key."""
    key = stream.key_of(row)
    must(bool(key), f"a row without its key field '{stream.key}'")
    floats = [name for name, value in row.items() if isinstance(value, float)]
    must(not floats, f"row {key}: numbers that were rounded to floats: {few(floats)}")
    json.dumps(row)
    return key


def writer_of(peer: Peer) -> tuple[Writer[Any], Stream]:
    connector = peer.connect(kept(peer), writes="enabled")
    assert isinstance(connector, Writer)
    return connector, connector.streams[peer.stream]


def write_all(writer: Writer[Any], stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
    """All of `batch`, in calls of the size the stream allows; exactly one result per write."""
    size = max(1, stream.write_batch)
    results = [one for at in range(0, len(batch), size) for one in writer.write(stream, batch[at : at + size])]
    sent, told = [write.external_id for write in batch], [one.external_id for one in results]
    must(sorted(sent) == sorted(told), f"{len(sent)} writes, {len(told)} results: {few(set(sent) ^ set(told))}")
    return results


def in_calls(writer: Writer[Any], stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
    """As a flow does it: trouble with a whole call is a result for each of its records."""
    size = max(1, stream.write_batch)
    results: list[WriteResult] = []
    for at in range(0, len(batch), size):
        part = batch[at : at + size]
        try:
            results += write_all(writer, stream, part)
        except OutcomeUnknown as error:
            results += [WriteResult(write.external_id, "unknown", code=error.code) for write in part]
        except (Retry, Halt, Misconfigured) as error:
            results += [WriteResult(write.external_id, "retry", code=error.code) for write in part]
        except Reject as error:
            rejected = WriteResult(part[0].external_id, "rejected", code=error.code, message=error.message)
            results += [rejected] if len(part) == 1 else []
            must(len(part) == 1, f"a rejected record took {len(part) - 1} others with it: {error}")
    return results


def expect_one_each(peer: Peer, batch: Iterable[Write]) -> None:
    counts = {write.external_id: peer.rows_of(write.external_id) for write in batch}
    wrong = {key: count for key, count in counts.items() if count != 1}
    must(not wrong, f"rows per record should be one: {wrong}")


def break_next(peer: Peer, name: str, fault: Fault, *, write: bool = False, **more: Any) -> None:
    peer.fault("throttle" if name == "throttle_after" else name, write=write, **{**fault.options, **more})


def must(true: bool, otherwise: str) -> None:
    if not true:
        raise Nonconformance(otherwise)


def few(keys: Iterable[str]) -> str:
    found = sorted(keys)
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "") or "nothing"
