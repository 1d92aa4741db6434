"""Counts the columns of a table: how often values occur, which of them many share, which names have namesakes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from dedupe.facet import Column, Ints
from dedupe.name import Name, unit
from dedupe.prepare import Names, Prepared, names_of
from goldbridge.text.legal_form import forms_agree

_ODD, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def mixed(one: Ints, two: Ints) -> Ints:
    """One hash for each two, which depends on their order."""
    found = one.view(np.uint64) * _ODD + two.view(np.uint64)
    found ^= found >> _HALF
    found *= _OTHER
    found ^= found >> _HALF
    return found.view(np.int64)


def counted(column: Column) -> tuple[dict[str, int], int, int]:
    """The values met more than once, which is few of them, with their counts; all values met; the sum of the squared
    counts."""
    _, first, counts = np.unique(column.hashes, return_index=True, return_counts=True)
    several = np.flatnonzero(counts > 1)[: None if column.values else 0]
    return (
        {column.values[at]: count for at, count in zip(first[several].tolist(), counts[several].tolist(), strict=True)},
        len(column.hashes),
        int((counts * counts).sum()),
    )


def shared_by_many(column: Column, who: Ints, limit: int) -> frozenset[str]:
    """The values under which more than `limit` different ones of `who` (by row) are met."""
    names = who[column.rows]
    order = np.lexsort((names, column.hashes))
    values, names = column.hashes[order], names[order]
    fresh = np.ones(len(values), dtype=np.bool_)
    fresh[1:] = (values[1:] != values[:-1]) | (names[1:] != names[:-1])
    found, counts = np.unique(values[fresh], return_counts=True)
    at = np.flatnonzero(np.isin(column.hashes, found[counts > limit]))
    return frozenset(column.values[each] for each in at.tolist())


def identity(record: Prepared, number: int) -> str:
    """Whom a record is about, roughly: records of one brand that share a phone are not many sharing it."""
    for slot in record.slots:
        if isinstance(slot, Names):
            return slot.names[0].brand
    return str(number)


def identities(records: Sequence[Prepared]) -> Ints:
    """The same by row, as hashes."""
    return np.fromiter(
        (hash(identity(record, row)) for row, record in enumerate(records)), dtype=np.int64, count=len(records)
    )


def _names(record: Prepared) -> Iterator[Name]:
    for slot in record.slots:
        if isinstance(slot, Names):
            yield from slot.names


def _lines(lines: list[tuple[int, ...]], width: int) -> list[Ints]:
    table = np.array(lines, dtype=np.int64).reshape(-1, width)
    return [np.ascontiguousarray(table[:, at]) for at in range(width)]


def spread(records: Sequence[Prepared]) -> dict[str, int]:
    """In how many cities each name is at home, for names in more than one: they have namesakes."""
    lines: list[tuple[int, ...]] = []
    for row, record in enumerate(records):
        if len(record.place.cities) == 1:
            city = hash(next(iter(record.place.cities)))
            lines += [(hash(unit(name)), city, row) for name in _names(record)]
    units, cities, rows = _lines(lines, 3)
    first = np.unique(mixed(units, cities), return_index=True)[1]
    found, at, counts = np.unique(units[first], return_index=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    homes = zip(rows[first[at[several]]].tolist(), found[several].tolist(), counts[several].tolist(), strict=True)
    return {_unit(records[row], code): count for row, code, count in homes}


def _unit(record: Prepared, code: int) -> str:
    return next(text for name in _names(record) if hash(text := unit(name)) == code)


def doubles(records: Sequence[Prepared]) -> dict[str, int]:
    """Names under which several official numbers are known in one city: namesakes next door.

    A number that one record alone has, or that is also seen under another brand, may have been typed on the wrong
    record and counts for nobody.
    """
    holders: list[tuple[int, ...]] = []
    held: list[tuple[int, ...]] = []
    for row, record in enumerate(records):
        if not record.facts.hard:
            continue
        names = names_of(record)
        for number in record.facts.hard:
            code = hash(number)
            for name in names:
                holders.append((code, hash(name.brand)))
                if name.form and name.role == "name":
                    held += [(hash(unit(name)), hash(city), code, row) for city in record.place.cities]
    numbers, brands = _lines(holders, 2)
    once = np.unique(mixed(numbers, brands), return_index=True)[1]
    known, kinds = np.unique(numbers[once], return_counts=True)
    units, cities, numbers, rows = _lines(held, 4)
    homes = mixed(units, cities)
    _, first, counts = np.unique(mixed(homes, numbers), return_index=True, return_counts=True)
    clean = first[(counts > 1) & np.isin(numbers[first], known[kinds == 1])]
    _, at, counts = np.unique(homes[clean], return_index=True, return_counts=True)
    found: dict[str, int] = {}
    for place, count in zip(clean[at].tolist(), counts.tolist(), strict=True):
        if count > 1:
            key = _unit(records[int(rows[place])], int(units[place]))
            found[key] = max(found.get(key, 0), count)
    return found


def forms(records: Sequence[Prepared]) -> dict[str, int]:
    """Names in letters under which companies of several forms are known: X LLC and X LP."""
    lines: list[tuple[int, ...]] = [
        (hash("".join(name.words)), hash(name.form), row)
        for row, record in enumerate(records)
        for name in _names(record)
        if name.words and name.form
    ]
    words, kinds, rows = _lines(lines, 3)
    first = np.unique(mixed(words, kinds), return_index=True)[1]
    found, counts = np.unique(words[first], return_counts=True)
    held: dict[str, set[str]] = defaultdict(set)
    for row in np.unique(rows[first[np.isin(words[first], found[counts > 1])]]).tolist():
        for name in _names(records[row]):
            if name.words and name.form:
                held["".join(name.words)].add(name.form)
    return {text: len(known) for text, known in held.items() if several_forms(known)}


def several_forms(known: set[str]) -> bool:
    """Whether these legal forms are not all written one for another."""
    return len(known) > 1 and any(not forms_agree(one, other) for one in known for other in known)
