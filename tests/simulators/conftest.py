import pytest

from goldbridge.simulators.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """Large enough for rates to show, made once."""
    return World(3000, 7)
