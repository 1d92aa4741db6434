"""Landing a stream: every row read ends in one fate, a repeat writes nothing, deletes have a brake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.base import Page, Position, Stream
from flows.ingest import HOLD_S, joined
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.state import dead, landing
from tests.flows.bench import Bench, row

PHONE = "0571-87654321"


def fates(bench: Bench, name: str = "crm", **options: bool) -> dict[str, int]:
    (result,) = bench.run(name, **options)
    counters = result.counters
    assert counters.balanced()
    return {
        fate: number
        for fate in ("read", "applied", "unchanged", "filtered", "dead", "pending")
        if (number := getattr(counters, fate))
    }


def test_every_row_ends_in_one_fate_and_a_repeat_writes_nothing(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE), row("2", None), row("3", "乙公司", gone="1"))
    assert fates(bench) == {"read": 3, "applied": 1, "filtered": 1, "dead": 1}
    again = fates(bench)
    assert again.get("applied", 0) == 0
    assert again["dead"] == 1


def test_a_dead_letter_names_field_and_rule_and_leaves_when_the_record_applies(bench: Bench) -> None:
    bench.put("crm", row("2", None))
    bench.run("crm")
    with bench.hub() as hub, hub.store.read() as conn:
        (letter,) = dead.list_letters(conn)
    assert (letter.system, letter.stream, letter.key, letter.field) == ("crm", "account", "2", "name")
    assert str(letter.rule).startswith("mappings/crm/account.yaml:6:")
    bench.put("crm", row("2", "杭州乙机械有限公司", at="2026-02-02 08:00:00"))
    assert fates(bench)["applied"] == 1
    with bench.hub() as hub, hub.store.read() as conn:
        assert dead.list_letters(conn) == []


def test_e61_a_touch_without_a_change_is_no_change(bench: Bench) -> None:
    """Guard: flows.ingest:_volatile"""
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.run("crm")
    bench.put("crm", row("1", "杭州甲机械有限公司", at="2026-02-09 08:00:00"))
    assert fates(bench) == {"read": 1, "unchanged": 1}


def test_e57_a_local_time_lands_in_utc_of_its_source_zone(bench: Bench) -> None:
    """Guard: flows.ingest:_event_at"""
    bench.put("crm", row("1", "杭州甲机械有限公司", at="2026-02-01 08:00:00"))
    bench.put("erp", row("1", "杭州甲机械有限公司", at="2026-02-01 08:00:00"))
    bench.run("crm", "erp")
    with bench.hub() as hub, hub.store.read() as conn:
        at = {record.system: record.event_at for record in landing.scan_all(conn)}
    assert at == {"crm": "2026-02-01T00:00:00.000000Z", "erp": "2026-02-01T08:00:00.000000Z"}


def test_e58_a_clock_in_the_future_is_capped(bench: Bench) -> None:
    """Guard: flows.ingest:_event_at"""
    bench.put("crm", row("1", "杭州甲机械有限公司", at="2099-01-01 00:00:00"))
    bench.run("crm")
    with bench.hub() as hub, hub.store.read() as conn:
        (record,) = landing.scan_all(conn)
    assert record.event_at == "2026-03-01T08:00:00.000000Z"


def test_f30_rows_of_one_moment_are_all_read_and_late_ones_too(bench: Bench) -> None:
    bench.put("crm", *(row(f"{n:04}", f"杭州甲{n}号机械有限公司") for n in range(2500)))
    assert fates(bench) == {"read": 2500, "applied": 2500}
    bench.put("crm", row("0000a", "杭州迟到机械有限公司"))  # committed late, within the last moment that was read
    assert fates(bench)["applied"] == 1


def test_a_flagged_row_is_a_delete_once(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.run("crm")
    bench.put("crm", row("1", "杭州甲机械有限公司", gone="1", at="2026-02-02 08:00:00"))
    assert fates(bench) == {"read": 1, "applied": 1}
    assert fates(bench) == {"read": 1, "filtered": 1}
    with bench.hub() as hub, hub.store.read() as conn:
        assert list(landing.scan_all(conn)) == []


def test_a_full_compare_finds_what_vanished(bench: Bench) -> None:
    bench.put("crm", *(row(f"{n:03}", f"杭州甲{n}号机械有限公司") for n in range(100)))
    bench.run("crm")
    bench.remove("crm", "007")
    bench.clock.wait(60)
    (result,) = bench.run("crm", full=True)
    assert (result.counters.unchanged, result.counters.other["deleted"], result.completeness) == (99, 1, "proven")


def test_f37_the_brake_holds_a_mass_delete_until_a_person_lets_it(bench: Bench) -> None:
    bench.put("crm", *(row(f"{n:03}", f"杭州甲{n}号机械有限公司") for n in range(100)))
    bench.run("crm")
    bench.remove("crm", *(f"{n:03}" for n in range(30)))
    bench.clock.wait(60)
    with pytest.raises(Halt, match="30 of 100") as caught:
        bench.run("crm", full=True)
    assert caught.value.code == "FLW030"
    with bench.hub() as hub, hub.store.read() as conn:
        assert len(list(landing.scan_all(conn))) == 100
    (result,) = bench.run("crm", full=True, allow_deletes=True)
    assert result.counters.other["deleted"] == 30


def test_e78_a_new_mapping_maps_the_stored_rows_again(bench: Bench) -> None:
    """Guard: flows.ingest:remap"""
    later = row("2", "宁波乙电子有限公司", tel=PHONE, at="2026-02-01 09:00:00")
    bench.put("crm", row("1", "杭州甲机械有限公司", tel=PHONE), later)  # the next run reads back to the later one only
    bench.run("crm")
    bench.edit("mappings/crm/account.yaml", "via: [blank, phones]", "via: [blank, phones], default: []")
    bench.edit("mappings/crm/account.yaml", "role: {value: customer}", "role: {value: dealer}")
    bench.run("crm")
    with bench.hub() as hub, hub.store.read() as conn:
        roles = [(record.canonical or {})["role"] for record in landing.scan_all(conn)]
    assert roles == ["dealer", "dealer"]


def test_small_pages_are_landed_together_but_never_held_long() -> None:
    """A tap may say one row an hour: what it said before must not wait for the page to fill."""
    stream, clock = Stream("orders", key="id", walk="offset"), FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))

    def pages(wait_s: float) -> Iterator[Page]:
        for number in range(6):
            yield Page([{"id": str(number)}], Position(str(number)))
            clock.wait(wait_s)

    def sizes(wait_s: float) -> list[int]:
        return [len(page.rows) for page in joined(pages(wait_s), stream, clock)]

    assert sizes(1) == [6]
    assert sizes(HOLD_S / 2 + 1) == [3, 3]
    assert sizes(HOLD_S + 1) == [2, 2, 2]
