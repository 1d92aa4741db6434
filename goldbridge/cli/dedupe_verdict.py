"""The labels of `goldbridge dedupe label`: a CSV file beside the table, one line per verdict, only ever appended to.

    left,right,verdict,at,by,weight,asked,named_by,left_content,right_content,undoes
    12,57,same,2026-11-28T10:00:00.000000Z,wang,6.1234,unsure,row,1f0e...,a3b2...,

`undo` takes back the line of the same pair whose time stands in `undoes`; nothing is deleted. Rows that are named by
their number are known by their content, too: when the file was sorted anew, the label follows its rows.
"""

from __future__ import annotations

import csv
import io
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from dedupe.choose import AUTO, NO, UNSURE
from dedupe.label import VERDICTS, Label, label
from dedupe.table.column import OUTPUT
from goldbridge.cli import table as csv_table
from goldbridge.cli.dedupe_row import Names
from goldbridge.errors import Mark, Misconfigured, Problems
from goldbridge.records.hint import did_you_mean

UNDO = "undo"
ROW = "row"
_MOST_PROBLEMS = 10


class Entry(NamedTuple):
    """One line."""

    left: str
    right: str
    verdict: str
    at: str
    by: str
    weight: str
    asked: str
    named_by: str
    left_content: str
    right_content: str
    undoes: str = ""
    line: int = 0


HEADER = Entry._fields[:-1]
_NEEDED = ("left", "right", "verdict")


class Lost(NamedTuple):
    """A label whose record is no longer in the table."""

    line: int
    record: str
    why: str


def read(file: Path) -> list[Entry]:
    """The labels that stand, in the order of the file; raises `Misconfigured` DED046 with every line that is none, or
    what a CSV file is refused for. There are none before the first one."""
    if not file.exists() or not file.stat().st_size:
        return []
    encoding, _ = csv_table.inspect(file, None)
    problems = Problems()
    found: list[Entry] = []
    with csv_table.opened(file, encoding) as source:
        lines = csv_table.numbered(source, file)
        line, header = next(lines, (1, []))
        names = [name.strip() for name in header]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            message = f"not a file of labels: its header lacks {', '.join(missing)}"
            raise Misconfigured.one("DED046", message, Mark(str(file), line, 1))
        for line, row in lines:
            if len(row) < len(names):
                message = f"{len(row)} cells, the header has {len(names)}; remove the line if it was cut off"
                problems.note(Mark(str(file), line, 1), "DED046", message)
                continue
            cells = dict(zip(names, row, strict=False))
            entry = Entry(**{name: cells.get(name, "").strip() for name in HEADER}, line=line)
            _check(entry, file, names, problems)
            found.append(entry)
            if len(problems) >= _MOST_PROBLEMS:
                break
    problems.raise_any()
    gone = {(each.left, each.right, each.undoes) for each in found if each.verdict == UNDO}
    return [each for each in found if each.verdict != UNDO and (each.left, each.right, each.at) not in gone]


def _check(entry: Entry, file: Path, names: Sequence[str], problems: Problems) -> None:
    known = (*VERDICTS, UNDO)
    if entry.verdict not in known:
        hint = did_you_mean(entry.verdict, known, at_most=0) or f"; verdicts: {', '.join(known)}"
        mark = Mark(str(file), entry.line, names.index("verdict") + 1)
        problems.note(mark, "DED046", f"no verdict '{entry.verdict[:40]}'{hint}")
    elif entry.verdict == UNDO and not entry.undoes:
        problems.note(Mark(str(file), entry.line, 1), "DED046", "undo, and no time in `undoes`: of which line?")
    if entry.asked not in ("", UNSURE, AUTO, NO):
        mark = Mark(str(file), entry.line, names.index("asked") + 1)
        problems.note(mark, "DED046", f"asked: '{entry.asked[:40]}' is none of {UNSURE}, {AUTO}, {NO}")


def append(file: Path, entry: Entry) -> None:
    """Add a line, on the disk when this returns; raises `Misconfigured` CFG092."""
    fresh = not file.exists() or not file.stat().st_size
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if fresh:
        writer.writerow(HEADER)
    writer.writerow(map(csv_table.safe, entry[:-1]))
    try:
        with file.open("ab+") as out:
            broken = b""
            if not fresh:
                out.seek(-1, os.SEEK_END)
                broken = b"" if out.read(1) == b"\n" else b"\r\n"  # somebody edited it, or the machine died
            out.write((b"\xef\xbb\xbf" if fresh else b"") + broken + text.getvalue().encode())
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise Misconfigured.one("CFG092", f"cannot be written: {error.strerror}", Mark(str(file))) from error


class Rows:
    """Finds the rows of labels in a table."""

    def __init__(self, names: Names) -> None:
        self.names, self.named_by = names, names.column or ROW
        header = names.table.header
        said = [at for at, name in enumerate(header) if name not in OUTPUT]
        self.content = [_digest(row[at] for at in said) for row in names.table.rows]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for row, content in enumerate(self.content):
            self._holding[content].append(row)

    def labels(self, entries: Iterable[Entry], file: Path) -> tuple[list[Label], list[Lost]]:
        """The labels on rows of the table, and those whose rows are gone; raises `Misconfigured` DED046 where rows are
        named by another column."""
        found, lost = [], []
        for entry in entries:
            named = entry.named_by or self.named_by
            if named != self.named_by:
                what = "leave --id out" if named == ROW else f"say --id {named}"
                message = f"these labels name rows by {'number' if named == ROW else f'column {named!r}'}; {what}"
                raise Misconfigured.one("DED046", message, Mark(str(file), entry.line, 1))
            rows = [self._row(entry.left, 0, entry.left_content), self._row(entry.right, 1, entry.right_content)]
            gone = [name for name, row in zip(entry[:2], rows, strict=True) if row is None]
            if rows[0] is None or rows[1] is None:
                lost += [Lost(entry.line, name, self._why()) for name in gone]
            elif rows[0] != rows[1]:
                found.append(label(rows[0], rows[1], entry.verdict, entry.line, entry.asked))
        return found, lost

    def _why(self) -> str:
        return "no longer in the file" if self.named_by != ROW else "no longer in the file as it was labelled"

    def _row(self, name: str, side: int, content: str) -> int | None:
        row = self.names.row(name, side)
        if row is None and name.startswith("'"):
            row = self.names.row(name[1:], side)
        if self.named_by != ROW or not content:
            return row
        if row is not None and self.content[row] == content:
            return row
        moved = self._holding.get(content, ())
        return moved[0] if len(moved) == 1 else None


def _digest(cells: Iterable[str]) -> str:
    return blake2b("\x1f".join(cells).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
