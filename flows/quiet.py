"""Keeps master flows away while all golden records are gone over: two that resolve at once would undo each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from flows.config import MasterFlow, SyncFlow, TwoWayFlow
from flows.heartbeat import Heartbeat
from flows.hub import Hub
from flows.running import LEASE_S, Running, running
from goldbridge import log
from goldbridge.state import run as runs


@contextmanager
def quiet(hub: Hub, name: str) -> Iterator[Running]:
    """A run of its own, called `name`, during which no flow that keeps golden records can start.

    Raises `AlreadyRunning` STA010 when one of them is at work.
    """
    others = sorted(flow.name for flow in hub.flows.values() if isinstance(flow, MasterFlow | SyncFlow | TwoWayFlow))
    with ExitStack() as stack:
        for other in others:
            stack.enter_context(_away(hub, other))
        yield stack.enter_context(running(hub.store, name, "verify", ""))


@contextmanager
def _away(hub: Hub, flow: str) -> Iterator[None]:
    """Hold a flow's lease without running it."""
    with hub.store.begin() as conn:
        lease = runs.acquire(conn, flow, holder=runs.holder(), ttl_s=LEASE_S)
    try:
        with Heartbeat(hub.store, lease, log.get("flow").bind(flow=flow)):
            yield
    finally:
        with hub.store.begin() as conn:
            runs.release(conn, lease)
