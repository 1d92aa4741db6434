"""Shows progress: a bar on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldbridge import log
from goldbridge.clock import SYSTEM
from goldbridge.ports import Progress

if TYPE_CHECKING:
    from rich.console import Console

EVERY_S = 5.0
PIPE_WIDTH = 160


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and wide enough for them where there is none."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


class _Lines:
    """For files and pipes: at most one line every few seconds."""

    def __init__(self, name: str) -> None:
        self._log, self._name = log.get("progress"), name
        self._done, self._last = 0, SYSTEM.monotonic()
        self._total: int | None = None

    def advance(self, done: int, total: int | None = None) -> None:
        self._done += done
        self._total = total if total is not None else self._total
        if SYSTEM.monotonic() - self._last >= EVERY_S:
            self._last = SYSTEM.monotonic()
            of = {"total": self._total} if self._total else {}
            self._log.info("progress", flow=self._name, done=self._done, **of)


@contextmanager
def watching(name: str) -> Iterator[Progress]:
    """Progress of one flow, on stderr."""
    if not sys.stderr.isatty():
        yield _Lines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(name, total=None)

        class Shown:
            def advance(self, done: int, total: int | None = None) -> None:
                bar.update(shown, advance=done)
                if total is not None:
                    bar.update(shown, total=total)

        yield Shown()
