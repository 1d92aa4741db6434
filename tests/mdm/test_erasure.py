"""E87, G13: of a golden record with other records only the erased one's part goes, everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.errors import Reject
from goldbridge.state import audit, crosswalk, golden, landing
from goldbridge.state.erase import suppressed
from goldbridge.state.vault import derive
from mdm.erasure import erase
from mdm.steward import different, merge
from mdm.steward.act import decide
from mdm.steward.pinning import Pin
from tests.flows.bench_crm import CrmBench, company, credit_code
from tests.mdm.town import DING, JIA, JIA_ERP, YI, YI_ERP, Town, homes, record
from tests.state.test_erase import everything


def _one(town: Town, *sources: str) -> int:
    (home,) = set(town.home(*sources))
    assert home is not None
    return home


def _erase(town: Town, *sources: str) -> Any:
    with town.hub() as hub:
        key = derive(hub.key, "erase")
    with town.steward() as (conn, who):
        return erase(conn, who, key, [record(conn, one) for one in sources], reason="asked for it")


def test_e87_only_the_erased_record_leaves_its_golden_record(town: Town) -> None:
    """Guard: mdm.erasure:_made_anew"""
    with town.steward() as (conn, who):
        different(conn, who, record(conn, JIA_ERP), record(conn, DING), reason="王小明 said so")
        merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
    with town.steward() as (conn, who):
        # A steward's word about another field, and a question about the erased record's value that was answered.
        decide(conn, who, Pin(homes(conn, JIA), "name", "杭州甲集团有限公司", anchor=record(conn, YI)))
    home = _one(town, JIA, JIA_ERP, YI, YI_ERP)
    with town.reading() as conn:
        before = golden.load(conn, [home])[home]
        assert before.values["credit_code"] == credit_code(1)
        erased = record(conn, JIA_ERP)
        assert (credit_code(1) in everything(conn), "王小明" in everything(conn)) == (True, True)
    done = _erase(town, JIA_ERP)
    assert (done.kept, done.gone) == ([home], [])
    with town.reading() as conn:
        after = golden.load(conn, [home])[home]
        left = everything(conn)
        assert (credit_code(1) in left, "王小明" in left) == (False, False)
        assert (after.state, after.version) == ("active", before.version + 1)
        assert {**after.values, "phones": sorted(after.values["phones"])} == {
            **{name: value for name, value in before.values.items() if name != "credit_code"},
            "phones": sorted(before.values["phones"]),
        }
        assert erased not in crosswalk.members(conn, [home])[home]
        assert landing.load(conn, [erased])[erased].state == "erased"
        assert [(one.actor, one.action) for one in audit.read(conn)][-1] == ("anna", "erase")
    assert town.home(JIA, YI, YI_ERP) == [home] * 3
    assert town.broken() == []
    before_runs = town.canonical()
    town.run("parties")
    assert town.canonical() == before_runs


def test_e86_g13_mdm085_a_golden_record_of_erased_records_alone_keeps_its_id_and_nothing_else(
    sqlite_town: Town,
) -> None:
    """Guard: mdm.erasure:_empty"""
    town = sqlite_town
    home = _one(town, YI, YI_ERP)
    done = _erase(town, YI, YI_ERP)
    assert (done.kept, done.gone) == ([], [home])
    with town.hub() as hub, hub.store.read() as conn:
        assert "宁波乙" not in everything(conn)
        head = golden.load(conn, [home])[home]
        assert (head.state, head.values, head.lineage) == ("erased", {}, {})
        secret = derive(hub.key, "erase")
        assert suppressed(conn, secret, "crm", "account", ["1", "2"]) == {"2"}
    with town.steward() as (conn, who), pytest.raises(Reject, match="MDM085"):
        erase(conn, who, secret, [landing.record_id("crm", "account", "2")])
    assert town.broken() == []


def test_e87_a_row_that_we_wrote_stays_with_the_others_and_repeats_nothing(sqlite_crm: CrmBench) -> None:
    """Guard: goldbridge.state.erase:_hand_over"""
    crm = sqlite_crm
    crm.accounts("crm", company("1", "杭州甲机械有限公司", tel="0571-87654321"))
    crm.accounts("erp", company("1", "杭州甲机械有限公司", tel="0571-87654321", code=credit_code(1)))
    # The senior record of the golden record, on which its row hangs, is the one that is erased.
    crm.go("crm", "erp", "parties", "accounts")
    home, row = crm.home("crm.account", "1"), crm.rows()[0]
    senior = crm.record("new_crm.AccountObj", row["_id"]).anchor
    (key,) = [one for one in ("crm.account", "erp.partner") if crm.record(one, "1").id == senior]
    with crm.hub() as hub:
        secret = derive(hub.key, "erase")
    with crm.steward() as (conn, who):
        assert senior is not None
        done = erase(conn, who, secret, [senior])
    assert done.kept == [home]
    assert crm.home("new_crm.AccountObj", row["_id"]) == home
    stays = crm.record("new_crm.AccountObj", row["_id"])
    assert stays.anchor == crm.record("erp.partner" if key == "crm.account" else "crm.account", "1").id
    with crm.reading() as conn:
        assert landing.load(conn, [stays.id], raw=True)[stays.id].raw is None
    # It is not imported again, and the row is kept up to date as before.
    crm.clock.wait(60)
    system = key.partition(".")[0]
    crm.accounts(system, company("1", "杭州甲机械有限公司", tel="0571-11111111", at="2026-02-03 08:00:00"))
    assert crm.go(system, full=True)[system].counters.filtered == 1
    crm.go("typed", "parties", "accounts")
    assert [one["_id"] for one in crm.rows()] == [row["_id"]]
    assert (len(crm.goldens()), crm.broken()) == (1, [])
