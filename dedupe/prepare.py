"""Cleans a record once for everything that follows: a slot per comparison, the facts that veto.

Parsing is remembered per distinct value, so preparing a table costs what its distinct values cost. Invalid values are
kept apart: a credit code that fails its check digit is soft evidence and never a key (E08), a placeholder is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from dedupe import plain
from dedupe.fact import EMPTY, Facts
from dedupe.grade import plain_kind
from dedupe.name import Name, also_called, read_name, read_placed
from dedupe.place import NOWHERE, Place, city_code, place_of, together
from dedupe.rule import Comparison, Rules
from goldbridge.text.address import parse_address
from goldbridge.text.code import CreditCode, is_placeholder, parse_credit_code, parse_lei
from goldbridge.text.contact import domain_of, parse_email
from goldbridge.text.country import country_code
from goldbridge.text.division import stem
from goldbridge.text.fold import fold_width, match_form
from goldbridge.text.phone import parse_phones


class Names(NamedTuple):
    """The slot of organisation names: all names of the record, its present one first."""

    names: tuple[Name, ...]


class Site(NamedTuple):
    """The slot of an address: road and number, and what lies behind the number."""

    place: Place
    road: str
    number: str
    rest: str
    towns: tuple[tuple[str, str], ...] = ()
    """City and county as people write them in passing: name without its level, region code."""
    abroad: str = ""
    """A town that the division table does not know."""


class Identifiers(NamedTuple):
    """The slot of official numbers: valid ones, and those that fail their check."""

    type: str
    valid: tuple[str, ...]
    soft: tuple[str, ...]
    inner: tuple[str, ...] = ()
    """Organisation codes, the older number inside a credit code, also where it stands alone or in an old tax number."""
    other: tuple[str, ...] = ()
    """Numbers of other registers in the place of a credit code (GB123456789): nothing checks them."""


class Online(NamedTuple):
    """The slot of e-mail addresses and web sites."""

    emails: tuple[str, ...]
    domains: tuple[str, ...]


class Prepared(NamedTuple):
    """A record as matching sees it: one slot per comparison of the rules, None where it says nothing."""

    slots: tuple[Any, ...]
    facts: Facts = EMPTY
    place: Place = NOWHERE
    id: Any = None


def names_of(record: Prepared) -> tuple[Name, ...]:
    """The organisation names of a record, its present one first; none where it has none."""
    return next((slot.names for slot in record.slots if isinstance(slot, Names)), ())


def prepare(rules: Rules, record: Mapping[str, Any], *, id: Any = None) -> Prepared:
    """Clean one canonical document (field -> value); unknown and missing fields say nothing."""
    slots = [None if item.kind == "organisation" else _slot(item, record) for item in rules.comparisons]
    sites = [slot for slot in slots if type(slot) is Site]
    towns = sites[0].towns if len(sites) == 1 else tuple(town for site in sites for town in site.towns)
    names: list[Names] = []
    for at, item in enumerate(rules.comparisons):
        if item.kind == "organisation" and (found := _names(item, record, towns)):
            slots[at] = found
            names.append(found)
    place = _place(names, sites)
    return Prepared(tuple(slots), _facts(names, slots, place), place, id)


def _slot(comparison: Comparison, record: Mapping[str, Any]) -> Any:
    kind = comparison.kind
    values: list[str] = []
    for name in comparison.fields:
        value = record.get(name)
        if value is not None:
            _texts(value, kind, values)
    if not values:
        return None
    clean = _POOLED.get(kind)
    return clean(comparison, values) if clean else plain_kind(kind).clean(values[0]) or None


def _pool(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    return tuple(sorted({value for group in groups for value in group if value})) or None


_SEVERAL = (list, tuple)


def _texts(value: Any, kind: str, found: list[str]) -> None:
    """Add a canonical value to the texts that are `found`; an address group is one line behind its region code."""
    if type(value) is str:
        if value:
            found.append(value)
    elif isinstance(value, _SEVERAL):
        for item in value:
            if type(item) is str and item:
                found.append(item)
            else:
                _texts(item, kind, found)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, dict):
        if kind == "address":
            names = f"{value.get('province') or ''}{value.get('city') or ''}{value.get('county') or ''}"
            found.append(f"{value.get('region') or ''}\0{names}\0{value.get('line') or ''}")
        elif "key" in value:
            found.append(f"{value.get('ref', '')}/{value['key']}")
    elif text := str(value):
        found.append(text)


def _names(comparison: Comparison, record: Mapping[str, Any], towns: tuple[tuple[str, str], ...]) -> Names | None:
    found: dict[str, Name] = {}
    for field in comparison.fields:
        value = record.get(field)
        if not value:
            continue
        role = "former" if "former" in field else "short" if "short" in field else "name"
        texts: list[str] = []
        _texts(value, comparison.kind, texts)
        for text in texts:
            if is_placeholder(text) or (name := read_placed(text, role, towns)) is None:
                continue
            found.setdefault(name.full, name)
            for other in also_called(text):
                if aside := read_name(other, "former"):
                    found.setdefault(aside.full, aside)
    return Names(tuple(found.values())) if found else None


@lru_cache(1 << 16)
def _site(text: str) -> Site | None:
    region, _, rest = text.partition("\0")
    if not rest:
        region, names, line = "", "", text
    else:
        names, _, line = rest.partition("\0")
    if not region and (names + line).strip() and not _cjk.search(names + line):
        return Site(NOWHERE, "", "", plain.compact(line), abroad=plain.compact(names))
    found = parse_address(line if not names or line.startswith(names[:2]) else names + line, region)
    place = place_of(region, found.region)
    road, number = match_form(found.road), match_form(found.number)
    tail = match_form(found.rest)
    if not (place.provinces or road or tail):
        return None
    return Site(place, road, number, tail, _towns(found.city, found.county, found.region))


_cjk = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(1 << 13)
def _towns(city: str, county: str, region: str) -> tuple[tuple[str, str], ...]:
    codes = {city: city_code(region), county: region}
    return tuple(
        (short, code)
        for name, code in codes.items()
        if name and code and len(short := match_form(stem(name) or name.rstrip("省市县区"))) >= 2
    )


@lru_cache(1 << 16)
def _numbers(text: str) -> tuple[str, ...]:
    """National numbers without extensions: two extensions of one switchboard share it, and that is judged by rarity.

    A number with the code of its country is taken as it stands: a plan of numbers that is older than the number says
    nothing about whether two records share it.
    """
    if text.startswith("+") and text.partition(";")[0][1:].isdigit():
        return (text.partition(";")[0],)
    international = _international.fullmatch(text if text.isascii() else fold_width(text).strip())
    if international:
        digits = "".join(filter(str.isdecimal, international[1]))
        return (f"+{digits}",) if 9 <= len(digits) <= 15 and not is_placeholder(digits[3:]) else ()
    return tuple(sorted({phone.e164 for phone in parse_phones(text)}))


# Not those of China (their plan is known), nor where a digit comes and goes behind the code (Mexico, Argentina), nor a
# trunk zero behind the code, but in Italy, where it belongs to the number.
_international = re.compile(
    r"\s*(?:\+|00)((?!86|852|853|886|52|54)(?:39[ -.]?0|[1-9]\d{0,2}(?! ?[-.]?0)|1)[\d .-]{7,20})\s*"
)


@lru_cache(1 << 16)
def _online(values: tuple[str, ...]) -> Online | None:
    emails = sorted({email for text in values if "@" in text and (email := parse_email(text))})
    domains = sorted({domain for text in {*values, *emails} if (domain := domain_of(text))})
    return Online(tuple(emails), tuple(domains)) if emails or domains else None


_CHECKED = {"credit_code": parse_credit_code, "lei": parse_lei}


@lru_cache(1 << 16)
def _identifiers(type_: str, values: tuple[str, ...]) -> Identifiers | None:
    valid: set[str] = set()
    soft: set[str] = set()
    inner: set[str] = set()
    other: set[str] = set()
    parse = _CHECKED.get(type_)
    for text in values:
        if parse is None:
            value = plain.compact(text)
            if value:
                valid.add(value)
            continue
        found = parse(text)
        if found is None or not found.value:
            continue
        if isinstance(found, CreditCode) and found.kind == "unknown" and _registered.fullmatch(found.value):
            other.add(found.value)
            continue
        (valid if found.valid else soft).add(found.value)
        if isinstance(found, CreditCode) and found.organisation_valid:
            inner.add(found.organisation)
    if not valid and not soft and not other:
        return None
    return Identifiers(type_, tuple(sorted(valid)), tuple(sorted(soft)), tuple(sorted(inner)), tuple(sorted(other)))


# Letters before digits, as registers and tax offices abroad write their numbers: DE123456789, HRB12345.
_registered = re.compile(r"[A-Z]{1,4}\d{5,14}[A-Z\d]{0,3}")


_POOLED: dict[str, Callable[[Comparison, list[str]], Any]] = {
    "address": lambda _, values: next(filter(None, map(_site, values)), None),
    "phone": lambda _, values: _pool(map(_numbers, values)),
    "online": lambda _, values: _online(tuple(values)),
    "identifier": lambda comparison, values: _identifiers(comparison.type or comparison.name, tuple(values)),
    "country": lambda _, values: next(filter(None, map(country_code, values)), None),
    "set": lambda _, values: _pool((plain.words(text),) for text in values),
}
"""The kinds that have more than one value, or a parser, and how their values make a slot."""


def _place(names: Iterable[Names], sites: Iterable[Site]) -> Place:
    # A branch carries its head office's name, and is somewhere else.
    regions = [name.region for slot in names for name in slot.names if name.role == "name" and not name.branch_kind]
    return together(place_of(*regions), *[site.place for site in sites])


def _facts(names: Iterable[Names], slots: Iterable[Any], place: Place) -> Facts:
    hard: list[tuple[str, str]] = []
    for slot in slots:
        if type(slot) is Identifiers and slot.type in _CHECKED:
            hard.extend((slot.type, value) for value in slot.valid)
    name: Name | None = None
    for slot in names:
        name = next((each for each in slot.names if each.role == "name"), None)
    if name is None:
        doubtful = _doubtful(hard, place)
        return Facts(hard=tuple(hard), doubtful=doubtful, cities=place.cities) if hard or place.cities else EMPTY
    # 'other' means that the parser does not know: no ground for a veto. A branch is of its head office's kind.
    kind = "" if name.kind == "other" or not name.form else "company" if name.kind == "branch" else name.kind
    return Facts(
        tuple(hard),
        kind,
        name.brand,
        name.group,
        bool(name.form),
        name.branch,
        name.branch_kind,
        name.mark,
        _doubtful(hard, place),
        place.cities,
    )


def _doubtful(hard: list[tuple[str, str]], place: Place) -> bool:
    """Whether a credit code carries the region of another province than the record's own places."""
    return bool(hard and place.provinces) and any(
        kind == "credit_code" and number[2:4] not in place.provinces for kind, number in hard
    )


def sites(site: Site) -> tuple[str, ...]:
    """Keys of a street address: city, the end of the road's name (before it stand parks and zones), number."""
    if not site.road and not site.place.provinces and len(site.rest) >= 8 and any(map(str.isdigit, site.rest)):
        return (site.rest,)  # an address abroad
    if not site.road or not site.number:
        return ()
    return tuple(f"{city} {site.road[-3:]} {site.number}" for city in sorted(site.place.cities) or ("",))
