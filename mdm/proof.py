"""The proof of a search: what was asked and what was shown, signed, for whoever creates the record afterwards.

Who creates a party must have seen those that are like it. The proof is a short text that travels through forms and
other systems; it holds no value of the record, only a digest, and it lapses.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple

import orjson

from goldbridge.errors import Reject
from goldbridge.state import document

LASTS_S = 1800
"""How long a proof holds: a form is filled in meanwhile, and not much can be added."""


class Proof(NamedTuple):
    """`asked` is the digest of the values; `shown` the golden ids (or records, before they have one) with their weight
    and band; `until` is when it lapses, in seconds since 1970."""

    entity: str
    rev: int
    asked: str
    verdict: str
    shown: tuple[tuple[int, int, str], ...]
    until: int


def digest_of(values: Mapping[str, Any]) -> str:
    """What is asked, whatever the order of its fields; what says nothing counts for nothing."""
    return document.digest({name: value for name, value in values.items() if value not in (None, "", [], {})})


def write(key: bytes, proof: Proof) -> str:
    """The proof as text that goes into a URL."""
    content = orjson.dumps([*proof[:4], [list(one) for one in proof.shown], proof.until])
    return f"{_plain(content)}.{_plain(_seal(key, content))}"


def read(key: bytes, text: str, now: float) -> Proof:
    """The proof behind the text; raises `Reject` MDM020 for one that is not ours, was changed, or has lapsed."""
    head, _, tail = text.strip().partition(".")
    try:
        content, seal = _bytes(head), _bytes(tail)
    except (binascii.Error, ValueError):
        content, seal = b"", b""
    if not content or not compare_digest(seal, _seal(key, content)):
        raise Reject("MDM020", "this is no proof of a search of ours, or it was changed; search again")
    entity, rev, asked, verdict, shown, until = orjson.loads(content)
    proof = Proof(entity, rev, asked, verdict, tuple((one[0], one[1], one[2]) for one in shown), until)
    if now >= proof.until:
        raise Reject("MDM020", f"the search is more than {LASTS_S // 60} minutes old; search again")
    return proof


def _seal(key: bytes, content: bytes) -> bytes:
    return blake2b(content, key=key, digest_size=16).digest()


def _plain(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
