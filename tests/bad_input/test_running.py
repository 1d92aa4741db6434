"""A second hub on the same state is told so and changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.architecture.tree import ROOT
from tests.bad_input.desk import Desk


def test_a_second_serve_on_the_same_state(desk: Desk) -> None:
    command = [sys.executable, "-m", "goldbridge", "serve", "--no-at-start", "--project", str(desk.root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as first:
        try:
            assert first.stderr is not None
            while "serving " not in (line := first.stderr.readline()):
                assert line, "the first one did not start"
            said = desk.type("serve", "--no-at-start")
            assert said.status == 75
            assert said.error.startswith("STA")
            assert str(first.pid) in said.error
        finally:
            first.send_signal(signal.SIGTERM)
        first.wait(timeout=30)
