"""Every promise of `connectors.testkit`, held by every connector of the house."""

from __future__ import annotations

import pytest

from connectors.testkit import Check, Peer, checks, hold
from tests.conformance.peers import peers


def marks(peer: type[Peer]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.tryton] if peer.kind.kind == "tryton" else []


CASES = [
    pytest.param(peer, check, id=f"{peer.__name__.removesuffix('Peer')}-{name}", marks=marks(peer))
    for peer in peers()
    for name, check in checks(peer)
]


@pytest.mark.parametrize(("peer", "check"), CASES)
def test_it_holds(peer: type[Peer], check: Check) -> None:
    if lacking := peer.lacking():
        pytest.skip(lacking)
    hold(peer, check)
