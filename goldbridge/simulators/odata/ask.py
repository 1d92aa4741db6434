"""One request to a service, whether it came alone or inside a batch, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from goldbridge.simulators.kit import Call, Refused

_PAGING = ("$top", "$skip", "$count", "$inlinecount", "$skiptoken", "$deltatoken")
KNOWN = frozenset(("$filter", "$orderby", "$select", "$expand", "$format", *_PAGING))


@dataclass(frozen=True)
class Ask:
    """`path` is below the service root and unquoted, `query` as it came, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    data: Any
    call: Call

    @property
    def options(self) -> dict[str, str]:
        """The system query options; a `+` stays a plus, as real servers have it."""
        found = {}
        for pair in filter(None, self.query.split("&")):
            name, _, value = pair.partition("=")
            name = unquote(name)
            if name.startswith("$") and name not in KNOWN:
                raise Refused("bad_query", f"The query option '{name}' is not known")
            found[name] = unquote(value)
        return found

    @property
    def preferences(self) -> dict[str, str]:
        """The Prefer header, e.g. {"odata.maxpagesize": "500", "odata.track-changes": ""}."""
        pairs = (part.strip().partition("=") for part in self.headers.get("prefer", "").split(",") if part.strip())
        return {name.removeprefix("odata."): value.strip('"') for name, _, value in pairs}

    @property
    def exact(self) -> bool:
        """Whether decimals and 64-bit integers travel as text."""
        where = "accept" if self.method == "GET" else "content-type"
        return "ieee754compatible=true" in self.headers.get(where, "").lower()


@dataclass(frozen=True)
class Said:
    """An answer: status, JSON body (None: none), headers."""

    status: int
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
