"""Countries as people and systems write them: DE, DEU, Germany, Deutschland, 德国 are one."""

from __future__ import annotations

from functools import cache, lru_cache

from goldbridge.text.fold import match_form
from goldbridge.text.legal_form import plain
from goldbridge.text.table import rows


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for alpha2, alpha3, names in rows("countries.csv"):
        for text in (alpha2, alpha3, *names.split("/")):
            found[match_form(text)] = alpha2
    return found


@cache
def names_of_countries() -> dict[str, str]:
    """Each name in letters (folded, without blanks) and its ISO 3166 code; codes themselves are not names."""
    return {name: code for name, code in _codes().items() if len(name) > 3 and name.isascii()}


@lru_cache(1 << 12)
def country_code(text: str) -> str:
    """The two letters of ISO 3166 for a country, "" for a text that names none we know."""
    return _codes().get(match_form(plain(text)), "")
