"""Organisation names as evidence: the parsed parts are compared, each for what it proves.

Names alone cannot settle much, and similarity of whole names settles nothing: a branch and its head office, two
numbered funds, two namesakes differ in one character. So the brand counts by its rarity, the trade tells companies of
one brand apart, and place, branch, number and kind are part of the identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA, Indel

from dedupe.sound import sound
from goldbridge.text.fold import match_form
from goldbridge.text.organisation import parse_organisation


class Name(NamedTuple):
    """One parsed name. `core` is brand and trade; `region` the code in the name, "" when it names none."""

    full: str
    core: str
    brand: str
    trade: str
    region: str
    form: str
    kind: str
    branch: str
    branch_kind: str
    group: bool
    mark: str
    latin: bool
    role: str = "name"
    """name, short or former: which of a record's names this is."""


@lru_cache(1 << 17)
def read_name(text: str, role: str = "name") -> Name | None:
    """Parse one name for comparison; None when nothing that could name an organisation is left."""
    found = parse_organisation(text)
    brand, trade = match_form(found.brand), match_form(found.trade)
    core = match_form(found.core) or brand + trade
    if not core:
        return None
    return Name(
        full=match_form(text),
        core=core,
        brand=brand or core,
        trade=trade,
        region=found.region,
        form=found.form,
        kind=found.kind,
        branch=branch_key(found.branch),
        branch_kind=found.branch_kind,
        group=found.group,
        mark=found.number_mark,
        latin=found.script == "latin",
        role=role,
    )


def branch_key(text: str) -> str:
    """Place and number of a branch without the words that come and go: 杭州市第一 and 杭州第一 are one."""
    key = match_form(text)
    for ending in ("分公司", "分店", "分行", "支行", "分部", "分厂"):
        key = key.removesuffix(ending)
    return "".join(each for each in key if each not in "市省区县第")


def subsequence(short: str, long: str) -> bool:
    """Whether the characters of `short` stand in `long` in this order, as those of most short names do."""
    rest = iter(long)
    return all(character in rest for character in short)


def likeness_of_brands(a: Name, b: Name) -> str:
    """equal, sound, slip, short or different: how two brands (with what stands around them) relate."""
    if a.brand == b.brand:
        return "equal"
    # The border between brand and trade is a guess: 海康 + 威视数字 may be 海康威视 + 数字.
    if a.core == b.core:
        return "equal"
    if a.latin or b.latin:
        return _latin_likeness(a, b)
    short, long = sorted((a, b), key=lambda name: (len(name.core), name.core))
    if len(a.brand) == len(b.brand) and sound(a.brand) == sound(b.brand):
        return "sound"
    if min(len(a.brand), len(b.brand)) >= 3 and OSA.distance(a.brand, b.brand) == 1:
        return "slip"
    if long.core.startswith(short.brand) or short.core.startswith(long.brand):
        return "start"
    if len(short.core) >= 2 and not short.form and subsequence(short.core, long.core):
        return "short"
    if (
        len(a.brand) == len(b.brand) == 2
        and len(a.trade) >= 2
        and a.trade == b.trade
        and OSA.distance(a.brand, b.brand) == 1
    ):
        return "slip of two"
    return "different"


def _latin_likeness(a: Name, b: Name) -> str:
    if a.latin != b.latin:
        return "other script"
    near = max(OSA.normalized_similarity(a.core, b.core), Indel.normalized_similarity(a.core, b.core))
    if near >= 0.9:
        return "slip"
    short, long = sorted((a.core, b.core), key=lambda core: (len(core), core))
    return "start" if len(short) >= 5 and long.startswith(short) else "different"


def likeness_of_trades(a: Name, b: Name) -> str:
    """equal, part, close, different, or "" when one name says no trade."""
    one, two = a.trade, b.trade
    if not one or not two:
        return ""
    if one == two:
        return "equal"
    short, long = sorted((one, two), key=lambda trade: (len(trade), trade))
    if subsequence(short, long):
        return "part"
    if len(one) == len(two) and not a.latin and sound(one) == sound(two):
        return "close"
    if OSA.distance(one, two) == 1 and len(short) >= 3:
        return "close"
    return "different"
