"""Systems that describe themselves: objects that are there, fields with types, keys, labels, options, references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors.base import Connector
from goldbridge.records.declared import DeclaredField
from tests.conformance.peers.dynamics import DynamicsPeer
from tests.conformance.peers.fxiaoke import FxiaokePeer
from tests.conformance.peers.kingdee import KingdeePeer
from tests.conformance.peers.neocrm import NeocrmPeer
from tests.conformance.peers.odata import OdataPeer
from tests.conformance.peers.odoo import OdooPeer
from tests.conformance.peers.salesforce import SalesforcePeer
from tests.conformance.peers.sap import SapPeer
from tests.connectors.rig import MemoryStore

CASES: Mapping[str, tuple[Any, str, str, DeclaredField]] = {
    "salesforce": (SalesforcePeer, "Contact", "Id", DeclaredField("AccountId", "reference", refers="Account")),
    "dynamics": (DynamicsPeer, "accounts", "accountid", DeclaredField("name", "Edm.String")),
    "odata": (OdataPeer, "", "", DeclaredField("")),
    "sap": (SapPeer, "", "", DeclaredField("")),
    "odoo": (OdooPeer, "res.partner", "id", DeclaredField("parent_id", "many2one", refers="res.partner")),
    "neocrm": (NeocrmPeer, "customEntity1__c", "id", DeclaredField("name", "text", label="主题")),
    "fxiaoke": (FxiaokePeer, "AccountObj", "_id", DeclaredField("tel", "phone_number", label="电话")),
}


def connected(kind: str) -> tuple[Any, Connector[Any]]:
    peer = CASES[kind][0]()
    return peer, peer.connect(MemoryStore())


@pytest.mark.parametrize("kind", CASES)
def test_what_is_there_can_be_listed(kind: str) -> None:
    _peer, connector = connected(kind)
    offered = connector.objects()
    assert offered
    wanted = CASES[kind][1]
    if wanted:
        assert wanted in offered
    assert list(offered) == list(dict.fromkeys(offered))


@pytest.mark.parametrize("kind", CASES)
def test_a_stream_is_described_with_its_key(kind: str) -> None:
    peer, connector = connected(kind)
    described = {each.name: each for each in connector.describe(peer.stream) or ()}
    assert described
    assert all(each.type for each in described.values())
    stream = connector.streams[peer.stream]
    keys = [each.name for each in described.values() if each.key]
    assert keys in ([stream.key], [])  # a key of several parts is no one field's
    if stream.cursor:
        assert stream.cursor in described


@pytest.mark.parametrize("kind", [kind for kind, case in CASES.items() if case[1]])
def test_an_object_that_is_no_stream_is_described_too(kind: str) -> None:
    _, connector = connected(kind)
    _, name, key, wanted = CASES[kind]
    described = {each.name: each for each in connector.describe(name) or ()}
    assert described[key].key
    found = described[wanted.name]
    assert (found.type, found.refers) == (wanted.type, wanted.refers)
    if wanted.label:
        assert found.label == wanted.label


def test_options_come_with_what_people_read() -> None:
    _, connector = connected("fxiaoke")
    described = {each.name: each for each in connector.describe("AccountObj") or ()}
    assert "存续" in described["reg_status__c"].options.values()
    _, connector = connected("neocrm")
    described = {each.name: each for each in connector.describe("account") or ()}
    assert described["level"].options == {"1": "战略客户", "2": "普通客户", "3": "潜在客户"}
    assert described["tags__c"].options["3"] == "国企"


def test_a_form_is_described_with_its_bodies_and_with_what_is_read_through_a_reference() -> None:
    """Kingdee cannot list its forms, but says of each that is a stream which fields it has."""
    connector = KingdeePeer().connect(MemoryStore())
    assert connector.objects() is None
    described = {each.name: each for each in connector.describe("order_line") or ()}
    assert [name for name, each in described.items() if each.key] == ["FSaleOrderEntry_FEntryID"]
    assert described["FID"].type == "internal id"
    assert described["FCustId"] == DeclaredField("FCustId", "FieldType 1", "客户", required=True, refers="customer")
    assert described["FMaterialId"].label == "订单明细: 物料编码"
    assert described["FCustId.FNumber"] == DeclaredField("FCustId.FNumber", "FieldType 1", "客户 FNumber")
    assert described["FDocumentStatus"].options["C"] == "已审核"
    assert set(connector.streams["order_line"].fields or ()) <= set(described)
