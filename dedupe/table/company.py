"""Deduplicates a table of organisations with the shipped rules for parties: names are parsed, not only compared.

The weights are the shipped ones, the frequencies the table's own; a person's minute is asked for in the review band.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import log_ratio
from dedupe.key import Keys
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Bands, Comparison, Rules, compile_rules, offered
from dedupe.score import Scale
from dedupe.statistic import count
from dedupe.table import linkage, loose, pairing
from dedupe.table.column import Guess
from dedupe.table.edge import AUTO, REVIEW, Met, edges
from dedupe.table.frame import Ints
from dedupe.table.guard import joined
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
from dedupe.table.sieve import Sieve
from dedupe.table.weighing import SPARED, Weighed, weighed
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
    rules = rules_of(used, wish)
    prepared: list[Prepared] = []
    for row in order:
        prepared.append(prepare(rules, record_of(used, cells, row)))
        if len(prepared) % _BATCH == 0:
            watch.advance(_BATCH)
    numbers, held = count(rules, prepared)
    watch.advance(size)
    origin = _codes([sources[row] for row in order]) if sources is not None else None
    left, right, loose_, report = met_under(held, size, rules.limits.block, origin)
    spared = loose.strangers(prepared, left, right, loose_)
    rest = np.flatnonzero(~spared)
    spared[rest] = Sieve(rules, numbers, prepared).spares(left[rest], right[rest])
    found = weighed(rules, numbers, prepared, left, right, spared)
    watch.advance(size)
    single = one_to_one and origin is not None
    even = even_weight(rules.bands, size, wish.guess)
    scale = Scale(rules, numbers)
    while True:
        auto, labels = _clusters(rules, prepared, found, left, right, single, even)
        # Spared pairs that came together by others: their weights say which row stands for a cluster, and two of
        # one family do not stay together.
        late = np.flatnonzero((found.weights == SPARED) & (labels[left] == labels[right])).tolist()
        for at in late:
            found.put(at, scale.match(prepared[left[at]], prepared[right[at]]))
        if not found.relatives[late].any():
            break
    filled = np.array([sum(bool(cells[guess.column][row]) for guess in used) for row in order], dtype=np.int64)
    placed = place(order, labels, left, right, found.weights, filled)
    asked = (found.bands == REVIEW) & (auto[left] != auto[right])
    model = Model(rules, numbers)
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
        edges=edges(order, left, right, found.weights, found.bands),
        single=single,
        vetoed=_vetoed(rules, order, left, right, found),
        judge=RuleJudge(order, model, prepared, Met(size, left, right, found.weights, found.apart)),
    )


def met_under(
    held: Sequence[Keys], size: int, cap: int, origin: Ints | None
) -> tuple[Ints, Ints, NDArray[np.bool_], pairing.Report]:
    """The pairs that the keys propose, and which of them met under loose ones only."""
    met = []
    for loose_ in (False, True):
        wanted = [pairing.Key(each.label, frozenset(), each.codes, each.rows) for each in held if each.loose is loose_]
        left, right, report = pairing.propose(wanted, size, cap, (), origin)
        met.append((left * size + right, report))
    (firm, one), (loosely, two) = met
    packed = np.union1d(firm, loosely)
    groups = [(groups, rows) for _, groups, rows in (*one.left_out, *two.left_out)]
    told = pairing.Report([("rules", len(packed))])
    if groups:
        told.left_out = [("rules", sum(each[0] for each in groups), sum(each[1] for each in groups))]
    return packed // size, packed % size, ~np.isin(packed, firm, assume_unique=True), told


def _vetoed(rules: Rules, order: Sequence[int], left: Ints, right: Ints, found: Weighed) -> tuple[int, int] | None:
    """The heaviest pair that would be an edge but for a veto, of those of one weight the first."""
    apart = np.flatnonzero(found.apart & (found.weights >= rules.bands.review))
    if not len(apart):
        return None
    at = apart[np.lexsort((right[apart], left[apart], -found.weights[apart]))[0]]
    return order[left[at]], order[right[at]]


_WORLD = 20_000
"""Rows beside those of the table: a dozen rows cannot show how many namesakes there are."""


def even_weight(bands: Bands, size: int, told: int | None = None) -> int:
    """The weight at which a pair is as likely one as two, when each row has about one partner: the shipped weights are
    ratios, and the more rows there are, the more strangers look alike by chance."""
    return min(max(bands.review, log_ratio(size + _WORLD, 2) if told is None else told), bands.auto)


def _clusters(
    rules: Rules, prepared: Sequence[Prepared], found: Weighed, left: Ints, right: Ints, single: bool, even: int
) -> tuple[Ints, Ints]:
    """The clusters of the auto band, and the best guess: these joined further by questions that are likelier answered
    yes than no."""
    size, weights = len(prepared), found.weights
    free = (found.bands > 0) & ~found.vetoed
    sure = found.bands == AUTO
    if single:
        auto, best = (
            linkage.one_to_one(size, left[kept], right[kept], weights[kept], threshold=threshold)
            for kept, threshold in ((sure, rules.bands.auto), (free, even))
        )
        return auto, best
    auto = joined(rules, prepared, left, right, weights, sure, found.relatives)
    likely = sure | (free & (weights >= even))
    return auto, joined(rules, prepared, left, right, weights, likely, found.relatives, auto)


def rules_of(used: Iterable[Guess], wish: Wish) -> Rules:
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


def record_of(used: Iterable[Guess], cells: Mapping[str, Sequence[str]], row: int) -> dict[str, Any]:
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
