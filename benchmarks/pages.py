"""What does a page of 500 records cost each connector that reads, parsing included?

Each kind reads from the other side that the conformance suite has for it, in another process and without limits. CPU is
this process's own, of the cheapest of three reads; the yardstick beside it says what a CPU millisecond is worth at that
moment, for another process on the same core doubles both. Where a record costs a call of its own, nothing but calls is
measured: see the calls beside it.

    python -m benchmarks.pages [KIND ...] [--records 2000] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.million import BAR_MS, PAGE
from benchmarks.source import source
from connectors.base import Context, Reader, Reading, Window
from flows.wiring import find_kind
from goldbridge import log
from goldbridge.clock import SYSTEM
from goldbridge.errors import GoldbridgeError, Mark
from goldbridge.http import HttpFactory
from tests.connectors.rig import MemoryStore

LOCAL = ("sql", "file")
READS = 3


def _peers() -> dict[str, Any]:
    from tests.conformance.peers import peers
    from tests.conformance.pretend import Pretend

    return {
        peer.__name__.removesuffix("Peer"): peer
        for peer in peers()
        if issubclass(peer, Pretend) and issubclass(peer.kind, Reader)
    }


def serve(name: str, records: int) -> None:
    """The other side of one kind; its entry goes to standard output."""
    from goldbridge.simulators.kit.limit import Limiter
    from goldbridge.simulators.kit.loopback import Loopback

    kind = _peers()[name]
    kind.page_rows = PAGE  # where the vendor fixes the size of a page
    peer = kind()
    peer.add(records)
    peer.clock.advance((SYSTEM.now() - peer.clock.now()).total_seconds())
    sim = peer.sim
    sim.limiter = Limiter(sim.clock, {})
    with Loopback(sim.app) as url:
        entry = {"connector": peer.kind.kind, "base_url": "http://127.0.0.1", **peer.settings}
        entry["budget"] = {"calls": 1_000_000, "per_s": 1}
        print(json.dumps({"entry": _at(url, entry), "stream": peer.stream, "rows": len(peer.keys())}), flush=True)
        sys.stdin.read()


def _at(url: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _at(url, each) for name, each in value.items()}
    return value.replace("http://127.0.0.1", url, 1) if isinstance(value, str) else value


class Counting(httpx.HTTPTransport):
    """Counts calls."""

    calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return super().handle_request(request)


def connect(entry: dict[str, Any], wire: httpx.BaseTransport | None = None) -> Reader[Any]:
    """A reader for an entry of sources.yaml, with pages as large as PAGE where its kind allows that."""
    kind = find_kind(entry["connector"], Mark("config/sources.yaml"))
    fields = kind.config_model.model_fields
    wide = {}
    if "page_size" in fields:
        most = next((each.le for each in fields["page_size"].metadata if hasattr(each, "le")), PAGE)
        wide = {"page_size": min(PAGE, most)}
    context = Context("crm", HttpFactory(SYSTEM, wire), MemoryStore(), SYSTEM)
    reader = kind(kind.config_model.model_validate({**entry, **wide}), context)
    assert isinstance(reader, Reader)
    return reader


def measure(entry: dict[str, Any], name: str, *, profile: bool) -> tuple[int, float, int]:
    """(records, CPU seconds, calls) of the cheapest of some whole reads; the first connection is made before."""
    wire = Counting()
    reader = connect(entry, wire)
    reader.probe()
    found = [_read(reader, name, wire, profile=profile) for _ in range(1 if profile else READS)]
    reader.close()
    return min(found, key=lambda each: each[1])


def _read(reader: Reader[Any], name: str, wire: Counting, *, profile: bool) -> tuple[int, float, int]:
    stream = reader.streams[name]
    bound, before, count = reader.bound(stream), wire.calls, 0
    gc.set_threshold(10_000, 10, 10)  # as the command line does
    gc.collect()
    profiler = cProfile.Profile(time.process_time) if profile else None
    if profiler:
        profiler.enable()
    cpu = time.process_time()
    for page in Reading(reader.read(stream, Window(None, bound))):
        count += len(page.rows)
    cpu = time.process_time() - cpu
    if profiler:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    return count, cpu, wire.calls - before


def row(name: str, records: int, *, profile: bool) -> str:
    if name in LOCAL:
        with tempfile.TemporaryDirectory() as folder, source(name, records, Path(folder)) as entry:
            count, cpu, calls = measure(entry, "account", profile=profile)
    else:
        command = [sys.executable, "-m", "benchmarks.pages", "--serve", name, "--records", str(records)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                return f"{name:<18} its other side did not start"
            said = json.loads(line)
            try:
                count, cpu, calls = measure(said["entry"], said["stream"], profile=profile)
            except GoldbridgeError as error:
                return f"{name:<18} could not be read: {error}"
            finally:
                server.terminate()
    yardstick = yardstick_ms()
    page_ms, page_calls = cpu * 1000 * PAGE / max(count, 1), calls * PAGE / max(count, 1)
    note = "" if page_ms <= BAR_MS else f"over {BAR_MS:g} ms; {cpu * 1000 / max(calls, 1):.2f} ms a call"
    return f"{name:<18} {count:>7,} {page_ms:>12.1f} {yardstick:>12.1f} {page_calls:>12.1f}   {note}".rstrip()


def yardstick_ms() -> float:
    """What a machine costs at the moment: on a quiet one of the docs it takes 12 ms."""
    costs = []
    for _ in range(5):
        cpu = time.process_time()
        sum(number * number for number in range(200_000))
        costs.append(time.process_time() - cpu)
    return min(costs) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="KIND")
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", metavar="PEER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.records)
        return
    log.configure(quiet=True)
    known = [*LOCAL, *_peers()]
    chosen = [name for name in known if not given.names or name.lower() in {each.lower() for each in given.names}]
    print(f"a page has {PAGE} records; the yardstick is sum(i*i for i in range(200000)), in CPU ms")
    print(f"{'kind':<18} {'records':>7} {'CPU ms/page':>12} {'yardstick':>12} {'calls/page':>12}", flush=True)
    for name in chosen:
        print(row(name, given.records, profile=given.profile), flush=True)


if __name__ == "__main__":
    main()
