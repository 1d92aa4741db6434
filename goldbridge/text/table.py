"""Reads the tables that ship with this package, each once and on first use.

Lines that start with `#` say where a table comes from; everything else is data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
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
