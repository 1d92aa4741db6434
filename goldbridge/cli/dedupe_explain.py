"""`goldbridge dedupe --explain`: why two rows are together or apart.

A waterfall of the evidence whose parts add up to the weight exactly; vetoes; the blocking keys that brought the two
together, or that none did; and, inside a cluster, the way from one to the other with its weakest bridge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import typer

from dedupe.rule import VETOES
from dedupe.score import Match
from dedupe.table import bridge
from dedupe.table.column import Guess
from dedupe.table.header import IGNORE
from dedupe.table.resolution import Resolution
from goldbridge.cli.dedupe_edges import exact
from goldbridge.cli.dedupe_row import Names

_MOST_ACROSS = 2_000
_BAR = 24


def number(weight: int) -> float:
    """Bits with all their digits; a number of JSON."""
    return float(Decimal(exact(weight)))


def explain(
    names: Names,
    guesses: Sequence[Guess],
    found: Resolution,
    a: int,
    b: int,
    *,
    sources: Sequence[str] | None,
    one_to_one: bool,
) -> dict[str, Any]:
    """Everything that is known about two rows, as plain data."""
    judge = found.judge
    match = next(judge.matches([a], [b])) if judge else Match(0, "no")
    met = judge.compared(a, b) if judge else False
    shared = judge.shared(a, b) if judge else []
    table = names.table
    together = _together(found, a, b)
    way = bridge.path(bridge.forest(found.labels, found.edges), a, b) if together != "no" else []
    steps: list[dict[str, Any]] = [
        {"left": names.shown(each.a), "right": names.shown(each.b), "bits": number(each.weight)} for each in way
    ]
    cells = {
        each.column: [table.rows[row][table.header.index(each.column)] for row in (a, b)]
        for each in guesses
        if each.kind != IGNORE and each.column not in found.left_out_columns
    }
    same_source = sources is not None and sources[a] == sources[b]
    return {
        "left": names[a],
        "right": names[b],
        "shown": [names.shown(a), names.shown(b)],
        "together": together,
        "why": "both are of one source, and only rows of different sources are linked"
        if same_source
        else "they join without a steward: every compared cell is equal"
        if together == "auto" and cells and all(one == two for one, two in cells.values())
        else _why(names, found, match, a, b, met, one_to_one),
        "bits": number(match.weight),
        "band": match.band,
        "bands": {"auto": number(found.bands.auto), "guess": number(found.even), "review": number(found.bands.review)},
        "parts": [
            {"comparison": part.comparison, "level": part.level, "bits": number(part.weight)} for part in match.parts
        ],
        "vetoes": [{"veto": veto, "meaning": VETOES[veto]} for veto in match.vetoes],
        "compared": met and not same_source,
        "keys": [{"key": each.key, "rows": each.rows, "too_large": each.left_out} for each in shared],
        "path": steps,
        "weakest": min(steps, key=lambda step: step["bits"]) if len(steps) > 1 else None,
        "cells": cells,
    }


def _together(found: Resolution, a: int, b: int) -> str:
    if found.auto_labels[a] == found.auto_labels[b]:
        return "auto"
    return "guess" if found.labels[a] == found.labels[b] else "no"


def _why(names: Names, found: Resolution, match: Match, a: int, b: int, met: bool, one_to_one: bool) -> str:
    together = _together(found, a, b)
    own = "by their own evidence" if match.weight >= found.even and not match.vetoes else "through other rows"
    if together == "auto":
        return f"they join without a steward, {own}"
    if together == "guess":
        return f"likely one, {own}, but not so clear that they join without a steward"
    if match.vetoes:
        return f"a veto keeps them apart: {'; '.join(VETOES[veto] for veto in match.vetoes)}"
    if match.weight < found.even:
        if not met:
            return (
                f"no key brought them together, and the evidence is {exact(found.even - match.weight)[1:]} bits short"
            )
        return f"the evidence is {exact(found.even - match.weight)[1:]} bits short"
    if not met:
        return "no key brought them together, so that nobody looked: see `block`"
    taken = _taken(found, a, b) if one_to_one else None
    if taken:
        return f"each row joins one other at most, and {names.shown(taken[0])} joined {names.shown(taken[1])}"
    mean = _mean(found, a, b)
    if mean is not None and mean < found.even:
        return f"their clusters contradict each other: {exact(mean)} bits on average over all pairs across"
    return "something in their clusters speaks against it: a veto or the size limit"


def _taken(found: Resolution, a: int, b: int) -> tuple[int, int] | None:
    for row in (a, b):
        other = next(
            (at for at, label in enumerate(found.labels) if label == found.labels[row] and at != row), None
        )  # fmt: skip
        if other is not None:
            return row, other
    return None


def _mean(found: Resolution, a: int, b: int) -> int | None:
    """The mean weight over the pairs across the clusters of two rows; None when they are too many to ask."""
    one, two = ([at for at, label in enumerate(found.labels) if label == found.labels[row]] for row in (a, b))
    if found.judge is None or len(one) * len(two) > _MOST_ACROSS:
        return None
    left, right = [x for x in one for _ in two], [y for _ in one for y in two]
    weights = [match.weight for match in found.judge.matches(left, right)]
    return sum(weights) // len(weights)


def show(told: dict[str, Any]) -> None:
    """The explanation for people."""
    for line in lines(told):
        typer.echo(line)


def lines(told: dict[str, Any]) -> Iterator[str]:
    verdict = {"auto": "are one", "guess": "are one by the best guess", "no": "are apart"}[told["together"]]
    yield f"{told['shown'][0]} and {told['shown'][1]} {verdict}: {told['why']}"
    width = max((len(column) for column in told["cells"]), default=0)
    for column, (one, two) in told["cells"].items():
        mark = "=" if one == two else "|"
        yield f"  {column:{width}}  {_short(one):40} {mark} {_short(two)}"
    yield from waterfall(told)
    for veto in told["vetoes"]:
        yield f"veto: {veto['veto']} ({veto['meaning']})"
    yield from _keys(told)
    if len(told["path"]) > 1:
        yield "the strongest way from one to the other:"
        for step in told["path"]:
            mark = "  <- the weakest bridge" if step == told["weakest"] else ""
            yield f"  {step['left']} - {step['right']}  {step['bits']:+.4f}{mark}"


def waterfall(told: dict[str, Any]) -> Iterator[str]:
    """The parts and their running sum, and where it lies among the bands."""
    labels = [f"{part['comparison']}: {part['level']}" for part in told["parts"]]
    width = max(map(len, [*labels, "weight"]))
    most = max((abs(part["bits"]) for part in told["parts"]), default=0) or 1
    total = Decimal(0)
    yield f"  {'evidence':{width}}  {'bits':>9}  {'sum':>9}"
    for label, part in zip(labels, told["parts"], strict=True):
        total += Decimal(f"{part['bits']:.4f}")
        bar = ("+" if part["bits"] > 0 else "-") * round(abs(part["bits"]) / most * _BAR)
        yield f"  {label:{width}}  {part['bits']:+9.4f}  {total:+9.4f}  {bar}".rstrip()
    bands = told["bands"]
    yield (
        f"  {'weight':{width}}  {told['bits']:+9.4f}  {told['band']} "
        f"(auto from {bands['auto']:.4f}, guess from {bands['guess']:.4f}, review from {bands['review']:.4f})"
    )


def _keys(told: dict[str, Any]) -> Iterator[str]:
    keys = told["keys"]
    if not keys:
        yield "keys: they have no blocking key in common" + (
            "; a row that both resemble brought them together" if told["compared"] else ""
        )
        return
    named = [
        f"{each['key']} ({each['rows']} rows{', too many to compare all' if each['too_large'] else ''})"
        for each in keys
    ]
    yield f"keys in common: {'; '.join(named)}" + ("" if told["compared"] else "; they were not compared")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:39]}…"
