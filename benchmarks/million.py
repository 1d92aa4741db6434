"""Does a reader stay small however much there is to read, and what does a page cost?

Reads that many records of 15 fields through a connector of the house and throws them away. Memory is the peak of this
process above what the imports take; CPU is this process's own, per page of 500 records; servers run in another process.
With several numbers of records the runs follow each other, and the growth of the peak shows what is kept.

    python -m benchmarks.million sql|file|rest|odata [--records 1000000] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.source import STREAM, source
from connectors.base import Context, Reader, Reading, Window
from flows.wiring import find_kind
from goldbridge import log
from goldbridge.clock import SYSTEM
from goldbridge.errors import Mark
from goldbridge.http import HttpFactory
from tests.connectors.rig import MemoryStore

KINDS = ("sql", "file", "rest", "odata")
PAGE = 500
BAR_MS = 25.0


class Cost(NamedTuple):
    """What a run took."""

    kind: str
    records: int
    peak_mib: float
    page_ms: float
    wall_s: float


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_all(entry: dict[str, Any]) -> int:
    """How many records the connector of this entry gives."""
    kind = find_kind(entry["connector"], Mark("config/sources.yaml"))
    context = Context("legacy_crm", HttpFactory(SYSTEM), MemoryStore(), SYSTEM)
    reader = kind(kind.config_model.model_validate(entry), context)
    assert isinstance(reader, Reader)
    stream = reader.streams[STREAM]
    count = 0
    for page in Reading(reader.read(stream, Window(None, reader.bound(stream)))):
        count += len(page.rows)
    reader.close()
    return count


def measure(kind: str, records: int, folder: Path, base_mib: float) -> Cost:
    with source(kind, records, folder) as entry:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        found = read_all(entry)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if found != records:
        raise SystemExit(f"{kind}: {found} of {records} records came")
    return Cost(kind, records, peak_mib() - base_mib, cpu * 1000 * PAGE / records, wall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--records", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    log.configure(quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        with source(given.kind, 1, Path(folder)) as entry:
            read_all(entry)  # what is imported late is no memory of the reading
        base_mib = peak_mib()
        costs = [measure(given.kind, records, Path(folder), base_mib) for records in given.records]
    if given.json:
        print(json.dumps([cost._asdict() for cost in costs]))
        return
    print(f"{'kind':<8} {'records':>9} {'peak MiB above imports':>22} {'CPU ms a page of 500':>20} {'wall s':>7}")
    for cost in costs:
        late = "" if cost.page_ms <= BAR_MS else f"  over {BAR_MS:g} ms"
        print(
            f"{cost.kind:<8} {cost.records:>9,} {cost.peak_mib:>22.1f} {cost.page_ms:>20.1f} {cost.wall_s:>7.1f}{late}"
        )


if __name__ == "__main__":
    main()
