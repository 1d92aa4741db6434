"""Runs one program and measures all of it: CPU seconds of the process and its children, wall seconds, peak memory.

A program over its memory or its time is ended and says so; nothing is left running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_EVERY_S = 0.1
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Run(NamedTuple):
    """What a program cost. `ended` is "" or why there is no result: out of memory, out of time, failed."""

    ended: str
    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str = ""


def run(
    command: Sequence[str | Path],
    *,
    most_mb: float,
    most_s: float,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Run:
    """Run to the end, or to a limit."""
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=cwd,
        env=env,
    ) as child:
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        said, peak, ended = b"", 0.0, ""
        while True:
            said = (said + (child.stdout.read() or b""))[-20_000:]
            peak = max(peak, memory(child.pid))
            wall = time.perf_counter() - start
            ended = ended or ("out of memory" if peak > most_mb else "out of time" if wall > most_s else "")
            if ended:
                os.killpg(child.pid, signal.SIGKILL)
            # WNOWAIT is not for wait4, so the child is taken here and Popen told about it.
            gone, status, used = os.wait4(child.pid, 0 if ended else os.WNOHANG)
            if gone:
                child.returncode = os.waitstatus_to_exitcode(status)
                said = (said + (child.stdout.read() or b""))[-20_000:]
                break
            time.sleep(_EVERY_S)
    if not ended and child.returncode:
        ended = "failed"
    text = said.decode("utf-8", "replace")
    return Run(
        ended, used.ru_utime + used.ru_stime, time.perf_counter() - start, max(peak, used.ru_maxrss / 1024), text
    )


def memory(pid: int) -> float:
    """Resident MiB of a process and its descendants."""
    total, open_ = 0.0, [pid]
    while open_:
        one = open_.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE_MB
            for task in Path(f"/proc/{one}/task").iterdir():
                open_.extend(map(int, (task / "children").read_text().split()))
        except (OSError, IndexError):
            continue
    return total
