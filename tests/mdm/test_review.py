"""Questions reach across the parts of the graph that are resolved one after the other."""

from __future__ import annotations

from flows.hub import Hub
from flows.master import rules_in_force
from goldbridge.state import landing, match, task
from mdm.resolution import resolve
from tests.flows.bench import Bench, row


def doubt(hub: Hub) -> tuple[int, int]:
    """An edge in the review band between the two records, which are in no other way connected."""
    with hub.store.begin() as conn:
        rev = rules_in_force(conn, hub.project, hub.survivorship, "party").rev
        a, b = sorted(record.id for record in landing.scan_all(conn))
        match.replace_edges(conn, rev, [a, b], [match.Edge(a, b, 100_000, "review", [["name", "near", 100_000]], ())])
    return a, b


def resolve_alone(hub: Hub, record: int, run: int) -> list[int]:
    """Resolve what hangs on one record; the ids of the open tasks afterwards."""
    with hub.store.begin() as conn:
        core = rules_in_force(conn, hub.project, hub.survivorship, "party")
        resolve(conn, core, [record], f"run:{run}", run)
        return [each.id for each in task.list_tasks(conn)]


def test_a_doubt_about_a_record_that_is_not_resolved_now_is_asked_once_and_stays(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.put("erp", row("1", "上海乙贸易有限公司"))
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub:
        a, b = doubt(hub)
        asked = resolve_alone(hub, a, 1)
        assert len(asked) == 1
        assert resolve_alone(hub, b, 1) == asked
        assert resolve_alone(hub, a, 1) == asked
        with hub.store.read() as conn:
            (question,) = task.list_tasks(conn)
        assert question.subject == [a, b]
        assert {one["name"] for one in question.payload["labels"]} == {"杭州甲机械有限公司", "上海乙贸易有限公司"}


def test_it_is_withdrawn_when_the_doubt_is_gone(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"))
    bench.put("erp", row("1", "上海乙贸易有限公司"))
    bench.run("crm", "erp", "parties")
    with bench.hub() as hub:
        a, b = doubt(hub)
        assert len(resolve_alone(hub, a, 1)) == 1
        with hub.store.begin() as conn:
            match.replace_edges(conn, rules_in_force(conn, hub.project, hub.survivorship, "party").rev, [a, b], [])
        assert resolve_alone(hub, b, 1) == []
