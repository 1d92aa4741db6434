"""What must be true of writing."""

from __future__ import annotations

from collections.abc import Callable

from connectors.testkit.peer import WRITE_FAULTS, Nonconformance, Peer
from connectors.testkit.run import break_next, expect_one_each, few, in_calls, must, write_all, writer_of

RUNS = 6
"""Tries after a fault within which everything must have been written."""


def writes_once(peer: Peer) -> None:
    writer, stream = writer_of(peer)
    batch = [peer.new(number) for number in range(3)]
    results = write_all(writer, stream, batch)
    for one in results:
        must(one.outcome == "written", f"{one.external_id}: {one.outcome} {one.code} {one.message}")
        must(bool(one.key), f"{one.external_id}: written, but without the target's own key")
    expect_one_each(peer, batch)
    if stream.external_id or stream.natural_key:
        found = writer.read_back(stream, [write.external_id for write in batch])
        missing = {write.external_id for write in batch} - set(found)
        must(not missing, f"read_back does not find {few(missing)}")
        keys = {one.external_id: one.key for one in results}
        odd = [each for each, row in found.items() if stream.key_of(row) != keys[each]]
        must(not odd, f"read_back finds another row than was written: {few(odd)}")


def repeats_without_doubling(peer: Peer) -> None:
    writer, stream = writer_of(peer)
    batch = [peer.new(number) for number in range(2)]
    write_all(writer, stream, batch)
    again, stream = writer_of(peer)
    write_all(again, stream, batch)
    if stream.effect == "once":
        expect_one_each(peer, batch)


def refuses_one(peer: Peer) -> None:
    writer, stream = writer_of(peer)
    batch = [peer.new(0), peer.new(1, bad=True), peer.new(2)]
    results = {one.external_id: one for one in in_calls(writer, stream, batch)}
    outcomes = [results[write.external_id].outcome for write in batch]
    must(outcomes == ["written", "rejected", "written"], f"expected only the second to be rejected, got {outcomes}")
    refused = results[batch[1].external_id]
    must(bool(refused.code and refused.message), "a rejected record needs a code and a reason")
    must(peer.rows_of(batch[1].external_id) == 0, "the refused record is there all the same")


def writing_under(name: str) -> Callable[[Peer], None]:
    def check(peer: Peer) -> None:
        writer, stream = writer_of(peer)
        batch = [peer.new(number) for number in range(3)]
        break_next(peer, name, WRITE_FAULTS[name], write=True)
        open_ = {write.external_id: write for write in batch}
        for _ in range(RUNS):
            unknown: list[str] = []
            for one in in_calls(writer, stream, list(open_.values())):
                if one.outcome == "written":
                    open_.pop(one.external_id)
                elif one.outcome == "unknown":
                    unknown.append(one.external_id)
                elif one.outcome == "rejected":
                    raise Nonconformance(
                        f"{one.external_id}: a fault of the line was taken for a bad record: {one.code}"
                    )
            peer.pass_time(600)
            writer, stream = writer_of(peer)  # as after a restart
            for found in writer.read_back(stream, unknown):
                open_.pop(found, None)
            if not open_:
                break
        must(not open_, f"never written: {few(open_)}")
        if stream.effect == "once":
            expect_one_each(peer, batch)

    return check
