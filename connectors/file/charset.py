"""Which encoding a file is in, told from all of its bytes and not from the first few.

GB18030 accepts almost any bytes, so UTF-8 read as GB18030 gives nonsense without an error; the other way round Chinese
text practically never is valid UTF-8 by chance. So UTF-8 is tried first, and a file declared as GB18030 that is valid
UTF-8 is refused. Bytes that do not decode become lone surrogates, which no good text holds: their row is found by them.
"""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, NamedTuple

MARK_ERRORS = "goldbridge.mark"
BROKEN = re.compile("[\ud800-\udfff]")
_LEADS = bytes(range(0xE0, 0xF5))
_CHUNK = 1 << 20
_PROOF = 4
"""So many characters of three or four bytes, all valid UTF-8, are no coincidence (two-byte ones can be: 一一 is)."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(MARK_ERRORS, _mark)


class Finding(NamedTuple):
    """What the bytes say: a byte order mark, where (in bytes) each encoding first fails if it does, and how
    many bytes begin a character of three or four in UTF-8.
    """

    bom: bool
    utf8_fails_at: int | None
    gb_fails_at: int | None
    leads: int

    @property
    def is_utf8(self) -> bool:
        return self.utf8_fails_at is None and (self.bom or self.leads >= _PROOF)


class Choice(NamedTuple):
    """The encoding to read with; `broken` when some bytes will not decode; `problem` when it cannot be right."""

    encoding: str
    broken: bool = False
    problem: str = ""


def examine(stream: BinaryIO) -> Finding:
    """Read the whole stream and try both encodings on it."""
    utf8, gb = _Trial("utf-8"), _Trial("gb18030")
    leads, bom, first = 0, False, True
    while chunk := stream.read(_CHUNK):
        if first:
            bom, first = chunk.startswith(codecs.BOM_UTF8), False
        leads += len(chunk) - len(chunk.translate(None, _LEADS))
        utf8.feed(chunk)
        gb.feed(chunk)
    utf8.feed(b"", final=True)
    gb.feed(b"", final=True)
    return Finding(bom, utf8.failed_at, gb.failed_at, leads)


def choose(declared: str | None, found: Finding) -> Choice:
    """The encoding to read with, given what the configuration says and what the bytes say."""
    if declared is None:
        if found.utf8_fails_at is None:
            return Choice("utf-8-sig")
        if found.gb_fails_at is None and not found.bom:
            return Choice("gb18030")
        at = found.utf8_fails_at
        return Choice("", problem=f"its bytes are neither utf-8 (wrong at byte {at}) nor gb18030; declare `encoding`")
    if declared in ("utf-8", "utf-8-sig"):
        return Choice("utf-8-sig", broken=found.utf8_fails_at is not None)
    if found.is_utf8:
        return Choice("", problem=f"it is declared as {declared}, but its bytes are utf-8; correct `encoding`")
    return Choice("gb18030", broken=found.gb_fails_at is not None)


class _Trial:
    """Decodes in one encoding until it fails."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._seen = 0
        self.failed_at: int | None = None

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if self.failed_at is not None:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            kept = len(error.object) - len(chunk)  # bytes the decoder had held back from the chunk before
            self.failed_at = max(self._seen + error.start - kept, 0)
        self._seen += len(chunk)
