"""Pins and suppressions of stewards: what they show, how long they hold, what they ask, and that undo returns all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision, golden, override
from goldbridge.state.audit import Audit
from goldbridge.state.golden import Golden
from goldbridge.state.vault import derive
from mdm.core import Core
from mdm.export import lines
from mdm.override import CHALLENGED, CONFLICT
from mdm.steward.act import Act, decide
from mdm.steward.desk import Steward, look
from mdm.steward.joining import Merge
from mdm.steward.parting import Split
from mdm.steward.pinning import Pin, Release, Suppress, policy_of, value_of
from mdm.steward.undoing import Undo
from mdm.steward.view import view_of
from tests.flows.bench_crm import CrmBench, company, contract, credit_code

JIA, YI = "杭州甲机械有限公司", "宁波乙电子有限公司"
TEL, OTHER_TEL = "+8657187654321", "+8657487654321"


@pytest.fixture
def crm(crm: CrmBench) -> CrmBench:
    """One company that two systems hold and one that the CRM alone holds."""
    crm.accounts("crm", jia(), company("2", YI, code=credit_code(2), tel="0574-87654321", capital="500"))
    crm.accounts("erp", company("9", JIA, code=credit_code(1), capital="200"))
    crm.go("crm", "erp", "parties")
    return crm


def jia(**more: str) -> dict[str, str | None]:
    return company("1", JIA, **{"code": credit_code(1), "tel": "0571-87654321", "capital": "100", **more})


def erp(crm: CrmBench, capital: str, day: int) -> None:
    """The ERP sends another capital of the first company."""
    at = f"2026-02-{day:02} 08:00:00"
    crm.accounts("erp", company("9", JIA, code=credit_code(1), capital=capital, at=at))
    crm.clock.wait(60)
    crm.go("erp", "parties")


@contextmanager
def desk(crm: CrmBench, entity: str = "party") -> Iterator[tuple[Connection, Steward]]:
    if entity == "party":
        with crm.steward() as (conn, who):
            yield conn, Steward(who.name, who.core, who.audit)
        return
    with crm.hub() as hub, hub.store.begin() as conn:
        core = Core(hub.project.model.entities[entity], hub.survivorship[entity])
        yield conn, Steward("anna", core, Audit(derive(hub.key, "audit")))


def act(crm: CrmBench, what: Act, entity: str = "party", **more: Any) -> int:
    """The number of the decision."""
    crm.clock.wait(60)
    with desk(crm, entity) as (conn, who):
        return decide(conn, who, what, reason="the licence says so", **more).decision


def party(crm: CrmBench, source: str = "crm.account", key: str = "1") -> Golden:
    with crm.reading() as conn:
        (found,) = golden.load(conn, [crm.home(source, key)]).values()
        return found


def export(crm: CrmBench) -> list[str]:
    with crm.reading() as conn:
        return list(lines(conn, ["party"]))


def test_e48_a_pin_wins_over_a_newer_source_value_and_asks_when_the_source_says_something_new(crm: CrmBench) -> None:
    """Guard: mdm.override:challenged"""
    act(crm, Pin(party(crm).id, "capital_cny", "300"))
    assert party(crm).values["capital_cny"] == "300"
    erp(crm, "200", 2)
    assert crm.tasks(CHALLENGED) == []  # it says what it said
    erp(crm, "250", 3)
    held = party(crm)
    assert (held.values["capital_cny"], held.lineage["capital_cny"]["rule"]) == ("300", "override")
    assert crm.record("erp.partner", "9").id in held.lineage["capital_cny"]["challengers"]
    (asked,) = crm.tasks(CHALLENGED)
    assert asked.payload["overrides"][0]["sources_say"] == "250"
    erp(crm, "260", 4)
    assert [(one.id, one.payload["overrides"][0]["sources_say"]) for one in crm.tasks(CHALLENGED)] == [
        (asked.id, "260")
    ]
    act(crm, Pin(held.id, "capital_cny", "300"))  # seen, and kept
    assert crm.tasks(CHALLENGED) == []
    assert crm.broken() == []


def test_e48_a_pin_for_ever_asks_nobody(crm: CrmBench) -> None:
    """Guard: mdm.override:in_force"""
    act(crm, Pin(party(crm).id, "capital_cny", "300", "forever"))
    erp(crm, "250", 3)
    assert (party(crm).values["capital_cny"], crm.tasks(CHALLENGED)) == ("300", [])


def test_e49_a_pin_that_waits_for_the_source_retires_when_it_agrees(crm: CrmBench) -> None:
    """Guard: mdm.override:retires"""
    act(crm, Pin(party(crm).id, "capital_cny", "300", "until_source_agrees"))
    erp(crm, "250", 2)
    assert party(crm).values["capital_cny"] == "300"
    erp(crm, "300", 3)
    held = party(crm)
    assert (held.values["capital_cny"], held.lineage["capital_cny"]["rule"]) == ("300", "source_rank")
    erp(crm, "400", 4)  # the pin does not come back
    assert party(crm).values["capital_cny"] == "400"
    with crm.reading() as conn:
        (gone,) = override.about_golden(conn, held.id)
    assert gone.revoked_at
    assert gone.revoked_by is None


def test_e50_a_pin_travels_with_its_anchor_record(crm: CrmBench) -> None:
    """Guard: mdm.override:of_members"""
    home, record = party(crm).id, crm.record("erp.partner", "9").id
    act(crm, Pin(home, "capital_cny", "300", "forever", anchor=record))
    before = export(crm)
    number = act(crm, Split(home, [[record]]))
    assert party(crm, "erp.partner", "9").values["capital_cny"] == "300"
    assert party(crm).values["capital_cny"] == "100"
    act(crm, Undo(number))
    assert export(crm) == before


def test_e51_two_pins_that_meet_are_a_question_and_the_older_one_shows(crm: CrmBench) -> None:
    """Guard: mdm.override:meeting"""
    jia_home, yi_home = party(crm).id, party(crm, key="2").id
    act(crm, Pin(yi_home, "capital_cny", "700"))
    act(crm, Pin(jia_home, "capital_cny", "300"))
    before = export(crm)
    merged = act(crm, Merge([jia_home, yi_home]))
    assert party(crm).values["capital_cny"] == "700"
    (asked,) = crm.tasks(CONFLICT)
    assert [each["value"] for each in asked.payload["overrides"]] == ["700", "300"]
    act(crm, Undo(merged))
    assert (crm.tasks(CONFLICT), export(crm)) == ([], before)
    act(crm, Merge([jia_home, yi_home]))
    chosen = act(crm, Pin(party(crm).id, "capital_cny", "300"))
    assert (party(crm).values["capital_cny"], crm.tasks(CONFLICT)) == ("300", [])
    act(crm, Undo(chosen))
    assert (party(crm).values["capital_cny"], len(crm.tasks(CONFLICT))) == ("700", 1)
    assert crm.broken() == []


def test_two_pins_of_one_value_are_no_question(crm: CrmBench) -> None:
    jia_home, yi_home = party(crm).id, party(crm, key="2").id
    act(crm, Pin(yi_home, "capital_cny", "300"))
    act(crm, Pin(jia_home, "capital_cny", "300"))
    act(crm, Merge([jia_home, yi_home]))
    assert crm.tasks(CONFLICT) == []


@pytest.mark.parametrize(
    ("field", "made"),
    [
        ("capital_cny", lambda home: Pin(home, "capital_cny", "300")),
        ("name", lambda home: Suppress(home, "name")),
        ("phones", lambda home: Pin(home, "phones", OTHER_TEL, item=OTHER_TEL)),
        ("phones", lambda home: Suppress(home, "phones", item=TEL)),
    ],
    ids=["pin", "suppress", "pin an item", "suppress an item"],
)
def test_an_override_and_its_undo_leave_nothing(crm: CrmBench, field: str, made: Any) -> None:
    before, value = export(crm), party(crm).values[field]
    number = act(crm, made(party(crm).id))
    assert party(crm).values.get(field) != value
    assert crm.broken() == []
    changed = export(crm)
    crm.go("parties")
    assert export(crm) == changed
    act(crm, Undo(number))
    assert export(crm) == before


def test_items_of_a_field_with_many_values(crm: CrmBench) -> None:
    home = party(crm).id
    act(crm, Pin(home, "phones", OTHER_TEL, item=OTHER_TEL))
    assert party(crm).values["phones"] == [OTHER_TEL, TEL]
    act(crm, Suppress(home, "phones", item=TEL))
    held = party(crm)
    assert held.values["phones"] == [OTHER_TEL]
    assert (set(held.lineage["phones"]["pinned"]), set(held.lineage["phones"]["hidden"])) == ({OTHER_TEL}, {TEL})
    act(crm, Release(home, "phones", OTHER_TEL))
    assert "phones" not in party(crm).values
    act(crm, Release(home, "phones"))
    assert party(crm).values["phones"] == [TEL]


def test_a_hidden_item_that_the_source_gives_up_asks_nobody(crm: CrmBench) -> None:
    act(crm, Suppress(party(crm).id, "phones", item=TEL))
    crm.accounts("crm", jia(tel="0571-86543210", at="2026-02-03 08:00:00"))
    crm.clock.wait(60)
    crm.go("crm", "parties")
    assert (party(crm).values["phones"], crm.tasks(CHALLENGED)) == (["+8657186543210"], [])


def test_a_later_override_is_taken_back_before_the_one_it_replaced(crm: CrmBench) -> None:
    before = export(crm)
    first = act(crm, Pin(party(crm).id, "capital_cny", "300"))
    second = act(crm, Pin(party(crm).id, "capital_cny", "400"))
    with pytest.raises(Reject, match=f"MDM016 decision {first} cannot be undone before .*: {second};"):
        act(crm, Undo(first))
    act(crm, Undo(second))
    assert party(crm).values["capital_cny"] == "300"
    act(crm, Undo(first))
    assert export(crm) == before


def test_a_pin_does_not_stand_in_the_way_of_undoing_a_merge(crm: CrmBench) -> None:
    merged = act(crm, Merge([party(crm).id, party(crm, key="2").id]))
    act(crm, Pin(party(crm).id, "capital_cny", "300", anchor=crm.record("crm.account", "2").id))
    act(crm, Undo(merged))
    assert (party(crm).values["capital_cny"], party(crm, key="2").values["capital_cny"]) == ("200", "300")


def test_a_pin_ends_on_its_date_with_the_next_run(crm: CrmBench) -> None:
    act(crm, Pin(party(crm).id, "capital_cny", "300", "2026-03-02T00:00:00.000000Z"))
    crm.clock.wait(3600)
    crm.go("parties")
    assert party(crm).values["capital_cny"] == "300"
    crm.clock.wait(86_400)
    crm.go("parties")
    assert party(crm).values["capital_cny"] == "200"
    with crm.reading() as conn:
        assert override.lapsed(conn, "party") == []


def test_a_release_withdraws_the_question(crm: CrmBench) -> None:
    act(crm, Pin(party(crm).id, "capital_cny", "300"))
    erp(crm, "250", 3)
    assert len(crm.tasks(CHALLENGED)) == 1
    number = act(crm, Release(party(crm).id, "capital_cny"))
    assert (party(crm).values["capital_cny"], crm.tasks(CHALLENGED)) == ("250", [])
    act(crm, Undo(number))
    assert (party(crm).values["capital_cny"], len(crm.tasks(CHALLENGED))) == ("300", 1)


def test_a_pinned_value_is_published_and_its_release_too(crm: CrmBench) -> None:
    crm.round()
    act(crm, Pin(party(crm).id, "capital_cny", "300"))
    crm.round()
    assert {row["name"]: row["capital__c"] for row in crm.rows()}[JIA] == "300.00"
    assert party(crm).values["capital_cny"] == "300"
    act(crm, Release(party(crm).id, "capital_cny"))
    crm.round()
    assert {row["name"]: row["capital__c"] for row in crm.rows()}[JIA] == "200.00"


def test_what_is_not_mastered_can_be_pinned_too(crm: CrmBench) -> None:
    crm.contracts("crm", contract("C1", "1", "1000"))
    crm.go("accounts", "partners", "contracts")
    with crm.reading() as conn:
        (held,) = golden.scan(conn, "contract")
    number = act(crm, Pin(held.id, "amount_cny", "900"), "contract")
    assert party_of(crm, held.id)["amount_cny"] == "900"
    act(crm, Undo(number), "contract")
    assert party_of(crm, held.id)["amount_cny"] == "1000"


def party_of(crm: CrmBench, id: int) -> dict[str, Any]:
    with crm.reading() as conn:
        return golden.load(conn, [id])[id].values


def test_every_override_is_a_decision_in_the_audit(crm: CrmBench) -> None:
    number = act(crm, Pin(party(crm).id, "capital_cny", "300"))
    with desk(crm) as (conn, who):
        (made,) = decision.load(conn, [number]).values()
        assert (made.kind, made.state, made.reason, made.proposer) == ("pin", "applied", "the licence says so", "anna")
        assert who.audit.verify(conn) == 1
        (pin,) = decision.active_overrides(conn)
        assert (pin.decision, pin.author, pin.approved_by) == (number, "anna", "anna")


def test_mdm023_a_pin_on_a_stale_view_is_refused(crm: CrmBench) -> None:
    home = party(crm).id
    with crm.reading() as conn:
        seen = view_of(conn, [home])
    erp(crm, "250", 3)
    with pytest.raises(Reject, match=r"MDM023 .* has another capital_cny; nothing was decided"):
        act(crm, Pin(home, "capital_cny", "300"), seen=seen)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda home, yi: Pin(home, "capitol", "1"), "MDM080 party has no field 'capitol'; there are address"),
        (lambda home, yi: Pin(home, "role", "dealer"), "MDM080 roles come from the objects"),
        (lambda home, yi: Pin(home, "address.line", "x"), "MDM080 'address' survives whole; pin all of it"),
        (lambda home, yi: Pin(home, "name", "x", anchor=yi), "MDM082 that record is none of party-"),
        (lambda home, yi: Suppress(home, "address"), "MDM083 no source says anything about address"),
        (
            lambda home, yi: Pin(home, "capital_cny", "200", "until_source_agrees"),
            "MDM083 the sources agree already about capital_cny",
        ),
        (lambda home, yi: Release(home, "name"), "MDM084 nothing is pinned or hidden about name of party-"),
    ],
)
def test_what_cannot_be_overridden_is_refused(crm: CrmBench, made: Any, message: str) -> None:
    before = export(crm)
    with pytest.raises(Reject, match=message):
        act(crm, made(party(crm).id, crm.record("crm.account", "2").id))
    assert export(crm) == before


def test_mdm083_one_item_of_what_is_pinned_as_a_whole(crm: CrmBench) -> None:
    number = act(crm, Pin(party(crm).id, "phones", [OTHER_TEL]))
    with pytest.raises(Reject, match=f"MDM083 all of phones is pinned by decision {number}; release that first"):
        act(crm, Suppress(party(crm).id, "phones", item=OTHER_TEL))


def test_a_pin_rests_while_its_record_is_gone(crm: CrmBench) -> None:
    home, record = party(crm).id, crm.record("erp.partner", "9").id
    act(crm, Pin(home, "capital_cny", "300", "forever", anchor=record))
    crm.accounts("erp", company("9", JIA, code=credit_code(1), capital="200", gone="1", at="2026-02-03 08:00:00"))
    crm.clock.wait(60)
    crm.go("erp", "parties")
    assert party(crm).values["capital_cny"] == "100"
    erp(crm, "200", 4)
    assert party(crm).values["capital_cny"] == "300"
    with crm.reading() as conn:
        assert list(look(conn, [home]).heads) == [home]


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [("credit_code", "nothing", "credit_code"), ("capital_cny", "much", "capital_cny"), ("phones", "-", "phones")],
)
def test_mdm081_what_the_field_cannot_hold_is_refused(crm: CrmBench, field: str, text: str, why: str) -> None:
    with crm.hub() as hub:
        entity = hub.project.model.entities["party"]
    with pytest.raises(Reject, match=f"{why}: ") as caught:
        value_of(entity, field, text, "Asia/Shanghai")
    assert caught.value.code == "MDM081"


def test_mdm081_an_end_that_is_none_is_refused() -> None:
    with pytest.raises(Reject, match="'someday' is no end of a pin; write forever, changes, agrees"):
        policy_of("someday")
