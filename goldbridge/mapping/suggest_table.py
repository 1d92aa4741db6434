"""Value tables: every value that was seen or that the system declares, with the word it obviously means, or none.

What is not obvious is left to fill in: an entry without a word gives no value, so that nothing is decided in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from goldbridge.mapping.profile import Column
from goldbridge.mapping.words import Words, fold_value
from goldbridge.records.field import Field

_YES, _NO = frozenset({"1", "y", "yes", "true", "是", "t"}), frozenset({"0", "n", "no", "false", "否", "f"})
_POSITIVE, _NEGATIVE = ("active",), ("inactive", "closed", "left", "discontinued")


class Entry(NamedTuple):
    """A value of the source, the word it means (None: to fill in), and what has to be said about it."""

    value: str
    word: str | None
    comment: str = ""


def entries(column: Column, field: Field, words: Words) -> list[Entry]:
    """The table of a column for an enum, in the system's order, else the commonest values first."""
    options = column.declared.options
    counts = sorted(column.values.items(), key=lambda item: (-item[1], item[0]))
    values = list(dict.fromkeys([*options, *(value for value, _ in counts)]))
    return [_entry(value, options, values, field, words) for value in values]


def outcomes(column: Column, field: Field, words: Words) -> list[Entry]:
    """The table of a column that says how something ended, when every value of it is a word of the enum."""
    found = entries(column, field, words) if column.is_code else []
    return found if found and all(entry.word for entry in found) else []


def is_plain(found: list[Entry]) -> bool:
    """Whether the values are the enum's own words already, so that no table is needed."""
    return bool(found) and all(entry.value == entry.word for entry in found)


def _entry(value: str, options: Mapping[str, str], values: list[str], field: Field, words: Words) -> Entry:
    label = options.get(value, "")
    shown = label if label and label != value else ""
    if value in field.enum:
        return Entry(value, value, shown)
    for text in (label, value):
        meant = [word for word in field.enum if text and fold_value(text) in words.spellings(word)]
        if len(meant) == 1:
            return Entry(value, meant[0], shown)
        if len(meant) > 1:
            return Entry(value, None, _fill(shown, f"{' or '.join(meant)}? fill in"))
    if found := _yes_no(value, values, field):
        return Entry(value, found, _fill(shown, "what it usually means; check"))
    if found := _initial(value, values, field, words):
        return Entry(value, found, _fill(shown, "by its first letter; check"))
    return Entry(value, None, _fill(shown, "fill in"))


def _fill(shown: str, said: str) -> str:
    return f"{shown}; {said}" if shown else said


def _yes_no(value: str, values: list[str], field: Field) -> str:
    if not {each.casefold() for each in values} <= _YES | _NO:
        return ""
    wanted = _POSITIVE if value.casefold() in _YES else _NEGATIVE
    if not any(word in field.enum for word in _POSITIVE):
        return ""
    return next((word for word in wanted if word in field.enum), "")


def _initial(value: str, values: list[str], field: Field, words: Words) -> str:
    """The only word that begins with a letter, where all values are single letters."""
    if not all(len(each) == 1 and each.isascii() and each.isalpha() for each in values):
        return ""
    meant = {
        word
        for word in field.enum
        if any(spelling.startswith(value.casefold()) for spelling in words.spellings(word) if spelling.isascii())
    }
    exact = {word for word in meant if word.casefold().startswith(value.casefold())}
    only = exact if len(exact) == 1 else meant
    return next(iter(only)) if len(only) == 1 else ""
