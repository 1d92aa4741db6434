"""A system that fails over every row, and over nothing else, is down: a few calls, and nobody is blamed."""

from __future__ import annotations

import pytest

from connectors.testkit.calling import MOST_CALLS
from connectors.testkit.run import Walk
from goldbridge.errors import Retry
from tests.conformance.peers.fxiaoke import FxiaokePeer
from tests.conformance.peers.kingdee import KingdeePeer
from tests.conformance.peers.neocrm import NeocrmPeer
from tests.conformance.peers.odata import OdataPeer
from tests.conformance.peers.odoo import OdooPeer
from tests.conformance.peers.salesforce import SalesforcePeer
from tests.conformance.peers.sap import SapPeer
from tests.conformance.pretend import Pretend


@pytest.mark.parametrize(
    "kind",
    [FxiaokePeer, KingdeePeer, NeocrmPeer, OdataPeer, OdooPeer, SalesforcePeer, SapPeer],
    ids=lambda kind: kind.__name__.removesuffix("Peer"),
)
def test_f27_f28_a_system_that_fails_over_every_row_is_left_alone(kind: type[Pretend]) -> None:
    peer = kind()
    peer.add(12)
    for key in peer.keys():  # noqa: SIM118 - a peer is no mapping
        peer.poison(key)
    walk, before = Walk(peer), peer.sim.counters.calls
    walk.run()
    assert isinstance(walk.error, Retry)
    assert walk.error.code in ("CON002", "CON013")
    assert "more than 4 records in a row" in walk.error.message
    assert (walk.seen.total(), walk.rejects) == (0, [])
    assert peer.sim.counters.calls - before <= MOST_CALLS
    peer.close()
