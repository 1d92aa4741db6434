"""What came for a flow lets it run early: soon, once more when it runs already, and also without a schedule."""

from __future__ import annotations

import pytest

from flows import scheduler as module
from goldbridge.clock import SYSTEM
from tests.flows.bench import Bench, row
from tests.flows.test_scheduler import serving, until


@pytest.fixture
def bench(sqlite_bench: Bench) -> Bench:
    """One flow of a long interval; the others have no schedule."""
    sqlite_bench.clock = SYSTEM
    sqlite_bench.edit("flows.yaml", "crm: {ingest: crm.account}", "crm: {ingest: crm.account, every: 1 h}")
    sqlite_bench.put("crm", row("C1", "杭州甲机械有限公司"))
    return sqlite_bench


def test_a_flow_runs_early_with_its_schedule_and_without(bench: Bench) -> None:
    with serving(bench, at_start=False) as served:
        served.scheduler.early(["crm", "erp"], 0.0)
        until(lambda: served.runs("crm") and served.runs("erp"))
        assert served.scheduler.jobs == ["crm"]
        served.scheduler.early(["erp"], 0.0)
        until(lambda: len(served.runs("erp")) == 2)


def test_what_comes_before_the_first_round_is_over_waits_for_its_end(bench: Bench) -> None:
    with serving(bench, lock="crm") as served:
        until(lambda: served.runs("crm"))
        served.scheduler.early(["erp"], 0.0)
        assert not served.runs("erp")
        served.unlock()
        until(lambda: len(served.runs("erp")) >= 1)


def test_what_comes_while_the_flow_runs_lets_it_run_once_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONCE_MORE_S", 0.05)
    with serving(bench, lock="crm", at_start=False) as served:
        served.scheduler.early(["crm"], 0.0)
        until(lambda: served.runs("crm"))
        for _ in range(3):
            served.scheduler.early(["crm"], 0.0)
        until(lambda: served.scheduler._woken == {"crm": 0.05})  # a tick came and found it running
        assert len(served.runs("crm")) == 1
        served.unlock()
        until(lambda: len([run for run in served.runs("crm") if run.state == "done"]) == 2)
        assert served.scheduler._woken == {}, "once, however often something came"


def test_nothing_runs_early_once_told_to_stop(bench: Bench) -> None:
    with serving(bench, at_start=False) as served:
        served.stop()
        served.scheduler.early(["crm", "erp"], 0.0)
        assert served.runs() == []
