"""CSV files as commands meet them: any encoding, any delimiter, gzip or not; written whole or not at all."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import io
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO, cast

from goldbridge.errors import Mark, Misconfigured

MOST_BYTES = 4 << 30
"""A file that unpacks to more than this is refused: a few kilobytes of gzip can hold a disk full of zeros."""
MOST_CELL = 1 << 24
MOST_LINE = 4 * MOST_CELL
"""Characters of one line that are held at once: a quote that is never closed makes a line of the rest of the file."""
_GZIP = b"\x1f\x8b"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def inspect(file: Path, encoding: str | None) -> tuple[str, int]:
    """The encoding of a file and how many lines it has; reads it once, in blocks."""
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError:
            known = difflib.get_close_matches(encoding, ["utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "utf-16"], 1)
            hint = f"; did you mean {known[0]}?" if known else ""
            raise Misconfigured.one("CFG090", f"no encoding is called {encoding!r}{hint}", Mark(str(file))) from None
    candidates = [encoding] if encoding else ["utf-8", "gb18030"]
    advice = "save it as UTF-8, or name its encoding with --encoding"
    try:
        with _bytes(file) as source:
            start = source.read(4)
            if encoding is None and start.startswith(codecs.BOM_UTF8):
                candidates = ["utf-8-sig"]
            elif encoding is None and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                candidates = ["utf-16"]
        wrong: list[str] = []
        for candidate in candidates:
            lines, trouble = _decodes(file, candidate)
            if not trouble:
                strange = _other(file) if candidate == "gb18030" and encoding is None else 0
                if strange:
                    message = f"mixed encodings: GB 18030, but UTF-8 in line {strange}"
                    raise Misconfigured.one("CFG090", f"{message}; {advice}", Mark(str(file), strange, 1))
                return candidate, lines
            if candidate == "utf-8" and encoding is None and _changes(file, candidate, "gb18030", lines):
                message = f"mixed encodings: UTF-8 up to line {lines}, and another one in it"
                raise Misconfigured.one("CFG090", f"{message}; {advice}", Mark(str(file), lines, 1))
            wrong.append(f"{candidate} fails in line {lines}")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Misconfigured.one("CFG090", f"cannot be read: damaged gzip ({error})", Mark(str(file))) from error
    except OSError as error:
        raise Misconfigured.one("CFG090", f"cannot be read: {error.strerror}", Mark(str(file))) from error
    raise Misconfigured.one("CFG090", f"not readable as text: {'; '.join(wrong)}; {advice}", Mark(str(file)))


def _bytes(file: Path) -> IO[bytes]:
    """The bytes of a file, unpacked when it is gzip, whatever it is called."""
    source = file.open("rb")
    packed = source.read(2) == _GZIP
    source.seek(0)
    if not packed:
        return source
    source.close()
    return cast(IO[bytes], gzip.open(file, "rb"))


def opened(file: Path, encoding: str) -> TextIO:
    """The file as text for a CSV reader: line ends as they are."""
    return io.TextIOWrapper(_bytes(file), encoding=encoding, newline="")


_WIDE = "\u0800"
_ENOUGH = 4
"""Characters of three bytes that are UTF-8 by accident: two may be, four hardly."""


def _changes(file: Path, one: str, other: str, at: int) -> bool:
    """Whether the lines before `at` are text in one encoding, by more than accident, and line `at` is in another."""
    found = 0
    with _bytes(file) as source:
        for _ in range(at - 1):
            line = source.readline(MOST_CELL)
            found += 0 if line.isascii() else sum(each >= _WIDE for each in line.decode(one, "ignore"))
        try:
            source.readline(MOST_CELL).decode(other)
        except UnicodeDecodeError:
            return False
    return found >= _ENOUGH


def _other(file: Path) -> int:
    """The first line that is UTF-8 by more than accident; 0 for none."""
    with _bytes(file) as source:
        number = 0
        while line := source.readline(MOST_CELL):
            number += 1
            if line.isascii():
                continue
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if sum(each >= _WIDE for each in text) >= _ENOUGH:
                return number
    return 0


def _decodes(file: Path, encoding: str) -> tuple[int, bool]:
    """How many lines a file has in an encoding, or in which line it stops being text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, size = 1, 0
    with _bytes(file) as source:
        try:
            while block := source.read(1 << 20):
                size += len(block)
                if size > MOST_BYTES:
                    message = f"holds more than {MOST_BYTES >> 30} GiB; cut it into parts"
                    raise Misconfigured.one("CFG090", message, Mark(str(file)))
                before, text = lines, ""
                text = decoder.decode(block)
                lines = before + text.count("\n")
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            start = getattr(error, "start", 0)
            return lines + block[:start].count(b"\n"), True
    return lines, False


def numbered(source: TextIO, file: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, each with the number of its last line; empty lines are passed over, the first is the header.

    Raises `Misconfigured` CFG093 where the file breaks the rules of CSV or a cell is larger than `MOST_CELL`.
    """
    first = source.readline(MOST_CELL)
    delimiter = max(",;\t", key=first.count) if first else ","
    source.seek(0)
    csv.field_size_limit(MOST_CELL)
    reader = csv.reader(_lines(source, file), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise Misconfigured.one("CFG093", f"not CSV: {error}", Mark(str(file), reader.line_num, 1)) from error


def _lines(source: TextIO, file: Path) -> Iterator[str]:
    """The lines of a file, none longer than `MOST_LINE`; raises `Misconfigured` CFG093."""
    number = 0
    while line := source.readline(MOST_LINE):
        number += 1
        if len(line) == MOST_LINE and not line.endswith("\n"):
            message = (
                f"a line of more than {MOST_LINE >> 20} million characters; a cell holds {MOST_CELL >> 20} at most"
            )
            raise Misconfigured.one("CFG093", message, Mark(str(file), number, 1))
        yield line


def padded(source: TextIO, file: Path) -> Iterator[list[str]]:
    """The rows of a table, short ones filled up; raises `Misconfigured` CFG093 for a row longer than the header."""
    width = 0
    for line, row in numbered(source, file):
        width = width or len(row)
        if len(row) > width:
            message = f"{len(row)} cells, the header has {width}; a quote or a delimiter is missing before"
            raise Misconfigured.one("CFG093", message, Mark(str(file), line, 1))
        yield row + [""] * (width - len(row))


def find(header: list[str], wanted: str | None, heads: tuple[str, ...], file: Path, option: str) -> int:
    """Where a column stands in the header; a column with a telling name when none is asked for."""
    plain = [name.strip().casefold() for name in header]
    if wanted is not None:
        if wanted in header:
            return header.index(wanted)
        if wanted.strip().casefold() in plain:
            return plain.index(wanted.strip().casefold())
        near = difflib.get_close_matches(wanted, header, 1, 0.4)
        advice = f"did you mean {near[0]}? " if near else ""
        message = f"no column {wanted!r} ({option}); {advice}it has {', '.join(header[:20])}"
        raise Misconfigured.one("CFG091", message, Mark(str(file), 1, 1))
    for head in heads:
        if head in plain:
            return plain.index(head)
    message = f"which column? name it with {option}; it has {', '.join(header[:20])}"
    raise Misconfigured.one("CFG091", message, Mark(str(file), 1, 1))


def safe(cell: str) -> str:
    """A cell that a spreadsheet takes as text: one that begins like a formula gets an apostrophe, a number does not."""
    if cell[:1] not in _FORMULA or cell == "-" or (cell[0] in "+-" and cell[1:].replace(".", "", 1).isdecimal()):
        return cell
    return "'" + cell


@contextmanager
def writer(out: Path | None, encoding: str) -> Iterator[Any]:
    """A CSV writer; a file appears under its name only when it is whole. UTF-16 becomes UTF-8 with a mark.

    A name that ends with .gz gives a packed file without a time in it. Raises `Misconfigured` CFG092.
    """
    if out is None:
        yield csv.writer(sys.stdout, lineterminator="\n")
        return
    encoding = "utf-8-sig" if encoding.startswith("utf-16") else encoding
    with replacing(out) as raw, _packed(raw, out) as plain:
        text = io.TextIOWrapper(plain, encoding=encoding, errors="backslashreplace", newline="")
        yield csv.writer(text, lineterminator="\r\n")
        text.flush()
        text.detach()


@contextmanager
def replacing(out: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name, and the place of what was there, once it is whole; raises `Misconfigured` CFG092."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise Misconfigured.one("CFG092", f"cannot be written: {error.strerror}", Mark(str(out))) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as raw:
            yield raw
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _packed(raw: IO[bytes], out: Path) -> Iterator[IO[bytes]]:
    if out.suffix != ".gz":
        yield raw
        return
    with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        yield cast(IO[bytes], packed)
