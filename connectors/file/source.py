"""One file on disk: found, settled, opened, and its lines.

A file is taken when nothing changed it for `settle_s`, when the marker beside it is there, and when its last line says
so, as far as these are asked for. It is opened once for all passes, so that a replacement by rename does no harm, and
looked at again at the end, so that a change underneath is noticed. Of many files none is kept open between the passes.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO

from connectors.file.charset import MARK_ERRORS, Finding, examine
from connectors.file.config import FileStream
from connectors.file.limit import Limits
from connectors.file.packed import ENDINGS, unpacked
from connectors.file.trailer import Trailer
from goldbridge.clock import Clock
from goldbridge.errors import GoldbridgeError, Halt, Retry

LONGEST_LINE = 16 << 20
"""In characters; a longer line is a missing line end or a missing quote, not a record."""


def find(root: Path, entry: FileStream, where: str) -> list[Path]:
    """The files of a stream, in order of their names; raises `Halt` when there is none."""
    path = root.expanduser() / entry.path
    if not re.search(r"[*?\[]", path.name):
        if not path.is_file():
            raise Halt("CON080", f"{where}: there is no file {path}; correct `path`, or wait until it is delivered")
        return [path]
    matching = sorted((found for found in path.parent.glob(path.name) if _is_meant(found, path.name)), key=_order)
    if not matching:
        raise Halt("CON080", f"{where}: no file matches {path}; correct `path`, or wait until one is delivered")
    return matching[-1:] if entry.take == "newest" else matching


def _is_meant(path: Path, pattern: str) -> bool:
    """Not what others keep beside a file while they write it or have it open: hidden files, the locks of Excel."""
    return path.is_file() and not (path.name.startswith((".", "~$")) and pattern[:1] in "*?[")


def _order(path: Path) -> tuple[list[str | int], str]:
    """By name, where numbers count as numbers: c_9 comes before c_10."""
    parts = re.split(r"([0-9]+)", path.name)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], path.name


@contextmanager
def whole(where: str) -> Iterator[None]:
    """Say of an archive that ends too early or does not add up that it is not whole."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, LZMAError) as error:
        raise Retry("CON082", f"{where} is cut off or damaged ({error}); deliver it again") from None


class Source:
    """One file; use as `with Source(...) as source`. `settle` comes first."""

    def __init__(self, path: Path, entry: FileStream, clock: Clock, where: str) -> None:
        self.path = path
        self.place = f"{where}: {path.name}"
        self.limits = Limits(entry.max_unpacked_mb, entry.max_ratio, self.place)
        self.trailer = Trailer(entry.trailer, self.place) if entry.trailer else None
        self._entry = entry
        self._clock = clock
        self._opened: BinaryIO | None = None
        self._seen: os.stat_result | None = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Close the file until it is needed again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _file(self) -> BinaryIO:
        if self._opened is None:
            try:
                self._opened = self.path.open("rb")
            except OSError as error:
                text = f"{self.place} cannot be opened ({error.strerror}); check the path and its rights"
                raise Halt("CON080", text) from None
            if self._seen is not None:
                self.unchanged()
        return self._opened

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def settle(self) -> None:
        """Raise `Retry` while the file is being written; remember what it looks like now."""
        self._seen = os.fstat(self._file.fileno())
        age_s = self._clock.now().timestamp() - self._seen.st_mtime
        if age_s < self._entry.settle_s:
            rest_s = self._entry.settle_s - age_s
            raise Retry(
                "CON081",
                f"{self.place} changed {max(age_s, 0):.1f} s ago and may still be written; "
                f"it is read once it has rested for {self._entry.settle_s:g} s",
                after_s=rest_s,
            )
        if self._entry.done:
            marker = self.path.with_name(self._entry.done.replace("{name}", self.path.name))
            if not marker.exists():
                raise Retry("CON081", f"{self.place} is not finished: {marker.name} is not there yet")

    def unchanged(self) -> None:
        """Raise `Retry` when the file is not what it was at `settle`."""
        now = os.fstat(self._file.fileno())
        if self._seen is None or _looks(now) != _looks(self._seen):
            raise Retry("CON081", f"{self.place} changed while it was read; it is read again by the next run")

    def plain(self) -> BinaryIO:
        """The bytes as they are, from the start; closing it leaves the file open for the next pass."""
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def content(self) -> BinaryIO:
        """The bytes of a text, unpacked."""
        ending = self.path.suffix.lower()
        again = self.plain()
        if ending not in ENDINGS:
            return again
        try:
            with whole(self.place):
                return unpacked(again, self.size, ending, self._entry.member, self.limits)
        except GoldbridgeError:
            again.close()
            raise

    def examined(self) -> Finding:
        """What all of its bytes say about its encoding."""
        with self.content() as stream, whole(self.place):
            return examine(stream)

    def lines(self, encoding: str) -> Iterator[str]:
        """The lines, line ends kept, without the trailer; raises `Retry` for a file that is not whole."""
        newline = "" if self._entry.kind == "csv" else "\n"
        with io.TextIOWrapper(self.content(), encoding, errors=MARK_ERRORS, newline=newline) as text:
            lines = self._read(text)
            yield from lines if self.trailer is None else _before_trailer(lines, self.trailer)

    def _read(self, text: io.TextIOWrapper) -> Iterator[str]:
        with whole(self.place):
            while line := text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise Halt(
                        "CON084", f"{self.place} has a line of {LONGEST_LINE} characters or more; check its line ends"
                    )
                yield line


def _looks(seen: os.stat_result) -> tuple[int, int, int]:
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _before_trailer(lines: Iterator[str], trailer: Trailer) -> Iterator[str]:
    held: list[str] = []  # the last line that is not blank, and the blank ones after it
    for line in lines:
        if line.strip():
            yield from held
            held = []
        held.append(line)
    trailer.found(held[0].strip() if held else "")
