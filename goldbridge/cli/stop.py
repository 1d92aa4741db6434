"""What SIGTERM and Ctrl-C do to a command that runs flows: the page under way is committed, then it ends.

Exit status 143 after SIGTERM and 130 after Ctrl-C, as a shell expects. Asked a second time, the command ends at once
and the page under way is rolled back.
"""

from __future__ import annotations

import os
import signal
import sys
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

    def hear(number: int, _: object) -> None:
        if told.signal is not None:
            raise KeyboardInterrupt
        told.signal = signal.Signals(number)
        # Not through sys.stderr: a signal may come in the middle of a line that is being written there.
        os.write(2, b"stopping at the end of this page; once more ends at once\n")
        told.clock.stop(told.signal.name)

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
