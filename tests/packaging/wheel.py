"""A wheel built from a copy of the tree, and a fresh environment that has nothing of ours but the wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT, tracked

SECRET = "a-word-that-must-not-travel"
PLANTED = (
    ".env",
    "config/secrets.env",
    "config/production.env",
    "config/.hidden.yaml",
    "config/env/secrets.yaml",
    "config/server.pem",
    "config/server.key",
    "mappings/secrets.yaml",
    "mappings/legacy_crm/.account.yaml.swp",
    "goldbridge/.env",
    "goldbridge/secrets.env",
    "connectors/secrets.txt",
    "docs/errors/.env",
    ".goldbridge/sandbox/secrets.env",
)
"""Where secrets lie about on a developer's machine."""


@dataclass(frozen=True)
class Installed:
    """The fresh environment, and a folder to work in that has nothing to do with the checkout."""

    home: Path
    work: Path

    @property
    def python(self) -> Path:
        return self.home / "bin/python"

    @property
    def packages(self) -> Path:
        return next((self.home / "lib").glob("python3.*/site-packages"))

    def run(self, *command: str, status: int = 0) -> str:
        """What a command of the environment prints; fails unless it ends with `status`."""
        environment = {"PATH": f"{self.home / 'bin'}:/usr/bin:/bin", "HOME": str(self.work), "LANG": "C.UTF-8"}
        found = subprocess.run(
            [str(self.home / "bin" / command[0]), *command[1:]],
            cwd=self.work, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert found.returncode == status, f"{command}: {found.returncode}\n{found.stdout}\n{found.stderr}"
        return found.stdout


def copy_tree(target: Path) -> Path:
    """The repository's files in another place, with secrets planted among them."""
    for path in tracked():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target / path)
    for path in PLANTED:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(f"KEY={SECRET}\n")
    return target


def build(source: Path, target: Path) -> tuple[Path, Path]:
    """(source archive, wheel), the wheel made from the archive; no network is asked."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(source)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return next(target.glob("*.tar.gz")), next(target.glob("*.whl"))


def install(wheel: Path, home: Path, work: Path) -> Installed:
    """The wheel alone in an environment of its own, which sees our dependencies but not the checkout.

    The environment is made by venv and pip, or by uv where Debian has cut pip out of Python.
    """
    pip = importlib.util.find_spec("ensurepip") is not None
    if pip:
        base = getattr(sys, "_base_executable", sys.executable)
        _do([base, "-m", "venv", str(home)])
        _do([str(home / "bin/pip"), "install", "--quiet", "--no-index", "--no-deps", str(wheel)])
    else:
        _do(["uv", "venv", "--quiet", "--python", sys.executable, str(home)])
        _do(
            [
                "uv",
                "pip",
                "install",
                "--quiet",
                "--offline",
                "--no-deps",
                "--python",
                str(home / "bin/python"),
                str(wheel),
            ]
        )
    made = Installed(home, work)
    # A path in a .pth file is searched, but the .pth files inside it are not read: the editable install stays unseen.
    (made.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def _do(command: list[str]) -> None:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    found = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{command}\n{found.stdout}\n{found.stderr}"
