"""Turns the bytes of an answer into JSON without trusting them.

Size is capped before and after unpacking, so that neither an endless body nor a few kilobytes of gzip that unfold to
gigabytes can take the process. Text is never replaced silently: a byte that its charset does not know becomes a lone
surrogate in the one value it belongs to, which makes a dead letter of that record and leaves the page alone. Numbers
with a fraction stay text, so that no amount ever passes through a binary float.
"""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterable
from typing import Any

from goldbridge.ports import Json

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LARGEST = 2**63
_THREE_BYTES = "\u0800"


class TooLarge(Exception):
    """The body passed the cap."""


class Unreadable(Exception):
    """The body is packed or written in a way nobody declared."""


class Truncated(Exception):
    """The body is not a whole JSON text: it was cut, or is not JSON at all."""


def collect(chunks: Iterable[bytes], packing: str, cap: int) -> bytes:
    """Join raw chunks, unpacking gzip or deflate on the way; raise `TooLarge` as soon as either side passes `cap`."""
    packing = packing.strip().lower()
    if packing in ("", "identity"):
        return _join(chunks, cap)
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(f"content encoding {packing[:20]!r} was not asked for")
    return _unpack(chunks, cap)


def _join(chunks: Iterable[bytes], cap: int) -> bytes:
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > cap:
            raise TooLarge
    return bytes(whole)


def _unpack(chunks: Iterable[bytes], cap: int) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    whole, taken = bytearray(), 0
    for chunk in chunks:
        taken += len(chunk)
        try:
            whole += unpacker.decompress(chunk, cap + 1 - len(whole))
        except zlib.error as error:
            raise Truncated(f"damaged packing: {error}") from None
        if len(whole) > cap or taken > cap:
            raise TooLarge
    if not unpacker.eof:
        raise Truncated("the packed body ends early")
    return bytes(whole)


def decode(raw: bytes, declared: str | None, fixed: str | None = None) -> str:
    """Bytes as text: byte order mark first, then the charset fixed for the vendor, then what the bytes themselves show.

    Servers that say `charset=gbk` over UTF-8 bodies are common, the reverse is not rare. Valid UTF-8 with characters of
    three bytes is UTF-8 whatever the header says; a body whose non-ASCII bytes are mostly invalid UTF-8 is tried as
    GB18030. What stays invalid becomes lone surrogates (see the module's promise).
    """
    for mark, charset in _BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(charset, "surrogateescape" if charset == "utf-8" else "surrogatepass")
    if fixed:
        return raw.decode(fixed, "surrogateescape")
    other = _known(declared)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_other(raw, other)
    if other and not text.isascii() and not any(char >= _THREE_BYTES for char in text):
        return raw.decode(other, "surrogateescape")
    return text


def _known(declared: str | None) -> str | None:
    """The declared charset as Python spells it, GB2312 and GBK widened to GB18030; None for UTF-8 or an unknown one."""
    try:
        name = codecs.lookup(declared.strip("\"' ")).name if declared else "utf-8"
    except LookupError:
        return None
    if name in ("gb2312", "gbk"):
        return "gb18030"
    return None if name in ("utf-8", "ascii", "iso8859-1") else name


def _decode_other(raw: bytes, other: str | None) -> str:
    lenient = raw.decode("utf-8", "surrogateescape")
    bad = sum("\udc80" <= char <= "\udcff" for char in lenient)
    good = sum(char >= "\x80" for char in lenient) - bad
    if other or bad > good:
        try:
            return raw.decode(other or "gb18030")
        except UnicodeDecodeError:
            if other and bad > good:
                return raw.decode(other, "surrogateescape")
    return lenient


def parse(text: str) -> Json:
    """JSON as plain data; fractions and integers beyond 64 bits stay text; raises `Truncated` or `Unreadable`."""
    try:
        return json.loads(text, parse_float=str, parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError as error:
        raise Truncated(str(error)) from None


def _integer(digits: str) -> Any:
    if len(digits) < 19:
        return int(digits)
    if len(digits) > 20:
        return digits
    value = int(digits)
    return value if -_LARGEST <= value < _LARGEST else digits


def _refuse(name: str) -> Any:
    raise Unreadable(f"{name} is not JSON")


def is_page(text: str, content_type: str) -> bool:
    """Whether this is a web page (a login form, a proxy's notice) where JSON was expected."""
    return "html" in content_type.lower() or text.lstrip("\ufeff \t\r\n").startswith("<")
