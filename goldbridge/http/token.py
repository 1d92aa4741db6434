"""Access tokens, fetched by one thread for all.

Vendors limit their token endpoint hard and some refuse concurrent calls, so a token is fetched by whoever needs it
first while the others wait for that answer, be it a token or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock

from goldbridge.clock import Clock
from goldbridge.errors import GoldbridgeError
from goldbridge.log import remember_secret
from goldbridge.ports import TokenStore

_EARLY_S = 120.0


@dataclass(frozen=True, slots=True)
class Token:
    """What a token endpoint answered. `refresh` is the single-use token some vendors rotate; `extra` goes with it."""

    value: str
    lives_s: float
    refresh: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


class TokenSource:
    """Hands out the current token and renews it once, however many threads ask at the same time.

    `fetch` gets the last known token (or None) and returns a new one. With a `store`, a new token is saved before
    anyone uses it: a rotated refresh token that is lost with the process locks the hub out.
    """

    def __init__(
        self,
        fetch: Callable[[Token | None], Token],
        clock: Clock,
        *,
        early_s: float = _EARLY_S,
        store: TokenStore | None = None,
        system: str = "",
    ) -> None:
        self._fetch, self._clock, self._early_s = fetch, clock, early_s
        self._store, self._system = store, system
        self._lock = Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._rounds = 0
        self._failure: GoldbridgeError | None = None

    def current(self) -> Token:
        """The token to sign with; fetched when there is none or it is about to expire."""
        token = self._token
        if token is not None and self._clock.monotonic() < self._renew_at:
            return token
        return self._renew("" if token is None else token.value)

    def renew(self, stale: str) -> Token:
        """A token other than `stale`, which the server refused; another thread may have fetched it already."""
        return self._renew(stale)

    def _renew(self, stale: str) -> Token:
        rounds = self._rounds
        with self._lock:
            token = self._token
            if token is not None and token.value != stale and self._clock.monotonic() < self._renew_at:
                return token
            if self._rounds != rounds:
                if self._failure is not None:
                    raise self._failure  # the thread we waited for got an error: asking again would only add load
                if token is not None:
                    return token  # fetched while we waited, even if the vendor handed out the same one again
            return self._fetch_new(token)

    def _fetch_new(self, last: Token | None) -> Token:
        if last is None:
            last = self._kept()
        try:
            token = self._fetch(last)
        except GoldbridgeError as error:
            self._failure = error
            raise
        finally:
            self._rounds += 1
        for secret in (token.value, token.refresh):
            remember_secret(secret)
        if self._store is not None:
            self._store.save(self._system, "token", asdict(token))
        self._failure = None
        self._renew_at = self._clock.monotonic() + max(token.lives_s - self._early_s, token.lives_s / 2)
        self._token = token
        return token

    def _kept(self) -> Token | None:
        kept = self._store.load(self._system, "token") if self._store is not None else None
        return Token(**kept) if isinstance(kept, dict) else None
