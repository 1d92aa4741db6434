"""The blocking keys of a whole table, as numbers: a key of `dedupe.block` is the hash of its label and its values.

The keys are those of `dedupe.block.keys`, record by record; a test compares them. A key over the cap is split by a
second part, and again by a third where that was not enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.block import LOOSE, RARE, RAREST, ROUNDS, label_of, splitters, telling
from dedupe.census import mixed
from dedupe.facet import Column, Ints, Rows, facets
from dedupe.prepare import Prepared
from dedupe.rule import Rules

if TYPE_CHECKING:
    from dedupe.statistic import Statistics


class Keys(NamedTuple):
    """The keys of one block of the rules: a number per key, and the row that has it. `loose` keys are of letters and
    words alone, under which mostly strangers meet."""

    label: str
    codes: Ints
    rows: Rows
    loose: bool


def keys(
    rules: Rules, found: Statistics, records: Sequence[Prepared], offered: Mapping[str, Column]
) -> tuple[Statistics, list[Keys]]:
    """The keys of all records, and the statistics with the keys that had to be split."""
    columns = {facet: _telling(facet, column, found) for facet, column in offered.items()}
    made = []
    crowded: dict[str, int] = {}
    for parts in rules.blocks:
        base = codes, rows = _made(parts, columns)
        stems = codes
        for depth in range(1, ROUNDS + 1):
            over = _over(codes, rules.limits.block)
            crowd = np.unique(stems[np.isin(codes, over)])
            if not len(crowd):
                break
            crowded |= dict.fromkeys(_texts(rules, found, records, parts, *base, crowd), depth)
            more = [columns.get(name) for name in splitters(parts, depth)]
            inside, kept = np.isin(base[0], crowd), ~np.isin(stems, crowd)
            apart = _split(base[0][inside], base[1][inside], more)
            stems = np.r_[stems[kept], apart[2]]
            codes, rows = np.r_[codes[kept], apart[0]], np.r_[rows[kept], apart[1]]
        label = label_of(parts)
        made.append(Keys(label, codes, rows, label in LOOSE))
    return replace(found, crowded=crowded), made


def _telling(facet: str, column: Column, found: Statistics) -> Column:
    """A column without the values that are no keys."""
    hubs = found.hubs.get(facet)
    if hubs:
        codes = np.fromiter(map(hash, hubs), dtype=np.int64, count=len(hubs))
        column = _kept(column, ~np.isin(column.hashes, codes))
    return _rarest(column) if facet == "token" else column


def _kept(column: Column, kept: NDArray[np.bool_]) -> Column:
    rows = column.rows[kept]
    starts = np.searchsorted(rows, np.arange(len(column.starts))).astype(np.int64)
    return Column(column.hashes[kept], rows, starts, tuple(compress(column.values, kept.tolist())))


def _rarest(column: Column) -> Column:
    """Of each row's words the rarest ones, by the alphabet where they are equally rare."""
    _, first, codes, counts = np.unique(column.hashes, return_index=True, return_inverse=True, return_counts=True)
    words = [column.values[at] for at in first.tolist()]
    ranks = np.empty(len(words), dtype=np.int64)
    ranks[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    order = np.lexsort((ranks[codes], counts[codes], column.rows))
    rows = column.rows[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = (place < RAREST) & ((place == 0) | (counts[codes[order]] <= RARE))
    chosen = np.zeros(len(rows), dtype=np.bool_)
    chosen[order[kept]] = True
    return _kept(column, chosen)


_NO_CODES, _NO_ROWS = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)


def _made(parts: Sequence[str], columns: Mapping[str, Column]) -> tuple[Ints, Rows]:
    """A key for every combination of a row's values."""
    if any(part not in columns for part in parts):
        return _NO_CODES, _NO_ROWS
    first = columns[parts[0]]
    codes, rows = mixed(np.full(len(first.hashes), hash(label_of(parts))), first.hashes), first.rows
    for part in parts[1:]:
        at, values = _beside(rows, columns[part])
        codes, rows = mixed(codes[at], values), rows[at]
    return codes, rows


def _beside(rows: Rows, column: Column) -> tuple[Ints, Ints]:
    """Each of `rows` (as a place in them) with each value that the row has in a column."""
    begins = column.starts[rows]
    counts = column.starts[rows + 1] - begins
    at = np.repeat(np.arange(len(rows)), counts)
    return at, column.hashes[np.arange(len(at)) + np.repeat(begins - (np.cumsum(counts) - counts), counts)]


_NOTHING = hash("")


def _split(codes: Ints, rows: Rows, more: Sequence[Column | None]) -> tuple[Ints, Rows, Ints]:
    """Keys with more parts behind them, and without; a row that does not have a part keeps an empty place there."""
    stems = codes
    for column in more:
        if column is None:
            codes = mixed(codes, np.full(len(codes), _NOTHING))
            continue
        at, values = _beside(rows, column)
        silent = np.flatnonzero(np.bincount(at, minlength=len(rows)) == 0)
        at = np.r_[at, silent]
        codes = mixed(codes[at], np.r_[values, np.full(len(silent), _NOTHING)])
        rows, stems = rows[at], stems[at]
    return codes, rows, stems


def _over(codes: Ints, cap: int) -> Ints:
    """Keys that more rows have than `cap`."""
    found, counts = np.unique(codes, return_counts=True)
    return found[counts > cap]


def _texts(
    rules: Rules,
    found: Statistics,
    records: Sequence[Prepared],
    parts: Sequence[str],
    codes: Ints,
    rows: Rows,
    crowd: Ints,
) -> list[str]:
    """The keys behind some of the codes, read from a row that has each."""
    held, first = np.unique(codes, return_index=True)
    texts = []
    for code, row in zip(crowd.tolist(), rows[first[np.searchsorted(held, crowd)]].tolist(), strict=True):
        offers = telling(found, facets(rules, records[row]))
        label = label_of(parts)
        for values in product(*(offers.get(part, ()) for part in parts)):
            made = np.array([hash(label)])
            for value in values:
                made = mixed(made, np.array([hash(value)]))
            if made[0] == code:
                texts.append(f"{label}={'/'.join(values)}")
    return texts
