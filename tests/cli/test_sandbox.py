"""`goldbridge sandbox`: a landscape that starts, answers, is one per project, and says why when it does not start."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldbridge.cli import sandbox
from tests.bad_input.desk import Said, hear
from tests.cli.test_check import FILES, write


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A small project; its sandbox, if one was started, ends with the test."""
    for path, text in FILES.items():
        write(tmp_path, path, text)
    yield tmp_path
    found = sandbox.running(tmp_path / ".goldbridge")
    if found is not None:
        sandbox.stop(found.pid)


def up(root: Path, capsys: pytest.CaptureFixture[str], port: int = 0) -> Said:
    return hear(root, capsys, "sandbox", "up", "--customers", "10", "--port", str(port))


def test_a_sandbox_starts_answers_and_stops(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hear(root, capsys, "sandbox", "status").out == "no sandbox runs here\n"
    said = up(root, capsys)
    assert (said.status, said.errors) == (0, [])
    found = json.loads(hear(root, capsys, "sandbox", "status", "--json").out)
    assert said.out.startswith(f"sandbox runs at {found['url']} (pid {found['pid']}) over a world of 10 companies")
    folder = root / ".goldbridge/sandbox"
    assert (folder / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert f"new_crm: {{base_url: {found['url']}/fxiaoke" in (root / ".goldbridge/env/sandbox.yaml").read_text()

    again = up(root, capsys)
    assert again.status == 75
    assert again.error == (f"SBX002 a sandbox runs already (pid {found['pid']}); `goldbridge sandbox down` stops it")
    assert hear(root, capsys, "sandbox", "down").out == "sandbox stopped\n"
    assert hear(root, capsys, "sandbox", "status").status == 1
    assert hear(root, capsys, "sandbox", "down").out == "no sandbox runs here\n"


def test_sbx001_a_port_that_is_taken(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = up(root, capsys, port)
    assert said.status == 1
    assert said.error == (
        f"SBX001 the sandbox did not start: SBX011 port {port} on 127.0.0.1 cannot be used (Address already in use); "
        "stop what uses it, or choose another one with --port"
    )
    assert sandbox.running(root / ".goldbridge") is None
    assert not (root / ".goldbridge/env/sandbox.yaml").exists()


def test_a_number_that_another_program_has_now_is_no_sandbox(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = root / ".goldbridge/sandbox"
    folder.mkdir(parents=True)
    told = {"pid": os.getpid(), "url": "http://127.0.0.1:9", "told": {}}
    (folder / "sandbox.json").write_text(json.dumps(told), encoding="utf-8")
    assert hear(root, capsys, "sandbox", "down").out == "no sandbox runs here\n"


def test_a_slip_in_the_limits(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = hear(root, capsys, "sandbox", "up", "--limits", "none")
    assert said.status == 2
    assert said.errors[-1].endswith("say roomy or sheet")
