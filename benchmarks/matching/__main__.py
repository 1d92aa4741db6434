"""Finds duplicates with ours and with its peers, and prints one table of figures.

The tables: febrl3, febrl4, fake1000, hist50k and dblpacm (DIR holds them as .csv.gz), and companies as
`benchmarks.matching.company` makes them, of as many rows as asked for. The columns `cluster` (the truth) and the
record's id are never compared; where a table has two sources they are linked, each row to at most one.

Ours is `goldbridge dedupe` with shipped defaults; columns are guessed. The peers stand in environments of their own
(`--env`, made on first use), configured in `peer/`. CPU seconds are of the whole process and its children, start,
reading and writing included; so is peak memory.

    python -m benchmarks.matching [DIR] [--only febrl3 ...] [--rows 10000 100000 1000000] [--with splink ...]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.matching import company, peers, watch
from dedupe.evaluate import PairMetrics, pair_metrics

SETS = ("febrl3", "febrl4", "fake1000", "hist50k", "dblpacm")
OURS = "goldbridge"
SEED = 1
_NUMBER = {"company": "id"}


class Task(NamedTuple):
    """A table with its truth."""

    label: str
    name: str
    file: Path
    key: str
    truth: list[str]
    sources: list[str] | None


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.matching")
    options.add_argument("dir", type=Path, nargs="?", help="folder of the five public tables")
    options.add_argument("--only", nargs="*", choices=SETS, default=SETS)
    options.add_argument("--rows", nargs="*", type=int, default=())
    options.add_argument("--with", dest="peers", nargs="*", choices=tuple(peers.PEERS), default=())
    options.add_argument("--without-ours", action="store_true")
    options.add_argument("--env", type=Path, default=peers.default_home())
    options.add_argument("--most-mb", type=float, default=6144)
    options.add_argument("--most-s", type=float, default=1800)
    options.add_argument("--seed", type=int, default=SEED)
    chosen = options.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {machine_memory()}")
    print(f"\n{'table':14}{'rows':>9}  {'with':14}{'P':>7}{'R':>7}{'F1':>7}{'CPU s':>8}{'wall s':>8}{'MB':>7}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for rows in chosen.rows:
            file = home / f"company{rows}.csv"
            company.write(file, rows, chosen.seed)
            each(task("company", f"company {rows // 1000}k", file), chosen, home)
        for name in chosen.only if chosen.dir else ():
            file = home / f"{name}.csv"
            with gzip.open(chosen.dir / f"{name}.csv.gz", "rb") as packed, file.open("wb") as target:
                shutil.copyfileobj(packed, target)
            each(task(name, name, file), chosen, home)


def task(name: str, label: str, file: Path) -> Task:
    with file.open(encoding="utf-8", newline="") as source:
        rows = csv.DictReader(source)
        key = _NUMBER.get(name, "rid")
        held = [(row["cluster"], row.get("src", "")) for row in rows]
    sources = [source for _, source in held]
    return Task(label, name, file, key, [truth for truth, _ in held], sources if len(set(sources)) > 1 else None)


def each(one: Task, chosen: argparse.Namespace, home: Path) -> None:
    """A line per program."""
    out = home / "labels.csv"
    for peer in (*(() if chosen.without_ours else (OURS,)), *chosen.peers):
        out.unlink(missing_ok=True)
        if peer == OURS:
            command: list[str | Path] = [
                sys.executable, "-m", "goldbridge", "dedupe", one.file, "--id", one.key, "--columns", "ignore=cluster",
                "--out", out, *(("--source-column", "src") if one.sources else ()), "--json",
            ]  # fmt: skip
            run = watch.run(command, most_mb=chosen.most_mb, most_s=chosen.most_s)
        else:
            run = watch.run(
                peers.command(chosen.env, peer, one.file, out, one.name),
                most_mb=chosen.most_mb, most_s=chosen.most_s, cwd=home,
            )  # fmt: skip
        show(one, peer, run, read(one, out) if not run.ended else {})


def read(one: Task, out: Path) -> dict[str, PairMetrics]:
    """The pairs found, by kind of answer: the best guess, and of ours what joins unasked."""
    with out.open(encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))
    if rows and one.key in rows[0]:
        head, body = rows[0], rows[1:]
        columns = {"": head.index("cluster_id"), "auto": head.index("auto_cluster_id")}
        return {
            kind: pair_metrics(one.truth, [row[at] for row in body], sources=one.sources)
            for kind, at in columns.items()
        }
    return {"": pair_metrics(one.truth, [row[1] for row in rows], sources=one.sources)}


def show(one: Task, peer: str, run: watch.Run, found: dict[str, PairMetrics]) -> None:
    cost = f"{run.cpu_s:8.1f}{run.wall_s:8.1f}{run.peak_mb:7.0f}"
    label = f"{one.label + (' 1:1' if one.sources else ''):14}{len(one.truth):>9}"
    if run.ended:
        print(f"{label}  {peer:14}{run.ended:>21}{cost}", flush=True)
        if run.ended == "failed":
            print(run.said[-2000:], file=sys.stderr)
    for kind, pairs in found.items():
        print(
            f"{label}  {peer + (f' {kind}' if kind else ''):14}{pairs.precision:7.4f}{pairs.recall:7.4f}{pairs.f1:7.4f}"
            f"{cost if not kind else ''}",
            flush=True,
        )


def machine_memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / (1 << 30):.0f} GiB"


if __name__ == "__main__":
    main()
