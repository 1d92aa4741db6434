"""Trace: every step of a record's way with its rule and its time, found by keys alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from flows.hub import Hub
from flows.trace import EDGES, Trace, streams_with, trace
from goldbridge.state import landing, match
from mdm.steward import merge, split
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person, written

PHONE = "0571-87654321"
JIA = company("1", "杭州甲机械有限公司", code=credit_code(1), tel=PHONE, capital="100000", status="A")


def follow(crm: CrmBench, source: str, key: str) -> Trace:
    system, _, stream = source.partition(".")
    with crm.hub() as hub, hub.store.read() as conn:
        found = trace(hub, conn, system, stream, key)
    assert found is not None
    return found


def test_every_step_says_its_rule_and_its_time(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.accounts("erp", company("E1", "杭州甲机械有限公司", code=credit_code(1), tel=PHONE, capital="200000"))
    crm.round()
    crm.accounts("crm", {**JIA, "STATUS": "I", "AT": "2026-02-02 08:00:00"})
    crm.round()
    found = follow(crm, "crm.account", "1")
    home = crm.home("crm.account", "1")
    assert found.record == "crm.account/1"
    landed, mapped, matched, golden = found.landed, found.mapped, found.matched, found.golden
    assert landed and mapped and matched and golden  # noqa: PT018
    assert (landed["flow"], landed["state"], landed["fate"], landed["event_at"]) == (
        "crm", "live", "applied", "2026-02-02T00:00:00.000000Z",
    )  # fmt: skip
    assert [(one["at"], one["op"], one["flow"]) for one in landed["versions"]] == [
        ("2026-03-01T08:01:00.000000Z", "full", "crm"),
        ("2026-03-01T08:02:00.000000Z", "full", "crm"),
    ]
    assert (landed["first_at"], landed["changed_at"]) == tuple(one["at"] for one in landed["versions"])
    with crm.hub() as hub:
        assert mapped["revision"] == hub.mapping("crm.account").revision
    assert (mapped["file"], mapped["current"]) == ("mappings/crm/account.yaml", True)
    assert mapped["values"]["capital_cny"] == "100000"
    assert (matched["golden"], matched["basis"], matched["cause"]["flow"]) == (written(home), "auto", "parties")
    assert matched["at"] == "2026-03-01T08:01:00.000000Z"
    (edge,) = matched["edges"]
    assert (edge["other"], edge["band"], edge["together"]) == ("erp.partner/E1", "auto", True)
    assert abs(sum(part["bits"] for part in edge["parts"]) - edge["bits"]) < 0.01
    assert (golden["id"], golden["version"], golden["founder"]) == (written(home), 2, True)
    assert golden["won"]["status"] == {"rule": "only_claim", "value": "inactive"}
    assert golden["won"]["phones"]["rule"] == "union"
    assert golden["lost"] == {"capital_cny": {"rule": "source_rank", "to": "erp.partner/E1"}}
    (delivered,) = found.delivered
    row = crm.rows()[0]
    assert (delivered["target"], delivered["key"], delivered["state"], delivered["flow"], delivered["file"]) == (
        "new_crm.AccountObj", row["_id"], "done", "accounts", "mappings/new_crm/account.out.yaml",
    )  # fmt: skip
    assert (delivered["op"], delivered["written"], delivered["deliveries"]) == (  # the newest of two
        "update", {"account_status__c": "inactive"}, 2,
    )  # fmt: skip
    assert {"name", "tel", "capital__c"} <= set(delivered["ledger"][0]["fields"])
    assert found.dead_letters == []


def test_the_row_that_we_wrote_leads_to_the_same_golden_record(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go("crm", "parties", "accounts")
    key = crm.rows()[0]["_id"]
    found = follow(crm, "new_crm.AccountObj", key)
    assert found.mapped is None  # nobody read it back yet
    assert found.matched
    assert (found.matched["basis"], found.matched["about"]) == ("our_write", "crm.account/1")
    assert found.golden
    assert found.golden["id"] == written(crm.home("crm.account", "1"))


def test_what_was_set_aside_ends_there(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", company("2", None))
    crm.go("crm", "parties", "accounts")
    found = follow(crm, "crm.account", "2")
    assert found.landed
    assert found.landed["fate"] == "dead"
    assert (found.golden, found.delivered) == (None, [])
    (letter,) = found.dead_letters
    assert (letter["flow"], letter["stage"], letter["attempts"]) == ("crm", "map", 1)
    assert letter["rule"].startswith("mappings/crm/account.yaml:6:")


def test_a_refused_write_is_on_the_way_of_its_record(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.fault("refuse", code="11018013", message="超出范围")
    crm.go("crm", "parties", "accounts")
    found = follow(crm, "crm.account", "1")
    assert [(one["state"], one["written"]["name"]) for one in found.delivered] == [("dead", "杭州甲机械有限公司")]
    (letter,) = found.dead_letters
    assert (letter["stage"], letter["record"]) == (
        "write",
        f"new_crm.AccountObj/{written(crm.home('crm.account', '1'))}",
    )


def test_a_write_that_waits_says_for_whom(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.people(person("p1", "9", "张三"))
    crm.go("people", "everyone", "contacts")
    (delivered,) = follow(crm, "crm.contact", "p1").delivered
    assert (delivered["state"], delivered["blocked_by"], delivered["at"]) == (
        "parked", "crm.account/9", "2026-03-01T08:00:00.000000Z",
    )  # fmt: skip


def test_a_record_of_a_sync_has_its_way_too(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.contracts("crm", contract("HT-1", "1", "100"))
    crm.go("crm", "parties", "accounts", "contracts")
    found = follow(crm, "crm.contract", "HT-1")
    assert found.matched
    assert found.mapped
    assert (found.mapped["file"], found.matched["cause"]["flow"]) == ("mappings/crm/contract.yaml", "contracts")
    (delivered,) = found.delivered
    assert (delivered["target"], delivered["file"]) == ("new_crm.SaleContractObj", "mappings/new_crm/contract.out.yaml")


def test_a_steward_is_named_with_the_reason(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA, company("2", "宁波乙电子有限公司", code=credit_code(2), status="A"))
    crm.go("crm", "parties")
    one, two = crm.home("crm.account", "1"), crm.home("crm.account", "2")
    with crm.steward() as (conn, who):
        merge(conn, who, [one, two], reason="renamed", survivor=one)
    matched = follow(crm, "crm.account", "2").matched
    assert matched
    assert (matched["golden"], matched["basis"]) == (written(one), "steward")
    assert {name: matched["cause"][name] for name in ("by", "reason")} == {"by": "anna", "reason": "renamed"}
    assert [one["golden"] for one in matched["history"]] == [written(two), written(one)]
    assert [(one["other"], one["by"]) for one in matched["assertions"]] == [("crm.account/1", "anna")]
    with crm.steward() as (conn, who):
        split(conn, who, one, [landing.find(conn, "crm", "account", ["2"])["2"]], reason="no, another")
    matched = follow(crm, "crm.account", "2").matched
    assert matched
    assert matched["cause"]["reason"] == "no, another"


def test_a_mapping_that_changed_since_is_said(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go("crm")
    crm.edit(
        "mappings/crm/account.yaml",
        "status: {from: STATUS, lookup: {A: active, I: inactive}}",
        "status: {value: active}",
    )
    mapped = follow(crm, "crm.account", "1").mapped
    assert mapped
    assert (mapped["file"], mapped["current"]) == ("mappings/crm/account.yaml", False)
    crm.edit("mappings/crm/account.yaml", "required: true", "required: maybe")  # it does not even compile now
    mapped = follow(crm, "crm.account", "1").mapped
    assert mapped
    assert mapped["current"] is False


def test_a_record_that_left_its_golden_record_shows_where_it_was(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go("crm", "parties")
    home = crm.home("crm.account", "1")
    crm.accounts("crm", {**JIA, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    crm.go("crm", "parties")
    found = follow(crm, "crm.account", "1")
    assert found.landed
    assert found.matched
    assert found.golden
    assert (found.landed["state"], found.landed["versions"][-1]["op"]) == ("deleted", "delete")
    assert (found.matched["golden"], found.matched["open"]) == (written(home), False)
    assert found.golden["state"] == "retired"


def test_a_crowd_of_pairs_is_cut(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", *(company(str(n), f"杭州甲{n}号机械有限公司") for n in range(EDGES + 6)))
    crm.go("crm", "parties")
    with crm.hub() as hub, hub.store.begin() as conn:
        ids = landing.find(conn, "crm", "account", [str(n) for n in range(EDGES + 6)])
        edges = [
            match.Edge(ids["0"], other, 10_000 * int(key), "review", []) for key, other in ids.items() if key != "0"
        ]
        match.replace_edges(conn, 1, [ids["0"]], edges)
    matched = follow(crm, "crm.account", "0").matched
    assert matched
    assert (len(matched["edges"]), matched["more_edges"]) == (EDGES, 5)
    assert matched["edges"][0]["bits"] == EDGES + 5


def test_the_streams_of_a_key_are_found_without_knowing_them(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, company("8", None))
    crm.contracts("crm", contract("1", "1", "100"))
    crm.go("crm", "parties", "accounts", "contracts")
    with crm.reading() as conn:
        assert streams_with(conn, "crm", "1") == ["account", "contract"]
        assert streams_with(conn, "crm", "8") == ["account"]
        assert streams_with(conn, "crm", "7") == streams_with(conn, "nobody", "1") == []
    with crm.hub() as hub, hub.store.read() as conn:
        assert trace(hub, conn, "crm", "account", "7") is None


def test_no_step_walks_a_table(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA, company("2", None))
    crm.accounts("erp", company("E1", "杭州甲机械有限公司", code=credit_code(1), tel=PHONE))
    crm.fault("refuse", code="11018013", message="超出范围")
    crm.go("crm", "erp", "parties", "accounts")
    crm.go("accounts")
    with crm.hub() as hub:
        asked = _asked(hub)
        with hub.store.read() as conn:
            for sql, parameters in asked:
                plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
                walked = [step for step in plan if step.startswith("SCAN") and "json_each" not in step]
                assert not set(walked) - {"SCAN chain"}, (sql, plan)


def _asked(hub: Hub) -> list[tuple[str, Any]]:
    """Every question that a trace asks of the state."""
    asked: list[tuple[str, Any]] = []

    def note(conn: object, cursor: object, sql: str, parameters: Any, context: object, many: bool) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((sql, parameters))

    with hub.store.read() as conn:
        event.listen(hub.store.engine, "before_cursor_execute", note)
        assert streams_with(conn, "crm", "1") == ["account"]
        found = trace(hub, conn, "crm", "account", "1")
        event.remove(hub.store.engine, "before_cursor_execute", note)
    assert found
    assert found.golden
    assert found.delivered
    assert found.dead_letters
    assert len(asked) > 20
    return asked
