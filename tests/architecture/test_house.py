"""The house's own rules about its source: sizes, names, time, output, folders."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from statistics import median

import pytest

from tests.architecture.tree import PACKAGES, ROOT, SIMULATORS, calls, imported, nodes, parsed, python, text, tracked

MOST_LINES, HALF_LINES = 600, 150
CLOCK = "goldbridge/clock.py"
TIME = re.compile(
    r"(datetime\.)*datetime\.(now|utcnow|today)|(datetime\.)?date\.today|time\.(time|time_ns|sleep|monotonic|monotonic_ns)"
)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
LOOSE = re.compile(r"(^|_)(utils?|helpers?|managers?|handlers?|data|info|misc|common)$")


def ours() -> list[str]:
    return [path for path in python(*PACKAGES) if not path.startswith(SIMULATORS)]


def test_no_module_is_too_long_and_half_are_short() -> None:
    lines = {path: len(text(path).splitlines()) for path in python(*PACKAGES, "benchmarks", "tools")}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
    assert median(lines.values()) < HALF_LINES


def test_time_comes_from_the_clock() -> None:
    found = [
        (path, line, name) for path in ours() if path != CLOCK for line, name in calls(path) if TIME.fullmatch(name)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.sleep(1)", ["time.sleep"]),
        ("from time import sleep as nap\nnap(1)", ["time.sleep"]),
        ("import datetime as dt\ndt.datetime.now()", ["datetime.datetime.now"]),
        ("from datetime import datetime\ndatetime.now(UTC)", ["datetime.datetime.now"]),
        ("from datetime import date\ndate.today()", ["datetime.date.today"]),
        ("from datetime import datetime\ndatetime.fromisoformat('2026-01-01')", []),
        ("clock.now()\nclock.wait(1)", []),
    ],
)
def test_what_counts_as_asking_the_time(source: str, found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.architecture import tree

    monkeypatch.setattr(tree, "nodes", lambda path: tuple(ast.walk(ast.parse(source))))
    assert [name for _, name in calls("x.py") if TIME.fullmatch(name)] == found


def test_only_the_command_line_prints() -> None:
    # The simulators are a program of their own; their one line says that they are ready.
    quiet = [path for path in python(*PACKAGES) if not path.startswith(("goldbridge/cli/", SIMULATORS))]
    assert [(path, line) for path in quiet for line, name in calls(path) if name == "print"] == []


def test_certificates_are_always_checked() -> None:
    def loose(node: ast.AST) -> bool:
        return isinstance(node, ast.keyword) and node.arg == "verify" and getattr(node.value, "value", None) is False

    assert [path for path in python(*PACKAGES, "tools") for node in nodes(path) if loose(node)] == []


def test_nothing_is_left_unfinished() -> None:
    files = [
        path for path in tracked() if path.endswith((".py", ".yaml")) or PurePosixPath(path).parent.name == "tools"
    ]
    assert [(path, found[0]) for path in files if (found := UNFINISHED.search(text(path)))] == []


def test_modules_are_named_for_what_they_are() -> None:
    assert [path for path in python(*PACKAGES, "tools") if LOOSE.search(PurePosixPath(path).stem)] == []


def test_every_python_folder_is_a_package() -> None:
    folders = {PurePosixPath(path).parent for path in tracked() if path.endswith(".py")}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()] == []


def test_folders_of_yaml_hold_yaml_only() -> None:
    found = [path for path in tracked() if path.startswith(("mappings/", "config/"))]
    assert found
    assert [path for path in found if not path.endswith(".yaml")] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in python(*PACKAGES, "tools") if text(path).strip() and not ast.get_docstring(parsed(path))]
    assert silent == []


def test_tests_mirror_the_tree() -> None:
    """`tests/dedupe/test_block.py` tests `dedupe/block.py`; a second file about it is `test_block_<topic>.py`."""
    strays = []
    for path in python(*(f"tests/{name}" for name in ("dedupe", "mdm", "connectors"))):
        file = PurePosixPath(path)
        if not file.name.startswith("test_"):
            continue
        folder = ROOT / file.relative_to("tests").parent
        subject = file.stem.removeprefix("test_")
        parts = subject.split("_")
        names = ["_".join(parts[:size]) for size in range(len(parts), 0, -1)]
        if not any((folder / f"{name}.py").is_file() or (folder / name).is_dir() for name in names):
            strays.append(path)
    assert strays == []


def test_the_four_root_packages_are_imported_by_name_only() -> None:
    """No relative imports: a root package called by its full name is the one that the shadow check has looked at."""
    relative = [
        (path, node.lineno)
        for path in python(*PACKAGES)
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []
    assert [path for path in python(*PACKAGES) for _, name in imported(path) if name.startswith("tests.")] == []
