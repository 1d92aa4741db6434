"""What SIGTERM and Ctrl-C do to a command that runs flows: the page under way is committed, then it ends.

Exit status 143 after SIGTERM and 130 after Ctrl-C, as a shell expects. Asked a second time, the command ends at once
and the page under way is rolled back. SIGUSR1 prints where every thread is, for a process that seems to hang.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from goldbridge.cli import Session, report

if TYPE_CHECKING:
    from flows.stop import StoppableClock

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Told:
    """What the process was told so far, and the clock that passes it on to the flows."""

    def __init__(self, clock: StoppableClock) -> None:
        self.clock = clock
        self.signal: signal.Signals | None = None

    def status(self) -> int:
        """The exit status for the signal that came, 0 when none did."""
        return 128 + self.signal if self.signal is not None else 0

    def end_now(self) -> NoReturn:
        """End without waiting for threads that did not stop; what they did not commit is rolled back."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.status())


@contextmanager
def stoppable(state: Session) -> Iterator[Told]:
    """Run a command under this; a run that stopped is reported, and the command ends with the signal's status."""
    from flows.stop import StoppableClock, Stopped

    told = Told(StoppableClock())
    word, mouth = os.pipe()

    def hear(number: int, _: object) -> None:
        if told.signal is not None:
            raise KeyboardInterrupt
        told.signal = signal.Signals(number)
        # Only bare writes: a signal may come in the middle of a line, or while the clock's own lock is held.
        os.write(2, b"stopping at the end of this page; once more ends at once\n")
        os.write(mouth, b"!")

    def pass_on() -> None:
        with os.fdopen(word, "rb") as ear:
            if ear.read(1) and told.signal is not None:
                told.clock.stop(told.signal.name)

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    faulthandler.register(signal.SIGUSR1, file=2)
    before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield told
    except Stopped as error:
        report(error, state)
        raise typer.Exit(told.status()) from None
    except KeyboardInterrupt:
        if told.signal != signal.SIGTERM:
            raise
        raise typer.Exit(told.status()) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(mouth)
