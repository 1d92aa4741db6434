"""What flows.yaml says about when: every problem at once, and the week begins on Sunday."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flows.config import compile_flows
from flows.cron import parse_cron
from flows.schedule import Schedule, schedules, unscheduled
from flows.scheduler import trigger
from goldbridge.errors import Misconfigured
from goldbridge.settings.project import load_project
from tests.flows.bench import Bench


def read(bench: Bench) -> list[Schedule]:
    project = load_project(bench.root)
    return schedules(project, compile_flows(project))


@pytest.fixture
def bench(sqlite_bench: Bench) -> Bench:
    return sqlite_bench


def test_every_schedule_of_the_enabled_flows_predecessors_first(bench: Bench) -> None:
    bench.edit("flows.yaml", "erp: {ingest: erp.partner}", "erp: {ingest: erp.partner, every: 5 min, enabled: false}")
    bench.edit("flows.yaml", "crm: {ingest: crm.account}", "crm: {ingest: crm.account, full_compare: 0 3 * * 0}")
    bench.edit("flows.yaml", "after: [crm, erp]}", 'after: [crm, erp], cron: "30 2 * * *"}')
    assert [(one.name, one.full, one.cron.text if one.cron else "") for one in read(bench)] == [
        ("crm:full_compare", True, "0 3 * * 0"),
        ("parties", False, "30 2 * * *"),
    ]


def test_flw060_names_every_expression_that_is_none(bench: Bench) -> None:
    bench.edit("flows.yaml", "crm: {ingest: crm.account}", 'crm: {ingest: crm.account, full_compare: "3 o clock"}')
    bench.edit("flows.yaml", "after: [crm, erp]}", 'after: [crm, erp], cron: "0 25 * * *"}')
    with pytest.raises(Misconfigured) as caught:
        read(bench)
    advice = "write five fields, e.g. 0 3 * * 0"
    assert [str(problem) for problem in caught.value.problems] == [
        f"flows.yaml:3:44: FLW060 '3 o clock' is no cron expression: it has 3 fields, not five; {advice}",
        f"flows.yaml:5:55: FLW060 '0 25 * * *' is no cron expression: hour '25' is not between 0 and 23; {advice}",
    ]


def test_flows_without_a_schedule_are_told(bench: Bench) -> None:
    bench.edit("flows.yaml", "erp: {ingest: erp.partner}", "erp: {ingest: erp.partner, every: 5 min}")
    project = load_project(bench.root)
    assert [(name, str(mark)) for name, mark in unscheduled(project, compile_flows(project))] == [
        ("crm", "flows.yaml:3:3"),
        ("parties", "flows.yaml:5:3"),
    ]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0 3 * * 0", ["2026-03-08 03:00", "2026-03-15 03:00"]),  # Sundays
        ("0 3 1 * mon", ["2026-03-02 03:00", "2026-03-09 03:00"]),  # the first, and Mondays
        ("30 2 29 2 *", ["2028-02-29 02:30", "2032-02-29 02:30"]),
    ],
)
def test_cron_fires_in_the_zone_of_the_project(text: str, times: list[str]) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    made = trigger(Schedule("crm", cron=parse_cron(text)), zone)
    at = made.get_next_fire_time(None, datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    then = made.get_next_fire_time(at, at)
    assert [found.astimezone(zone).strftime("%Y-%m-%d %H:%M") for found in (at, then)] == times
