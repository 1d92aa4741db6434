"""The SN of a request, as the vendor recomputes it: over the path and the query exactly as they arrived."""

from __future__ import annotations

from hashlib import md5
from urllib.parse import quote, quote_plus

_LEFT_ALONE = "/:=&?#+!$,;'@()*[]"


def sn(path_and_query: str, sk: str) -> str:
    """`path?query` with its values in plain text -> 32 lower-case hexadecimal digits."""
    encoded = quote(path_and_query, safe=_LEFT_ALONE)
    return md5(quote_plus(encoded + sk).encode(), usedforsecurity=False).hexdigest()


def sn_as_sent(path: str, query: str, sk: str) -> str:
    """The same for a query that is percent-encoded already, without its `sn`; the encoding must be the one above."""
    unsigned = "&".join(part for part in query.split("&") if not part.startswith("sn="))
    return md5(quote_plus(f"{path}?{unsigned}" + sk).encode(), usedforsecurity=False).hexdigest()
