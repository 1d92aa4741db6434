"""The page that starts a mapping from what is there, typed as it stands in a new project beside a sandbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.page import blocks
from tests.docs.test_tour import Shell

PAGE = "docs/how-to/start-a-mapping.md"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    binaries = Path(sys.executable).parent
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLUMNS": "200"}
    made = Shell(tmp_path, environment)
    made.type("goldbridge init work && cd work && goldbridge sandbox up --customers 60 --port 0")
    made.type("export GOLDBRIDGE_ENV=sandbox")
    yield made
    command = [str(binaries / "goldbridge"), "--project", str(tmp_path / "work"), "sandbox", "down"]
    subprocess.run(command, env=environment, capture_output=True, check=False)


@pytest.mark.slow
def test_the_page_works_as_it_is_written(shell: Shell) -> None:
    root = shell.folder
    words = next(block.text for block in blocks(PAGE) if block.language == "yaml" and "# words.yaml" in block.text)
    (root / "words.yaml").write_text(words, encoding="utf-8")
    for block in blocks(PAGE):
        if block.language:
            continue
        for line in block.text.strip().splitlines():
            if line.startswith("goldbridge mapping test"):  # the reader has moved the file to its place
                (root / "mappings/draft/contact.yaml").replace(root / "mappings/legacy_crm/contact.yaml")
            shell.type(line)
    assert [(command, status, said) for command, status, said in shell.said if status] == []
    output = {command: said for command, _, said in shell.said}
    assert "not configured: " not in output["goldbridge discover legacy_crm contact --rows 500"]
    assert "风险" not in output["goldbridge discover legacy_crm"]
    assert "等级" in output["goldbridge discover new_crm object_r1sk7__c"]
    assert "ok    legacy_crm.contact: 3 examples" in output["goldbridge mapping test legacy_crm.contact"]
    written = (root / "mappings/legacy_crm/contact.yaml").read_text(encoding="utf-8")
    shown = next(block.text for block in blocks(PAGE) if block.language == "yaml" and "its name reads" in block.text)
    assert [line for line in shown.splitlines() if line not in written.splitlines()] == []
