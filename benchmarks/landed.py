"""What does it cost to read 100,000 records through a connector *and* land them, without mapping?

The other side is the one `benchmarks.pages` has for the kind, in another process and without limits; pages are joined
to 1,000 rows a transaction, as flows do. Beside it: the same rows parsed and landed without the connector, so that what
is left is the connector's own part.

    python -m benchmarks.landed [Rest Fxiaoke ...] [--records 100000]
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import orjson

from benchmarks.pages import connect
from connectors.base import RawRow, Reader, Reading, Stream, Window
from goldbridge import log
from goldbridge.state import cursor, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.run import Counters

JOINED = 1_000


def read(reader: Reader[Any], stream: Stream) -> Iterator[list[RawRow]]:
    held: list[RawRow] = []
    for page in Reading(reader.read(stream, Window(None, reader.bound(stream)))):
        held += page.rows
        if len(held) >= JOINED:
            yield held
            held = []
    if held:
        yield held


def land(stream: Stream, joined: Iterator[list[RawRow]]) -> int:
    """Land all of it on a new SQLite state; returns how many rows."""
    ref, counters = StreamRef("crm", stream.name, "party"), Counters()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/state.sqlite")
        with store.begin() as conn:
            lease = runs.acquire(conn, "crm", holder="benchmark")
            run = runs.begin(conn, lease, "live", "benchmark")
        volatile = (*stream.volatile, *filter(None, [stream.cursor]))
        for rows in joined:
            with store.begin() as conn:
                runs.check_fence(conn, lease)
                arrivals = [Arrival(stream.key_of(one), one) for one in rows]
                compared = landing.changed(conn, ref, arrivals, volatile=volatile)
                landing.save(conn, ref, compared.changes, run)
                counters.add({"applied": len(compared.changes), "unchanged": sum(compared.same.values())})
                if at := stream.position(rows[-1]):
                    cursor.advance(conn, "crm", at.cursor, at.tie, run)
                runs.beat(conn, run, counters)
        store.close()
    return counters.read


def timed(stream: Stream, joined: Iterator[list[RawRow]]) -> tuple[int, float]:
    gc.collect()
    before = time.process_time()
    count = land(stream, joined)
    return count, time.process_time() - before


def row(name: str, records: int) -> str:
    command = [sys.executable, "-m", "benchmarks.pages", "--serve", name, "--records", str(records)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        try:
            reader = connect(said["entry"])
            stream = reader.streams[said["stream"]]
            reader.probe()
            count, whole = timed(stream, read(reader, stream))
            bodies = [orjson.dumps(rows) for rows in read(reader, stream)]
        finally:
            server.terminate()
    _, parsed = timed(stream, (orjson.loads(body) for body in bodies))
    return f"{name:<12} {count:>8,} {whole:>10.2f} {parsed:>16.2f} {whole - parsed:>14.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="KIND", default=["Rest", "Fxiaoke"])
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    log.configure(quiet=True)
    gc.set_threshold(10_000, 10, 10)  # as the command line does
    print(f"{'':<12} {'records':>8} {'CPU s':>10} {'parse and land':>16} {'the connector':>14}")
    for name in options.names:
        print(row(name, options.records), flush=True)


if __name__ == "__main__":
    main()
