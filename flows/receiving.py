"""Runs the receivers of webhooks beside the scheduler, and lets flows run early when something came.

A record that came wakes the flows that read its stream; a hint wakes those that read the stream it speaks of. What came
while nobody could be woken is made up for at the start, and a flow's own schedule meets it in any case. From time to
time the counts of the doors are written down, and what was read long ago is dropped.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from sqlalchemy import Connection

from flows.config import Flow, IngestFlow, SyncFlow, TwoWayFlow
from flows.hub import Hub
from goldbridge import log
from goldbridge.clock import iso
from goldbridge.errors import GoldbridgeError, Halt, Problems, Retry
from goldbridge.ports import Part
from goldbridge.settings.project import Project
from goldbridge.state import cursor, inbox
from goldbridge.state import run as runs
from goldbridge.state.run import RunState

if TYPE_CHECKING:
    from connectors.webhook import Webhook
    from connectors.webhook.receiver import Receiver

KIND = "webhook"
WRITE_DOWN_S = 5.0
"""How often the counts of the doors are written down."""
PRUNE_EVERY = 720
"""Every so many times, what was read long ago is dropped: once an hour."""
_CONNECTIONS = 256
_DONE: tuple[RunState, ...] = ("done",)

Early = Callable[[Sequence[str], float], None]
"""Let these flows run after so many seconds."""

_log = log.get("webhook")


def webhooks(project: Project) -> list[str]:
    """The systems that are webhooks."""
    return [name for name, entry in project.sources.items() if entry.connector == KIND]


def readers(flows: Iterable[Flow], stream: str) -> list[str]:
    """The enabled flows that read a stream (system.stream)."""
    return [flow.name for flow in flows if flow.enabled and stream in sources(flow)]


def sources(flow: Flow) -> list[str]:
    """The streams that a flow reads."""
    match flow:
        case IngestFlow():
            return [flow.ingest]
        case SyncFlow():
            return [flow.sync.from_]
        case TwoWayFlow():
            return flow.sync.between
    return []


def waiting(conn: Connection, flows: Mapping[str, Flow], system: str) -> dict[str, int]:
    """Stream -> how much of it the slowest of its flows has not read yet; hints count until a flow ran after them."""
    found: dict[str, int] = {}
    for stream in inbox.streams(conn, system):
        held = [cursor.load(conn, name) for name in readers(flows.values(), f"{system}.{stream}")]
        after = min((int(one.value or 0) if one else 0 for one in held), default=0)
        ran = [runs.list_runs(conn, flow=name, states=_DONE, limit=1) for name in readers(flows.values(), stream)]
        since = min((done[0].started_at if done else "" for done in ran), default="")
        number = inbox.waiting(conn, system, stream, after) + inbox.hints(conn, system, stream, since)
        if number:
            found[stream] = number
    return found


class Receiving:
    """Use as a context manager around a scheduler; without a webhook among the sources it does nothing."""

    def __init__(self, hub: Hub, early: Early) -> None:
        """Raises `Misconfigured` when webhooks get into each other's way, or speak to nobody."""
        self._hub, self._early = hub, early
        self._webhooks = [cast("Webhook", hub.connections.get(name)) for name in webhooks(hub.project)]
        self._woken = self._wakes()
        self._settle = {one.context.system: one.config.settle_s for one in self._webhooks}
        self._servers: list[_Server] = []
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep_house, name="webhooks", daemon=True)
        self._check()

    @property
    def addresses(self) -> list[str]:
        """Where senders find us, as seen from this machine."""
        return [f"{one.url}{one.path}" for one in self._webhooks]

    def __enter__(self) -> Self:
        """Listen; raises `Halt` FLW091 when an address is taken."""
        if not self._webhooks:
            return self
        from connectors.webhook.receiver import Receiver

        self._refile()
        try:
            for listen in dict.fromkeys(one.config.listen for one in self._webhooks):
                those = [one for one in self._webhooks if one.config.listen == listen]
                self._servers.append(_Server(Receiver(those, self._hub.inbox, self._tell), those[0]))
        except BaseException:
            self._stop()
            raise
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if self._webhooks:
            self._ended.set()
            self._keeper.join()
            self._write_down()

    def catch_up(self) -> None:
        """Wake the flows for which something came while nobody listened to it."""
        for webhook in self._webhooks:
            system = webhook.context.system
            with self._hub.store.read() as conn:
                left = waiting(conn, self._hub.flows, system)
            self._wake(system, left)

    def _tell(self, system: str, parts: Sequence[Part]) -> None:
        self._wake(system, [one.stream for one in parts])

    def _wake(self, system: str, streams: Iterable[str]) -> None:
        names = [name for stream in dict.fromkeys(streams) for name in self._woken.get((system, stream), ())]
        if names:
            self._early(list(dict.fromkeys(names)), self._settle[system])

    def _wakes(self) -> dict[tuple[str, str], list[str]]:
        """(webhook, stream as the inbox has it) -> the flows that it wakes."""
        found = {}
        flows = self._hub.flows.values()
        for webhook in self._webhooks:
            system = webhook.context.system
            for name in webhook.config.streams:
                found[system, name] = readers(flows, f"{system}.{name}")
            for hint in webhook.config.hints.values():
                found[system, hint.stream] = readers(flows, hint.stream)
        return found

    def _check(self) -> None:
        problems = Problems()
        taken: dict[tuple[str, str], str] = {}
        for webhook in self._webhooks:
            system, config = webhook.context.system, webhook.config
            document = self._hub.project.sources[system].document
            place = (config.listen, webhook.path)
            if place in taken:
                message = (
                    f"{taken[place]} listens at {webhook.url}{webhook.path} already; give one of them another `path`"
                )
                problems.note(document.key_mark("sources", system), "FLW090", message)
            taken.setdefault(place, system)
            for name, hint in config.hints.items():
                if not self._woken[system, hint.stream]:
                    message = f"no enabled flow reads {hint.stream}, so this hint wakes nobody"
                    problems.note(document.mark("sources", system, "hints", name, "stream"), "FLW092", message)
        problems.raise_any()

    def _refile(self) -> None:
        """What nobody waited for under earlier settings may be waited for now."""
        from connectors.webhook.event import Router

        for webhook in self._webhooks:
            system = webhook.context.system
            with self._hub.store.begin() as conn:
                taken = inbox.refile(conn, system, Router(webhook.config).route)
            if taken:
                _log.info("events taken up that were set aside before", system=system, number=taken)

    def _keep_house(self) -> None:
        rounds = 0
        while not self._ended.wait(WRITE_DOWN_S):
            self._write_down()
            if rounds % PRUNE_EVERY == 0:
                self._prune()
            rounds += 1

    def _write_down(self) -> None:
        for server in self._servers:
            for system, counts in server.receiver.counted().items():
                try:
                    with self._hub.store.begin() as conn:
                        inbox.tally(conn, system, counts)
                except GoldbridgeError as error:
                    _log.warning("counts not written down", system=system, reason=str(error), **counts)

    def _prune(self) -> None:
        flows = self._hub.flows
        for webhook in self._webhooks:
            system = webhook.context.system
            before = iso(self._hub.clock.now() - timedelta(days=webhook.config.keep_days))
            try:
                with self._hub.store.begin() as conn:
                    newest = inbox.last(conn)
                    for stream in ["", *inbox.streams(conn, system)]:
                        held = [cursor.load(conn, name) for name in readers(flows.values(), f"{system}.{stream}")]
                        read = min((int(one.value or 0) if one else 0 for one in held), default=0)
                        # Hints and what nobody waits for are in nobody's way; records stay until they were read.
                        until = read if stream in webhook.config.streams else newest
                        inbox.prune(conn, system, stream, until, before)
            except GoldbridgeError as error:
                _log.warning("old events not dropped, tried again", system=system, reason=str(error))

    def _stop(self) -> None:
        for server in self._servers:
            server.stop()


class _Server:
    """One address, served by a thread of its own."""

    def __init__(self, receiver: Receiver, webhook: Webhook) -> None:
        import uvicorn

        self.receiver = receiver
        host, port = webhook.config.place
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            message = f"{webhook.context.system}: cannot listen on {webhook.config.listen} ({error.strerror}); end the "
            raise Halt("FLW091", message + "program that uses this address, or change `listen`") from None
        # It listens before the thread starts, so that a first call waits in the backlog instead of failing.
        self._socket.listen(_CONNECTIONS)
        options: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
        config = uvicorn.Config(
            receiver, http="h11", ws="none", lifespan="off", proxy_headers=False, limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=5, **options,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"listen-{port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Calls under way are answered; no further one is taken."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.receiver.close()


class Answered(NamedTuple):
    """What a receiver said to an event."""

    status: int
    said: str


def send(webhook: Webhook, content: bytes, headers: Mapping[str, str], url: str = "") -> Answered:
    """Send an event as its sender would; raises `Retry` FLW093 when nobody listens there."""
    import httpx

    from connectors.webhook.style import make_style

    call = make_style(webhook.config.signature).sign(content, webhook.context.clock.now())
    address = url or f"{webhook.url}{webhook.path}"
    try:
        answer = httpx.request(
            call.method, address, params=dict(call.query), headers={**headers, **call.headers}, content=call.body,
            timeout=webhook.config.answer_s + 5, trust_env=False,
        )  # fmt: skip
    except httpx.HTTPError as error:
        message = (
            f"{address.split('?')[0]}: nobody listens there ({type(error).__name__}); is `goldbridge serve` running?"
        )
        raise Retry("FLW093", message) from None
    if answer.status_code == 200:
        return Answered(200, "kept")
    try:
        code = answer.json().get("code", "")
    except (ValueError, AttributeError):
        code = ""  # a proxy between us, or no receiver of ours
    return Answered(answer.status_code, f"refused {code}".strip())
