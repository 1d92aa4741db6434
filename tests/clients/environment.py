"""Environments of their own for client libraries: their licences and pins stay out of ours.

`run` installs the pinned requirements once into the user's cache and runs a script there against a simulator that
listens on loopback; `run_node` does so for packages of npm. Where they cannot be installed, the test is skipped with
the reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

_INSTALL_S, _RUN_S = 300, 60


def python(*requirements: str) -> Path:
    """The interpreter of an environment with exactly these requirements (pinned); made on first use.

    An option of the installer may stand among them: `--no-deps` for a package whose own requirements are wrong.
    """
    return _home(sys.version, requirements, _install) / "bin" / "python"


def run(requirements: tuple[str, ...], script: str, *arguments: str, **environment: str) -> Any:
    """What the script prints as JSON on its last line; an error of the script fails the test with its output."""
    return _run([str(python(*requirements)), "-c", script, *arguments], environment)


def run_node(requirements: tuple[str, ...], script: str, *arguments: str) -> Any:
    """The same for JavaScript; `process.argv[1]` is the first argument."""
    interpreter = shutil.which("node")
    if not interpreter or not shutil.which("npm"):
        pytest.skip("node and npm are not on this machine")
    home = _home("node", requirements, _install_node)
    return _run([interpreter, "-e", script, "--", *arguments], {"NODE_PATH": str(home / "node_modules")})


def _home(language: str, requirements: Sequence[str], install: Callable[[Path, Sequence[str]], None]) -> Path:
    """The folder where these requirements are installed; two processes never install the same ones at once."""
    name = hashlib.sha256("\n".join((language, *sorted(requirements))).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "goldbridge" / "clients"
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            try:
                install(home, requirements)
            except (OSError, subprocess.SubprocessError) as error:
                told = (getattr(error, "stderr", "") or str(error)).strip()
                pytest.skip(f"{', '.join(requirements)} cannot be installed here: {told[-300:]}")
            (home / "ready").touch()
    return home


def _install(home: Path, requirements: Sequence[str]) -> None:
    if uv := shutil.which("uv"):
        commands = [[uv, "venv", "-q", "--python", sys.executable, str(home)],
                    [uv, "pip", "install", "-q", "--python", str(home / "bin" / "python"), *requirements]]  # fmt: skip
    else:
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        commands = [[sys.executable, "-m", "venv", str(home)], [*pip, *requirements]]
    for command in commands:
        _call(command)


def _install_node(home: Path, requirements: Sequence[str]) -> None:
    home.mkdir()
    _call(["npm", "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
           *requirements])  # fmt: skip


def _call(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_S)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Any:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        command, env={**kept, "PYTHONIOENCODING": "utf-8", **environment}, capture_output=True, text=True,
        timeout=_RUN_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.fail(f"the client failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
