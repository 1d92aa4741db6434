"""Finds the duplicates of five public tables with shipped defaults and prints one table of figures.

DIR holds febrl3, febrl4, fake1000, hist50k and dblpacm as .csv.gz, each with the columns `rid` (record id), `src`
(source) and `cluster` (the truth). None of the three is compared; where there are two sources, they are linked, each
row to at most one. Columns are guessed as `goldbridge dedupe` guesses them. Every table has a process of its own: CPU
seconds count all of it, imports and reading too, and so does its peak memory.

    python -m benchmarks.matching DIR [--only febrl3 ...]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SETS = ("febrl3", "febrl4", "fake1000", "hist50k", "dblpacm")
TRUTH, SOURCE, RECORD = "cluster", "src", "rid"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.matching")
    options.add_argument("dir", type=Path)
    options.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    options.add_argument("--one", action="store_true", help="measure in this process and print JSON")
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.dir / f"{chosen.only[0]}.csv.gz")))
        return
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {machine_memory()}")
    print(
        f"\n{'table':10}{'rows':>8}{'P':>8}{'R':>8}{'F1':>8}{'right':>9}{'found':>9}{'true':>9}"
        f"{'CPU s':>8}{'wall s':>8}{'MB':>7}"
    )
    for name in chosen.only:
        found = alone(chosen.dir, name)
        print(
            f"{name + (' 1:1' if found['linked'] else ''):12}{found['rows']:>6}{found['precision']:8.4f}"
            f"{found['recall']:8.4f}{found['f1']:8.4f}{found['right']:9}{found['found']:9}{found['true']:9}"
            f"{found['cpu_s']:8.1f}{found['wall_s']:8.1f}{found['peak_mb']:7.0f}",
            flush=True,
        )


def alone(folder: Path, name: str) -> dict[str, Any]:
    """The figures of one table, measured in a process of its own; ends the benchmark when that fails."""
    command = [sys.executable, "-m", "benchmarks.matching", str(folder), "--only", name, "--one"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"{name} failed, see above")
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure(file: Path) -> dict[str, Any]:
    """Resolve one table; pairs, seconds and megabytes of this process."""
    start = time.perf_counter()
    from dedupe.evaluate import pair_metrics
    from goldbridge.cli import dedupe_table

    table = dedupe_table.read(file, None)
    guesses = dedupe_table.choose(table, (), (TRUTH, SOURCE, RECORD))
    sources = table.cells(SOURCE)
    linked = sources if len(set(sources)) > 1 else None
    found, _ = dedupe_table.resolve(table, guesses, linked)
    wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = pair_metrics(table.cells(TRUTH), found.labels, sources=linked)
    return {
        "rows": len(table.rows),
        "linked": linked is not None,
        "precision": figures.precision,
        "recall": figures.recall,
        "f1": figures.f1,
        "right": figures.right_pairs,
        "found": figures.found_pairs,
        "true": figures.true_pairs,
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": wall,
        "peak_mb": used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10),
        "columns": {each.column: each.kind for each in guesses},
    }


def machine_memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / (1 << 30):.0f} GiB"


if __name__ == "__main__":
    main()
