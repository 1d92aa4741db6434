"""A command of either side, with what it cost: CPU seconds and peak memory of exactly that process."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str
    cpu_s: float
    peak_mib: float


def run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Done:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **env}, stdout=out, stderr=err, text=True)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        cpu_s = used.ru_utime + used.ru_stime
        return Done(process.returncode, out.read(), err.read(), cpu_s, used.ru_maxrss / 1024)
