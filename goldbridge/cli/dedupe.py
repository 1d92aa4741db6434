"""`goldbridge dedupe FILE`: finds the rows of a table that mean the same thing. No project, no training, no setup.

The result is the input, row by row and cell by cell (formulas are kept from running), with three columns more:
`cluster_id` (rows of one thing share it), `match_weight` (bits of the strongest pair that holds the row in its cluster;
empty for a row alone) and `golden` (1 for the row that stands for its cluster: the one with most cells filled, the
first of these).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.clock import SYSTEM
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from dedupe.table.column import Guess
    from dedupe.table.resolution import Resolution
    from goldbridge.cli.dedupe_table import Table

ADDED = ("cluster_id", "match_weight", "golden")
CLEAR = 7
"""Bits over the threshold from which a pair is clear: about one in a hundred of the pairs at its edge is wrong."""


def register(app: typer.Typer) -> None:
    app.command("dedupe")(dedupe)


def dedupe(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV with a header line (.gz too), .xlsx, .xls, .xlsb, .ods or .parquet."),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            metavar="KIND=COL,...",
            help="What columns are, where the guess is wrong (ignore=COL: not compared).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where the result goes: .csv, .xlsx or .parquet; else FILE.clusters."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the result of an earlier run.")] = False,
    truth: Annotated[
        str | None,
        typer.Option("--truth", metavar="COL", help="A column with the true cluster: measures, is never compared."),
    ] = None,
    source_column: Annotated[
        str | None,
        typer.Option("--source-column", metavar="COL", help="Link: only rows that differ in this column can match."),
    ] = None,
    many: Annotated[
        bool, typer.Option("--many", help="With --source-column: a row may match several rows, not only its best.")
    ] = False,
    escape: Annotated[
        bool,
        typer.Option(
            "--escape/--no-escape", help="Put an apostrophe before cells of a CSV that a spreadsheet would run."
        ),
    ] = True,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook, or its number; else the first."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="NAME", help="utf-8, utf-8-sig, gb18030 ...; else found out from the file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> int:
    """Find the rows of a file that mean the same thing; needs no project."""
    from goldbridge import log
    from goldbridge.cli import dedupe_result, dedupe_table, session
    from goldbridge.cli.watch import watching

    state = session(ctx)
    log.configure(json=state.log_json, verbose=state.verbose)
    start = SYSTEM.monotonic()
    target = _target(file, out, force)
    if many and source_column is None:
        raise Misconfigured.one("DED030", "--many needs --source-column: it is about linking", Mark(str(file)))
    table = dedupe_table.read(file, encoding, sheet)
    dedupe_result.check(table, target, len(ADDED))
    special = {option: table.find(name, option) for option, name in (
        ("--truth", truth), ("--source-column", source_column)) if name is not None}  # fmt: skip
    if truth is not None and not any(map(str.strip, table.cells(special["--truth"]))):
        raise Misconfigured.one("DED035", f"column '{truth}' (--truth) is empty: nothing to measure", table.mark)
    guesses = dedupe_table.choose(table, columns or [], special.values())
    sources = table.cells(special["--source-column"]) if source_column is not None else None
    with watching(f"dedupe {file.name}") as progress:
        found, measured = dedupe_table.resolve(table, guesses, sources, one_to_one=not many, progress=progress)
    dedupe_result.write(table, target, _added(table, found), escape=escape)
    summary = _summary(table, guesses, found, target)
    summary["weights"] = measured
    if truth is not None:
        summary["metrics"] = _metrics(table, special["--truth"], found, sources)
    summary["seconds"] = round(SYSTEM.monotonic() - start, 2)
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _show(summary)
    return 0


def _target(file: Path, out: Path | None, force: bool) -> Path:
    """Where the result goes; raises `Misconfigured` DED034 before any work is done when something is there already."""
    from goldbridge.cli.dedupe_result import READ_ONLY, ending

    if out is None:
        plain = file.with_suffix("") if file.suffix == ".gz" else file
        out = plain.with_suffix(f".clusters{ending(file)}")
    if out.suffix.lower() in READ_ONLY:
        raise Misconfigured.one("DED034", f"{out.suffix} is read, not written; name it .xlsx", Mark(str(out)))
    if out.exists() and file.exists() and out.samefile(file):
        raise Misconfigured.one("DED034", "the result would replace the input; choose another --out", Mark(str(out)))
    if out.is_dir():
        raise Misconfigured.one("DED034", "is a folder; --out names a file", Mark(str(out)))
    if not out.parent.is_dir():
        raise Misconfigured.one("DED034", "its folder does not exist; make it first", Mark(str(out)))
    if out.exists() and not force:
        raise Misconfigured.one(
            "DED034", "exists already; choose another --out, or overwrite with --force", Mark(str(out))
        )
    return out


def _added(table: Table, found: Resolution) -> tuple[tuple[str, ...], list[tuple[str, str, str]]]:
    """The names and the cells of the columns that we add; a name that is taken gets `dedupe_` before it."""
    from goldbridge.cli.dedupe_table import in_bits

    golden = representatives(table.rows, found.labels)
    names = []
    for name in ADDED:
        while name in table.header or name in names:
            name = f"dedupe_{name}"
        names.append(name)
    weights = ("" if weight is None else f"{in_bits(weight):.2f}" for weight in found.weights)
    cells = zip(
        (str(label + 1) for label in found.labels), weights, ("1" if each else "0" for each in golden), strict=True
    )
    return tuple(names), list(cells)


def representatives(rows: Sequence[Sequence[str]], labels: Sequence[int]) -> list[bool]:
    """One row per cluster: the one with most cells that are not blank, the first of these in the order of the file."""
    best: dict[int, tuple[int, int]] = {}
    for at, (row, label) in enumerate(zip(rows, labels, strict=True)):
        rank = (sum(1 for cell in row if cell.strip()), -at)
        if label not in best or rank > best[label]:
            best[label] = rank
    chosen = {-at for _, at in best.values()}
    return [at in chosen for at in range(len(labels))]


def _summary(table: Table, guesses: Sequence[Guess], found: Resolution, out: Path) -> dict[str, Any]:
    from goldbridge.cli.dedupe_table import in_bits

    sizes = Counter(found.labels)
    return {
        "file": str(table.file),
        "encoding": table.encoding,
        "out": str(out),
        "rows": len(table.rows),
        "formula_errors": table.formula_errors,
        "clusters": len(sizes),
        "clusters_with_duplicates": sum(size > 1 for size in sizes.values()),
        "duplicates": len(table.rows) - len(sizes),
        "largest_cluster": max(sizes.values(), default=0),
        "columns": [_column(guess, found) for guess in guesses],
        "method": found.method,
        "pairs_compared": found.pairs_compared,
        "pairs_found": found.found_pairs,
        "threshold_bits": in_bits(found.threshold),
        "bands": _bands(found),
        "doubtful_pairs": found.doubtful,
        "expected_precision": _share(found.expected_right, found.found_pairs),
        "groups_too_large": [
            {"key": key, "groups": groups, "rows": rows} for key, groups, rows in found.blocking.left_out
        ],
        "metrics": None,
    }  # fmt: skip


def _column(guess: Guess, found: Resolution) -> dict[str, Any]:
    repeats = guess.column in found.left_out_columns
    return {
        "column": guess.column,
        "kind": guess.kind,
        "sure": round(guess.sure, 2),
        "reason": "repeats what other columns say" if repeats else guess.reason,
        "compared": guess.kind != "ignore" and not repeats,
    }


def _share(part: float | None, whole: int) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)


def _bands(found: Resolution) -> dict[str, int]:
    """Rows of clusters by their strongest pair: clear of the threshold, over it, or under it and held by the others."""
    from dedupe.bit import BIT

    counts = {"clear": 0, "over": 0, "under": 0}
    for weight in found.weights:
        if weight is not None:
            over = weight - found.threshold
            counts["clear" if over >= CLEAR * BIT else "over" if over >= 0 else "under"] += 1
    return counts


def _metrics(table: Table, truth: str, found: Resolution, sources: Sequence[str] | None) -> dict[str, Any]:
    from dedupe.evaluate import pair_metrics

    measured = pair_metrics([cell.strip() or None for cell in table.cells(truth)], found.labels, sources=sources)
    return {
        "precision": round(measured.precision, 4),
        "recall": round(measured.recall, 4),
        "f1": round(measured.f1, 4),
        **measured._asdict(),
    }


def _show(summary: dict[str, Any]) -> None:
    """The summary for people: first what was believed about the columns, so that a wrong guess is seen."""
    from dedupe.table.column import KINDS

    width = max(len(column["column"]) for column in summary["columns"])
    for column in summary["columns"]:
        kind = column["kind"] if column["compared"] else "-"
        typer.echo(f"{column['column']:{width}}  {kind:12}  {column['sure']:4.0%}  {column['reason']}")
    if any(column["compared"] and column["sure"] < 0.7 for column in summary["columns"]):
        typer.echo(f"a wrong guess? say --columns KIND=COL,...; kinds: {', '.join(KINDS)}")
    typer.echo(
        f"{summary['rows']} rows are {summary['clusters']} things: {summary['duplicates']} duplicates in "
        f"{summary['clusters_with_duplicates']} clusters, the largest of {summary['largest_cluster']}"
    )
    if summary["formula_errors"]:
        typer.echo(f"cells with a formula error, taken as empty: {summary['formula_errors']}")
    bands = summary["bands"]
    typer.echo(
        f"rows in clusters: {bands['clear']} clear, {bands['over']} near the threshold of "
        f"{summary['threshold_bits']} bits, {bands['under']} under it; pairs left apart in doubt: "
        f"{summary['doubtful_pairs']}"
    )
    for group in summary["groups_too_large"]:
        typer.echo(f"not all compared: {group['rows']} rows in {group['groups']} groups with equal {group['key']}")
    if summary["metrics"]:
        figures = summary["metrics"]
        typer.echo(
            f"precision {figures['precision']:.4f}  recall {figures['recall']:.4f}  F1 {figures['f1']:.4f}  "
            f"({figures['right_pairs']} of {figures['found_pairs']} pairs found, {figures['true_pairs']} to find)"
        )
    typer.echo(f"{summary['out']} ({summary['seconds']} s)")
