"""Every promise of `connectors.testkit`, held by every connector of the house."""

from __future__ import annotations

import pytest

from connectors.testkit import Check, Peer, checks, hold
from tests.conformance.peers import peers

CASES = [
    pytest.param(peer, check, id=f"{peer.__name__.removesuffix('Peer')}-{name}")
    for peer in peers()
    for name, check in checks(peer)
]


@pytest.mark.parametrize(("peer", "check"), CASES)
def test_it_holds(peer: type[Peer], check: Check) -> None:
    hold(peer, check)
