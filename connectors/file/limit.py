"""How much a packed file may unpack to: a few kilobytes can hold a disk full of zeros.

Sizes that an archive declares are believed only when they are too large; what comes out is counted.
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

from goldbridge.errors import Halt

MEBIBYTE = 1 << 20
FREE = 64 * MEBIBYTE
"""Up to here no ratio is asked for: small files of equal rows shrink to almost nothing, and harm nobody."""


class Limits(NamedTuple):
    """The bounds of one file, and how to name it in a message."""

    most_mb: int
    most_ratio: int
    where: str
    settings: bool = True
    """Whether they can be raised in sources.yaml; else the advice is to unpack it by hand."""

    def check(self, unpacked: int, packed: int) -> None:
        """Raise `Halt` when so many bytes from so few are more than is allowed."""
        if unpacked > self.most_mb * MEBIBYTE:
            raise self._refused(f"{self.most_mb} MiB", "max_unpacked_mb")
        if unpacked > FREE and unpacked > self.most_ratio * max(packed, 1):
            raise self._refused(f"{self.most_ratio} times its size", "max_ratio")

    def _refused(self, bound: str, setting: str) -> Halt:
        advice = f"raise `{setting}`" if self.settings else "save it as CSV"
        text = f"{self.where} unpacks to more than {bound}, as files made to do harm do"
        return Halt("CON330", f"{text}; if you know what it is, {advice}")


class Bounded(io.RawIOBase):
    """A stream that is counted while it is read; closing it closes what it was made from."""

    def __init__(self, stream: Any, packed: int, limits: Limits, closing: tuple[Any, ...] = ()) -> None:
        self._stream, self._packed, self._limits = stream, packed, limits
        self._closing = (stream, *closing)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        self._count += len(chunk)
        self._limits.check(self._count, self._packed)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            for each in self._closing:
                each.close()
        super().close()


def drain(stream: Any, packed: int, limits: Limits, count: int = 0) -> int:
    """Read a stream to its end within the limits, `count` bytes having come before; returns the new count."""
    while chunk := stream.read(MEBIBYTE):
        count += len(chunk)
        limits.check(count, packed)
    return count
