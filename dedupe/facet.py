"""What a record offers to blocking and to counting: facets, each with its values.

One record at a time as text, or the records of a table as columns of hashes: a table of a million rows offers twenty
million values, and nobody reads most of them again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.grade import plain_kind, tokens, word_facet
from dedupe.name import Name
from dedupe.prepare import Identifiers, Names, Online, Prepared, Site, sites
from dedupe.rule import Rules
from dedupe.sound import sound

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]
_BATCH = 4000


def facets(rules: Rules, prepared: Prepared) -> dict[str, tuple[str, ...]]:
    """Everything a record offers: facet -> its distinct values."""
    found: dict[str, set[str]] = {}
    for facet, values in _offered(rules, prepared):
        found.setdefault(facet, set()).update(values)
    return {facet: tuple(sorted(kept)) for facet, values in found.items() if (kept := values - {""})}


def _offered(rules: Rules, prepared: Prepared) -> Iterator[tuple[str, Iterable[str]]]:
    """Facets with values, of which some may be empty or come twice."""
    for comparison, slot in zip(rules.comparisons, prepared.slots, strict=True):
        if slot is None:
            continue
        if isinstance(slot, Names):
            for name in slot.names:
                yield from _of_name(name)
        elif isinstance(slot, Site):
            yield "site", sites(slot)
            yield "road", (slot.road,)
        elif isinstance(slot, Identifiers):
            yield comparison.name, (*slot.valid, *slot.inner, *slot.other)
        elif isinstance(slot, Online):
            yield "email", slot.emails
            yield "domain", slot.domains
        elif isinstance(slot, tuple):
            yield comparison.name, slot
        else:
            yield comparison.name, (slot,)
            if comparison.kind == "country":
                continue
            kind = plain_kind(comparison.kind)
            if kind.worded:
                yield word_facet(comparison.name), tokens(slot)
            elif kind.name in ("name", "person"):
                yield f"{comparison.name}_pinyin", (sound(slot),)
    yield "city", prepared.place.cities
    yield "province", prepared.place.provinces


def _of_name(name: Name) -> Iterator[tuple[str, Iterable[str]]]:
    core, brand = name.core, name.brand
    yield "core", (core,)
    yield "brand", (brand,)
    yield "brand_pinyin", (sound(brand),)
    yield "trade", (name.trade,)
    yield "branch", (name.branch,)
    if name.latin:
        words = name.words
        yield "token", [word for word in words if len(word) > 1]
        yield "start", (core[:6],)
        yield "outline", _outline(words)
        yield "letters", ("".join(sorted(core)),)
        return
    if len(core) >= 2:
        # Short names keep the first character nearly always, and another one of the first four.
        yield "short_name", [core[0] + other for other in core[1:4]]
    if len(brand) >= 3:
        # One slip leaves the brand equal but for one place.
        yield "brand_near", [f"{brand[:at]}_{brand[at + 1 :]}" for at in range(len(brand))]


def _outline(words: tuple[str, ...]) -> Iterator[str]:
    """What a slip in one of a few common words leaves: how the name begins and ends; its second word."""
    if words:
        yield f"{words[0][:2]}{words[-1][-2:]}{len(words)}"
    if len(words) > 1:
        yield f"{words[0][0]} {words[1]}{len(words)}"


class Column(NamedTuple):
    """One facet of a table: hashes of values and the rows that have them, in the order of the rows, no value twice in
    one row; `starts[row]` is where a row begins."""

    hashes: Ints
    rows: Rows
    starts: Ints
    values: Sequence[str] = ()
    """The values themselves, of facets that somebody reads again."""


def columns(rules: Rules, records: Sequence[Prepared], read: Collection[str]) -> dict[str, Column]:
    """All facets of the records; `read` are those whose values are kept."""
    found: dict[str, _Growing] = {}
    for row, record in enumerate(records):
        for facet, values in _offered(rules, record):
            growing = found.get(facet)
            if growing is None:
                growing = found[facet] = _Growing(facet in read)
            for value in values:
                if value:
                    growing.values.append(value)
                    growing.rows.append(row)
        if row % _BATCH == _BATCH - 1:
            for growing in found.values():
                growing.settle()
    return {facet: found.pop(facet).column(len(records)) for facet in sorted(found)}


class _Growing:
    """A column while the rows come: values become hashes by the thousand."""

    def __init__(self, read: bool) -> None:
        self.values: list[str] = []
        self.rows: list[int] = []
        self._read, self._kept = read, list[str]()
        self._hashes: list[Ints] = []
        self._settled: list[Rows] = []

    def settle(self) -> None:
        self._hashes.append(np.fromiter(map(hash, self.values), dtype=np.int64, count=len(self.values)))
        self._settled.append(np.array(self.rows, dtype=np.int32))
        if self._read:
            self._kept.extend(self.values)
        self.values.clear()
        self.rows.clear()

    def column(self, size: int) -> Column:
        self.settle()
        hashes, rows = np.concatenate(self._hashes), np.concatenate(self._settled)
        values = self._kept
        several = np.flatnonzero(np.bincount(rows, minlength=size)[rows] > 1)
        again = several[_again(rows[several], hashes[several])]
        if len(again):
            kept = np.ones(len(rows), dtype=np.bool_)
            kept[again] = False
            hashes, rows = hashes[kept], rows[kept]
            values = [value for value, one in zip(values, kept.tolist(), strict=False) if one]
        starts = np.searchsorted(rows, np.arange(size + 1)).astype(np.int64)
        return Column(hashes, rows, starts, values)


def _again(rows: Rows, hashes: Ints) -> Ints:
    """Places of values that their row has before."""
    order = np.lexsort((hashes, rows))
    one, two = order[:-1], order[1:]
    found: Ints = two[(rows[one] == rows[two]) & (hashes[one] == hashes[two])]
    return found
