"""tools/bootstrap on a machine that lacks something says what to install, and touches nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of nothing but the script, and a PATH with nothing but the shell's own tools."""
    (tmp_path / "tools").mkdir()
    shutil.copy2(ROOT / "tools/bootstrap", tmp_path / "tools")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "rm", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    return tmp_path


def program(checkout: Path, name: str, script: str) -> None:
    file = checkout / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def bootstrap(checkout: Path) -> tuple[int, str]:
    environment = {"PATH": str(checkout / "bin"), "HOME": str(checkout)}
    found = subprocess.run(
        ["/bin/sh", "tools/bootstrap"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    return found.returncode, found.stderr


def test_without_python(checkout: Path) -> None:
    status, said = bootstrap(checkout)
    assert status == 2
    assert said == (
        "Goldbridge needs Python 3.11, 3.12 or 3.13; on Debian: apt-get install python3.11 python3.11-venv make git\n"
    )


def test_a_python_that_is_too_old_does_not_count(checkout: Path) -> None:
    program(checkout, "python3", "exit 1")
    assert bootstrap(checkout)[0] == 2


def test_without_the_venv_module(checkout: Path) -> None:
    program(checkout, "python3.11", f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac')
    # The interpreter that is found is asked again by its own path: let that be the stand-in.
    program(
        checkout,
        "python3.11",
        f"""case "$2" in
        *ensurepip*) exit 1;;
        *_base_executable*) echo "{checkout}/bin/python3.11";;
        *) exec {sys.executable} "$@";;
    esac""",
    )
    status, said = bootstrap(checkout)
    assert status == 2
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert said == (
        f"{checkout}/bin/python3.11 cannot make environments; on Debian: apt-get install python{version}-venv\n"
    )
    assert not (checkout / ".venv").exists()


def test_uv_is_preferred_and_gets_the_lock_with_its_hashes(checkout: Path) -> None:
    program(checkout, "python3.11", f'exec {sys.executable} "$@"')
    program(checkout, "uv", f'echo "$@" >> {checkout}/asked; exec /bin/mkdir -p .venv')
    status, said = bootstrap(checkout)
    assert (status, said) == (0, "")
    asked = (checkout / "asked").read_text().splitlines()
    assert [line.split("--quiet")[0].strip() for line in asked] == ["venv", "pip sync", "pip install"]
    assert "--require-hashes requirements.lock" in asked[1]
    assert (checkout / ".venv/ready").exists()


def test_where_uv_fails_pip_gets_its_turn(checkout: Path) -> None:
    program(checkout, "python3.11", f'echo "$@" >> {checkout}/asked; case "$2" in *_base*) echo python3.11;; esac')
    program(checkout, "uv", "echo no way out >&2; exit 1")
    (checkout / ".venv/bin").mkdir(parents=True)
    shutil.copy2(checkout / "bin/python3.11", checkout / ".venv/bin/python")
    status, said = bootstrap(checkout)
    assert status == 0
    assert said.startswith("no way out\nuv could not do it (see above); trying venv and pip")
    installs = [line for line in (checkout / "asked").read_text().splitlines() if " install " in line]
    assert ["--require-hashes" in line for line in installs] == [True, False]
    assert all("--no-deps" in line for line in installs)


def test_a_failed_set_up_does_not_count_as_ready(checkout: Path) -> None:
    program(
        checkout,
        "python3.11",
        'case "$2" in *_base*) echo python3.11;; *install*) exit 1;; esac; case "$3" in install) exit 1;; esac',
    )
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/ready").touch()
    program(checkout, "../.venv/bin/python", 'case "$*" in *install*) exit 1;; esac')
    assert bootstrap(checkout)[0] != 0
    assert not (checkout / ".venv/ready").exists()


def test_the_ci_script_is_well_formed() -> None:
    for script in (".ci/run", "tools/bootstrap"):
        shell = "bash" if script == ".ci/run" else "sh"
        assert subprocess.run([shell, "-n", str(ROOT / script)], check=False).returncode == 0
        assert (ROOT / script).stat().st_mode & 0o111
