"""A client for one system: signs, paces, retries and classes every call, and gives back only good answers.

Reads are repeated within their deadline. A write is repeated only when it certainly did not happen (the connection was
never made, the token was refused, the server throttled it); when its answer is lost it raises `OutcomeUnknown`, and the
caller reads back before it sends again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urljoin

import tenacity

from goldbridge import log
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http.auth import Auth
from goldbridge.http.budget import Budget
from goldbridge.http.envelope import CONFIG, Envelope, Kind, Rule
from goldbridge.http.exchange import Reply, Wire, open_envelope
from goldbridge.http.request import Draft, origin, query
from goldbridge.http.trouble import Trouble, clean
from goldbridge.http.wait import backoff, jitter
from goldbridge.ports import Json

_log = log.get("http")
_TRIES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})  # 300 and 304 lead nowhere and have a meaning of their own
_SHORTEST_WAIT_S = 0.05
_SKEW_WORTH_SAYING_S = 60.0
Params = Mapping[str, Any] | list[tuple[str, Any]] | None


class _Again(Exception):
    """Another attempt, after a wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclass(slots=True)
class _Call:
    """One call and the history of its attempts."""

    method: str
    url: str
    params: list[tuple[str, str]]
    json: Json
    write: bool
    subject: str
    endpoint: str
    form: Params = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    as_text: bool = False
    spent_s: float = 0.0
    tries: int = 0
    throttled: int = 0
    renewed: bool = False
    draft: Draft = field(default_factory=lambda: Draft("GET", ""))


@dataclass(frozen=True, slots=True)
class Client:
    """Made by `HttpFactory.client`; safe to use from several threads.

    `timeout_s` is the deadline of a call with all its attempts and the waits it was asked for; the wait for our own
    budget does not count. One attempt of a read gets at most half of what is left, so that a hanging server leaves
    room for another; a write gets all of it.
    """

    wire: Wire
    system: str
    base_url: str
    auth: Auth
    envelope: Envelope
    budget: Budget
    timeout_s: float
    size_cap: int
    redirects: int
    mark: Mark
    skew: dict[str, float] = field(default_factory=dict)

    def get(self, path: str, *, params: Params = None, about: str = "", endpoint: str = "") -> Reply:
        """A read. `about` names stream and key in messages; `endpoint` is what the vendor counts its rate by."""
        return self.send("GET", path, params=params, about=about, endpoint=endpoint)

    def post(
        self,
        path: str,
        *,
        json: Json = None,
        params: Params = None,
        read: bool = False,
        about: str = "",
        endpoint: str = "",
    ) -> Reply:
        """A write, unless `read` says that the vendor merely uses POST to ask."""
        return self.send("POST", path, params=params, json=json, write=not read, about=about, endpoint=endpoint)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params = None,
        json: Json = None,
        write: bool = False,
        about: str = "",
        endpoint: str = "",
        form: Params = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        as_text: bool = False,
    ) -> Reply:
        """Raises `Retry` (`OutcomeUnknown` for a write whose answer was lost), `Reject`, `Halt` or `Misconfigured`.

        A body is `json`, a web `form`, or `content` with its type in `headers`. `as_text` takes a good answer as it is.
        """
        call = _Call(
            method=method,
            url=self.base_url + path,
            params=query(params),
            json=json,
            write=write,
            subject=f"{self.system} {about}".strip(),
            endpoint=endpoint,
            form=form,
            content=content,
            headers=headers or {},
            as_text=as_text,
        )
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=_wait,
            sleep=self.wire.clock.wait,
            reraise=True,
        )
        return retrying(self._try, call)

    def server_now(self) -> datetime:
        """The server's time as its last answer told it; ours when nothing was asked yet."""
        return self.wire.clock.now() + timedelta(seconds=self.skew.get("s", 0.0))

    def _try(self, call: _Call) -> Reply:
        left_s = max(self.timeout_s - call.spent_s, _SHORTEST_WAIT_S)
        self.budget.take(call.endpoint, patience_s=self.timeout_s)
        started = self.wire.clock.monotonic()
        try:
            return self._attempt(call, left_s if call.write else left_s / 2)
        except Trouble as trouble:
            call.spent_s += self.wire.clock.monotonic() - started
            self._decide(call, trouble)
        except Reject as error:
            raise Reject(error.code, f"{call.subject}: {error.message}", field=error.field) from None

    def _attempt(self, call: _Call, limit_s: float) -> Reply:
        url, params = call.url, call.params
        for hop in range(self.redirects + 1):
            draft = Draft(
                call.method,
                url,
                list(params),
                dict(call.headers),
                dict(call.json) if isinstance(call.json, dict) else call.json,
                form=None if call.form is None else query(call.form),
                content=call.content,
            )
            if origin(url) == origin(self.base_url):
                self.auth.apply(draft)  # credentials never follow a redirect to another host
            call.draft = draft
            arrival = self.wire.send(draft, limit_s, self.size_cap)
            if arrival.served_at is not None:
                self.skew["s"] = (arrival.served_at - self.wire.clock.now()).total_seconds()
            if arrival.status not in _REDIRECTS:
                return open_envelope(arrival, self.envelope, self.wire.clock, call.subject, as_text=call.as_text)
            target = urljoin(url, arrival.headers.get("location", ""))
            if call.method != "GET" or hop == self.redirects or (origin(url)[0] == "https" != origin(target)[0]):
                break
            url, params = target, []
        remedy = "put the address of the API itself into base_url"
        host = origin(target)[1]
        raise Trouble(
            Rule(CONFIG.kind, remedy),
            "CON014",
            f"HTTP {arrival.status} redirects to {host}, which is not followed",
        )

    def _decide(self, call: _Call, trouble: Trouble) -> NoReturn:
        """Raise `_Again` when another attempt makes sense, the final error otherwise."""
        rule = trouble.rule
        if call.write and trouble.unsure:
            self._note(call, trouble, "unknown")
            raise OutcomeUnknown(
                "CON005",
                f"{call.subject}: {trouble.what}; the write may have happened and is read back",
                after_s=trouble.after_s,
            )
        if rule.kind is Kind.REFRESH and not call.renewed:
            call.renewed = True
            if self.auth.renew(call.draft):
                self._note(call, trouble, "renewed")
                raise _Again(0.0)
        if rule.kind is Kind.THROTTLE:
            self._throttle(call, trouble)
        if rule.kind is Kind.RETRY:
            self._retry(call, trouble)
        raise self._final(rule.then or rule.kind, call, trouble)

    def _throttle(self, call: _Call, trouble: Trouble) -> None:
        """Hold the whole tenant, and come back without counting an attempt; return when that leads nowhere."""
        rule = trouble.rule
        asked_s = trouble.after_s if trouble.after_s is not None else rule.wait_s
        if rule.alone:
            raise Retry(trouble.code, f"{call.subject}: {trouble.what}; {_remedy(rule)}", after_s=asked_s)
        if rule.day:
            halt = self.budget.park()
            self._note(call, trouble, "parked")
            raise halt
        call.throttled += 1
        if rule.tries is not None and call.throttled > rule.tries:
            return
        if asked_s is None:
            self.budget.slow_down()
            wait_s = backoff(call.throttled, self.wire.draw)
        else:
            wait_s = jitter(asked_s, self.wire.draw)
        wait_s = max(wait_s, _SHORTEST_WAIT_S)
        self.budget.pause(wait_s)
        self._note(call, trouble, "throttled", wait_s)
        if call.spent_s + wait_s > self.timeout_s:
            if rule.then is None:
                history = f"still throttled after {call.spent_s:.0f} s and {call.throttled} tries"
                raise Retry(trouble.code, f"{call.subject}: {trouble.what}; {history}", after_s=wait_s)
            return
        call.spent_s += wait_s
        raise _Again(0.0)

    def _retry(self, call: _Call, trouble: Trouble) -> None:
        """Try again after a wait; return when the tries or the time are used up and the rule names a final class."""
        rule = trouble.rule
        call.tries += 1
        asked_s = trouble.after_s if trouble.after_s is not None else rule.wait_s
        wait_s = backoff(call.tries, self.wire.draw) if asked_s is None else jitter(asked_s, self.wire.draw)
        spent = call.tries > (_TRIES if rule.tries is None else rule.tries) or call.spent_s + wait_s > self.timeout_s
        if not spent:
            self._note(call, trouble, "retried", wait_s)
            call.spent_s += wait_s
            raise _Again(wait_s)
        if rule.then is None:
            remedy = f"; {rule.remedy}" if rule.remedy else ""
            tries = "" if call.tries == 1 else f" ({call.tries} tries)"
            raise Retry(trouble.code, f"{call.subject}: {trouble.what}{tries}{remedy}", after_s=asked_s)

    def _final(self, kind: Kind, call: _Call, trouble: Trouble) -> GoldbridgeError:
        what = f"{call.subject}: {trouble.what}; {_remedy(trouble.rule)}"
        code = trouble.code
        if trouble.rule.then is not None and code in ("CON003", "CON013"):
            code = {Kind.RECORD: "CON012", Kind.CONFIG: "CON011"}.get(kind, code)
            code = self.envelope.names.get(kind, code)
        if kind is Kind.RECORD or (code == "CON015" and call.write):
            return Reject(code, what)
        if kind in (Kind.CONFIG, Kind.REFRESH):
            return Misconfigured.one(code, what + self._skew_note(), self.mark)
        return Halt(code, what)

    def _skew_note(self) -> str:
        skew_s = self.skew.get("s", 0.0)
        if abs(skew_s) < _SKEW_WORTH_SAYING_S:
            return ""
        return f" (this machine's clock is {abs(skew_s):.0f} s {'behind' if skew_s > 0 else 'ahead of'} the server's)"

    def _note(self, call: _Call, trouble: Trouble, then: str, wait_s: float = 0.0) -> None:
        say = _log.error if trouble.rule.alarm else _log.warning
        say("call " + then, subject=clean(call.subject), code=trouble.code, what=trouble.what, wait_s=round(wait_s, 3))


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.wait_s if isinstance(error, _Again) else 0.0


def _remedy(rule: Rule) -> str:
    if rule.remedy:
        return rule.remedy
    return {
        Kind.REFRESH: "the credentials were refused twice: check them in the settings of this system",
        Kind.CONFIG: "correct the settings of this system, or its permissions on the other side",
        Kind.RECORD: "correct the record and replay it",
        Kind.THROTTLE: "wait, and lower the budget of this system",
        Kind.RETRY: "try again later",
        Kind.HALT: "the run stops here and resumes from its cursor",
    }[rule.kind]
