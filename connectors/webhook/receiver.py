"""The door: an ASGI application that takes events, proves who sent them, keeps them, and only then says thank you.

One insert stands between a call and its answer; everything else is the business of the flows, which are told that
something came. Each call is bounded in size and in time, and nothing of it is logged: what was refused is counted by
its reason, and written down from time to time.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.webhook.call import SIZE, Answer, Call, Refused, garbled
from connectors.webhook.connector import Webhook
from connectors.webhook.event import Event, Router
from connectors.webhook.style import make_style
from goldbridge import log
from goldbridge.errors import GoldbridgeError
from goldbridge.ports import Inbox, Part

WRITERS = 4
"""Events that are written at a time; further ones wait for their turn within their time."""
WAITING = 64
"""Calls that may wait for it; further ones are asked to come again."""

Tell = Callable[[str, Sequence[Part]], None]
"""Called with a system and what it said, after that was kept."""

_log = log.get("webhook")


class _Hook:
    """One webhook at the door."""

    def __init__(self, webhook: Webhook) -> None:
        self.system, self.config = webhook.context.system, webhook.config
        self.clock = webhook.context.clock
        self.style = make_style(self.config.signature)
        self.router = Router(self.config)
        self.methods = ("POST", "GET") if self.config.signature.style == "wecom" else ("POST",)


class Receiver:
    """Serves the webhooks that share an address; `counted` takes what happened since it was last asked."""

    def __init__(self, webhooks: Sequence[Webhook], inbox: Inbox, tell: Tell) -> None:
        self._hooks: Mapping[str, _Hook] = {one.path: _Hook(one) for one in webhooks}
        self._inbox, self._tell = inbox, tell
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="inbox")
        self._under_way = 0
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}
        self._reasons: dict[tuple[str, str], str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return
        headers = {"retry-after": "5"} if answer.status == 503 else {}
        response = Response(
            answer.body, answer.status, headers, media_type=answer.content_type if answer.body else None
        )
        await response(scope, receive, send)

    def counted(self) -> dict[str, Counter[str]]:
        """System -> what happened at its door, and how often; forgotten here."""
        with self._lock:
            counts, self._counts = self._counts, {}
            reasons, self._reasons = self._reasons, {}
        for (system, what), reason in reasons.items():
            _log.warning("calls refused", system=system, what=what, number=counts[system][what], last=reason)
        return counts

    def close(self) -> None:
        """What is being written is written."""
        self._pool.shutdown()

    async def _answer(self, request: Request) -> Answer:
        hook = self._hooks.get(request.url.path)
        if hook is None:
            here = request.url.path == "/" and request.method == "GET"
            return Answer(200, json.dumps({"paths": sorted(self._hooks)}).encode()) if here else Answer(404)
        if request.method not in hook.methods:
            return Answer(405)
        if self._under_way >= WAITING:
            self._count(hook, "busy")
            return Answer(503)
        self._under_way += 1
        try:
            return await self._take(hook, request, asyncio.get_running_loop().time() + hook.config.answer_s)
        except Refused as refused:
            self._count(hook, refused.code, refused.reason)
            return _refusal(refused.status, refused.code)
        finally:
            self._under_way -= 1

    async def _take(self, hook: _Hook, request: Request, until: float) -> Answer:
        try:
            async with asyncio.timeout_at(until):
                body = await _body(request, hook.config.max_bytes)
        except TimeoutError:
            raise Refused(408, SIZE, f"the body did not come within {hook.config.answer_s:g} s") from None
        call = Call(request.method, dict(request.headers), dict(request.query_params), body)
        opened = hook.style.open(call, hook.clock.now())
        if opened.answer is not None:
            self._count(hook, "checks of the address")
            return opened.answer
        event = hook.router.event(call, opened)
        try:
            async with asyncio.timeout_at(until):
                await asyncio.get_running_loop().run_in_executor(self._pool, self._keep, hook, event)
        except (GoldbridgeError, TimeoutError) as error:
            self._count(hook, "not kept", str(error) or "the state was busy")
            return Answer(503)
        if event.garbled:
            raise garbled(event.garbled)
        return hook.style.answer(hook.clock.now())

    def _keep(self, hook: _Hook, event: Event) -> None:
        """In a thread of its own: it may wait for the state, and goes on when nobody waits for it any more."""
        fresh = self._inbox.put(hook.system, event.id, event.parts) if event.parts else True
        self._count(hook, "taken" if fresh else "repeated")
        if fresh and event.parts:
            self._tell(hook.system, event.parts)

    def _count(self, hook: _Hook, what: str, reason: str = "") -> None:
        with self._lock:
            self._counts.setdefault(hook.system, Counter())[what] += 1
            if reason:
                self._reasons[hook.system, what] = reason


async def _body(request: Request, most: int) -> bytes:
    """All of the body; raises `Refused` as soon as it is announced, or grows, too large."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise Refused(413, SIZE, f"the body is larger than {most} bytes")
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > most:
            raise Refused(413, SIZE, f"the body is larger than {most} bytes")
    return bytes(whole)


def _refusal(status: int, code: str) -> Answer:
    """The code alone: what was wrong is for our side."""
    return Answer(status, json.dumps({"code": code}).encode())
