"""What the reading library does not tell about a sheet: which cells hold errors, and how far the sheet reaches.

The library hands out a cell with #N/A like an empty one, and reserves memory for the whole rectangle that the cells
span, so that two cells in opposite corners take all there is. Both are found out before it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from goldbridge.errors import Halt

MOST_CELLS = 20_000_000
UNCOMPUTED = "a formula that was never computed"
ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip


class Tab(NamedTuple):
    """A sheet: its name, whether people see it, and where in the file it is."""

    name: str
    visible: bool
    place: str


class Found:
    """What was seen in a sheet; rows and columns count from 0."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.errors: dict[int, dict[int, str]] = {}

    def cell(self, row: int, column: int, error: str = "") -> None:
        """A cell that holds something."""
        if row >= self.rows:
            self.rows = row + 1
        if column >= self.columns:
            self.columns = column + 1
        if error:
            self.errors.setdefault(row, {})[column] = error

    def check(self, where: str) -> None:
        """Raise `Halt` for a sheet that does not fit into memory."""
        if self.rows * self.columns > MOST_CELLS:
            raise Halt(
                "CON338",
                f"{where} reaches to {name_of(self.rows - 1, self.columns - 1)}, which makes more than "
                f"{MOST_CELLS:,} cells; clear what stands far from the table, or deliver CSV or Parquet",
            )


class Book(Protocol):
    """A workbook in one of the formats."""

    @property
    def tabs(self) -> Sequence[Tab]: ...

    def look(self, tab: Tab) -> Found:
        """See every cell of a sheet."""


def letters(column: int) -> str:
    """0 is A, 26 is AA."""
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def name_of(row: int, column: int) -> str:
    return f"{letters(column)}{row + 1}"


def place_of(reference: str) -> tuple[int, int]:
    """Row and column of a name such as B7."""
    column = at = 0
    while at < len(reference) and reference[at].isalpha():
        column = column * 26 + ord(reference[at]) - ord("A") + 1
        at += 1
    return int(reference[at:]) - 1, column - 1
