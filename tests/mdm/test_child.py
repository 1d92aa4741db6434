"""E80, E81: children of what was merged: which side they belong to when it is split, and which of them look double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, update

from flows.desk import Desk
from goldbridge.errors import Reject
from goldbridge.state import audit, crosswalk, landing
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.tables import task as tasks
from goldbridge.state.task import Task
from mdm.child import hanging
from mdm.export import differences, lines
from mdm.mirror import mirror
from mdm.steward import Steward, answer, merge, split, undo
from mdm.steward.act import decide
from mdm.steward.parting import Split
from mdm.steward.placing import Place, put
from mdm.steward.preview import preview
from tests.flows.bench_crm import CrmBench, company, person

JIA = company("1", "杭州甲机械有限公司", tel="0571-87654321")
YI = company("2", "宁波乙电子有限公司", tel="0574-87654321")


def homes(crm: CrmBench) -> list[int]:
    with crm.reading() as conn:
        found = crosswalk.resolve_keys(conn, "crm", "account", ["1", "2"])
    return [found["1"], found["2"]]


def later(crm: CrmBench, *flows: str) -> None:
    crm.clock.wait(60)
    crm.go(*flows)
    crm.clock.wait(60)


def published(crm: CrmBench) -> list[str]:
    """Two companies with a row each, which a steward has merged; returns the keys of their rows in the tenant."""
    crm.accounts("crm", JIA, YI)
    later(crm, "crm", "parties", "accounts")
    keys = {row["name"]: row["_id"] for row in crm.rows()}
    joined(crm)
    later(crm, "accounts")
    return [keys[JIA["NAME"] or ""], keys[YI["NAME"] or ""]]


def joined(crm: CrmBench) -> int:
    """A steward says that both are one, under the id of 甲; returns the decision."""
    crm.clock.wait(60)
    both = homes(crm)
    with crm.steward() as (conn, who):
        made = merge(conn, who, both, survivor=both[0]).decision
    crm.clock.wait(60)
    return made


def part(crm: CrmBench) -> int:
    """A steward takes 乙 out again; returns the decision."""
    crm.clock.wait(60)
    home, leaves = homes(crm)[0], landing.record_id("crm", "account", "2")
    with crm.steward() as (conn, who):
        made = split(conn, who, home, [leaves]).decision
    crm.clock.wait(60)
    return made


def exported(crm: CrmBench) -> list[str]:
    with crm.reading() as conn:
        return list(lines(conn, ["contact", "contract", "party"]))


def hangs(crm: CrmBench, *goldens: int) -> list[dict[str, tuple[list[int], int]]]:
    """Per golden record, what hangs on it."""
    with crm.reading() as conn:
        members = crosswalk.members(conn, goldens)
        return [hanging(conn, members[id]) for id in goldens]


def test_e80_of_a_contact_that_came_after_the_merge_a_steward_is_asked_and_it_waits(crm: CrmBench) -> None:
    """Guard: mdm.child:doubts"""
    row, _ = published(crm)
    crm.people(person("p1", "2", "李四", mobile="13900139000"))
    typed = crm.tenant.add("ContactObj", {"name": "王小明", "account_id": row, "mobile": "13800138000"})
    later(crm, "people", "typed_people", "everyone", "contacts")
    made = part(crm)
    jia, yi = homes(crm)
    (asked,) = crm.tasks("late_child")
    late = landing.record_id("new_crm", "ContactObj", typed)
    assert (asked.subject, asked.queue, asked.entity) == ([late], "children", "contact")
    assert sorted(one["name"] for one in asked.payload["sides"]) == sorted(str(one["NAME"]) for one in (JIA, YI))
    # Nobody guesses: it is under neither, and what is to be written of it waits. The one that the CRM placed is clear.
    placed = {"contact_of": ([crm.home("crm.contact", "p1")], 0)}
    assert hangs(crm, jia, yi) == [{"contact_of": ([], 1)}, placed]
    writes = [one["account_id"] for one in crm.rows("ContactObj") if one["_id"] == typed]
    crm.tenant.edit("ContactObj", typed, {"mobile": "13800138001"})
    later(crm, "typed_people", "everyone", "accounts", "contacts")
    (parked,) = crm.deliveries("parked")
    assert (parked.subject, parked.blocked_by) == (crm.home("new_crm.ContactObj", typed), f"task {asked.id}")
    assert [one["account_id"] for one in crm.rows("ContactObj") if one["_id"] == typed] == writes
    assert ([one.id for one in crm.tasks("late_child")], crm.broken()) == ([asked.id], [])
    waits = exported(crm)
    # The answer is a decision; the row follows it.
    with crm.steward("wu", "contact") as (conn, who):
        put(conn, who, asked.id, yi, reason="called him")
        assert [(one.actor, one.action) for one in audit.read(conn)][-1] == ("wu", "place")
    assert hangs(crm, jia) == [{}]
    later(crm, "everyone", "contacts")
    (shown,) = [one["account_id"] for one in crm.rows("ContactObj") if one["_id"] == typed]
    assert shown == next(one["_id"] for one in crm.rows() if one["name"] == YI["NAME"]) != row
    later(crm, "typed_people", "everyone", "contacts")
    assert (crm.tasks("late_child", "pin_challenged"), crm.deliveries("parked"), crm.broken()) == ([], [], [])
    answered = _decision(crm, asked)
    with crm.steward("wu", "contact") as (conn, who):
        undo(conn, who, answered)
    assert ([one.id for one in crm.tasks("late_child")], exported(crm)) == ([asked.id], waits)
    # When the split itself is taken back there is nothing to ask.
    with crm.steward() as (conn, who):
        undo(conn, who, made)
    assert (crm.tasks("late_child"), crm.broken()) == ([], [])


def _decision(crm: CrmBench, asked: Task) -> int:
    from goldbridge.state import task

    with crm.reading() as conn:
        return task.load(conn, [asked.id])[asked.id].decision or 0


@contextmanager
def clerk(crm: CrmBench) -> Iterator[tuple[Connection, Steward]]:
    """Who decides about contracts, which are not mastered."""
    with crm.hub() as hub, hub.store.begin() as conn:
        yield conn, Desk(hub, "wu")(conn, "contract")


CONTRACTS = StreamRef("new_crm", "SaleContractObj", "contract")


def contracts(crm: CrmBench, rows: dict[str, str]) -> None:
    """Contracts that people typed in the tenant: key -> the account they chose."""
    crm.clock.wait(60)
    with clerk(crm) as (conn, who):
        arrivals = [Arrival(key, {"name": key, "account": row}) for key, row in rows.items()]
        compared = landing.changed(conn, CONTRACTS, arrivals)
        for change in compared.changes:
            customer = {"ref": "new_crm.AccountObj", "key": rows[change.key]}
            change.canonical = {"number": change.key, "customer": customer}
        landing.save(conn, CONTRACTS, compared.changes, 7)
        mirror(conn, who.core, [change.id for change in compared.changes], "run:7", 7)
    crm.clock.wait(60)


def test_e80_a_contract_of_before_the_merge_is_clear_and_a_later_one_is_asked_about(sqlite_crm: CrmBench) -> None:
    """Guard: mdm.child:_members_then"""
    crm = sqlite_crm
    crm.accounts("crm", JIA, YI)
    later(crm, "crm", "parties", "accounts")
    row = next(one["_id"] for one in crm.rows() if one["name"] == JIA["NAME"])
    contracts(crm, {"HT-1": row})
    joined(crm)
    contracts(crm, {"HT-2": row, "HT-3": row})
    home, leaves = homes(crm)[0], landing.record_id("crm", "account", "2")
    with crm.steward() as (conn, who):
        assert preview(conn, who, Split(home, [[leaves]]))["sides_asked"] == 2
    assert crm.tasks("late_child") == []
    apart = part(crm)
    _, yi = homes(crm)
    assert sorted(one.payload["labels"][0]["name"] for one in crm.tasks("late_child")) == ["HT-2", "HT-3"]
    assert crm.broken() == []
    # Several in one decision, by a person who need not be asked about each.
    numbers = [landing.record_id("new_crm", "SaleContractObj", key) for key in ("HT-2", "HT-3")]
    with clerk(crm) as (conn, who):
        made = decide(conn, who, Place(numbers, yi), reason="both are theirs")
    assert (crm.tasks("late_child"), hangs(crm, yi)[0]["contract_of"][0]) == (
        [],
        sorted(crm.home("new_crm.SaleContractObj", key) for key in ("HT-2", "HT-3")),
    )
    (value,) = {str(one.values["customer"]) for one in crm.goldens("contract") if one.values["number"] != "HT-1"}
    assert "'crm.account'" in value
    # Placed, they go where that record goes.
    with crm.steward() as (conn, who):
        undo(conn, who, apart)
    part(crm)
    assert (crm.tasks("late_child"), len(hangs(crm, homes(crm)[1])[0]["contract_of"][0])) == ([], 2)
    assert crm.broken() == []
    with clerk(crm) as (conn, who):
        undo(conn, who, made.decision)
    assert len(crm.tasks("late_child")) == 2


def test_e80_mdm086_a_rebuild_asks_the_same_and_verify_names_who_is_not_asked(sqlite_crm: CrmBench) -> None:
    """Guard: mdm.child:broken"""
    from flows.rebuild import _beside
    from goldbridge.state.engine import open_store

    crm = sqlite_crm
    row, _ = published(crm)
    contracts(crm, {"HT-2": row})
    part(crm)
    # A child hangs where a field of it leads only.
    home, number = (
        crm.home("new_crm.SaleContractObj", "HT-2"),
        landing.record_id("new_crm", "SaleContractObj", "HT-2"),
    )
    with clerk(crm) as (conn, who):
        with pytest.raises(Reject, match=r"MDM086 new_crm\.SaleContractObj/HT-2 cannot hang on contract-"):
            decide(conn, who, Place([number], home))
        with pytest.raises(Reject, match="MDM014 task 99 does not ask for a side"):
            put(conn, who, 99, home)
    with crm.hub() as hub:
        made = open_store(f"sqlite:///{crm.root / 'beside.sqlite'}", hub.clock)
        try:
            _beside(hub, made)
            with made.read() as anew:
                found = differences(iter(exported(crm)), lines(anew, ["contact", "contract", "party"]))
        finally:
            made.close()
    assert found == []
    assert any("waits" in line for line in exported(crm))
    with crm.hub() as hub, hub.store.begin() as conn:
        conn.execute(update(tasks).where(tasks.c.kind == "late_child").values(state="done"))
    assert [one.partition(" ")[0] + one[-20:] for one in crm.broken()] == ["E80 and nobody is asked"]


def test_e81_contacts_that_a_merge_makes_double_are_proposed_and_both_stay(crm: CrmBench) -> None:
    """Guard: mdm.double:_joined_later"""
    crm.accounts("crm", JIA, YI)
    one, other = (person(key, of, "王小明") for key, of in (("p1", "1"), ("p2", "2")))
    crm.people(one, other, person("p3", "1", "李四", mobile="13900139000"))
    later(crm, "crm", "people", "parties", "everyone", "accounts", "contacts")
    assert (len(crm.goldens("contact")), len(crm.rows("ContactObj"))) == (3, 3)
    before = exported(crm)
    made = joined(crm)
    later(crm, "everyone", "contacts", "everyone")
    assert (len(crm.goldens("contact")), len(crm.rows("ContactObj"))) == (3, 3)
    (asked,) = [one for one in crm.tasks("match") if one.entity == "contact"]
    both = [landing.record_id("crm", "contact", key) for key in ("p1", "p2")]
    assert (asked.subject, asked.queue) == (sorted(both), "children")
    assert crm.broken() == []
    with crm.steward("wu", "contact") as (conn, who):
        same = answer(conn, who, asked.id, "same")
    assert (len(crm.goldens("contact")), crm.broken()) == (2, [])
    later(crm, "contacts")
    assert len(crm.rows("ContactObj")) == 3, "the second row is a question about the target, not ours to remove"
    with crm.steward("wu", "contact") as (conn, who):
        assert same is not None
        undo(conn, who, same.decision)
    assert (len(crm.goldens("contact")), len([t for t in crm.tasks("match") if t.entity == "contact"])) == (3, 1)
    # Without the merge there is nothing to ask, and nothing left of it.
    with crm.steward() as (conn, who):
        undo(conn, who, made)
    crm.people({**other, "AT": "2026-02-04 08:00:00"})
    later(crm, "people", "everyone", "contacts")
    assert [one for one in crm.tasks("match") if one.entity == "contact"] == []
    assert exported(crm) == before


def test_contacts_of_one_company_that_was_one_all_along_are_joined_as_ever(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.people(person("p1", "1", "王小明", mobile="13800138000"), person("p2", "1", "王某", mobile="13700137000"))
    later(crm, "crm", "people", "parties", "everyone")
    assert len(crm.goldens("contact")) == 2
    crm.people(person("p2", "1", "王小明", mobile="13800138000", at="2026-02-03 08:00:00"))
    later(crm, "people", "everyone")
    assert len(crm.goldens("contact")) == 1
