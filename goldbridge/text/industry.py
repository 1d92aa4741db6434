"""Industry classification GB/T 4754-2017: codes, names, and the code that a typed label means."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from goldbridge.text.code import is_placeholder
from goldbridge.text.fold import fold_width, match_form
from goldbridge.text.table import rows

EDITION = "GB/T 4754-2017"
"""Stored beside every code: the same digits mean other industries in the edition of 2011."""

_LEVELS = {"section": 1, "division": 2, "group": 3, "class": 4}
_code = re.compile(r"([A-T]?)([0-9]{2,4})?")
_labelled = re.compile(r"([A-T]?[0-9]{2,4}|[A-T](?![A-Z]))[\s.、:：-]*(.*)")


class Industry(NamedTuple):
    """One entry: `code` with its section letter (C3599), `level` section, division, group or class."""

    code: str
    name: str
    level: str


@cache
def _table() -> dict[str, Industry]:
    return {code: Industry(code, name, level) for code, name, level in rows("industry_gbt4754.csv")}


@cache
def _letters() -> dict[str, str]:
    """Two digits -> section letter, so that 3599 and C3599 are one."""
    return {code[1:]: code[0] for code, entry in _table().items() if entry.level == "division"}


@cache
def _labels() -> dict[str, str]:
    """Label -> code. One name on several levels (房地产业) means the highest; twice on one level, nobody knows."""
    found: dict[str, list[Industry]] = {}
    for entry in _table().values():
        key = match_form(entry.name)
        for form in {key, _bare(key)}:
            found.setdefault(form, []).append(entry)
    labels = {}
    for form, entries in found.items():
        top = min(_LEVELS[entry.level] for entry in entries)
        codes = {entry.code for entry in entries if _LEVELS[entry.level] == top}
        exact = {entry.code for entry in entries if match_form(entry.name) == form}
        if len(codes) == 1:
            labels[form] = codes.pop()
        elif len(exact) == 1:
            labels[form] = exact.pop()
    for label, code in rows("industry_labels.csv"):
        labels.setdefault(match_form(label), code)
    return labels


def _bare(key: str) -> str:
    """A label without the endings that people add and drop."""
    return re.sub(r"(?:行业|产业|类|业)$", "", key)


def by_code(code: str) -> Industry | None:
    """The entry of a code with or without its section letter; None when this edition has no such code."""
    folded = fold_width(code).strip().upper()
    match = _code.fullmatch(folded)
    if not match or not folded:
        return None
    letter, digits = match.groups()
    if not digits:
        return _table().get(letter)
    own = _letters().get(digits[:2], "")
    if letter and letter != own:
        return None
    return _table().get(own + digits)


def parents(code: str) -> list[Industry]:
    """Section, division, group and class that contain a code, the widest first; empty for an unknown code."""
    entry = by_code(code)
    if not entry:
        return []
    return [_table()[entry.code[:1]], *(_table()[entry.code[:size]] for size in range(3, len(entry.code) + 1))]


_LONGEST = 120
"""No label is longer; a text that is, is a description."""


@lru_cache(1 << 13)
def find(label: str) -> str | None:
    """The code that a label, a code, or a code with its label means; None when that is not certain."""
    if len(label) > _LONGEST or is_placeholder(label):
        return None
    folded = fold_width(label).strip()
    found = _one(folded)
    if found:
        return found
    # A path such as 制造业 > 电气机械和器材制造业: the last part that means something, if the others do not contradict.
    parts = [part for part in _path.split(folded) if part]
    codes = [code for code in map(_one, parts) if code] if len(parts) > 1 else []
    return codes[-1] if codes and all(codes[-1].startswith(code) for code in codes) else None


_path = re.compile(r"\s*[>/\\|;；→]\s*|--|\s-\s")


def _one(label: str) -> str | None:
    entry = by_code(label)
    if entry:
        return entry.code
    match = _labelled.fullmatch(label.upper())
    if match and match[2]:
        entry, named = by_code(match[1]), _named(match[2])
        if entry and (named is None or named.startswith(entry.code) or entry.code.startswith(named)):
            return entry.code
        return named
    return _named(label)


def _named(label: str) -> str | None:
    key, labels = match_form(label), _labels()
    return labels.get(key) or labels.get(_bare(key))
