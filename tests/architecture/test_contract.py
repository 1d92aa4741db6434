"""The import contracts hold, and no module stands outside of them."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from connectors import SHARED
from tests.architecture.tree import PACKAGES, ROOT, imported, python


def contract(name: str) -> configparser.SectionProxy:
    found = configparser.ConfigParser()
    found.read(ROOT / ".importlinter", encoding="utf-8")
    return found[f"importlinter:contract:{name}"]


def words(text: str) -> set[str]:
    return {word for line in text.splitlines() for word in line.replace("|", " ").split()}


def children(package: str) -> set[str]:
    """The packages and modules directly inside a package."""
    folder = ROOT / package
    found = {path.parent.name for path in folder.glob("*/__init__.py")}
    return found | {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}


def test_import_contracts(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--cache-dir", str(tmp_path)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_broken_contract_is_noticed(tmp_path: Path) -> None:
    """The linter really reads the contracts and really reads our code."""
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    broken = tmp_path / "contracts"
    broken.write_text(text + "\n[importlinter:contract:none]\nname = None\ntype = forbidden\nsource_modules = flows\n"
                      "forbidden_modules = goldbridge.state\n")  # fmt: skip
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--cache-dir",
        str(tmp_path),
        "--config",
        str(broken),
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "flows.hub -> goldbridge.state.engine" in found.stdout


def test_every_part_of_the_platform_has_its_layer() -> None:
    layers = words(contract("layers")["layers"])
    known = {name.removeprefix("goldbridge.") for name in layers if name.startswith("goldbridge.")}
    assert children("goldbridge") - {"simulators"} == known
    assert {name for name in layers if "." not in name} == set(PACKAGES) - {"goldbridge"}


def test_every_connector_is_held_apart_from_the_others() -> None:
    known = {name.removeprefix("connectors.") for name in words(contract("connectors-independent")["modules"])}
    assert children("connectors") - SHARED == known


def test_the_simulators_and_the_rest_know_nothing_of_each_other() -> None:
    outwards = words(contract("simulators-outwards")["forbidden_modules"])
    ours = {f"goldbridge.{name}" for name in children("goldbridge") - {"simulators"}} | set(PACKAGES) - {"goldbridge"}
    assert ours - outwards <= {"goldbridge._shadow"}
    inwards = words(contract("simulators-inwards")["source_modules"])
    small = {"_shadow", "clock", "errors", "log", "ports"}  # the layers hold these: they import nothing of the house
    assert ours - inwards == {f"goldbridge.{name}" for name in small}


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("prefect", {"flows/prefect.py", "flows/prefect_job.py"}),
        ("apscheduler", {"flows/scheduler.py"}),
        ("sqlalchemy.orm", set()),
        ("cel", {"goldbridge/mapping/expression.py", "flows/condition.py"}),
    ],
)
def test_libraries_that_stay_in_one_place(library: str, home: set[str]) -> None:
    found = {path for path in python(*PACKAGES) for _, name in imported(path) if f"{name}.".startswith(f"{library}.")}
    assert found <= home
