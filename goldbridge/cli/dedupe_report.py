"""`goldbridge dedupe --report`: one HTML page about a run that needs nothing else, no network and no script.

What comes from the file is escaped wherever it stands; lists are cut, and say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dedupe.bit import BIT
from dedupe.table import bridge
from dedupe.table.column import Guess
from dedupe.table.resolution import Resolution
from goldbridge.cli import dedupe_chart as chart
from goldbridge.cli import page
from goldbridge.cli import table as csv_table
from goldbridge.cli.dedupe_chart import Line, Mark
from goldbridge.cli.dedupe_explain import explain
from goldbridge.cli.dedupe_row import Names
from goldbridge.cli.dedupe_word import word
from goldbridge.cli.page import Language, text

_BARS, _STEPS = 40, 60
_MOST_LINES = 50
_MOST_MATCHES = 100_000


def write(
    out: Path,
    names: Names,
    guesses: Sequence[Guess],
    found: Resolution,
    summary: dict[str, Any],
    truth: Sequence[Hashable | None] | None,
    sources: Sequence[str] | None,
    language: Language,
) -> None:
    """Write the page, whole or not at all."""
    made = _Page(names, guesses, found, summary, truth, sources, language)
    with csv_table.replacing(out) as target:
        target.write(made.html().encode())


class _Page:
    def __init__(
        self,
        names: Names,
        guesses: Sequence[Guess],
        found: Resolution,
        summary: dict[str, Any],
        truth: Sequence[Hashable | None] | None,
        sources: Sequence[str] | None,
        language: Language,
    ) -> None:
        self.names, self.guesses, self.found, self.summary = names, guesses, found, summary
        self.truth, self.sources, self.language = truth, sources, language
        self.marks = [
            Mark(weight / BIT, self.say(key))
            for key, weight in (("review", found.bands.review), ("guess", found.even), ("auto", found.bands.auto))
        ]

    def say(self, key: str) -> str:
        return word(key, self.language)

    def html(self) -> str:
        files = " + ".join(text(file.name) for file in self.names.table.files)
        title = f"{text(self.say('title'))}: {files}"
        sections = (
            ("summary", self.overview()),
            ("columns", self.columns()),
            ("weights", self.weights()),
            ("threshold", self.threshold()),
            ("keys", self.keys()),
            ("sizes", self.sizes()),
            ("examples", self.examples()),
            ("bridges", self.bridges()),
            *((("mistakes", self.mistakes()),) if self.summary["metrics"] else ()),
        )
        body = "".join(
            f'<section id="{key}"><h2>{text(self.say(key))}</h2>{content}</section>' for key, content in sections
        )
        return page.whole(title, body, self.language)

    def nothing(self) -> str:
        return f"<p>{text(self.say('none'))}</p>"

    def rows(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
        """A table; numbers to the right."""
        if not rows:
            return self.nothing()
        top = "".join(f"<th>{text(self.say(each))}</th>" for each in head)
        lines = "".join(
            "<tr>"
            + "".join(
                f"<td{' class=' + chr(34) + 'n' + chr(34) if isinstance(cell, int | float) else ''}>{text(cell)}</td>"
                for cell in row
            )
            + "</tr>"
            for row in rows[:_MOST_LINES]
        )
        cut = self.say("cut").format(shown=_MOST_LINES, all=len(rows)) if len(rows) > _MOST_LINES else ""
        return f"<table><tr>{top}</tr>{lines}</table>" + (f'<p class="soft">{text(cut)}</p>' if cut else "")

    def overview(self) -> str:
        told = self.summary
        figures: list[tuple[str, object]] = [
            ("rows", told["rows"]),
            ("things", told["clusters"]),
            ("duplicates", told["duplicates"]),
            ("auto_duplicates", told["auto"]["duplicates"]),
            ("questions", told["review"]["pairs"]),
            ("review_rows", told["review"]["rows"]),
            ("largest", told["largest_cluster"]),
            ("compared", told["pairs_compared"]),
            ("method", told["method"]),
        ]
        listed = "".join(f"<div><dt>{text(self.say(key))}</dt><dd>{text(value)}</dd></div>" for key, value in figures)
        found = f"<dl>{listed}</dl>"
        if told["cautious"]:
            found += f"<p>{text(self.say('cautious'))}: {text(told['cautious'])}</p>"
        if told["metrics"]:
            metrics = told["metrics"]
            found += self.rows(
                ("method", "precision", "recall_curve", "f1"),
                [
                    (self.say(key), each["precision"], each["recall"], each["f1"])
                    for key, each in (("best", metrics), ("auto", metrics["auto"]))
                ],
            )
        return found

    def columns(self) -> str:
        return self.rows(
            ("column", "kind", "sure", "fits", "reason", "rival"),
            [
                (
                    each["column"],
                    each["kind"] if each["compared"] else "-",
                    f"{each['sure']:.0%}",
                    "" if each["fits"] is None else f"{each['fits']:.0%}",
                    each["reason"],
                    each["rival"],
                )
                for each in self.summary["columns"]
            ],
        )

    def weights(self) -> str:
        bits = self.found.edges.weights / BIT
        if not len(bits):
            return self.nothing()
        counts, bounds = np.histogram(
            bits, bins=_BARS, range=(float(bits.min()), float(max(bits.max(), bits.min() + 1)))
        )
        bars = [(float(bounds[at]), float(bounds[at + 1]), int(count)) for at, count in enumerate(counts)]
        return chart.histogram(bars, self.marks, self.say("weights"))

    def threshold(self) -> str:
        """How many pairs a threshold leaves, and how many of these are right: believed, or known by the truth."""
        edges = self.found.edges
        if not len(edges.weights):
            return self.nothing()
        order = np.argsort(-edges.weights, kind="stable")
        weights = edges.weights[order]
        count = np.arange(1, len(weights) + 1)
        chance = 1 / (1 + np.exp2(-np.clip((weights - self.found.even) / BIT, -60, 60)))
        lines = [Line("l1", self.say("share"), self._thin(weights, count / len(weights)))]
        if self.truth is None:
            lines.append(Line("l2", self.say("estimated"), self._thin(weights, np.cumsum(chance) / count)))
        else:
            numbers: dict[Hashable, int] = {}
            own = np.array([-1 if each is None else numbers.setdefault(each, len(numbers)) for each in self.truth])
            known = (own[edges.left] >= 0) & (own[edges.right] >= 0)
            right = np.cumsum(((own[edges.left] == own[edges.right]) & known)[order])
            asked = np.maximum(np.cumsum(known[order]), 1)
            total = max(1, self.summary["metrics"]["true_pairs"])
            lines.append(Line("l2", self.say("precision"), self._thin(weights, right / asked)))
            lines.append(Line("l3", self.say("recall_curve"), self._thin(weights, np.minimum(right / total, 1))))
        return chart.curves(lines, self.marks, self.say("threshold"))

    def _thin(self, weights: Any, values: Any) -> list[tuple[float, float]]:
        at = np.unique(np.linspace(0, len(weights) - 1, _STEPS).astype(np.int64))
        return [(float(weights[each]) / BIT, float(values[each])) for each in at]

    def keys(self) -> str:
        found, edges = self.found, self.found.edges
        if found.judge is None:
            return self.nothing()
        labels = np.array(found.labels)
        inside = np.flatnonzero(labels[edges.left] == labels[edges.right]) if len(edges.left) else np.zeros(0, np.int64)
        inside = (
            inside[np.linspace(0, len(inside) - 1, _MOST_MATCHES).astype(np.int64)]
            if len(inside) > _MOST_MATCHES
            else inside
        )
        told = found.judge.coverage(edges.left[inside], edges.right[inside])
        size = max(1, len(inside))
        made = self.rows(
            ("key", "pairs", "recall", "alone"),
            [(each.key, each.pairs, f"{each.matches / size:.1%}", f"{each.alone / size:.1%}") for each in told],
        )
        large = self.summary["groups_too_large"]
        if large:
            made += f"<h3>{text(self.say('too_large'))}</h3>" + self.rows(
                ("key", "groups", "rows"), [(each["key"], each["groups"], each["rows"]) for each in large]
            )
        return made

    def sizes(self) -> str:
        counts = Counter(Counter(self.found.labels).values())
        sizes = sorted(counts)
        shown = [(str(size), counts[size]) for size in sizes[:12]]
        if len(sizes) > 12:
            shown.append((f"> {sizes[11]}", sum(counts[size] for size in sizes[12:])))
        return chart.columns(shown, self.say("sizes"))

    def examples(self) -> str:
        """A clear match, a pair at the border, and one that a veto or the evidence keeps apart."""
        made = []
        for key, pair in (("clear_match", self._clear()), ("border", self._border()), ("veto", self._vetoed())):
            if pair is not None:
                made.append(f"<h3>{text(self.say(key))}</h3>{self._waterfall(*pair)}")
        return "".join(made) or self.nothing()

    def _pairs(self, at: Iterable[int]) -> tuple[int, int] | None:
        edges = self.found.edges
        first = next(iter(at), None)
        return None if first is None else (int(edges.left[first]), int(edges.right[first]))

    def _clear(self) -> tuple[int, int] | None:
        """A typical match, not the heaviest: the heaviest is two equal rows."""
        edges, labels = self.found.edges, np.array(self.found.auto_labels)
        at = np.flatnonzero(labels[edges.left] == labels[edges.right]) if len(edges.left) else np.zeros(0, np.int64)
        at = at[np.argsort(edges.weights[at], kind="stable")]
        return self._pairs(at[len(at) // 2 :].tolist())

    def _border(self) -> tuple[int, int] | None:
        distance = np.abs(self.found.edges.weights - self.found.even)
        return self._pairs(np.argsort(distance, kind="stable").tolist())

    def _vetoed(self) -> tuple[int, int] | None:
        edges, labels = self.found.edges, np.array(self.found.labels)
        if self.found.vetoed is not None:
            return self.found.vetoed
        apart = np.flatnonzero(labels[edges.left] != labels[edges.right]) if len(edges.left) else np.zeros(0, np.int64)
        return self._pairs(apart[np.argsort(-edges.weights[apart], kind="stable")].tolist())

    def _waterfall(self, a: int, b: int) -> str:
        told = explain(self.names, self.guesses, self.found, a, b, sources=self.sources, one_to_one=self.found.single)
        parts = [(f"{part['comparison']}: {part['level']}", part["bits"]) for part in told["parts"]]
        cells = "".join(
            f"<tr><th>{text(column)}</th><td>{text(one[:200])}</td><td>{text(two[:200])}</td></tr>"
            for column, (one, two) in told["cells"].items()
        )
        heads = "".join(f"<th>{text(each)}</th>" for each in told["shown"])
        return (
            f"<p>{text(told['why'])}</p><table><tr><th></th>{heads}</tr>{cells}</table>"
            f"{chart.waterfall(parts, self.marks, self.say('weight'))}"
        )

    def bridges(self) -> str:
        tree = bridge.forest(self.found.labels, self.found.edges)
        told = bridge.bridges(self.found.labels, tree, _MOST_LINES)
        return self.rows(
            ("left", "right", "weight", "size"),
            [
                (self.names.shown(each.a), self.names.shown(each.b), round(each.weight / BIT, 4), each.rows)
                for each in told
            ],
        )

    def mistakes(self) -> str:
        worst = self.summary["metrics"]["worst"]
        return "".join(
            f"<h3>{text(self.say(key))}</h3>"
            + self.rows(
                ("left", "right", "weight", "reason"),
                [(each["left"], each["right"], each["bits"], each["why"]) for each in worst[key]],
            )
            for key in ("false_merges", "missed")
        )
