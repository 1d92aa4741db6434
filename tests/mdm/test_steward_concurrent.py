"""Two stewards at the same moment, on PostgreSQL: one is refused, nothing is lost, nothing contradicts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from flows.desk import Desk
from goldbridge.clock import FrozenClock
from goldbridge.errors import GoldbridgeError
from goldbridge.state import decision
from mdm.steward import Steward, answer, different, merge, same
from tests.mdm.town import BING, BING_ERP, DING, JIA, YI, Town, homes, record

pytestmark = pytest.mark.postgres
Work = Callable[[Connection, Steward], object]


@pytest.fixture
def town(tmp_path: Path, postgres_url: str, clock: FrozenClock) -> Town:
    return Town(tmp_path / "project", postgres_url, clock)


def at_once(town: Town, *works: Work) -> list[str]:
    """Each work in a transaction and a thread of its own, all begun before any decides; the refusals' codes."""
    together = threading.Barrier(len(works))
    codes: list[str] = []

    def decide(number: int, work: Work) -> None:
        with town.hub() as hub:
            together.wait(30)
            try:
                with hub.store.begin() as conn:
                    work(conn, Desk(hub, f"steward {number}")(conn, "party"))
            except GoldbridgeError as error:
                codes.append(error.code)

    threads = [threading.Thread(target=decide, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return codes


def applied(town: Town) -> list[str]:
    with town.reading() as conn:
        return [one.kind for one in decision.list_decisions(conn, states=["applied"])]


def test_e41_two_answers_to_one_question(town: Town) -> None:
    """Guard: mdm.steward.answering:not_answered"""
    (asked,) = town.tasks()
    codes = at_once(
        town,
        lambda conn, who: answer(conn, who, asked.id, "same"),
        lambda conn, who: answer(conn, who, asked.id, "different"),
    )
    assert codes == ["STA033"]
    (kind,) = applied(town)
    assert len(set(town.home(BING, BING_ERP))) == (1 if kind == "merge" else 2)
    assert town.broken() == []


def test_two_merges_that_share_a_golden_record(town: Town) -> None:
    with town.reading() as conn:
        jia, yi, ding = (homes(conn, one) for one in (JIA, YI, DING))
    codes = at_once(
        town,
        lambda conn, who: merge(conn, who, [jia, yi]),
        lambda conn, who: merge(conn, who, [yi, ding]),
    )
    # Whoever comes second may find the id redirected, and is told; when it survived, both hold.
    assert codes in (["MDM011"], [])
    assert len(applied(town)) == 2 - len(codes)
    assert len(set(town.home(JIA, YI, DING))) == 1 + len(codes)
    assert town.broken() == []


def test_three_that_together_contradict_each_other(town: Town) -> None:
    with town.reading() as conn:
        jia, yi, ding = (record(conn, one) for one in (JIA, YI, DING))
    codes = at_once(
        town,
        lambda conn, who: same(conn, who, jia, yi),
        lambda conn, who: same(conn, who, yi, ding),
        lambda conn, who: different(conn, who, jia, ding),
    )
    assert codes == ["MDM022"]
    assert len(applied(town)) == 2
    town.run("parties")
    assert town.broken() == []


def test_a_steward_and_a_run(town: Town) -> None:
    from flows.runner import run_flow
    from tests.flows.bench import row

    town.put("erp", row("3", "温州丙阀门制造厂", tel="0577-88654321", at="2026-02-03 08:00:00"))
    town.run("erp")
    with town.reading() as conn:
        bing, bing_erp = record(conn, BING), record(conn, BING_ERP)
    together = threading.Barrier(2)

    def master() -> None:
        with town.hub() as hub:
            together.wait(30)
            run_flow(hub, "parties")

    thread = threading.Thread(target=master)
    thread.start()
    with town.hub() as hub:
        together.wait(30)
        with hub.store.begin() as conn:
            different(conn, Desk(hub, "anna")(conn, "party"), bing, bing_erp)
    thread.join(60)
    assert len(set(town.home(BING, BING_ERP))) == 2
    assert town.broken() == []
