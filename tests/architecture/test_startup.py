"""What a command imports before it does its work: nobody waits for an orchestrator that is not asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SCRIPT = """
import json, sys
from goldbridge import cli
status = cli.main(sys.argv[1:])
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print("\\n" + json.dumps({"status": status, "loaded": loaded}))
"""
ORCHESTRATORS = {"prefect", "apscheduler"}
COMPUTING = {"pyspark", "polars", "duckdb", "pandas"}
SERVING = {"fastapi", "uvicorn", "starlette"}


def loaded(tmp_path: Path, *arguments: str) -> tuple[int, set[str]]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout.splitlines()[-1])
    return told["status"], set(told["loaded"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    from goldbridge import cli

    assert cli.main(["init", str(tmp_path / "p")]) == 0
    return tmp_path / "p"


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["explain"], ["check", "--no-secrets"], ["status"], ["tasks"], ["run", "--help"]],
    ids=" ".join,
)
def test_commands_do_not_import_an_orchestrator(project: Path, arguments: list[str]) -> None:
    status, modules = loaded(project, *arguments)
    assert status == 0, arguments
    assert modules & (ORCHESTRATORS | COMPUTING | SERVING) == set()


def test_help_imports_nothing_of_the_house_but_the_front_door(tmp_path: Path) -> None:
    _, modules = loaded(tmp_path, "--help")
    assert modules & {"connectors", "dedupe", "mdm", "flows", "sqlalchemy", "httpx", "pydantic", "rapidfuzz"} == set()
