"""Deduplicates a table of organisations with the shipped rules for parties: names are parsed, not only compared.

The weights are the shipped ones, the frequencies the table's own; a person's minute is asked for in the review band.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np

from dedupe.bit import BIT, log_ratio
from dedupe.bound import Screen
from dedupe.cluster import Edge, Node, cluster
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Bands, Comparison, Rules, compile_rules, offered
from dedupe.score import Match, score
from dedupe.statistic import Statistics, count
from dedupe.table import linkage, loose, pairing
from dedupe.table.column import Guess
from dedupe.table.edge import AUTO, REVIEW, Met, edges
from dedupe.table.frame import Ints
from dedupe.table.judge import RuleJudge
from dedupe.table.resolution import (
    NOTHING_ASKED,
    Model,
    Quiet,
    Resolution,
    Wish,
    content_order,
    in_order,
    place,
)
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
    wish: Wish = NOTHING_ASKED,
) -> Resolution:
    """Find the rows that mean the same organisation; `guesses` say which column holds what."""
    used = [guess for guess in guesses if guess.kind != "ignore" and guess.column in cells]
    order = content_order([cells[guess.column] for guess in used], sources)
    size = len(order)
    watch = progress or Quiet()
    watch.advance(0, 3 * size)
    rules = _rules(used, wish)
    prepared: list[Prepared] = []
    for row in order:
        prepared.append(prepare(rules, _record(used, cells, row)))
        if len(prepared) % _BATCH == 0:
            watch.advance(_BATCH)
    numbers, held = count(rules, prepared)
    watch.advance(size)
    origin = _codes([sources[row] for row in order]) if sources is not None else None
    left, right, report = pairing.propose(
        [pairing.Key("rules", frozenset(), held.codes, held.rows)], size, rules.limits.block, (), origin
    )
    strangers = loose.strangers(prepared, left, right, held, rules.limits.block)
    scored = list(_weighed(rules, numbers, prepared, left.tolist(), right.tolist(), strangers.tolist()))
    watch.advance(size)
    weights = np.array([edge.weight for edge in scored], dtype=np.int64)
    single = one_to_one and origin is not None
    even = even_weight(rules.bands, size, wish.guess)
    while True:
        auto = _cluster(rules, prepared, scored, left, right, weights, single)
        labels = _guess(rules, prepared, scored, left, right, weights, single, auto, even)
        # Spared pairs that came together by others: their weights say which row stands for a cluster, and two of
        # one family do not stay together.
        late = np.flatnonzero((weights == SPARED) & (labels[left] == labels[right])).tolist()
        for at in late:
            scored[at] = _edge(rules, numbers, prepared, int(left[at]), int(right[at]))
            weights[at] = scored[at].weight
        if not any(RELATIVES in scored[at].vetoes for at in late):
            break
    filled = np.array([sum(bool(cells[guess.column][row]) for guess in used) for row in order], dtype=np.int64)
    placed = place(order, labels, left, right, weights, filled)
    bands = np.array([_BANDS[edge.band] for edge in scored], dtype=np.int8)
    apart = np.array([bool(edge.vetoes) for edge in scored], dtype=np.bool_)
    asked = (bands == REVIEW) & (auto[left] != auto[right])
    model = Model(rules, numbers)
    vetoed = max(
        (edge for edge in scored if edge.vetoes), key=lambda edge: (edge.weight, -edge.a, -edge.b), default=None
    )
    if vetoed is not None and vetoed.weight < rules.bands.review:
        vetoed = None
    return Resolution(
        *placed[:3],
        method="rules",
        pairs_compared=len(left),
        found_pairs=placed.found_pairs,
        doubtful=int((asked & (labels[left] != labels[right])).sum()),
        threshold=even,
        blocking=report,
        model=model,
        auto_labels=in_order(order, auto),
        bands=rules.bands,
        even=even,
        edges=edges(order, left, right, weights, bands),
        single=single,
        vetoed=None if vetoed is None else (order[vetoed.a], order[vetoed.b]),
        judge=RuleJudge(order, model, prepared, Met(size, left, right, weights, apart)),
    )


RELATIVES = "relatives"
"""The mark of two whole names of one family with two trades: nothing that fits both may tie the two together."""
SPARED = -99 * BIT
"""The weight that stands for one which nobody looked up."""
_BANDS = {"no": 0, "review": REVIEW, "auto": AUTO}


_WORLD = 20_000
"""Rows beside those of the table: a dozen rows cannot show how many namesakes there are."""


def even_weight(bands: Bands, size: int, told: int | None = None) -> int:
    """The weight at which a pair is as likely one as two, when each row has about one partner: the shipped weights are
    ratios, and the more rows there are, the more strangers look alike by chance."""
    return min(max(bands.review, log_ratio(size + _WORLD, 2) if told is None else told), bands.auto)


def _guess(
    rules: Rules,
    prepared: Sequence[Prepared],
    scored: Sequence[Edge],
    left: Ints,
    right: Ints,
    weights: Ints,
    single: bool,
    auto: Ints,
    even: int,
) -> Ints:
    """The clusters of the auto band, joined further by questions that are likelier answered yes than no."""
    size = len(prepared)
    if single:
        open_ = np.array([edge.band != "no" and not edge.vetoes for edge in scored], dtype=bool)
        return linkage.one_to_one(size, left[open_], right[open_], weights[open_], threshold=even)
    kept = [(int(label), row) for row, label in enumerate(auto.tolist()) if label != row]
    likely = [
        edge._replace(band="auto") if edge.band == "review" and not edge.vetoes and edge.weight >= even else edge
        for edge in scored
    ]
    return _joined(rules, prepared, likely, kept)


def _rules(used: Iterable[Guess], wish: Wish) -> Rules:
    """The shipped rules for parties as far as the table has their fields, and its other telling columns beside."""
    parts = {_field(guess) for guess in used}
    rules = compile_rules(None, "party", {name: kind for name, kind in _TYPES.items() if name in parts})
    extra = tuple(
        Comparison(guess.column, "name" if guess.kind == "person" else guess.kind, (guess.column,))
        for guess in used
        if not _field(guess) and guess.kind in ("person", "code", "date", "identifier")
    )
    compared = (*rules.comparisons, *extra)
    blocks = tuple(tuple(part.strip() for part in block.split("+")) for block in wish.block) or rules.blocks
    known = {facet for item in compared for facet in offered(item)}
    for part in (part for block in blocks for part in block if part not in known):
        raise KeyError(part)
    bands = replace(wish.bands(rules.bands.auto, rules.bands.review), margin=rules.bands.margin)
    return Rules(rules.entity, compared, blocks, rules.vetoes, bands, rules.limits)


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
        said = {part: "".join(address.get(part, ())) for part in _ADDRESS}
        found["address"] = {**said, "county": said["district"]}
    return found


def _codes(values: Sequence[str]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _weighed(
    rules: Rules,
    numbers: Statistics,
    prepared: Sequence[Prepared],
    left: Sequence[int],
    right: Sequence[int],
    strangers: Sequence[bool] = (),
) -> Iterator[Edge]:
    """The pairs (sorted) on the scales; `strangers` and those that are certainly nothing are spared it."""
    screen, asked = None, -1
    for a, b, spared in zip(left, right, strangers or repeat(False, len(left)), strict=True):
        if spared:
            yield Edge(a, b, SPARED, "no")
            continue
        one, two = prepared[a], prepared[b]
        if a != asked:
            screen, asked = Screen(rules, numbers, one), a
        if screen is not None and screen.spares(two.slots):
            yield Edge(a, b, SPARED, "no")
            continue
        yield _edge(rules, numbers, prepared, a, b)


def _edge(rules: Rules, numbers: Statistics, prepared: Sequence[Prepared], a: int, b: int) -> Edge:
    found = score(rules, numbers, prepared[a], prepared[b])
    return Edge(a, b, found.weight, found.band, marked(found))


def marked(found: Match) -> tuple[str, ...]:
    """The vetoes of a pair, and `RELATIVES` where it is one of them."""
    kin = found.band == "no" and any(part.comparison == "trade" and part.level == "different" for part in found.parts)
    return (*found.vetoes, RELATIVES) if kin else found.vetoes


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
    return _joined(rules, prepared, edges)


def _joined(
    rules: Rules,
    prepared: Sequence[Prepared],
    edges: Sequence[Edge],
    same: Sequence[tuple[int, int]] = (),
) -> Ints:
    """The clusters that the guard makes of the edges, relatives apart."""
    found = cluster(
        [Node(row, record.facts) for row, record in enumerate(prepared)],
        edges,
        same=same,
        different=[(edge.a, edge.b) for edge in edges if RELATIVES in edge.vetoes],
        limits=rules.limits,
        bands=rules.bands,
        vetoes=rules.vetoes,
    )
    return _labels(len(prepared), found.clusters)


def _labels(size: int, clusters: Iterable[Sequence[int]]) -> Ints:
    labels = np.arange(size, dtype=np.int64)
    for members in clusters:
        labels[list(members)] = members[0]
    return labels
