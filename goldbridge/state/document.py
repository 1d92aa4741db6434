"""JSON documents as text, and their hashes.

`orjson` does the work. It refuses lone surrogates and integers past 64 bits, and reads such integers back as floats;
a document that has them goes through the standard library and is marked by one leading blank, so that it comes back
exactly as it went in (F22, F77). NUL travels as the escape that JSON has for it.
"""

from __future__ import annotations

import json
from hashlib import blake2b

import orjson

from goldbridge.ports import Json

_SORTED = orjson.OPT_SORT_KEYS


def dump(value: Json) -> str:
    """`value` as JSON text with sorted keys; raises TypeError for what is not JSON (floats that are no numbers too)."""
    return encode(value).decode()


def encode(value: Json) -> bytes:
    """The bytes that are stored and hashed."""
    try:
        return orjson.dumps(value, option=_SORTED)
    except orjson.JSONEncodeError:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return b" " + text.encode("ascii")


def load(text: str | None) -> Json:
    """The value behind text that `dump` wrote; None where no document was stored."""
    if text is None:
        return None
    return json.loads(text) if text[:1] == " " else orjson.loads(text)


def digest(value: Json) -> str:
    """32 hex digits that are equal for equal documents, whatever their key order."""
    return digest_of(encode(value))


def digest_of(encoded: bytes) -> str:
    """The same for a document that is encoded already."""
    return blake2b(encoded, digest_size=16).hexdigest()


def storable(text: str) -> bool:
    """Whether `text` can stand in a plain text column of both databases: no NUL, no lone surrogate."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def visible(text: str) -> str:
    """`text` with NUL and lone surrogates written as escapes, for messages and for keys of dead letters."""
    return text if storable(text) else "".join(c if storable(c) else f"\\u{ord(c):04x}" for c in text)
