"""What is decided, what it contradicts, and what becomes of it when the records go on being edited."""

from __future__ import annotations

import pytest

from goldbridge.errors import Reject
from goldbridge.state import decision, golden, task
from mdm.steward import companions, different, merge, move, same, split, stack, undo, undo_stack
from tests.flows.bench import row
from tests.flows.bench_crm import credit_code
from tests.mdm.town import BING, BING_ERP, DING, JIA, JIA_ERP, PHONE, YI, YI_ERP, Town, homes, record


def test_e29_one_of_four_leaves_alone_or_with_whom_it_came(town: Town) -> None:
    """Guard: mdm.steward.parting:companions"""
    with town.steward() as (conn, who):
        merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
    before = town.canonical()
    with town.steward() as (conn, who):
        alone = split(conn, who, homes(conn, YI), [record(conn, YI)])
    jia, jia_erp, yi, yi_erp = town.home(JIA, JIA_ERP, YI, YI_ERP)
    assert jia == jia_erp == yi_erp != yi
    with town.steward() as (conn, who):
        undo(conn, who, alone.decision)
    assert town.canonical() == before
    with town.steward() as (conn, who):
        home = homes(conn, YI)
        group = companions(conn, home, record(conn, YI))
        assert group == sorted([record(conn, YI), record(conn, YI_ERP)])
        assert companions(conn, home, record(conn, JIA)) == sorted([record(conn, JIA), record(conn, JIA_ERP)])
        split(conn, who, home, group)
    jia, jia_erp, yi, yi_erp = town.home(JIA, JIA_ERP, YI, YI_ERP)
    assert jia == jia_erp != yi == yi_erp
    assert town.broken() == []


def test_a_split_into_three_and_its_undo(town: Town) -> None:
    with town.steward() as (conn, who):
        merge(conn, who, [homes(conn, JIA), homes(conn, YI), homes(conn, DING)])
    before = town.canonical()
    with town.steward() as (conn, who):
        yi = [record(conn, one) for one in (YI, YI_ERP)]
        made = split(conn, who, homes(conn, JIA), yi, [record(conn, DING)])
    jia, jia_erp, yi_crm, yi_erp, ding = town.home(JIA, JIA_ERP, YI, YI_ERP, DING)
    assert (jia, yi_crm) == (jia_erp, yi_erp)
    assert len({jia, yi_crm, ding}) == 3
    town.run("parties")
    assert town.home(JIA, YI, DING) == [jia, yi_crm, ding]
    assert town.broken() == []
    with town.steward() as (conn, who):
        undo(conn, who, made.decision)
    assert town.canonical() == before


def test_a_record_moves_to_another_golden_record_and_back(town: Town) -> None:
    before = town.canonical()
    with town.steward() as (conn, who):
        made = move(conn, who, [record(conn, YI_ERP)], homes(conn, JIA))
    jia, yi, moved = town.home(JIA, YI, YI_ERP)
    assert moved == jia != yi
    town.run("parties")
    assert town.home(YI_ERP) == [jia]
    assert town.broken() == []
    with town.steward() as (conn, who):
        undo(conn, who, made.decision)
    assert town.canonical() == before


def test_mdm028_what_cannot_move(sqlite_town: Town) -> None:
    with sqlite_town.steward() as (conn, who):
        jia, yi = homes(conn, JIA), homes(conn, YI)
        for records, target, why in (
            ([JIA, YI], homes(conn, DING), "records of 2 golden records"),
            ([JIA], jia, "already"),
            ([YI, YI_ERP], jia, "goldbridge golden merge"),
        ):
            with pytest.raises(Reject, match=f"MDM028.*{why}"):
                move(conn, who, [record(conn, one) for one in records], target)
        different(conn, who, record(conn, YI_ERP), record(conn, JIA))
        with pytest.raises(Reject, match="MDM018"):
            move(conn, who, [record(conn, YI_ERP)], jia)
        assert homes(conn, YI) == yi


def test_e03_mdm022_who_says_same_against_different_sees_what_was_said(sqlite_town: Town) -> None:
    """Guard: mdm.steward.contradiction:same_is_free"""
    with sqlite_town.steward() as (conn, who):
        first = different(conn, who, record(conn, BING), record(conn, BING_ERP), reason="two shops")
    before = sqlite_town.canonical()
    with sqlite_town.steward("wu") as (conn, who), pytest.raises(Reject) as refused:
        same(conn, who, record(conn, BING_ERP), record(conn, BING))
    (said,) = before["assertions"]
    low, high = sorted((BING, BING_ERP), key=lambda one: said.a != _number(sqlite_town, one))
    assert str(refused.value) == (
        f"MDM022 {BING_ERP} and {BING} cannot be said to be the same: {low} ≠ {high} "
        f"(assertion {said.id}, decision {first.decision} by anna); "
        f"take one of them back first: goldbridge golden undo {first.decision}"
    )
    assert sqlite_town.canonical() == before


def test_e04_mdm022_who_says_different_against_a_chain_sees_the_chain(town: Town) -> None:
    """Guard: mdm.steward.contradiction:different_is_free"""
    with town.steward() as (conn, who):
        first = same(conn, who, record(conn, JIA), record(conn, YI))
        second = same(conn, who, record(conn, YI), record(conn, DING))
    before = town.canonical()
    with town.steward() as (conn, who), pytest.raises(Reject) as refused:
        different(conn, who, record(conn, JIA), record(conn, DING))
    assert refused.value.code == "MDM022"
    for part in (
        f"decision {first.decision} by anna",
        f"decision {second.decision} by anna",
        JIA,
        YI,
        DING,
        "different",
    ):
        assert part in refused.value.message
    assert town.canonical() == before


def _number(town: Town, source: str) -> int:
    with town.reading() as conn:
        return record(conn, source)


def test_e05_mdm027_two_official_numbers_are_joined_with_a_reason_only(sqlite_town: Town) -> None:
    """Guard: mdm.steward.joining:reason_given"""
    sqlite_town.put(
        "erp", row("2", "宁波乙电子有限公司", tel="0574-87654321", code=credit_code(2), at="2026-02-02 08:00:00")
    )
    sqlite_town.run("erp", "parties")
    with sqlite_town.steward() as (conn, who):
        both = [homes(conn, JIA), homes(conn, YI)]
        with pytest.raises(Reject, match=f"MDM027.*{credit_code(1)}, {credit_code(2)}"):
            merge(conn, who, both)
        merge(conn, who, both, reason="relicensed in 2025")
    jia, jia_erp, yi, yi_erp = sqlite_town.home(JIA, JIA_ERP, YI, YI_ERP)
    # All of both: the rules alone would tear off whoever holds the other number.
    assert jia == jia_erp == yi == yi_erp
    assert sqlite_town.broken() == []
    sqlite_town.run("parties")
    assert sqlite_town.home(YI_ERP) == [jia]


def test_e28_a_stack_is_taken_back_newest_first(town: Town) -> None:
    """Guard: mdm.steward.undoing:not_built_on"""
    before = town.canonical()
    with town.steward() as (conn, who):
        first = merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
    with town.steward() as (conn, who):
        second = merge(conn, who, [homes(conn, JIA), homes(conn, DING)])
        third = same(conn, who, record(conn, DING), record(conn, BING))
    with town.steward() as (conn, who):
        with pytest.raises(Reject, match=f"MDM016.*: {second.decision}; .* --stack"):
            undo(conn, who, first.decision)
        assert stack(conn, first.decision) == [third.decision, second.decision, first.decision]
        done = undo_stack(conn, who, first.decision)
    assert len(done) == 3
    assert town.canonical() == before


def test_e39_until_the_evidence_changes_ends_in_a_question_never_in_a_merge(town: Town) -> None:
    """Guard: mdm.evidence:lapsed"""
    with town.steward() as (conn, who):
        made = different(conn, who, record(conn, JIA), record(conn, JIA_ERP), until_evidence_changes=True)
    jia, jia_erp = town.home(JIA, JIA_ERP)
    assert jia != jia_erp
    town.run("parties")
    assert [one.kind for one in town.canonical()["assertions"]] == ["different"]
    town.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE, code=credit_code(1), at="2026-02-03 08:00:00"))
    town.run("crm", "parties")
    assert town.home(JIA, JIA_ERP) == [jia, jia_erp]
    asked = [one for one in town.tasks() if one.queue == "held"]
    assert [one.payload["reason"] for one in asked] == [
        f"held: the evidence changed since decision {made.decision} said *different*"
    ]
    assert [one.kind for one in town.canonical()["assertions"]] == ["hold_different"]
    # Answered, it is what the evidence says; and the hold gives way to the steward.
    with town.steward() as (conn, who):
        answered = merge(conn, who, [homes(conn, JIA), homes(conn, JIA_ERP)])
    assert len(set(town.home(JIA, JIA_ERP))) == 1
    assert [one for one in town.tasks() if one.queue == "held"] == []
    with town.steward() as (conn, who):
        undo(conn, who, answered.decision)
    assert len(set(town.home(JIA, JIA_ERP))) == 2
    with town.steward() as (conn, who):
        undo(conn, who, made.decision)
    assert len(set(town.home(JIA, JIA_ERP))) == 1
    assert town.canonical()["assertions"] == []


@pytest.mark.parametrize("until", [False, True], ids=["for good", "until the evidence changes"])
def test_e40_a_trivial_edit_does_not_touch_what_was_said(sqlite_town: Town, until: bool) -> None:
    """Guard: mdm.evidence:evidence"""
    with sqlite_town.steward() as (conn, who):
        different(conn, who, record(conn, JIA), record(conn, JIA_ERP), until_evidence_changes=until)
    said = sqlite_town.canonical()["assertions"]
    sqlite_town.put("crm", row("1", " 杭州甲机械有限公司 ", tel="（0571）8765 4321", at="2026-02-03 08:00:00"))
    sqlite_town.run("crm", "parties")
    assert sqlite_town.canonical()["assertions"] == said
    assert [one for one in sqlite_town.tasks() if one.queue == "held"] == []
    # Bound to the records: an edit of what they are matched on does not touch what was said for good either.
    sqlite_town.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE, code=credit_code(1), at="2026-02-04 08:00:00"))
    sqlite_town.run("crm", "parties")
    assert (sqlite_town.canonical()["assertions"] == said) is not until
    jia, jia_erp = sqlite_town.home(JIA, JIA_ERP)
    assert jia != jia_erp


def test_what_was_decided_is_in_the_audit_with_its_author(sqlite_town: Town) -> None:
    from goldbridge.state import audit

    with sqlite_town.steward("wu") as (conn, who):
        made = merge(conn, who, [homes(conn, JIA), homes(conn, YI)], reason="one owner")
        undo(conn, who, made.decision)
        rows = [(one.actor, one.action, one.subject) for one in audit.read(conn)]
        assert rows[-2:] == [
            ("wu", "merge", f"decision:{made.decision}"),
            ("wu", "undo", f"decision:{made.decision + 1}"),
        ]
        assert decision.load(conn, [made.decision])[made.decision].state == "undone"
        assert golden.resolve(conn, [homes(conn, YI)])
        assert task.list_tasks(conn, kinds=["approval"]) == []
