"""What is about to be sent, while the parts of an authentication still add to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from goldbridge.ports import Json


@dataclass(slots=True)
class Draft:
    """One attempt of one call. `token` is the credential it was signed with, so that a stale one is recognised.

    A body is JSON (`body`), a web form (`form`) or bytes of another type (`content`, its type among the headers).
    """

    method: str
    url: str
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: Json = None
    token: str = ""
    form: list[tuple[str, str]] | None = None
    content: bytes | None = None

    def payload(self) -> tuple[bytes | None, str]:
        """The bytes to send and their type; raises UnicodeEncodeError for half a character."""
        if self.content is not None:
            return self.content, ""
        if self.form is not None:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        if self.body is not None:
            text = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
            return text.encode(), "application/json; charset=utf-8"
        return None, ""

    def full_url(self) -> str:
        """URL with its query; a space is `%20`, since some servers read `+` literally and then find nothing."""
        if not self.params:
            return self.url
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.params)
        return f"{self.url}{'&' if '?' in self.url else '?'}{query}"


def query(params: Mapping[str, object] | Iterable[tuple[str, object]] | None) -> list[tuple[str, str]]:
    """Parameters as text in the given order; None is left out, a list repeats its name."""
    pairs = params.items() if isinstance(params, Mapping) else params or ()
    return [(name, _text(item)) for name, value in pairs for item in _items(value) if item is not None]


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must be equal for credentials to travel along."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
