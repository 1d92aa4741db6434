"""What the peers of this folder share and somebody has to put away: a worker's end runs no exit functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.peers import tryton


@pytest.fixture(scope="session", autouse=True)
def nothing_stays() -> Iterator[None]:
    """No server outlives the tests."""
    yield
    tryton.end()
