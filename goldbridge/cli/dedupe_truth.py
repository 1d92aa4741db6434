"""`goldbridge dedupe --truth`: how good the result is against a known answer, and which mistakes are the worst.

The answer is a column with the true cluster, or a file of pairs that are one. Pairs of a file are taken together (from
a = b and b = c follows a = c), and rows that it does not name are alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np

from dedupe.evaluate import PairMetrics, pair_metrics
from dedupe.table.resolution import Resolution
from goldbridge.cli import table as csv_table
from goldbridge.cli.dedupe_edges import reasons
from goldbridge.cli.dedupe_explain import number
from goldbridge.cli.dedupe_row import Names
from goldbridge.cli.dedupe_table import Table
from goldbridge.errors import Mark, Misconfigured, Problems

WORST = 5
MOST_LOOKED_AT, MOST_LISTED = 50_000, 2_000_000
"""Missed pairs that are weighed in search of the worst, and true pairs that are looked through: a cluster of thousands
has millions."""
_MOST_PROBLEMS = 10

Truth = Sequence[Hashable | None]


def column(table: Table, name: str) -> Truth:
    """The truth of a column; raises `Misconfigured` DED035 when it is empty."""
    cells = [cell.strip() or None for cell in table.cells(name)]
    if not any(cells):
        raise Misconfigured.one("DED035", f"column '{name}' (--truth) is empty: nothing to measure", table.mark)
    return cells


def pairs(file: Path, names: Names) -> Truth:
    """The truth of a file of pairs; raises `Misconfigured` DED035, DED037 or what a CSV file is refused for."""
    encoding, _ = csv_table.inspect(file, None)
    parent = list(range(len(names.names)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    problems = Problems()
    seen = 0
    with csv_table.opened(file, encoding) as source:
        lines = csv_table.numbered(source, file)
        next(lines, None)
        for line, row in lines:
            if len(row) < 2:
                problems.note(Mark(str(file), line, 1), "DED035", "a line of --truth holds two ids")
                continue
            seen += 1
            try:
                a, b = (names.find(row[at], at, "--truth", Mark(str(file), line, 1)) for at in (0, 1))
                parent[max(root(a), root(b))] = min(root(a), root(b))
            except Misconfigured as error:
                problems.extend(error.problems)
            if len(problems) >= _MOST_PROBLEMS:
                break
    problems.raise_any()
    if not seen:
        raise Misconfigured.one("DED035", "the file (--truth) holds no pair: nothing to measure", Mark(str(file)))
    return [root(row) for row in range(len(parent))]


def measure(names: Names, truth: Truth, found: Resolution, sources: Sequence[str] | None) -> dict[str, Any]:
    """Precision, recall and F1 of the guess and of what joins unasked, the questions, and the worst mistakes."""
    guess = pair_metrics(truth, found.labels, sources=sources)
    auto = pair_metrics(truth, found.auto_labels, sources=sources)
    edges = found.edges
    own = _numbered(truth)
    asked, labels = found.questions(), np.array(found.labels)
    right = (own[edges.left] == own[edges.right]) & (own[edges.left] >= 0)
    more = int((asked & right & (labels[edges.left] != labels[edges.right])).sum())
    in_review = len(np.union1d(edges.left[asked], edges.right[asked]))
    return {
        **_figures(guess),
        "auto": _figures(auto),
        "recall_with_review": round((guess.right_pairs + more) / guess.true_pairs, 4) if guess.true_pairs else 1.0,
        "questions": int(asked.sum()),
        "questions_right": int((asked & right).sum()),
        "rows_in_review": in_review,
        "worst": {
            "false_merges": _false_merges(names, own, found),
            "missed": _missed(names, own, found, sources),
        },
    }


def _figures(found: PairMetrics) -> dict[str, Any]:
    return {
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "f1": round(found.f1, 4),
        **found._asdict(),
    }


def _numbered(truth: Truth) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    numbers: dict[Hashable, int] = {}
    return np.array(
        [-1 if label is None else numbers.setdefault(label, len(numbers)) for label in truth], dtype=np.int64
    )


def _false_merges(
    names: Names, own: np.ndarray[tuple[int], np.dtype[np.int64]], found: Resolution
) -> list[dict[str, Any]]:
    """The heaviest edges inside clusters between rows that are two."""
    edges, labels = found.edges, np.array(found.labels)
    wrong = (labels[edges.left] == labels[edges.right]) & (own[edges.left] != own[edges.right])
    wrong &= (own[edges.left] >= 0) & (own[edges.right] >= 0)
    at = np.flatnonzero(wrong)
    at = at[np.lexsort((edges.right[at], edges.left[at], -edges.weights[at]))][:WORST]
    return _told(names, found, edges.left[at].tolist(), edges.right[at].tolist())


def _missed(
    names: Names,
    own: np.ndarray[tuple[int], np.dtype[np.int64]],
    found: Resolution,
    sources: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """The lightest pairs that are one and were left apart."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(own.tolist()):
        if label >= 0:
            groups[label].append(row)
    left: list[int] = []
    right: list[int] = []
    everyone = (pair for members in groups.values() for pair in combinations(members, 2))
    apart = (
        (a, b)
        for a, b in islice(everyone, MOST_LISTED)
        if found.labels[a] != found.labels[b] and (sources is None or sources[a] != sources[b])
    )
    for a, b in islice(apart, MOST_LOOKED_AT):
        left.append(a)
        right.append(b)
    if found.judge is None or not left:
        return []
    weights = [match.weight for match in found.judge.matches(left, right)]
    order = sorted(range(len(left)), key=lambda at: (weights[at], left[at], right[at]))[:WORST]
    return _told(names, found, [left[at] for at in order], [right[at] for at in order])


def _told(names: Names, found: Resolution, left: list[int], right: list[int]) -> list[dict[str, Any]]:
    if found.judge is None:
        return []
    return [
        {
            "left": names[a],
            "right": names[b],
            "bits": number(match.weight),
            "why": reasons(match) + (f" | veto {', '.join(match.vetoes)}" if match.vetoes else ""),
            "compared": found.judge.compared(a, b),
        }
        for a, b, match in zip(left, right, found.judge.matches(left, right), strict=True)
    ]
