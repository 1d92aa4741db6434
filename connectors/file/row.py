"""Lines into rows: CSV by its header, JSON lines one object each. A row that cannot be read costs no other.

What every format shares is here, too: a row as it was read, its key, its header.

Numbers with a fraction and integers beyond 64 bits stay the text they were, since a float would change them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, NoReturn

from connectors.base import RawRow
from connectors.file.charset import BROKEN
from connectors.file.config import FileStream
from connectors.file.value import LARGEST
from goldbridge.errors import Halt, Mark, Misconfigured, Reject


class Read(NamedTuple):
    """One row as it was read: the line where it starts (from 1), its key if that is certain, the row or its problem."""

    line: int
    key: str
    row: RawRow
    problem: Reject | None = None


def parse(lines: Iterable[str], entry: FileStream, where: str, *, broken: bool) -> Iterator[Read]:
    """The rows of one file. `broken`: bytes of it did not decode, so each row is searched for their marks."""
    parser = _csv if entry.kind == "csv" else _json_lines
    for read in parser(lines, entry, where):
        yield _searched(read, where) if broken and read.problem is None else read


def _csv(lines: Iterable[str], entry: FileStream, where: str) -> Iterator[Read]:
    reader = csv.reader(lines, delimiter=entry.separator, quotechar=entry.quote, strict=True)
    header = list(entry.columns) if entry.columns else _header(reader, entry, where)
    width = len(header)
    while True:
        start = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise Halt(
                    "CON084", f"{where}:{start} opens a quote that is never closed; escape the quote or change `quote`"
                ) from None
            yield Read(start, "", {}, malformed(f"{where}:{start} is not a row of this file ({error})"))
            continue
        if len(values) == width:
            yield keyed(start, dict(zip(header, values, strict=True)), entry.key, where)
        elif values:
            text = f"{where}:{start} has {len(values)} values for {width} columns; is a delimiter unquoted?"
            yield Read(start, "", {}, malformed(text))


def _header(reader: Iterator[list[str]], entry: FileStream, where: str) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise Halt("CON084", f"{where}:1 is not a header line ({error}); check `delimiter` and `quote`") from None
    if BROKEN.search("".join(header)):
        raise misread(where, entry, "the header line does not decode")
    if not header:
        raise Halt("CON084", f"{where} is empty: it has not even a header line; deliver it again")
    doubled = sorted({name for name in header if header.count(name) > 1 or not name.strip()})
    if doubled:
        raise Halt("CON084", f"{where}:1 names the column '{doubled[0]}' twice or not at all; give each its own name")
    require(entry.key, header, where, "is `delimiter` right?")
    return header


def require(key: str, header: Sequence[str], where: str, doubt: str) -> None:
    """Raise `Misconfigured` when the key is no column; `doubt` is what may be wrong when no column is called alike."""
    if key in header:
        return
    close = get_close_matches(key, header, 1) if len(header) > 1 else []
    hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(header[:20])}; {doubt}"
    raise Misconfigured.one(
        "CON084", f"{where} has no column '{key}', which `key` names; {hint}", Mark("config/sources.yaml")
    )


def misread(where: str, entry: FileStream, what: str) -> Misconfigured:
    """The file as a whole is in another encoding than the one declared."""
    said = f"declared as {entry.encoding}" if entry.encoding else "not declared"
    return Misconfigured.one(
        "CON083", f"{where}: {what}; its encoding is {said}, correct `encoding`", Mark("config/sources.yaml")
    )


def _json_lines(lines: Iterable[str], entry: FileStream, where: str) -> Iterator[Read]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            yield Read(number, "", {}, malformed(f"{where}:{number} is not JSON ({error})"))
            continue
        if not isinstance(row, dict):
            yield Read(number, "", {}, malformed(f"{where}:{number} is {type(row).__name__}, not an object"))
            continue
        read = keyed(number, row, entry.key, where)
        yield _searched(read, where) if "\\u" in line and "\\ud" in line.lower() and read.problem is None else read


def _integer(text: str) -> int | str:
    number = int(text) if len(text) < 20 else LARGEST
    return number if -LARGEST <= number < LARGEST else text


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=_integer, parse_constant=_no_constant)
"""Made once: `json.loads` would make one for every line."""


def keyed(line: int, row: RawRow, name: str, where: str) -> Read:
    """The row with its key, or with the problem that it has none."""
    value = row.get(name)
    if isinstance(value, str):
        if value and not value.isspace():
            return Read(line, value, row)
    elif isinstance(value, int) and not isinstance(value, bool):
        return Read(line, str(value), row)
    return Read(line, "", row, Reject("CON086", f"{where}:{line} has no value in its key column '{name}'", field=name))


def _searched(read: Read, where: str) -> Read:
    name = next((name for name, value in read.row.items() if BROKEN.search(_text(value))), None)
    if name is None:
        return read
    text = f"{where}:{read.line} holds bytes in column '{name}' that are no text in the file's encoding"
    key = "" if BROKEN.search(read.key) else read.key
    return read._replace(key=key, problem=Reject("CON088", text, field=name))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def malformed(text: str) -> Reject:
    return Reject("CON087", f"{text}; correct the line and deliver the file again")
