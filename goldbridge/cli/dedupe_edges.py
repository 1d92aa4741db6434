"""`goldbridge dedupe --edges`: every pair above the review band with its reasons, whose sum is exactly its weight.

`reasons` reads as `surname equal +8.2134 | born one slip +3.1000`: four digits are all that a match weight has, so that
they add up to `weight` to the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dedupe.bit import BIT
from dedupe.score import Match
from dedupe.table.resolution import Resolution
from goldbridge.cli import dedupe_result
from goldbridge.cli.dedupe_row import Names
from goldbridge.cli.dedupe_table import Table

HEADER = ["left", "right", "band", "together", "vetoes", "reasons"]
WEIGHT = "weight"


def exact(weight: int) -> str:
    """Bits with all their digits and a sign."""
    sign = "-" if weight < 0 else "+"
    return f"{sign}{abs(weight) // BIT}.{abs(weight) % BIT:04}"


def reasons(match: Match) -> str:
    """The parts of a weight on one line."""
    return " | ".join(f"{part.comparison} {part.level} {exact(part.weight)}" for part in match.parts)


def write(table: Table, names: Names, found: Resolution, out: Path, *, escape: bool) -> int:
    """Write the edges, heaviest first; returns how many there are."""
    rows, weights = [], []
    for row, weight in _rows(names, found):
        rows.append(row)
        weights.append((weight,))
    made = Table(out, table.encoding, HEADER, rows)
    dedupe_result.write(made, out, ((WEIGHT,), weights), escape=escape)
    return len(rows)


def _rows(names: Names, found: Resolution) -> Iterator[tuple[list[str], str]]:
    edges = found.edges
    if found.judge is None:
        return
    order = sorted(range(len(edges.left)), key=lambda at: (-int(edges.weights[at]), at))
    left, right = edges.left[order].tolist(), edges.right[order].tolist()
    for at, a, b, match in zip(order, left, right, found.judge.matches(left, right), strict=True):
        together = "auto" if found.auto_labels[a] == found.auto_labels[b] else (
            "guess" if found.labels[a] == found.labels[b] else "no")  # fmt: skip
        row = [names[a], names[b], edges.band(at), together, ", ".join(match.vetoes), reasons(match)]
        yield row, exact(int(edges.weights[at])).removeprefix("+")
