"""Reads the tables that ship with this package, each once and on first use.

Lines that start with `#` say where a table comes from; everything else is data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def lines(name: str) -> list[str]:
    """The data lines of one table, without comments, empty lines and trailing blanks."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def rows(name: str) -> Iterator[list[str]]:
    """The rows of one CSV or TSV table, header left out."""
    reader = csv.reader(lines(name), delimiter="\t" if name.endswith(".tsv") else ",")
    next(reader, None)
    return reader


def by_ending(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Last two characters of a text -> those of `words` that it may end in, longest first; under one character what it
    may end in whatever stands before."""
    found: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        found.setdefault(word[-2:], []).append(word)
        for longer in found if len(word) == 1 else ():
            if longer != word and longer.endswith(word):
                found[longer].append(word)
    return {ending: tuple(each) for ending, each in found.items()}


def ending_of(text: str, endings: dict[str, tuple[str, ...]]) -> str:
    """The longest of the words in `endings` that a text ends in, "" for none."""
    for word in endings.get(text[-2:]) or endings.get(text[-1:], ()):
        if text.endswith(word):
            return word
    return ""
