"""The page on writing a connector, typed in by a stranger: the package that it shows keeps every promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldbridge.cli import main
from tests.docs.page import blocks, text

PAGE = "docs/how-to/write-a-connector.md"


def written(folder: Path) -> Path:
    """The files of the page, as they stand there."""
    (folder / "acme").mkdir()
    (folder / "acme" / "__init__.py").touch()
    for block in blocks(PAGE):
        language, _, name = block.language.partition(" ")
        if language == "python":
            (folder / name).write_text(block.text, encoding="utf-8")
    return folder / "acme"


def test_the_package_of_the_page_keeps_every_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "--path", str(written(tmp_path))]) == 0
    found = re.match(r"acme +(\d+ promises held, ok)", capsys.readouterr().out)
    assert found
    assert f"says `acme {found[1]}`" in " ".join(text(PAGE).split())
