"""The README's tour is walked, line by line; its Chinese version is the same tour."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.tree import text
from tests.docs.page import Block, blocks, links, prose

README, CHINESE = "README.md", "README.zh-CN.md"
CUSTOMERS = """编号,公司名称,电话
1,杭州示例智能装备有限公司,0571-87654321
2,杭州示例智能装备（集团）有限公司,057187654321
3,上海别家贸易有限公司,021-55556666
"""


@dataclass
class Shell:
    """Runs a page's lines one after the other, as somebody who pastes them; `cd` and `export` last."""

    folder: Path
    environment: dict[str, str]
    said: list[tuple[str, int, str]] = field(default_factory=list)

    def type(self, line: str) -> None:
        for part in re.split(r"\s+&&\s+", line):
            command = part.partition("  #")[0].strip()
            if command.startswith("export "):
                name, _, value = command.removeprefix("export ").partition("=")
                self.environment[name] = value
            elif command.startswith("cd "):
                self.folder = self.folder / command.removeprefix("cd ")
            else:
                found = subprocess.run(
                    command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True,
                    check=False, timeout=180, stdin=subprocess.DEVNULL,
                )  # fmt: skip
                self.said.append((command, found.returncode, found.stdout + found.stderr))

    def status(self, start: str) -> list[int]:
        return [status for command, status, _ in self.said if command.startswith(start)]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    binaries = Path(sys.executable).parent
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLUMNS": "200"}
    yield Shell(tmp_path, environment)
    if (tmp_path / "tour").exists():  # whatever happened, no landscape stays behind
        command = [str(binaries / "goldbridge"), "--project", str(tmp_path / "tour"), "sandbox", "down"]
        subprocess.run(command, env=environment, capture_output=True, check=False)


def tour() -> list[Block]:
    return [block for block in blocks(README) if "goldbridge" in block.text]


@pytest.mark.slow
def test_the_tour(shell: Shell) -> None:
    for block in tour():
        for line in block.text.strip().splitlines():
            if not line or "make .venv/ready" in line or "dedupe" in line:
                continue
            here = line.replace("/tmp/tour", str(shell.folder / "tour") if "init" in line else "tour")
            shell.type(re.sub(r"--customers \d+", "--customers 100 --port 0", here))
            expected = line.partition("# ...: ")[2]
            if expected:
                assert expected in shell.said[-1][2]
    checks = shell.status("goldbridge check")
    others = [(command, status) for command, status, _ in shell.said if status and command != "goldbridge check"]
    assert others == []
    assert checks == [0, 2]
    output = {command: said for command, _, said in shell.said}
    assert "party, active" in output["goldbridge golden show legacy_crm.account/C000001"]
    assert "bits" in output["goldbridge tasks next --lane doubt"]
    assert "reconcile_new_crm" in output["goldbridge run --all"]


@pytest.mark.slow
def test_any_file_can_be_deduplicated(shell: Shell) -> None:
    (shell.folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (line,) = [line for block in tour() for line in block.text.splitlines() if line.startswith("goldbridge dedupe")]
    shell.type(line)
    assert shell.said[0][1] == 0, shell.said[0][2]
    rows = (shell.folder / "clusters.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 4


def test_make_targets_in_the_readme_exist() -> None:
    known = set(re.findall(r"^([a-z./]+):", text("Makefile"), re.M))
    code = "\n".join(block.text for block in blocks(README)) + " ".join(re.findall(r"`([^`]+)`", prose(README)))
    asked = set(re.findall(r"(?<![\w.-] )\bmake ([a-z./]+)", code))
    assert {"demo", "test", ".venv/ready"} <= asked
    assert asked - known == set()


def bare(block: Block) -> list[str]:
    """The lines without their comments, which are translated."""
    return [re.sub(r"\s+# .*", "", line).rstrip() for line in block.text.splitlines()]


def test_the_chinese_readme_keeps_in_step() -> None:
    ours, theirs = blocks(README), blocks(CHINESE)
    plain = [block for block in ours if block.language != "mermaid"]
    assert [bare(block) for block in theirs if block.language != "mermaid"] == [bare(block) for block in plain]
    assert [block.language for block in theirs] == [block.language for block in ours]
    levels = [re.findall(r"^(#+) ", prose(page), re.M) for page in (README, CHINESE)]
    assert levels[0] == levels[1]
    tables = [len(re.findall(r"^\|", prose(page), re.M)) for page in (README, CHINESE)]
    assert tables[0] == tables[1]
    same = [[link for link in links(page) if not link.startswith("README")] for page in (README, CHINESE)]
    assert same[0] == same[1]
    assert links(README).count(CHINESE) == links(CHINESE).count(README) == 1


def test_the_chinese_readme_is_chinese() -> None:
    assert len(re.findall(r"[\u4e00-\u9fff]", prose(CHINESE))) > 300
