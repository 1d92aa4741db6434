"""The files of a folder that are no streams yet, and what the beginning of such a file shows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from connectors.base import RawRow

MOST = 500
_START = 256 << 10
"""Bytes of a file that are looked at: enough for a sample, whatever the size of the file."""
_TABLES = (".csv", ".tsv", ".txt")


def files(root: Path, taken: Mapping[str, str]) -> list[str]:
    """The streams, then the files of the folder itself that no stream takes, hidden ones left out."""
    found = [path.name for path in sorted(root.expanduser().glob("*")) if path.is_file() and path.name[0] != "."]
    free = [name for name in found if not any(Path(name).match(pattern) for pattern in taken.values())]
    return [*taken, *free[:MOST]]


def peek(path: Path, limit: int) -> list[RawRow] | None:
    """The first rows of a delimited file by its header line; None for another kind of file."""
    if path.suffix.casefold() not in _TABLES:
        return None
    with path.open("rb") as file:
        start = file.read(_START)
    text = _decoded(start)
    if len(start) == _START:
        text = text.rpartition("\n")[0]  # the last line may be cut in two
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    header = [re.sub(r"\s+", " ", name).strip() for name in next(lines, [])]
    rows: list[RawRow] = []
    for cells in lines:
        if len(rows) == limit:
            break
        if cells:
            rows.append(dict(zip(header, cells, strict=False)))
    return rows


def _decoded(start: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        text = start.decode(encoding, "ignore")
        if len(text.encode(encoding.removesuffix("-sig"))) >= len(start) - 8:
            return text
    return start.decode("gb18030", "replace")
