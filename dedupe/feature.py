"""Prepared records as text and back, exactly: what is kept of a record is what would be prepared of it again.

A search meets hundreds of candidates; parsing their names and addresses again would cost a thousand times what reading
them costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from dedupe.fact import EMPTY, Facts
from dedupe.name import Name
from dedupe.place import NOWHERE, Place
from dedupe.prepare import Identifiers, Names, Online, Prepared, Site
from dedupe.rule import Rules

_FORMAT = 2
"""Of this text, and of what `prepare` makes; another number means: prepare again."""


class Raw(NamedTuple):
    """Slots, facts and place as the text holds them."""

    slots: list[Any]
    facts: Any
    place: Any


def pack(prepared: Prepared) -> str:
    """A prepared record as text, without its id; "" for one that no text can carry (half of a surrogate pair)."""
    facts = None if prepared.facts == EMPTY else _facts(prepared.facts)
    document = [_FORMAT, [_packed(slot) for slot in prepared.slots], facts, _place(prepared.place)]
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError:
        return ""


def unpack(rules: Rules, text: str, id: Any = None) -> Prepared | None:
    """The record behind the text, None when there is none or another version of the program wrote it."""
    raw = parse(rules, text)
    return None if raw is None else build(rules, raw, id)


def parse(rules: Rules, text: str) -> Raw | None:
    """The text as plain data, which is enough to spare most candidates the rest; None as `unpack`."""
    if not text:
        return None
    form, slots, facts, place = orjson.loads(text)
    if form != _FORMAT or len(slots) != len(rules.comparisons):
        return None
    for item, slot in zip(rules.comparisons, slots, strict=True):
        if item.kind == "organisation" and slot is not None:
            for parts in slot:
                parts[-1] = tuple(parts[-1])
    return Raw(slots, facts, place)


def build(rules: Rules, raw: Raw, id: Any = None) -> Prepared:
    """The record behind what `parse` read."""
    return Prepared(
        tuple(
            None if slot is None else _read(item.kind, slot)
            for item, slot in zip(rules.comparisons, raw.slots, strict=True)
        ),
        EMPTY if raw.facts is None else _read_facts(raw.facts),
        _read_place(raw.place),
        id,
    )


def unpack_facts(text: str) -> Facts | None:
    """Only what may forbid a join."""
    if not text:
        return None
    form, _, facts, _ = orjson.loads(text)
    return None if form != _FORMAT else EMPTY if facts is None else _read_facts(facts)


def write_facts(facts: Facts) -> str:
    """Only what may forbid a join, as text; "" for nothing."""
    return "" if facts == EMPTY else orjson.dumps(_facts(facts)).decode()


def read_facts(text: str) -> Facts:
    """The inverse of `write_facts`."""
    return _read_facts(orjson.loads(text)) if text else EMPTY


def _read(kind: str, slot: Any) -> Any:
    read = _SLOTS.get(kind)
    if read is not None:
        return read(slot)
    return tuple(slot) if isinstance(slot, list) else slot


def _packed(slot: Any) -> Any:
    if isinstance(slot, Names):
        return [list(name) for name in slot.names]
    if isinstance(slot, Site):
        return [_place(slot.place), *slot[1:]]
    if isinstance(slot, Identifiers | Online | tuple):
        return list(slot)
    return slot


def _place(place: Place) -> Any:
    return None if place == NOWHERE else [sorted(codes) for codes in place]


def _facts(facts: Facts) -> list[Any]:
    return [*facts[:-1], sorted(facts.cities)]


def _read_place(found: Any) -> Place:
    return NOWHERE if found is None else Place(*map(frozenset, found))


def _read_facts(found: list[Any]) -> Facts:
    found[0] = tuple(tuple(number) for number in found[0])
    found[-1] = frozenset(found[-1])
    return Facts(*found)


def _names(found: Any) -> Names:
    return Names(tuple(map(Name._make, found)))


def _site(found: Any) -> Site:
    place, road, number, rest, towns, abroad = found
    return Site(_read_place(place), road, number, rest, tuple(map(tuple, towns)), abroad)


def _identifiers(found: Any) -> Identifiers:
    type_, *values = found
    return Identifiers(type_, *map(tuple, values))


def _online(found: Any) -> Online:
    return Online(*map(tuple, found))


_SLOTS: dict[str, Callable[[Any], Any]] = {
    "organisation": _names,
    "address": _site,
    "identifier": _identifiers,
    "online": _online,
}
