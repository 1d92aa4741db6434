"""Deduplicates or links a table: guesses its columns and chooses how to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dedupe.table import company, general
from dedupe.table.column import Guess, guess
from dedupe.table.header import IGNORE
from dedupe.table.resolution import NOTHING_ASKED, Resolution, Wish
from goldbridge.ports import Progress

_PLAIN = {
    "phone": "code", "email": "code", "domain": "code", "identifier": "code", "address": "text", "organisation": "name",
}  # fmt: skip
"""How the kinds that have parsers are compared in a table that is not about organisations."""


def guess_columns(cells: Mapping[str, Sequence[str]], declared: Mapping[str, str]) -> list[Guess]:
    """A guess per column, except where `declared` (column -> kind) says what it is.

    Declared as `name`, a column is an organisation's where its content or header says so.
    """
    found = []
    for one in guess(cells):
        kind = declared.get(one.column)
        if kind is None or (kind == "name" and one.kind in ("organisation", "person")):
            found.append(one if kind is None else one._replace(sure=1.0, reason="declared", rival=""))
        else:
            part = one.part if one.kind == kind else _PARTS.get(kind, "")
            found.append(Guess(one.column, kind, 1.0, "declared", part))
    return found


_PARTS = {"organisation": "name", "phone": "phones", "email": "emails", "domain": "website", "address": "line"}


def is_about_organisations(guesses: Sequence[Guess]) -> bool:
    """Whether the rows are organisations, not people who work for one: a name of a company, and none of a person
    except as its contact."""
    kinds = [one for one in guesses if one.kind != IGNORE]
    names = [one for one in kinds if one.kind == "organisation" and one.part == "name" and one.sure >= 0.5]
    people = [one for one in kinds if one.kind in ("person", "name") and one.part != "person" and _of_people(one)]
    return bool(names) and not people


def _of_people(one: Guess) -> bool:
    return one.kind == "person" or one.column.lower().replace(" ", "_") in _PEOPLE


_PEOPLE = frozenset(("first_name", "given_name", "surname", "last_name", "family_name", "forename", "middle_name"))


def _is_latin(values: Sequence[str]) -> bool:
    sample = [value for value in values[:2000] if value]
    return sum(value.isascii() for value in sample) * 2 >= len(sample)


def weighed_as(cells: Mapping[str, Sequence[str]], guesses: Sequence[Guess]) -> dict[str, str]:
    """How each column is graded where every column has weights of its own; none of them where rules weigh."""
    if is_about_organisations(guesses):
        return {}
    kinds = {one.column: _PLAIN.get(one.kind, one.kind) for one in guesses if one.kind != IGNORE}
    # Names in Latin letters are long enough to count letters; only Chinese ones need rules of their own.
    return kinds | {column: "name" for column, kind in kinds.items() if kind == "person" and _is_latin(cells[column])}


def resolve(
    cells: Mapping[str, Sequence[str]],
    guesses: Sequence[Guess],
    *,
    sources: Sequence[str] | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
    wish: Wish = NOTHING_ASKED,
) -> Resolution:
    """Find the rows that mean the same thing. `cells` maps columns to values, all of one length.

    With `sources` (a word per row) only rows of different sources match, each at most once when `one_to_one`.
    Raises ValueError when no column is left to compare, `general.Undecided` when they cannot tell rows apart, and
    KeyError with the name of a blocking key that is wished for and does not exist.
    """
    used = [one for one in guesses if one.kind != IGNORE]
    if not used:
        raise ValueError("no column can be compared")
    if is_about_organisations(guesses):
        return company.resolve(cells, used, sources=sources, one_to_one=one_to_one, progress=progress, wish=wish)
    kinds = weighed_as(cells, guesses)
    return general.resolve(cells, kinds, sources=sources, one_to_one=one_to_one, progress=progress, wish=wish)
