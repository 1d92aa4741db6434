"""The footer of a Parquet file, which is written last: rows, and bytes once unpacked.

It is in Thrift's compact protocol, of which only what is needed is understood: structures, lists, integers, bytes.
"""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple

from connectors.file.limit import Limits
from connectors.file.packed import locked
from goldbridge.errors import Halt, Retry

_MAGIC, _SEALED = b"PAR1", b"PARE"
_DEEPEST = 16
_ROW_GROUPS, _ROWS = 4, 3
_BYTES = 2


class Footer(NamedTuple):
    rows: int
    unpacked: int


def footer(file: BinaryIO, size: int, limits: Limits) -> Footer:
    """Read it, within the limits; raises `Retry` for a file that is not whole."""
    start = file.read(4)
    if start == _SEALED:
        raise locked(limits.where)
    if start.strip(b"\0") and start != _MAGIC[: len(start)]:
        text = f"{limits.where} is no Parquet file, whatever its name says; read it as what it is with `format`"
        raise Halt("CON084", text)
    if size < 12:
        raise _cut(limits.where, "it has no footer")
    file.seek(size - 8)
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] == _SEALED:
        raise locked(limits.where)
    if end[4:] != _MAGIC or length > size - 12:
        raise _cut(limits.where, "its footer is missing")
    file.seek(size - 8 - length)
    try:
        told = _Compact(file.read(length)).structure(0)
        groups = told.get(_ROW_GROUPS, [])
        found = Footer(int(told[_ROWS]), sum(int(group.get(_BYTES, 0)) for group in groups))
    except (LookupError, ValueError, TypeError, AttributeError):
        raise _cut(limits.where, "its footer cannot be read") from None
    limits.check(found.unpacked, size)
    return found


def _cut(where: str, what: str) -> Retry:
    return Retry("CON082", f"{where} is cut off or damaged ({what}); deliver it again")


class _Compact:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def structure(self, depth: int) -> dict[int, Any]:
        """Field number -> value, up to the stop."""
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 0x0F, depth, field=True)
        return fields

    def _value(self, kind: int, depth: int, *, field: bool = False) -> Any:
        if kind in (1, 2):
            return kind == 1 if field else self._byte() == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._unsigned())
        if kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 != 15 else self._unsigned()
            if count > len(self._content):
                raise ValueError("a list longer than its bytes")
            return [self._value(head & 0x0F, depth) for _ in range(count)]
        if kind == 12:
            return self.structure(depth + 1)
        raise ValueError(f"a value of the unknown kind {kind}")

    def _byte(self) -> int:
        byte = self._content[self._at]
        self._at += 1
        return byte

    def _bytes(self, length: int) -> bytes:
        if length > len(self._content) - self._at:
            raise ValueError("bytes behind the end")
        self._at += length
        return self._content[self._at - length : self._at]

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("a number without an end")

    def _signed(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
