"""A question on the terminal: two records side by side, what differs is marked, and the weight with its reasons."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from dedupe import choose
from dedupe.choose import Standing, Thresholds
from dedupe.table.course import Asked
from dedupe.table.header import IGNORE
from goldbridge.cli.dedupe_edges import exact

if TYPE_CHECKING:
    from rich.table import Table

    from goldbridge.cli.dedupe import Read

SAME, DIFFERENT, UNSURE, UNDO, QUIT = "same", "different", "unsure", "undo", "quit"
_KEYS = {"s": SAME, "d": DIFFERENT, "u": UNSURE, "b": UNDO, "\x7f": UNDO, "\x08": UNDO, "q": QUIT, "\x04": QUIT}
"""Backspace and b take back; Ctrl-D ends, as everywhere."""
HELP = "s same, d different, u unsure, b take the last one back, q quit and go on later"
_WHY = {
    choose.UNSURE: "its answer teaches most",
    choose.AUTO: "drawn from what joins unasked, to test it",
    choose.NO: "drawn from what is left apart, to test it",
}
_LONG = 300


def keyboard() -> Callable[[], str]:
    """Reads one answer: a key on a terminal, a line (a word or its first letter) elsewhere; quit at the end."""
    return _key if sys.stdin.isatty() else _line


def _key() -> str:
    try:
        pressed = typer.getchar()
    except EOFError:
        return QUIT
    return _KEYS.get(pressed.lower(), pressed)


def _line() -> str:
    line = sys.stdin.readline()
    if not line:
        return QUIT
    word = line.strip().lower()
    return word if word in _KEYS.values() else _KEYS.get(word, word)


def question(given: Read, asked: Asked, number: int) -> Table:
    """The two records as a table, as wide as the terminal; wide characters keep it straight."""
    from rich.table import Table
    from rich.text import Text

    title = Text(f"question {number}: {_WHY[asked.why]}")
    made = Table("", title=title, title_justify="left", title_style="", expand=False)
    for row in (asked.left, asked.right):
        made.add_column(Text(given.names.shown(row)), overflow="fold")
    made.add_column("")
    compared = {each.column for each in given.guesses if each.kind != IGNORE}
    header = given.table.header
    for at, column in enumerate(header):
        cells = [shown(given.table.rows[row][at]) for row in (asked.left, asked.right)]
        if not any(cells):
            continue
        alike = cells[0] == cells[1]
        mark = "" if column not in compared else "=" if alike else "?" if not all(cells) else "≠"
        style = "dim" if column not in compared else "" if alike else "bold"
        made.add_row(Text(shown(column)), *(Text(cell, style=style) for cell in cells), mark)
    return made


def shown(text: str) -> str:
    """A cell as a terminal may see it: nothing in it moves the cursor or changes a colour."""
    text = " ".join(text.split())
    text = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def reasons(asked: Asked, bands: Thresholds) -> Iterator[str]:
    """The weight, where it lies, and its parts, which add up to it."""
    match = asked.match
    band = "joins unasked" if match.weight >= bands.auto else (
        "one by the best guess" if match.weight >= bands.even else (
            "a question" if match.weight >= bands.review else "left apart"))  # fmt: skip
    yield (
        f"weight {exact(match.weight)}: {band} (unasked from {exact(bands.auto)}, guess from {exact(bands.even)}, "
        f"question from {exact(bands.review)})"
    )
    for part in match.parts:
        yield f"  {exact(part.weight):>9}  {shown(part.comparison)}: {part.level}"


def progress(standing: Standing, counts: Sequence[int]) -> str:
    """How far it is, and what the stopping rule says."""
    same, different, unsure = counts
    tested = (
        f"of what joins unasked {standing.right} of {standing.tested} drawn are right, so at least "
        f"{standing.least:.0%} (enough: {choose.ENOUGH_RIGHT:.0%})"
        if standing.tested
        else "what joins unasked is not tested yet"
    )
    return (
        f"{standing.labels} labelled: {same} same, {different} different, {unsure} unsure; more labels may turn "
        f"{standing.change:.1%} of what is joined (enough: {choose.ENOUGH_CHANGE:.0%}); {tested}"
    )
