"""What becomes of records that their source deletes, restores, merges and splits."""

from __future__ import annotations

import pytest

from goldbridge.state import decision, golden
from mdm.steward import answer, different
from tests.flows.bench import row
from tests.mdm.town import DING, JIA, JIA_ERP, PHONE, YI, Town, record

EDITED = "2026-02-03 08:00:00"


@pytest.fixture
def kin(town: Town) -> Town:
    """The town, whose CRM says in the column of the address into which record another was merged."""
    return _told(town, "merged_into")


def _told(town: Town, key: str) -> Town:
    town.edit("mappings/crm/account.yaml", "  address: {from: ADDRESS, via: [blank, address]}\n", "")
    town.edit("mappings/crm/account.yaml", "key: ID\n", f"key: ID\n{key}: ADDRESS\n")
    return town


def gone(key: str, name: str, at: str = EDITED) -> tuple[str | None, ...]:
    return row(key, name, gone="1", at=at)


def test_e71_what_was_deleted_and_restored_is_where_it_was(town: Town) -> None:
    """Guard: mdm.core:speaks"""
    before = town.home(JIA, DING)
    town.put("crm", gone("1", "杭州甲机械有限公司"), gone("4", "绍兴丁纺织有限公司"))
    town.run("crm", "parties")
    with town.reading() as conn:
        heads = golden.load(conn, [one for one in before if one is not None])
        assert [heads[one or 0].state for one in before] == ["active", "retired"]
    town.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE, at="2026-02-04 08:00:00"),
             row("4", "绍兴丁纺织有限公司", tel="0575-88888888", at="2026-02-04 08:00:00"))  # fmt: skip
    town.run("crm", "parties")
    assert town.home(JIA, DING) == before
    assert town.home(JIA) == town.home(JIA_ERP)
    assert town.broken() == []


def test_e71_unless_a_steward_said_otherwise_meanwhile(town: Town) -> None:
    """Guard: goldbridge.state.decision:active_assertions"""
    with town.steward() as (conn, who):
        different(conn, who, record(conn, JIA), record(conn, JIA_ERP))
    apart = town.home(JIA, JIA_ERP)
    assert len(set(apart)) == 2
    town.put("crm", gone("1", "杭州甲机械有限公司"))
    town.run("crm", "parties")
    town.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE, at="2026-02-04 08:00:00"))
    town.run("crm", "parties")
    assert town.home(JIA, JIA_ERP) == apart


@pytest.mark.parametrize("deleted", ["0", "1"], ids=["the loser stays", "the loser goes"])
def test_e73_a_merge_in_the_source_makes_the_losers_key_an_alias(kin: Town, deleted: str) -> None:
    """Guard: mdm.told:merged"""
    jia, ding = kin.home(JIA, DING)
    kin.put("crm", row("4", "绍兴丁纺织有限公司", address="1", gone=deleted, at=EDITED))
    kin.run("crm", "parties")
    assert kin.home(JIA, DING) == [jia, jia]
    with kin.reading() as conn:
        assert ding is not None
        assert golden.resolve(conn, [ding])[ding].ids == [jia]
        (said,) = decision.active_assertions(conn)
        assert (said.kind, said.author) == ("same", "system")
    before = kin.canonical()
    kin.run("crm", "parties")
    assert kin.canonical() == before
    assert kin.broken() == []


def test_e73_what_a_steward_said_before_stands(kin: Town) -> None:
    """Guard: mdm.told:unsaid"""
    with kin.steward() as (conn, who):
        different(conn, who, record(conn, JIA), record(conn, DING))
    apart, said = kin.home(JIA, DING), kin.canonical()["assertions"]
    kin.put("crm", row("4", "绍兴丁纺织有限公司", address="1", at=EDITED))
    kin.run("crm", "parties")
    assert kin.home(JIA, DING) == apart
    assert kin.canonical()["assertions"] == said
    # Neither does the source's word about others grow every time it is read.
    kin.put("crm", row("4", "绍兴丁纺织有限公司", address="2", at="2026-02-04 08:00:00"))
    kin.run("crm", "parties")
    kin.put("crm", row("4", "绍兴丁纺织有限公司", tel="0575-1", address="2", at="2026-02-05 08:00:00"))
    kin.run("crm", "parties")
    assert len(kin.canonical()["assertions"]) == len(said) + 1
    assert kin.home(DING) == kin.home(YI)


@pytest.mark.parametrize("judgement", ["same", "different"])
def test_e74_a_split_in_the_source_is_a_question_with_the_old_golden_record(town: Town, judgement: str) -> None:
    """Guard: mdm.told:parted"""
    _told(town, "split_from")
    (jia,) = town.home(JIA)
    town.put("crm", row("8", "杭州甲机械有限公司", tel=PHONE, address="1", at=EDITED))
    town.run("crm", "parties")
    (new,) = town.home("crm.account/8")
    assert new != jia
    (asked,) = [one for one in town.tasks(kinds=["match"]) if one.queue == "held"]
    assert set(asked.payload["goldens"]) == {jia, new}
    assert asked.payload["reason"].startswith("held: split in the source (crm.account/8 and 1)")
    with town.steward() as (conn, who):
        answer(conn, who, asked.id, judgement)
    town.run("crm", "parties")
    assert (len(set(town.home(JIA, "crm.account/8"))) == 1) is (judgement == "same")
    assert [one for one in town.tasks() if one.queue == "held"] == []
    assert town.broken() == []
