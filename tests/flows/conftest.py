from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.bench import Bench
from tests.flows.bench_crm import CrmBench


@pytest.fixture
def bench(tmp_path: Path, store_url: str, clock: FrozenClock) -> Bench:
    """A project with empty sources, on each database in turn."""
    return Bench(tmp_path / "project", store_url, clock)


@pytest.fixture
def sqlite_bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Bench:
    """The same on SQLite only, for what does not depend on the database."""
    return Bench(tmp_path / "project", sqlite_url, clock)


@pytest.fixture
def crm(tmp_path: Path, store_url: str, clock: FrozenClock) -> CrmBench:
    """A project with a target in process, on each database in turn."""
    return CrmBench(tmp_path / "project", store_url, clock)


@pytest.fixture
def sqlite_crm(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> CrmBench:
    """The same on SQLite only, for what does not depend on the database."""
    return CrmBench(tmp_path / "project", sqlite_url, clock)
