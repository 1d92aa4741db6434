"""Decisions about golden records that are published: what other systems are told, and what they get."""

from __future__ import annotations

from goldbridge.state import crosswalk, delivery, golden, landing, outbox
from goldbridge.state.delivery import Order
from goldbridge.state.engine import Store
from mdm.steward import merge, split
from mdm.steward.parting import Split
from mdm.steward.preview import preview
from mdm.steward.publication import compensation, published
from tests.flows.bench_crm import CrmBench, company, credit_code, person, written

JIA = company("1", "杭州甲机械有限公司", code=credit_code(1), tel="0571-87654321")
YI = company("2", "宁波乙电子有限公司", tel="0574-87654321")
YI_ERP = company("2", "宁波乙电子有限公司", tel="0574-87654321", capital="500000")


def test_e30_an_update_of_a_retired_id_reaches_the_one_it_leads_to(crm: CrmBench) -> None:
    """Guard: goldbridge.state.redirect:redirect"""
    crm.accounts("crm", JIA, YI)
    crm.round()
    jia, yi = crm.home("crm.account", "1"), crm.home("crm.account", "2")
    row = next(one for one in crm.rows() if one["golden_id__c"] == written(yi))
    with crm.steward() as (conn, who):
        merge(conn, who, [jia, yi], survivor=jia)
    crm.clock.wait(60)
    # Somebody works on in the row that carries the retired id.
    crm.tenant.edit("AccountObj", row["_id"], {"name": "宁波乙新电子有限公司"})
    crm.clock.wait(60)
    crm.go("typed", "parties")
    with crm.reading() as conn:
        way = golden.resolve(conn, [yi])[yi]
        assert (way.ids, way.moved) == ([jia], True)
        assert golden.load(conn, [jia])[jia].values["name"] == "宁波乙新电子有限公司"
        number = landing.find(conn, "new_crm", "AccountObj", [row["_id"]])[row["_id"]]
        assert crosswalk.golden_of(conn, [number]) == {number: jia}


def test_e33_a_split_tells_who_went_where_and_what_is_to_be_made_good(crm: CrmBench) -> None:
    """Guard: mdm.steward.publication:compensation"""
    crm.accounts("crm", JIA, YI)
    crm.accounts("erp", YI_ERP)
    crm.people(person("p1", "1", "张三"), person("p2", "2", "李四"))
    crm.go("crm", "erp", "people", "parties")
    both = [crm.home("crm.account", "1"), crm.home("crm.account", "2")]
    with crm.steward() as (conn, who):
        merge(conn, who, both)
    crm.round()  # published as one
    assert len(crm.rows()) == 1
    home = crm.home("crm.account", "1")
    with crm.steward() as (conn, who):
        leaving = [_record(conn, "crm", "account", "2"), _record(conn, "erp", "partner", "2")]
        before = {id: home for ids in crosswalk.members(conn, [home]).values() for id in ids}
        shown = preview(conn, who, Split(home, [leaving]))
        rows = published(conn, [home])
        head = outbox.head(conn)
        split(conn, who, home, leaving)
        new = crosswalk.golden_of(conn, leaving)[leaving[0]]
        told = {one.subject: one.detail for one in outbox.read(conn, head, kind="golden")}
        steps = compensation(conn, "party", before, rows, {})
    assert told[new]["came"] == {str(home): sorted(leaving)}
    assert told[home]["left"] == {str(new): sorted(leaving)}
    create = {"object": "new_crm.AccountObj", "golden": written(new), "do": "create"}
    point = {"object": "new_crm.ContactObj", "golden": written(new), "do": "re-point", "children": 1}
    assert [{key: step[key] for key in create} for step in steps if step["do"] == "create"] == [create]
    assert point in steps
    planned = {(step["do"], step["object"]) for step in shown["to_make_good"]}
    assert {("create", "new_crm.AccountObj"), ("re-point", "new_crm.ContactObj")} <= planned
    assert [row["golden"] for row in shown["published"]] == [written(home)]
    crm.round()
    crm.round()
    with crm.reading() as conn:
        assert [s for s in compensation(conn, "party", before, rows, {}) if s["do"] == "create"] == []
    writes = crm.writes
    assert crm.round()["check"].counters.other == {}
    assert crm.writes == writes
    keys = {row["name"]: row["_id"] for row in crm.rows()}
    owners = {row["name"]: row["account_id"] for row in crm.rows("ContactObj")}
    assert owners == {"张三": keys["杭州甲机械有限公司"], "李四": keys["宁波乙电子有限公司"]}


def _record(conn: object, system: str, stream: str, key: str) -> int:
    return landing.find(conn, system, stream, [key])[key]  # type: ignore[arg-type]


def test_e34_a_stale_or_repeated_version_is_ignored(store: Store) -> None:
    """Guard: goldbridge.state.delivery:_known"""

    def order(version: int, name: str) -> Order:
        return Order("new_crm", "AccountObj", 7, version, "update", "party-x", {"name": name}, key="k")

    with store.begin() as conn:
        (second,) = delivery.enqueue(conn, "accounts", [order(2, "merged")], 1)
        assert delivery.enqueue(conn, "accounts", [order(1, "before")], 1) == []
        assert delivery.enqueue(conn, "accounts", [order(2, "merged")], 1) == []
        held = delivery.list_deliveries(conn)
        assert [(one.id, one.version, one.after) for one in held] == [(second, 2, {"name": "merged"})]
        (third,) = delivery.enqueue(conn, "accounts", [order(3, "later")], 1)
        assert delivery.load(conn, [second])[second].state == "superseded"
        assert delivery.load(conn, [third])[third].state == "ready"


def test_e76_two_old_records_that_become_one_row_both_lead_to_it(crm: CrmBench) -> None:
    """Guard: goldbridge.state.crosswalk:resolve_keys"""
    twin = {**JIA, "ID": "1b", "TEL": "0571-87654321"}
    crm.accounts("crm", JIA, twin)
    done = crm.round()
    (row,) = crm.rows()
    with crm.reading() as conn:
        both = crosswalk.resolve_keys(conn, "crm", "account", ["1", "1b"])
        assert set(both) == {"1", "1b"}
        (home,) = set(both.values())
        assert crosswalk.published(conn, [home], "new_crm", "AccountObj") == {home: row["_id"]}
    assert row["golden_id__c"] == written(home)
    assert done["check"].counters.other == {}  # counted, summed and compared: no difference


def test_e77_what_we_wrote_comes_back_as_nobodys_word(crm: CrmBench) -> None:
    """Guard: flows.echo:drop_echoes"""
    crm.accounts("crm", JIA)
    crm.round()
    before, writes = crm.goldens(), crm.writes
    crm.clock.wait(60)
    done = crm.go("typed", "parties", "accounts")
    assert crm.goldens() == before  # the value still is the CRM's, with its time
    (row,) = crm.rows()
    assert crm.record("new_crm.AccountObj", row["_id"]).canonical == {}
    assert done["parties"].counters.other.get("golden_versions", 0) == 0
    assert crm.writes == writes
