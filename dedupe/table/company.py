"""Deduplicates a table of organisations with the shipped rules for parties: names are parsed, not only compared.

The weights are the shipped ones, the frequencies the table's own; a person's minute is asked for in the review band.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dedupe.block import keys
from dedupe.cluster import Edge, Node, cluster
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Comparison, Rules, compile_rules
from dedupe.score import score
from dedupe.statistic import Statistics, statistics
from dedupe.table import linkage, pairing
from dedupe.table.column import Guess
from dedupe.table.frame import Ints
from dedupe.table.resolution import Model, Quiet, Resolution, content_order, place
from goldbridge.ports import Progress

_ADDRESS = ("province", "city", "district", "line")
_TYPES = {
    "name": "text", "short_name": "text", "former_names": "text", "credit_code": "credit_code", "lei": "lei",
    "phones": "phone", "emails": "email", "website": "url", "address": "address", "country": "text",
}  # fmt: skip
_BATCH = 2000


def resolve(
    cells: Mapping[str, Sequence[str]],
    guesses: Sequence[Guess],
    *,
    sources: Sequence[str] | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
) -> Resolution:
    """Find the rows that mean the same organisation; `guesses` say which column holds what."""
    used = [guess for guess in guesses if guess.kind != "ignore" and guess.column in cells]
    order = content_order([cells[guess.column] for guess in used], sources)
    size = len(order)
    watch = progress or Quiet()
    watch.advance(0, 3 * size)
    rules = _rules(used)
    prepared: list[Prepared] = []
    for row in order:
        prepared.append(prepare(rules, _record(used, cells, row)))
        if len(prepared) % _BATCH == 0:
            watch.advance(_BATCH)
    numbers = statistics(rules, prepared)
    watch.advance(size)
    origin = _codes([sources[row] for row in order]) if sources is not None else None
    left, right, report = pairing.propose([_key(rules, numbers, prepared)], size, rules.limits.block, (), origin)
    edges = [_edge(rules, numbers, prepared, a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    watch.advance(size)
    weights = np.array([edge.weight for edge in edges], dtype=np.int64)
    labels = _cluster(rules, prepared, edges, left, right, weights, one_to_one and origin is not None)
    filled = np.array([sum(bool(cells[guess.column][row]) for guess in used) for row in order], dtype=np.int64)
    placed = place(order, labels, left, right, weights, filled)
    apart = labels[left] != labels[right]
    asked = np.array([edge.band == "review" for edge in edges], dtype=bool)
    return Resolution(
        *placed[:3],
        method="rules",
        pairs_compared=len(left),
        found_pairs=placed.found_pairs,
        doubtful=int((asked & apart).sum()) if len(edges) else 0,
        threshold=rules.bands.auto,
        blocking=report,
        model=Model(rules, numbers),
    )


def _rules(used: Iterable[Guess]) -> Rules:
    """The shipped rules for parties as far as the table has their fields, and its other telling columns beside."""
    parts = {_field(guess) for guess in used}
    rules = compile_rules(None, "party", {name: kind for name, kind in _TYPES.items() if name in parts})
    extra = tuple(
        Comparison(guess.column, "name" if guess.kind == "person" else guess.kind, (guess.column,))
        for guess in used
        if not _field(guess) and guess.kind in ("person", "code", "date", "identifier")
    )
    return Rules(rules.entity, (*rules.comparisons, *extra), rules.blocks, rules.vetoes, rules.bands, rules.limits)


def _field(guess: Guess) -> str:
    """The field of a party that a column fills, "" for none."""
    if guess.part in _ADDRESS:
        return "address"
    return guess.part if guess.part in _TYPES else ""


def _record(used: Iterable[Guess], cells: Mapping[str, Sequence[str]], row: int) -> dict[str, Any]:
    """A row as the canonical document of a party."""
    found: dict[str, Any] = {}
    address: dict[str, list[str]] = {}
    for guess in used:
        text = cells[guess.column][row]
        if not text:
            continue
        field = _field(guess)
        if field == "address":
            address.setdefault(guess.part, []).append(text)
        else:
            found.setdefault(field or guess.column, []).append(text)
    if address:
        found["address"] = "".join(text for part in _ADDRESS for text in address.get(part, ()))
    return found


def _key(rules: Rules, numbers: Statistics, prepared: Sequence[Prepared]) -> pairing.Key:
    known: dict[str, int] = {}
    rows: list[int] = []
    codes: list[int] = []
    for row, record in enumerate(prepared):
        found = [known.setdefault(key, len(known)) for key in keys(rules, numbers, record)]
        codes.extend(found)
        rows.extend([row] * len(found))
    return pairing.Key("rules", frozenset(), np.array(codes, np.int64), np.array(rows, np.int64))


def _codes(values: Sequence[str]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _edge(rules: Rules, numbers: Statistics, prepared: Sequence[Prepared], a: int, b: int) -> Edge:
    found = score(rules, numbers, prepared[a], prepared[b])
    return Edge(a, b, found.weight, found.band, found.vetoes)


def _cluster(
    rules: Rules,
    prepared: Sequence[Prepared],
    edges: Sequence[Edge],
    left: Ints,
    right: Ints,
    weights: Ints,
    single: bool,
) -> Ints:
    size = len(prepared)
    if single:
        sure = np.array([edge.band == "auto" for edge in edges], dtype=bool)
        return linkage.one_to_one(size, left[sure], right[sure], weights[sure], threshold=rules.bands.auto)
    found = cluster(
        [Node(row, record.facts) for row, record in enumerate(prepared)],
        edges,
        limits=rules.limits,
        bands=rules.bands,
        vetoes=rules.vetoes,
    )
    labels = np.arange(size, dtype=np.int64)
    for members in found.clusters:
        labels[list(members)] = members[0]
    return labels
