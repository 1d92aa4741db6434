"""The whole job with a Kingdee account book as the ERP: as right as with a database, and as quiet the second time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.hub import ROOT

CUSTOMERS = "150"


def demo(folder: Path, erp: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "goldbridge", "demo", "--customers", CUSTOMERS, "--erp", erp, "--json"]
    done = subprocess.run(
        [*command, "--dir", str(folder / erp), "--truth-out", str(folder / f"{erp}.json")],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    summary: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return summary | {"records": json.loads((folder / f"{erp}.json").read_text(encoding="utf-8"))}


@pytest.mark.slow
def test_the_main_job_with_kingdee_as_the_erp(tmp_path: Path) -> None:
    found, usual = demo(tmp_path, "kingdee"), demo(tmp_path, "sql")
    assert found["reconciliation"] == {"ok": True, "differences": 0}
    assert found["invariants"]["violations"] == 0
    assert found["rerun"] == {"target_writes": 0, "versions": 0}
    assert found["dead_letters"] == usual["dead_letters"]
    streams = {name.partition("/")[0] for name in found["records"]}
    assert {"erp.customer", "erp.supplier"} <= streams
    assert "erp.partner" not in streams
    assert len(found["records"]) == len(usual["records"]), "the book holds the same partners"
    assert found["golden"]["roles"] == usual["golden"]["roles"]
    for measure in ("precision", "recall"):
        assert abs(found["pairs"][measure] - usual["pairs"][measure]) < 0.01
    assert found["pairs"]["precision"] > 0.99
