"""E-mail addresses and internet domains, and which of them say something about a company."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import urlsplit

from goldbridge.text.fold import fold_width
from goldbridge.text.table import lines

_address = re.compile(
    r"(?P<local>[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@"
    r"(?P<domain>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))",
)
_host = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})")
_typed_at = re.compile(r"\s*(?:\(at\)|\[at\]|#at#|＠)\s*")


@cache
def _shared() -> frozenset[str]:
    """Domains that many unrelated people share: mail providers, market places, site builders."""
    return frozenset(lines("shared_domains.txt"))


@cache
def _suffixes() -> frozenset[str]:
    """Suffixes of two labels under which names are registered (com.cn, co.uk); one label needs no list."""
    return frozenset(lines("domain_suffixes.txt"))


@lru_cache(1 << 14)
def parse_email(text: str) -> str | None:
    """The first e-mail address in a cell in lower case, or None.

    The part before @ is lower-cased too: providers that tell Bob@ from bob@ are rarer than typing habits.
    """
    if text.isascii() and text.islower() and "#" not in text:
        match = _address.match(text)  # most are typed as they should be
        if match and match.end() == len(text) < 64:
            return text.lstrip("'`")
    folded = _typed_at.sub("@", fold_width(text).lower().replace("mailto:", " ").replace("。", "."))
    if "@" not in folded or len(folded) > 2000:
        return None
    match = _address.search(re.sub(r"\s*@\s*", "@", folded))
    if not match or len(match["local"]) > 64 or len(match["domain"]) > 253:
        return None
    return match[0].lstrip("'`")


@lru_cache(1 << 14)
def domain_of(text: str) -> str:
    """The registered domain of a URL, host or e-mail address (www.shop.example.com.cn -> example.com.cn), or "".

    Empty too for addresses, IP numbers and for domains that many unrelated people share: they prove nothing.
    """
    folded = fold_width(text).strip().lower().replace("。", ".").rstrip("./,;")
    host = folded
    if "@" in folded and "://" not in folded:
        address = parse_email(folded)
        host = address.partition("@")[2] if address else ""
    elif folded:
        try:
            host = urlsplit(folded if "://" in folded else "//" + folded).hostname or ""
        except ValueError:
            return ""
    return _registered(host.strip("."))


@lru_cache(1 << 14)
def _registered(host: str) -> str:
    if not _host.fullmatch(host):
        return ""
    labels, shared = _ascii(host).split("."), _shared()
    if any(".".join(labels[-size:]) in shared for size in range(2, len(labels) + 1)):
        return ""
    size = 3 if ".".join(labels[-2:]) in _suffixes() else 2
    return ".".join(labels[-size:]) if len(labels) >= size else ""


def _ascii(host: str) -> str:
    """Internationalised labels in the form the wire uses, so that both spellings meet."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
