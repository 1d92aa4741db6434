"""Log lines go to stderr with secrets blacked out, whoever made the logger and whenever."""

from __future__ import annotations

import subprocess
import sys

from goldbridge import log

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


def test_a_message_of_ours_keeps_its_words_and_loses_its_secrets() -> None:
    log.remember_secret("hunter2-the-long-one")
    said = "CON001 crm token: 10.0.0.1:80 refused; hunter2-the-long-one at https://u:pw@example.com/"
    assert log.hide(said) == "CON001 crm token: 10.0.0.1:80 refused; [secret] at https://u:[secret]@example.com/"
    assert "10.0.0.1" not in log.redact(said)  # in a foreign sentence that is how a token is told
