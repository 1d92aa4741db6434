"""One file on disk: found, settled, opened, and its lines.

A file is taken when nothing changed it for `settle_s`, when the marker beside it is there, and when its last line says
so, as far as these are asked for. It is opened once for all passes, so that a replacement by rename does no harm, and
looked at again at the end, so that a change underneath is noticed.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from connectors.file.charset import MARK_ERRORS, Finding, examine
from connectors.file.config import FileStream
from goldbridge.clock import Clock
from goldbridge.errors import Halt, Retry

LONGEST_LINE = 16 << 20
"""In characters; a longer line is a missing line end or a missing quote, not a record."""


def find(root: Path, entry: FileStream, where: str) -> list[Path]:
    """The files of a stream, in order of their names; raises `Halt` when there is none."""
    path = root.expanduser() / entry.path
    if not re.search(r"[*?\[]", path.name):
        if not path.is_file():
            raise Halt("CON080", f"{where}: there is no file {path}; correct `path`, or wait until it is delivered")
        return [path]
    matching = sorted(found for found in path.parent.glob(path.name) if found.is_file())
    if not matching:
        raise Halt("CON080", f"{where}: no file matches {path}; correct `path`, or wait until one is delivered")
    return matching if entry.take == "all" else matching[-1:]


class Source:
    """An open file; use as `with Source(...) as source`."""

    def __init__(self, path: Path, entry: FileStream, clock: Clock, where: str) -> None:
        self.path = path
        self._entry = entry
        self._clock = clock
        self._where = f"{where}: {path.name}"
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            text = f"{self._where} cannot be opened ({error.strerror}); check the path and its rights"
            raise Halt("CON080", text) from None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def settle(self) -> None:
        """Raise `Retry` while the file is being written; remember what it looks like now."""
        self._seen = os.fstat(self._file.fileno())
        age_s = self._clock.now().timestamp() - self._seen.st_mtime
        if age_s < self._entry.settle_s:
            rest_s = self._entry.settle_s - age_s
            raise Retry(
                "CON081",
                f"{self._where} changed {max(age_s, 0):.1f} s ago and may still be written; "
                f"it is read once it has rested for {self._entry.settle_s:g} s",
                after_s=rest_s,
            )
        if self._entry.done:
            marker = self.path.with_name(self._entry.done.replace("{name}", self.path.name))
            if not marker.exists():
                raise Retry("CON081", f"{self._where} is not finished: {marker.name} is not there yet")

    def unchanged(self) -> None:
        """Raise `Retry` when the file is not what it was at `settle`."""
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._seen.st_size, self._seen.st_mtime_ns):
            raise Retry("CON081", f"{self._where} changed while it was read; it is read again by the next run")

    def content(self) -> BinaryIO:
        """The bytes from the start, unpacked; closing it leaves the file open for the next pass."""
        self._file.seek(0)
        again = os.fdopen(os.dup(self._file.fileno()), "rb")
        return cast(BinaryIO, gzip.open(again)) if self.path.suffix == ".gz" else again

    def examined(self) -> Finding:
        """What all of its bytes say about its encoding."""
        with self.content() as stream, self._whole():
            return examine(stream)

    def lines(self, encoding: str) -> Iterator[str]:
        """The lines, line ends kept, without the trailer; raises `Retry` for a file that is not whole."""
        newline = "" if self._entry.kind == "csv" else "\n"
        with io.TextIOWrapper(self.content(), encoding, errors=MARK_ERRORS, newline=newline) as text:
            lines = self._read(text)
            yield from lines if self._entry.trailer is None else self._before_trailer(lines)

    def _read(self, text: io.TextIOWrapper) -> Iterator[str]:
        with self._whole():
            while line := text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise Halt(
                        "CON084", f"{self._where} has a line of {LONGEST_LINE} characters or more; check its line ends"
                    )
                yield line

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Retry("CON082", f"{self._where} is cut off or damaged ({error}); deliver it again") from None

    def _before_trailer(self, lines: Iterator[str]) -> Iterator[str]:
        held: list[str] = []  # the last line that is not blank, and the blank ones after it
        for line in lines:
            if line.strip():
                yield from held
                held = []
            held.append(line)
        self.trailer = held[0].strip() if held else ""
        if not self._pattern().fullmatch(self.trailer):
            raise Retry(
                "CON082",
                f"{self._where} does not end with its trailer '{self._entry.trailer}', so it is not whole; "
                "deliver it again",
            )

    def check_count(self, rows: int) -> None:
        """Raise `Retry` when the trailer promises another number of rows."""
        if self._entry.trailer is None or "{rows}" not in self._entry.trailer:
            return
        match = self._pattern().fullmatch(self.trailer)
        if match and int(match["rows"]) != rows:
            raise Retry(
                "CON082",
                f"{self._where} has {rows} rows where its trailer promises {int(match['rows'])}; deliver it again",
            )

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self._entry.trailer or "").replace(r"\{rows\}", r"(?P<rows>\d{1,18})"))
