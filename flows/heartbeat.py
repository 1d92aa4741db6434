"""Keeps the lease of a run that is alive between two pages, and lets go of one that hangs.

A page extends its run's lease by itself. Between pages a run may wait for a rate limit, write two hundred rows one by
one or read a long list, for longer than a lease lasts; meanwhile a thread renews it. A run that gives no sign of life
for half an hour is taken for hung: its stack is logged and its lease runs out, so that another process may take over.
What the hung one still tries to commit is refused by the fence.
"""

from __future__ import annotations

import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Self

from goldbridge.clock import SYSTEM
from goldbridge.errors import Halt, Retry
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from goldbridge.state.run import Lease

BEATS = 3
"""Renewals in the time a lease lasts."""

SILENCE_S = 1800.0
"""Longer than any call with all its attempts and waits; whatever gives no sign for this long hangs."""


class Heartbeat:
    """Use as a context manager around a run; `turn` is held while a page is open, which renews the lease itself."""

    def __init__(self, store: Store, lease: Lease, log: Any, *, silence_s: float = SILENCE_S) -> None:
        self.turn = threading.Lock()
        self._store, self._lease, self._log = store, lease, log
        self._silence_s = silence_s
        self._ended = threading.Event()
        self._watched = threading.get_ident()
        self._sign_at = SYSTEM.monotonic()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.flow}", daemon=True)

    def sign(self) -> None:
        """The run is alive: a page ended, or progress was made."""
        self._sign_at = SYSTEM.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._lease.ttl_s / BEATS):
            if SYSTEM.monotonic() - self._sign_at > self._silence_s:
                self._log.error("no sign of life; the lease is given up", silent_s=self._silence_s, at=self._stack())
                return
            if self.turn.acquire(blocking=False):
                try:
                    if not self._renew():
                        return
                finally:
                    self.turn.release()

    def _renew(self) -> bool:
        """Whether it makes sense to go on renewing."""
        try:
            with self._store.begin() as conn:
                runs.check_fence(conn, self._lease)
        except Retry as error:
            self._log.warning("lease not renewed, tried again", reason=str(error))
        except Halt as error:
            self._log.warning("lease lost; the next page is refused", reason=str(error))
            return False
        return True

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._watched)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""
