"""What `goldbridge dedupe` says about a run: as plain data for --json, and as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from dedupe.bit import BIT
from dedupe.table.column import KINDS, Guess
from dedupe.table.edge import AUTO
from dedupe.table.resolution import Resolution
from goldbridge.cli.dedupe_link import Pairing
from goldbridge.cli.dedupe_table import Table, in_bits

CLEAR = 7
"""Bits over the threshold from which a pair is clear: about one in a hundred of the pairs at its edge is wrong."""
UNSURE = 0.7


def summary(
    table: Table, guesses: Sequence[Guess], found: Resolution, out: Path | None, pairings: Sequence[Pairing]
) -> dict[str, Any]:
    """The run as plain data."""
    sizes, auto = Counter(found.labels), Counter(found.auto_labels)
    edges = found.edges
    asked = found.questions()
    return {
        "file": str(table.file),
        **({"second_file": str(table.second), "map": [each._asdict() for each in pairings]} if table.second else {}),
        "encoding": table.encoding,
        "out": str(out) if out else None,
        "rows": len(table.rows),
        "formula_errors": table.formula_errors,
        "clusters": len(sizes),
        "clusters_with_duplicates": sum(size > 1 for size in sizes.values()),
        "duplicates": len(table.rows) - len(sizes),
        "largest_cluster": max(sizes.values(), default=0),
        "auto": {
            "clusters": len(auto),
            "duplicates": len(table.rows) - len(auto),
            "pairs": int((edges.bands == AUTO).sum()),
        },
        "review": {
            "pairs": int(asked.sum()),
            "rows": len({*edges.left[asked].tolist(), *edges.right[asked].tolist()}),
        },
        "columns": [_column(guess, found) for guess in guesses],
        "method": found.method,
        "pairs_compared": found.pairs_compared,
        "pairs_found": found.found_pairs,
        "threshold_bits": in_bits(found.threshold),
        "bands_bits": {"auto": in_bits(found.bands.auto), "review": in_bits(found.bands.review)},
        "cautious": found.cautious,
        "bands": _bands(found),
        "doubtful_pairs": found.doubtful,
        "expected_precision": _share(found.expected_right, found.found_pairs),
        "keys": [{"key": key, "pairs": pairs} for key, pairs in found.blocking.keys],
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
        "fits": None if guess.fits is None else round(guess.fits, 4),
        "header": guess.header,
        "rival": guess.rival,
        "reason": "repeats what other columns say" if repeats else guess.reason,
        "compared": guess.kind != "ignore" and not repeats,
    }


def _share(part: float | None, whole: int) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)


def _bands(found: Resolution) -> dict[str, int]:
    """Rows of clusters by their strongest pair: clear of the threshold, over it, or under it and held by the others."""
    counts = {"clear": 0, "over": 0, "under": 0}
    for weight in found.weights:
        if weight is not None:
            over = weight - found.threshold
            counts["clear" if over >= CLEAR * BIT else "over" if over >= 0 else "under"] += 1
    return counts


def show(told: dict[str, Any]) -> None:
    """The summary for people: first what was believed about the columns, so that a wrong guess is seen."""
    for line in lines(told):
        typer.echo(line)


def lines(told: dict[str, Any]) -> Iterator[str]:
    yield from columns(told["columns"])
    for each in told.get("map", ()):
        yield f"{each['first']} = {each['second']} ({each['reason']})"
    yield (
        f"{told['rows']} rows are {told['clusters']} things: {told['duplicates']} duplicates in "
        f"{told['clusters_with_duplicates']} clusters, the largest of {told['largest_cluster']}"
    )
    bits = told["bands_bits"]
    yield (
        f"without a steward (from {bits['auto']} bits): {told['auto']['duplicates']} duplicates; questions (from "
        f"{bits['review']} bits): {told['review']['pairs']} pairs of {told['review']['rows']} rows"
    )
    if told["cautious"]:
        yield f"cautious, for {told['cautious']}: more bits are asked for before rows join without a steward"
    for source in told.get("repeats", ()):
        yield (
            f"{source['source']} has {source['rows']} rows that equal another of its rows; a row matches one other at "
            "most: say --many, or remove them first"
        )
    if told["formula_errors"]:
        yield f"cells with a formula error, taken as empty: {told['formula_errors']}"
    bands = told["bands"]
    yield (
        f"rows in clusters: {bands['clear']} clear, {bands['over']} near the threshold of "
        f"{told['threshold_bits']} bits, {bands['under']} under it; pairs left apart in doubt: "
        f"{told['doubtful_pairs']}"
    )
    for group in told["groups_too_large"]:
        yield f"not all compared: {group['rows']} rows in {group['groups']} groups with equal {group['key']}"
    if told["metrics"]:
        yield from measured(told["metrics"])
    for key in ("out", "edges", "report", "saved_config"):
        if told.get(key):
            yield f"{told[key]}" + (f" ({told['seconds']} s)" if key == "out" else "")


def columns(told: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The guesses, how sure they are, and why; what to do where two are close."""
    width = max(len(column["column"]) for column in told)
    for column in told:
        kind = column["kind"] if column["compared"] else "-"
        fits = "" if column["fits"] is None or "%" in column["reason"] else f"; {column['fits']:.0%} of the values fit"
        close = f"; or {column['rival']}? say --columns KIND={column['column']}" if column["rival"] else ""
        yield f"{column['column']:{width}}  {kind:12}  {column['sure']:4.0%}  {column['reason']}{fits}{close}"
    if any(column["compared"] and (column["sure"] < UNSURE or column["rival"]) for column in told):
        yield f"a wrong guess? say --columns KIND=COL,...; kinds: {', '.join(KINDS)}"


def measured(figures: dict[str, Any]) -> Iterator[str]:
    """Precision and recall, and the worst mistakes."""
    yield (
        f"precision {figures['precision']:.4f}  recall {figures['recall']:.4f}  F1 {figures['f1']:.4f}  "
        f"({figures['right_pairs']} of {figures['found_pairs']} pairs found, {figures['true_pairs']} to find)"
    )
    auto = figures["auto"]
    yield (
        f"without a steward: precision {auto['precision']:.4f}  recall {auto['recall']:.4f}  F1 {auto['f1']:.4f}; "
        f"recall with every question answered {figures['recall_with_review']:.4f}, for {figures['questions']} "
        f"questions ({figures['questions_right']} are one) about {figures['rows_in_review']} rows"
    )
    for title, key in (("joined wrongly", "false_merges"), ("missed", "missed")):
        for each in figures["worst"][key]:
            met = "" if each["compared"] else " (never compared)"
            yield f"{title}: {each['left']} - {each['right']}  {each['bits']:+.4f} bits{met}: {each['why']}"
