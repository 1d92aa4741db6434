from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.conftest import bench, crm, sqlite_bench, sqlite_crm
from tests.mdm.town import Town

__all__ = ["bench", "crm", "sqlite_bench", "sqlite_crm", "sqlite_town", "town"]


@pytest.fixture
def town(tmp_path: Path, store_url: str, clock: FrozenClock) -> Town:
    """A few companies in two systems, on each database in turn."""
    return Town(tmp_path / "project", store_url, clock)


@pytest.fixture
def sqlite_town(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Town:
    """The same on SQLite only, for what does not depend on the database."""
    return Town(tmp_path / "project", sqlite_url, clock)
