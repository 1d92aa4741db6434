"""Authentication as parts that compose: each adds what it knows to a draft, every attempt anew.

A new kind is a small class: `apply` signs a draft, `renew` is called once when the server refused the credential and
says whether another attempt makes sense. Parts are applied in order, so a signature over the parameters comes last.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from goldbridge.clock import Clock
from goldbridge.http.request import Draft
from goldbridge.http.token import Token, TokenSource
from goldbridge.log import remember_secret


class Auth:
    """No authentication; the base of all parts."""

    def apply(self, draft: Draft) -> None:
        """Add headers, parameters or body keys to one attempt."""

    def renew(self, draft: Draft) -> bool:
        """The credential in this draft was refused: get a new one; False when there is nothing to renew."""
        return False


class Chain(Auth):
    """Several parts, applied in order."""

    def __init__(self, *parts: Auth) -> None:
        self._parts = parts

    def apply(self, draft: Draft) -> None:
        for part in self._parts:
            part.apply(draft)

    def renew(self, draft: Draft) -> bool:
        renewed = [part.renew(draft) for part in self._parts]  # all of them, so no short cut
        return any(renewed)


class TokenAuth(Auth):
    """A token from a `TokenSource`, put in place by `place` (a header, or several)."""

    def __init__(self, source: TokenSource, place: Callable[[Token], Mapping[str, str]]) -> None:
        self._source, self._place = source, place

    def apply(self, draft: Draft) -> None:
        token = self._source.current()
        draft.token = token.value
        draft.headers.update(self._place(token))

    def renew(self, draft: Draft) -> bool:
        self._source.renew(draft.token)
        return True


class BasicAuth(Auth):
    """User and password in the header, as HTTP has it."""

    def __init__(self, user: str, password: str) -> None:
        remember_secret(password)
        self._value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        remember_secret(self._value)

    def apply(self, draft: Draft) -> None:
        draft.headers["authorization"] = self._value


class HeaderKey(Auth):
    """An API key in a header of the vendor's choice."""

    def __init__(self, name: str, key: str, prefix: str = "") -> None:
        remember_secret(key)
        self._name, self._value = name.lower(), prefix + key

    def apply(self, draft: Draft) -> None:
        draft.headers[self._name] = self._value


class Signed(Auth):
    """A vendor's own scheme: `sign` adds what it needs to the draft, after everything else is in it.

    `stale` says whether signing again (with a fresh time) may help when the signature was refused.
    """

    def __init__(self, sign: Callable[[Draft], None], *, stale: bool = True) -> None:
        self._sign, self._stale = sign, stale

    def apply(self, draft: Draft) -> None:
        self._sign(draft)

    def renew(self, draft: Draft) -> bool:
        return self._stale


class QueryKey(Auth):
    """An API key among the parameters."""

    def __init__(self, name: str, key: str) -> None:
        remember_secret(key)
        self._name, self._key = name, key

    def apply(self, draft: Draft) -> None:
        draft.params.insert(0, (self._name, self._key))


class QueryDigest(Auth):
    """MD5 over the sorted, unencoded parameters followed by a private key (Amap's `sig`)."""

    def __init__(self, name: str, private_key: str) -> None:
        remember_secret(private_key)
        self._name, self._private_key = name, private_key

    def apply(self, draft: Draft) -> None:
        text = "&".join(f"{name}={value}" for name, value in sorted(draft.params)) + self._private_key
        draft.params.append((self._name, hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()))


class SignedHeaders(Auth):
    """Headers computed from the time of the attempt; renewing means signing again with a fresh time."""

    def __init__(self, clock: Clock, sign: Callable[[datetime], Mapping[str, str]]) -> None:
        self._clock, self._sign = clock, sign

    def apply(self, draft: Draft) -> None:
        draft.headers.update(self._sign(self._clock.now()))

    def renew(self, draft: Draft) -> bool:
        return True


class QueryStamp(Auth):
    """A parameter made anew for each attempt, such as the trace id a vendor asks for."""

    def __init__(self, name: str, make: Callable[[], str]) -> None:
        self._name, self._make = name, make

    def apply(self, draft: Draft) -> None:
        draft.params.append((self._name, self._make()))
