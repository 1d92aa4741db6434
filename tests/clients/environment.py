"""Environments of their own for client libraries: their licences and pins stay out of ours.

`run` installs the pinned requirements once into the user's cache and runs a script there against a simulator that
listens on loopback. Where they cannot be installed, the test is skipped with the reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_INSTALL_S, _RUN_S = 300, 60


def python(*requirements: str) -> Path:
    """The interpreter of an environment with exactly these requirements (pinned); made on first use.

    An option of the installer may stand among them: `--no-deps` for a package whose own requirements are wrong.
    """
    name = hashlib.sha256("\n".join((sys.version, *sorted(requirements))).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "goldbridge" / "clients"
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            try:
                _install(home, requirements)
            except (OSError, subprocess.SubprocessError) as error:
                told = (getattr(error, "stderr", "") or str(error)).strip()
                pytest.skip(f"{', '.join(requirements)} cannot be installed here: {told[-300:]}")
    return home / "bin" / "python"


def _install(home: Path, requirements: tuple[str, ...]) -> None:
    shutil.rmtree(home, ignore_errors=True)
    if uv := shutil.which("uv"):
        commands = [[uv, "venv", "-q", "--python", sys.executable, str(home)],
                    [uv, "pip", "install", "-q", "--python", str(home / "bin" / "python"), *requirements]]  # fmt: skip
    else:
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        commands = [[sys.executable, "-m", "venv", str(home)], [*pip, *requirements]]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_S)
    (home / "ready").touch()


def run(requirements: tuple[str, ...], script: str, *arguments: str, **environment: str) -> Any:
    """What the script prints as JSON on its last line; an error of the script fails the test with its output."""
    interpreter = python(*requirements)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [str(interpreter), "-c", script, *arguments],
        env={**kept, "PYTHONIOENCODING": "utf-8", **environment}, capture_output=True, text=True, timeout=_RUN_S,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.fail(f"the client failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
