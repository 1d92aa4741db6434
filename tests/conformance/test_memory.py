"""F67: what a reader holds does not grow with what there is to read (`benchmarks.million` in small)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FEW, MANY = 20_000, 80_000
GROWTH_MIB = 8.0
"""A list of the keys of 60,000 rows alone would be more."""


@pytest.mark.parametrize("kind", ["sql", "file", "rest", "odata"])
def test_four_times_the_records_take_no_more_memory(kind: str) -> None:
    command = [sys.executable, "-m", "benchmarks.million", kind, "--json", "--records", str(FEW), str(MANY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    few, many = json.loads(done.stdout)
    assert (few["records"], many["records"]) == (FEW, MANY)
    assert many["peak_mib"] - few["peak_mib"] < GROWTH_MIB
