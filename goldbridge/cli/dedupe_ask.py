"""A question on the terminal: two records side by side, what differs is marked, and the weight with its reasons."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

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


class Keyboard(Protocol):
    """Reads one answer. `ready` is called when a question is about to be shown: what was typed before is no answer to
    it."""

    def ready(self) -> None: ...

    def __call__(self) -> str: ...


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """A key on a terminal, a line (a word or its first letter) elsewhere; quit at the end."""
    if not sys.stdin.isatty():
        yield _Lines()
        return
    try:
        import termios
        import tty
    except ImportError:  # a system without them
        yield _Presses()
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    class Keys(_Lines):
        def ready(self) -> None:
            tty.setcbreak(terminal, termios.TCSANOW)  # a shell that had stopped us may have set it back
            termios.tcflush(terminal, termios.TCIFLUSH)

        def __call__(self) -> str:
            pressed = os.read(terminal, 64).decode("utf-8", "replace")
            # An arrow is several characters, none of which is an answer; of a paste the first one counts.
            return _meant(pressed if pressed.startswith("\x1b") else pressed[:1]) if pressed else QUIT

    try:
        yield Keys()
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


class _Lines:
    def ready(self) -> None:
        pass

    def __call__(self) -> str:
        line = sys.stdin.readline()
        return _meant(line.strip()) if line else QUIT


class _Presses(_Lines):
    def __call__(self) -> str:
        try:
            return _meant(typer.getchar())
        except EOFError:
            return QUIT


def _meant(typed: str) -> str:
    word = typed.lower()
    return _KEYS.get(word, word)


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
