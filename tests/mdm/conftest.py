from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.bench_crm import CrmBench


@pytest.fixture
def sqlite_crm(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> CrmBench:
    """A project with a target in process."""
    return CrmBench(tmp_path / "project", sqlite_url, clock)
