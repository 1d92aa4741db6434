"""Two-way: whoever edits a field is heard, on both sides at once, and nothing of ours comes back as news."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.bench_crm import credit_code
from tests.flows.bench_two_way import TwoWayBench


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Iterator[TwoWayBench]:
    made = TwoWayBench(tmp_path / "project", sqlite_url, clock)
    yield made
    made.close()


@pytest.fixture
def any_bench(tmp_path: Path, store_url: str, clock: FrozenClock) -> Iterator[TwoWayBench]:
    """The same on each database in turn."""
    made = TwoWayBench(tmp_path / "project", store_url, clock)
    yield made
    made.close()


def paired(bench: TwoWayBench) -> TwoWayBench:
    bench.type_in(1, name="Ｊｉａ Machines", phone="0571-87654321", credit_limit="100", website="https://jia.example")
    bench.sync()
    bench.settled(1)
    return bench


@pytest.fixture
def pair(bench: TwoWayBench) -> TwoWayBench:
    """One record, equal on both sides."""
    return paired(bench)


@pytest.fixture
def any_pair(any_bench: TwoWayBench) -> TwoWayBench:
    """The same on each database in turn."""
    return paired(any_bench)


def test_f46_both_sides_change_different_fields_and_each_is_written_once(any_pair: TwoWayBench) -> None:
    """Guard: flows.agreement:Agreement.settle"""
    pair = any_pair
    pair.type_in(1, phone="0571-88887777")
    pair.edit_row(pair.row()["_id"], website="https://yi.example", status="inactive")
    assert pair.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert pair.legacy() == {
        "name": "Ｊｉａ Machines", "phone": "0571-88887777", "website": "https://yi.example", "credit_limit": "100",
        "status": "I",
    }  # fmt: skip
    shown = pair.row()
    assert (shown["phone"], shown["website"], shown["status"]) == ("+8657188887777", "https://yi.example", "inactive")
    pair.settled()
    assert (pair.tasks(), pair.broken()) == ([], [])
    # A word does not outlive a newer one of the other side, whatever the rules think of their systems.
    pair.type_in(1, website="https://later.example")
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert (pair.legacy()["website"], pair.row()["website"]) == ("https://later.example", "https://later.example")


def test_f47_three_rounds_of_our_own_writes_are_no_news_on_either_side(bench: TwoWayBench) -> None:
    """Our writes move the cursor of both systems, so that all of them are read again.

    Guard: flows.echo:drop_echoes
    """
    bench.type_in(1, name="甲机械有限公司", phone="0571-87654321")
    bench.tenant.add("AccountObj", {"name": "乙电子有限公司", "account_status__c": "active"})
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    before = (bench.writes, bench.table())
    bench.settled(rounds=3)
    assert (bench.writes, bench.table()) == before
    assert [bench.legacy(2)["name"], len(bench.rows())] == ["乙电子有限公司", 2]


def test_f48_of_an_echo_with_an_edit_only_the_edit_passes(any_pair: TwoWayBench) -> None:
    """Guard: flows.echo:_events"""
    pair = any_pair
    pair.type_in(1, phone="0571-88887777")
    pair.sync()
    pair.edit_row(pair.row()["_id"], website="https://yi.example")  # read with our new number in one page
    assert pair.sync() == {"crm.account": 1}
    assert (pair.legacy()["phone"], pair.legacy()["website"]) == ("0571-88887777", "https://yi.example")
    assert pair.counted["merged"] == 1
    pair.settled()


def test_f48_who_puts_back_what_stood_before_our_write_is_heard(pair: TwoWayBench) -> None:
    """Before our write was read, so that the row is what it was when we last saw it.

    Guard: goldbridge.state.landing:overwritten
    """
    pair.type_in(1, website="https://yi.example")
    pair.sync()
    pair.edit_row(pair.row()["_id"], website="https://jia.example")
    assert pair.sync() == {"crm.account": 1}
    assert pair.legacy()["website"] == "https://jia.example"
    pair.settled()


def test_what_a_person_empties_is_empty_on_both_sides(pair: TwoWayBench) -> None:
    pair.type_in(1, website=None)
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert not pair.row()["website"]
    pair.settled()


def test_a_word_nobody_can_read_clears_nothing_and_is_asked_about(pair: TwoWayBench) -> None:
    """Guard: flows.side:Said.unread"""
    pair.type_in(1, phone="by the door")
    assert pair.sync() == {}
    (asked,) = pair.tasks("two_way")
    assert "crm.account: " in asked.payload["reason"]
    assert (pair.legacy()["phone"], pair.row()["phone"]) == ("by the door", "+8657187654321")
    pair.type_in(1, phone="0571-88887777")
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert (pair.tasks(), pair.row()["phone"]) == ([], "+8657188887777")


def test_f45_the_owners_word_counts_where_both_edit_a_field(bench: TwoWayBench) -> None:
    """Guard: flows.agreement:Agreement._winner"""
    bench.edit("flows.yaml", "conflict: steward", "conflict: merge")
    bench.type_in(1, name="甲", website="https://jia.example", credit_limit="100")
    bench.sync()
    bench.settled(1)
    bench.type_in(1, website="https://legacy.example", credit_limit="500")
    bench.edit_row(bench.row()["_id"], website="https://new.example", credit_limit="700")
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert bench.counted["overruled"] == 2
    assert (bench.legacy()["website"], bench.row()["credit_limit"]) == ("https://new.example", "500.00")
    bench.settled(1)
    bench.type_in(1, website="https://legacy.example")  # alone, he is heard
    assert bench.sync() == {"new_crm.AccountObj": 1}
    assert bench.row()["website"] == "https://legacy.example"
    assert bench.tasks() == []


def test_f45_with_conflict_owner_nobody_else_is_heard(bench: TwoWayBench) -> None:
    """Guard: flows.agreement:Agreement._winner"""
    bench.edit("flows.yaml", "conflict: steward", "conflict: owner")
    bench.type_in(1, name="甲", website="https://jia.example", credit_limit="100")
    bench.sync()
    bench.type_in(1, website="https://legacy.example")
    bench.edit_row(bench.row()["_id"], credit_limit="700")
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert (bench.legacy()["website"], bench.row()["credit_limit"]) == ("https://jia.example", "100.00")
    bench.settled()


def test_f45_a_steward_is_shown_both_words_and_nothing_is_lost_until_then(any_pair: TwoWayBench) -> None:
    """Guard: flows.side:Discretion._left_alone"""
    pair = any_pair
    pair.type_in(1, website="https://legacy.example", phone="0571-88887777")
    pair.edit_row(pair.row()["_id"], website="https://new.example")
    assert pair.sync() == {"new_crm.AccountObj": 1}, "the telephone number is not in dispute"
    assert (pair.legacy()["website"], pair.row()["website"]) == ("https://legacy.example", "https://new.example")
    (asked,) = pair.tasks("two_way")
    assert asked.payload["fields"]["website"] == {
        "base": "https://jia.example",
        "said": {"crm.account": "https://legacy.example", "new_crm.AccountObj": "https://new.example"},
        "reason": "crm.account and new_crm.AccountObj say different things",
    }
    pair.settled(1)
    made = pair.choose("crm")
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert pair.row()["website"] == "https://legacy.example"
    pair.settled(1)
    assert (pair.tasks(), pair.broken()) == ([], [])
    # The undo asks again, and until then every side stays as it is.
    pair.undo(made)
    assert [one.id for one in pair.tasks("two_way")] == [asked.id]
    pair.settled(1)
    pair.choose("new_crm")
    assert pair.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert (pair.legacy()["website"], pair.row()["website"]) == ("https://new.example", "https://new.example")
    # A newer word ends what was chosen.
    pair.type_in(1, website="https://later.example")
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert (pair.row()["website"], pair.tasks(), pair.broken()) == ("https://later.example", [], [])
    pair.settled(1)


def test_f45_who_gives_in_answers_the_question(pair: TwoWayBench) -> None:
    """Guard: flows.dispute:put"""
    pair.type_in(1, website="https://legacy.example")
    pair.edit_row(pair.row()["_id"], website="https://new.example")
    pair.sync()
    assert len(pair.tasks("two_way")) == 1
    pair.type_in(1, website="https://new.example")
    assert pair.sync() == {}
    assert pair.tasks() == []
    pair.settled(1)


def test_f45_an_edit_made_while_the_other_word_was_on_its_way_is_a_conflict_too(any_pair: TwoWayBench) -> None:
    """The target was down when the first word was to be delivered; meanwhile somebody edits the row there.

    Guard: flows.agreement:Agreement._undelivered
    """
    pair = any_pair
    pair.type_in(1, website="https://legacy.example")
    pair.fault("unavailable", "*/data/update", count=None)
    assert pair.sync() == {}
    pair.tenant.faults.clear()
    pair.edit_row(pair.row()["_id"], website="https://new.example")
    assert pair.sync() == {}
    (asked,) = pair.tasks("two_way")
    words = asked.payload["fields"]["website"]["said"].values()
    assert set(words) == {"https://legacy.example", "https://new.example"}
    assert (pair.legacy()["website"], pair.row()["website"]) == ("https://legacy.example", "https://new.example")


def test_f44_a_row_edited_after_it_was_read_is_read_again_and_merged(pair: TwoWayBench) -> None:
    """Somebody saves in the moment between our reading and our writing; the target knows no versions.

    Guard: flows.two_way_side:Careful._edited
    """
    key = pair.row()["_id"]
    pair.type_in(1, website="https://legacy.example", phone="0571-88887777")
    pair.app.act = lambda: pair.edit_row(key, website="https://new.example")
    assert pair.sync() == {}
    assert pair.row()["website"] == "https://new.example"
    assert [waiting.code for waiting in pair.deliveries("ready")] == ["FLW027"]
    assert pair.sync() == {"new_crm.AccountObj": 1}, "the number, which nobody disputes"
    (asked,) = pair.tasks("two_way")
    assert len(asked.payload["fields"]["website"]["said"]) == 2
    assert (pair.row()["website"], pair.row()["phone"]) == ("https://new.example", "+8657188887777")


def test_f49_a_fight_between_two_rules_is_stopped_and_both_are_named(pair: TwoWayBench) -> None:
    """Each system has an automation that writes the name as it likes it; they would go on for ever.

    Guard: flows.agreement:Agreement._fight
    """
    pair.edit("flows.yaml", "conflict: steward", "conflict: merge")
    written = 0
    for _ in range(8):
        if pair.legacy()["name"] != "JIA":
            pair.type_in(1, name="JIA")
        elif pair.row()["name"] != "jia":
            pair.edit_row(pair.row()["_id"], name="jia")
        written += sum(pair.sync().values())
    assert written < 6
    (asked,) = pair.tasks("two_way")
    assert "mappings/crm/account.yaml:6:9" in asked.payload["reason"]
    assert "mappings/new_crm/AccountObj.yaml:6:9" in asked.payload["reason"]
    pair.type_in(1, website="https://yi.example")  # everything else goes on
    assert pair.sync() == {"new_crm.AccountObj": 1}


def test_f49_three_systems_in_a_ring_agree_within_two_rounds(bench: TwoWayBench) -> None:
    """Guard: flows.agreement:Agreement._claim"""
    bench.edit("flows.yaml", "new_crm.AccountObj]", "new_crm.AccountObj, erp.account]")
    bench.edit("flows.yaml", "conflict: steward", "conflict: merge")
    bench.type_in(1, name="Jia", website="https://jia.example")
    assert bench.sync() == {"new_crm.AccountObj": 1, "erp.account": 1}
    bench.settled(1)
    bench.type_in(1, website="https://a.example")
    bench.edit_row(bench.row()["_id"], phone="0571-88886666", website="https://b.example")
    bench.type_in(1, system="erp", status="I", website="https://c.example")
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1, "erp.account": 1}
    wanted = {"website": "https://b.example", "phone": "+8657188886666"}
    for row in (bench.legacy(), bench.legacy(system="erp")):
        assert {name: row[name] for name in wanted} == wanted
        assert row["status"] == "I"
    assert bench.row()["status"] == "inactive"
    bench.settled(1)


def test_rows_that_meet_for_the_first_time_take_the_owners_word(bench: TwoWayBench) -> None:
    """Both systems knew the company before there was a flow: a hard identifier makes their rows one.

    Guard: flows.agreement:meet
    """
    bench.edit("config/model.yaml", "website: {type: url}", "website: {type: url, identifier: hard}")
    bench.type_in(1, name="Jia (old)", website="https://jia.example", phone="0571-88887777", credit_limit="5")
    bench.tenant.add("AccountObj", {"name": "Jia", "url": "https://jia.example", "capital__c": "9"})
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert (bench.legacy()["name"], bench.row()["credit_limit"], bench.row()["phone"]) == (
        "Jia", "5.00", "+8657188887777",
    )  # fmt: skip
    bench.settled()


def test_what_somebody_took_away_is_not_made_again(pair: TwoWayBench) -> None:
    """Guard: flows.side:Discretion._elsewhere"""
    pair.tenant.remove("AccountObj", pair.row()["_id"])
    pair.sync_fully()
    pair.type_in(1, website="https://yi.example")
    pair.settled()
    assert pair.rows() == []


def test_f46_golden_records_that_are_matched_are_kept_equal_too(bench: TwoWayBench) -> None:
    """Another source stands beside the two; it is matched, and outranked by what people say in them.

    Guard: flows.agreement:Agreement._claim
    """
    bench.edit("config/model.yaml", "account:\n    fields:", "account:\n    mastered: true\n    fields:")
    bench.edit("config/model.yaml", "website: {type: url}", "credit_code: {type: credit_code, identifier: hard}")
    for system in ("crm", "erp"):
        bench.edit(f"mappings/{system}/account.yaml", "website: {from: SITE, via: [trim, blank]}",
                   "credit_code: {from: SITE, via: [blank, credit_code]}")  # fmt: skip
    bench.edit("mappings/new_crm/AccountObj.yaml", "website: {from: url, via: [trim, blank]}",
               "credit_code: {from: uniform_social_credit_code, via: [blank, credit_code]}")  # fmt: skip
    text = (bench.root / "flows.yaml").read_text()
    bench.write("flows.yaml", text + "  erp: {ingest: erp.account}\n")
    rules = "block: [credit_code], compare: {name: organisation, credit_code: identifier}, bands: {auto: 8 bits}"
    bench.write("config/matching.yaml", f"account: {{{rules}}}\n")
    bench.write("config/survivorship.yaml", "account: {phone: {order: [source_rank: [crm, new_crm, erp], recency]}}\n")
    bench.type_in(1, name="杭州甲机械有限公司", website=credit_code(1), phone="0571-87654321")
    bench.type_in(9, system="erp", name="杭州甲机械有限公司", website=credit_code(1), phone="0571-88880000")
    bench.go("erp")
    assert bench.sync() == {"new_crm.AccountObj": 1}
    assert len(bench.goldens("account")) == 1
    bench.settled(1)
    bench.edit_row(bench.row()["_id"], phone="0571-88886666")
    bench.type_in(1, credit_limit="70")
    assert bench.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert (bench.legacy()["phone"], bench.row()["credit_limit"]) == ("+8657188886666", "70.00")
    assert bench.goldens("account")[0].values["phone"] == "+8657188886666"
    bench.settled(1)
    assert (bench.broken(), bench.tasks()) == ([], [])


def test_another_mapping_reads_what_people_said_in_another_way(pair: TwoWayBench) -> None:
    """Guard: goldbridge.state.ledger:Entry.only_seen"""
    pair.edit(
        "mappings/crm/account.yaml", "name: {from: NAME, via: [blank, fold_width]", "name: {from: NAME, via: [upper]"
    )
    assert pair.sync() == {"new_crm.AccountObj": 1}
    assert pair.row()["name"] == "ＪＩＡ MACHINES"
    pair.settled(1)
