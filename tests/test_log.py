"""Log lines go to stderr with secrets blacked out, whoever made the logger and whenever."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from goldbridge import log
early = log.get("early")
log.configure(json=True)
log.remember_secret("hunter2-the-long-one")
early.warning("called", url="https://u:pw@example.com/?sig=abc", text="with hunter2-the-long-one inside")
early.bind(system="crm").info("bound")
"""


def test_a_logger_made_at_import_follows_the_configuration() -> None:
    found = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert found.stdout == ""
    first, second = found.stderr.splitlines()
    assert '"part":"early"' in first.replace('": ', '":')
    assert "hunter2" not in found.stderr
    assert "pw@" not in found.stderr
    assert "abc" not in found.stderr
    assert '"system":"crm"' in second.replace('": ', '":')
