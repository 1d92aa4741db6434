"""Everything from a lead to the last payment: lines with their record, pools and owners, approvals, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Completeness, Position, Write
from connectors.fxiaoke import Fxiaoke
from goldbridge.errors import Halt, Misconfigured
from goldbridge.simulators.kit import Fault
from tests.connectors.fxiaoke_case import Case
from tests.connectors.rig import NOON_MS, outcome, read

CREATE, UPDATE, INVALID = (f"/cgi/crm/v2/data/{action}" for action in ("create", "update", "invalid"))
ORDER, LINE = "SalesOrderObj", "SalesOrderProductObj"
OBJECTS: dict[str, dict[str, Any]] = {
    "LeadsObj": {"company": "示例", "source": "官网"},
    "AccountAddrObj": {"account_id": "A", "province": "330000"},
    "AccountFinInfoObj": {"account_id": "A", "tax_id": "91330110MA2EXAMP5K"},
    "PartnerObj": {"tel": "0571-1"},
    "ProductObj": {"product_code": "P-1", "price": "12.5", "unit": "台"},
    "PriceBookObj": {"start_date": NOON_MS},
    "OpportunityObj": {"account_id": "A", "expected_deal_amount": "5"},
    "NewOpportunityObj": {"account_id": "A", "amount": 5},
    "QuoteObj": {"account_id": "A", "quote_amount": "5"},
    "ContractObj": {"account_id": "A", "contract_amount": "5"},
    "SaleContractObj": {"account_id": "A", "contract_amount": "5"},
    "SalesOrderObj": {"account_id": "A", "order_amount": "5"},
    "InvoiceApplicationObj": {"account_id": "A", "invoice_applied_amount": "5"},
    "PaymentObj": {"account_id": "A", "payment_amount": "5"},
    "PaymentPlanObj": {"plan_payment_amount": "5"},
    "RefundObj": {"refunded_amount": "5"},
    "CreditFileObj": {"account_id": "A", "credit_quota": "5"},
    "object_r1sk7__c": {"account_id__c": "A", "level__c": "高"},
}


def with_account(**more: Any) -> Case:
    return Case({"AccountObj": [{"_id": "A", "name": "示例有限公司"}], **more})


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_is_written_and_read_by_the_path_of_its_kind(name: str) -> None:
    case = with_account()
    connector = case.connect(objects=[name])
    values = {"name": "一", **OBJECTS[name]}
    written = case.write(connector, name, Write("create", "g1", values))[0]
    assert (written.outcome, written.code, written.message) == ("written", "", "")
    case.clock.advance(10)
    rows, _, verdict = read(connector, name)
    assert [(row["_id"], row["golden_id__c"]) for row in rows] == [(written.key, "g1")]
    assert verdict.proven
    custom = {call.path.startswith("/cgi/crm/custom/") for call in case.calls if "/data/" in call.path}
    assert custom == {name.endswith("__c")}


# Lines


def order(*quantities: int, **more: Any) -> dict[str, Any]:
    lines = [{"quantity": quantity, **more} for quantity in quantities]
    return {"name": "HT-1", "account_id": "A", LINE: lines}


def lines_of(case: Case, *, life: str = "normal") -> dict[Any, str]:
    rows = case.sim.rows(LINE)
    return {row.get("golden_id__c"): row["quantity"] for row in rows if row["life_status"] == life}


def test_an_order_and_its_lines_are_created_in_one_call() -> None:
    case = with_account()
    connector = case.connect(objects=[ORDER])
    written = case.write(connector, ORDER, Write("create", "o1", order(2, 3)))[0]
    assert written.outcome == "written"
    assert len(case.asked(CREATE)) == 1
    assert lines_of(case) == {"o1/1": "2.00", "o1/2": "3.00"}
    assert {row["order_id"] for row in case.sim.rows(LINE)} == {written.key}


def test_lines_are_kept_in_step_and_never_doubled() -> None:
    case = with_account()
    connector = case.connect(objects=[ORDER])
    key = case.write(connector, ORDER, Write("create", "o1", order(2, 3, 4)))[0].key
    case.sim.add(LINE, {"order_id": key, "quantity": "9"})  # somebody adds a line by hand
    case.write(connector, ORDER, Write("create", "o1", order(2, 3, 4)))
    assert (len(case.asked(CREATE)), len(case.asked(UPDATE))) == (1, 1), "unchanged lines cost no call"
    assert case.write(connector, ORDER, Write("update", "o1", order(2, 5), key))[0].outcome == "written"
    assert lines_of(case, life="invalid") == {"o1/3": "4.00"}
    mine = {row.get("golden_id__c"): row["quantity"] for row in case.sim.rows(LINE) if row["life_status"] == "normal"}
    assert mine == {"o1/1": "2.00", "o1/2": "5.00", None: "9.00"}
    case.write(connector, ORDER, Write("update", "o1", order(2, 5, 7), key))
    assert lines_of(case)["o1/3"] == "7.00", "an invalidated line gives its id free"
    case.write(connector, ORDER, Write("update", "o1", {"name": "HT-2"}, key))
    assert len(case.sim.rows(LINE)) == 5, "values that name no lines leave them alone"


def test_a_lost_answer_between_lines_does_all_of_it_again() -> None:
    case = with_account()
    connector = case.connect(objects=[ORDER])
    key = case.write(connector, ORDER, Write("create", "o1", order(2)))[0].key
    case.sim.faults.add(Fault("lost", path=CREATE))
    result = case.write(connector, ORDER, Write("update", "o1", order(2, 3, 4), key))[0]
    assert (result.outcome, result.code) == ("retry", "CON005")
    assert case.write(connector, ORDER, Write("update", "o1", order(2, 3, 4), key))[0].outcome == "written"
    assert lines_of(case) == {"o1/1": "2.00", "o1/2": "3.00", "o1/3": "4.00"}


def test_a_lost_answer_to_an_order_with_lines_doubles_nothing() -> None:
    case = with_account()
    connector = case.connect(objects=[ORDER])
    case.sim.faults.add(Fault("lost", path=CREATE))
    assert case.write(connector, ORDER, Write("create", "o1", order(2, 3)))[0].outcome == "unknown"
    assert case.write(connector, ORDER, Write("create", "o1", order(2, 3)))[0].outcome == "written"
    assert (len(case.sim.rows(ORDER)), len(lines_of(case))) == (1, 2)


def test_a_line_that_is_refused_takes_its_order_with_it() -> None:
    case = with_account()
    connector = case.connect(objects=[ORDER])
    result = case.write(connector, ORDER, Write("create", "o1", order(2, 3, product_id="nowhere")))[0]
    assert (result.outcome, result.code) == ("rejected", "CON046")
    assert case.sim.rows(ORDER) == case.sim.rows(LINE) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({LINE: [{"quantty": 1}]}, "SalesOrderProductObj: the object has no field 'quantty'; did you mean 'quantity'"),
        ({"QuoteLinesObj": [{"quantity": 1}]}, "QuoteLinesObj: the object has no field that points to SalesOrderObj"),
        ({"SalesOrderProdctObj": [{}]}, "SalesOrderObj: the object has no field 'SalesOrderProdctObj'"),
    ],
)
def test_lines_that_do_not_fit_are_named_before_anything_is_written(values: dict[str, Any], said: str) -> None:
    case = with_account()
    batch = [Write("create", "o0", {"name": "0", "account_id": "A"}), Write("create", "o1", {"name": "1", **values})]
    with pytest.raises(Misconfigured, match=said) as caught:
        case.write(case.connect(objects=[ORDER]), ORDER, *batch)
    assert caught.value.code == "CON041"
    assert case.sim.counters.writes == 0


# Pools, owners, deletion


@pytest.mark.parametrize("name", ["AccountObj", "LeadsObj"])
def test_a_record_in_a_pool_is_taken_out_before_it_gets_its_owner(name: str) -> None:
    case = Case({name: [{"_id": "P", "name": "公海", "owner": []}]})
    connector = case.connect(objects=[name])
    case.clock.advance(10)
    assert read(connector, name)[0][0]["owner"] == []
    assert case.write(connector, name, Write("update", "g1", {"owner": "1002"}, "P"))[0].outcome == "written"
    assert case.sim.rows(name)[0]["owner"] == ["1002"]
    assert case.asked("/cgi/crm/v2/data/choose")[0]["data"] == {"apiName": name, "objectIds": ["P"]}


def test_an_owner_that_may_not_be_changed_is_refused_as_it_is() -> None:
    case = with_account()
    case.sim.faults.add(Fault("refuse", code="20014", message="无此操作的数据权限", path="*/changeOwner"))
    result = case.write(case.connect(), "AccountObj", Write("update", "g1", {"owner": "1002"}, "A"))[0]
    assert (result.outcome, result.code) == ("rejected", "CON046")
    assert case.asked("/cgi/crm/v2/data/choose") == []


def test_a_deactivation_invalidates_or_deletes_for_good() -> None:
    case = with_account(PartnerObj=[{"_id": "B", "name": "乙"}])
    gone = Write("deactivate", "g1", {}, "A")
    assert case.write(case.connect(), "AccountObj", gone)[0].outcome == "written"
    assert case.sim.rows("AccountObj")[0]["life_status"] == "invalid"
    connector = case.connect(on_delete="delete")
    for _ in range(2):
        assert case.write(connector, "AccountObj", gone)[0].outcome == "written"
        assert case.sim.rows("AccountObj") == []
    case.sim.faults.add(Fault("refuse", code="15002", path="*/delete"))
    assert case.write(connector, "PartnerObj", Write("deactivate", "g2", {}, "B"))[0].outcome == "rejected"
    assert case.sim.rows("PartnerObj")[0]["life_status"] == "invalid"


def test_a_locked_record_is_not_deactivated() -> None:
    case = with_account()
    case.sim.tenant.lock("AccountObj", "A", "1000", locked=True)
    assert case.write(case.connect(), "AccountObj", Write("deactivate", "g1", {}, "A"))[0].code == "CON046"


# Approvals


def approvals(count: int) -> tuple[Case, Fxiaoke]:
    case = Case()
    for number in range(count):
        case.clock.advance(60)
        case.sim.tenant.create("AccountObj", {"name": f"示例{number}"}, "1001", approve=True)
    case.clock.advance(60)
    return case, case.connect(objects=["ApprovalInstanceObj", "ApprovalTaskObj"])


@pytest.mark.parametrize("count", [0, 1, 40, 45])
def test_approvals_are_listed_page_by_page(count: int) -> None:
    _, connector = approvals(count)
    assert connector.probe().endswith("2 objects")
    rows, pages, verdict = read(connector, "ApprovalInstanceObj")
    assert len({row["instanceId"] for row in rows}) == len(rows) == count
    assert verdict.proven
    assert pages[-1].at == Position(connector.bound(connector.streams["ApprovalInstanceObj"]))
    assert not any(stream.writable for stream in connector.streams.values())


def test_how_an_approval_ended_is_seen_by_the_next_run() -> None:
    case, connector = approvals(3)
    stream = connector.streams["ApprovalInstanceObj"]
    rows, pages, _ = read(connector, stream.name)
    case.sim.tenant.settle(rows[0]["tasks"][0]["taskId"], "agree", "", "1000")
    case.clock.advance(60)
    at = pages[-1].at
    assert at is not None
    assert read(connector, stream.name, at)[0] == []
    again, _, _ = read(connector, stream.name, connector.rewind(stream, at))
    assert [row["state"] for row in again] == ["pass", "in_progress", "in_progress"]
    assert int(connector.rewind(stream, at).cursor) == int(at.cursor) - 30 * 86_400_000


def test_approvals_that_a_page_left_out_are_listed_again_or_the_run_is_not_proven() -> None:
    case, connector = approvals(45)
    path = "/cgi/crm/approvalInstances/query"
    case.sim.faults.add(Fault("short_page", path=path, rows=7))
    rows, _, verdict = read(connector, "ApprovalInstanceObj")
    assert (len(rows), verdict.proven) == (45, True)
    case.sim.faults.add(Fault("short_page", path=path, rows=7, count=None))
    rows, _, verdict = read(connector, "ApprovalInstanceObj")
    assert verdict == Completeness(False, "26 of 45 approvals were listed")
    case.sim.faults.clear()
    case.sim.faults.add(Fault("refuse", code="32000", path=path))
    assert outcome(lambda: read(connector, "ApprovalInstanceObj")) == (Halt, "CON046")
    case.sim.faults.add(Fault("error_body", body={"errorCode": 0, "queryResult": {}}, path=path))
    assert outcome(lambda: read(connector, "ApprovalInstanceObj")) == (Halt, "CON019")


def test_approvals_and_their_tasks_are_objects_too() -> None:
    case, connector = approvals(3)
    tasks, _, verdict = read(connector, "ApprovalTaskObj")
    assert ([task["state"] for task in tasks], verdict.proven) == (["in_progress"] * 3, True)
    as_object = case.connect(objects=["ApprovalInstanceObj"], approvals="object")
    assert {row["_id"] for row in read(as_object, "ApprovalInstanceObj")[0]} == {task["instance_id"] for task in tasks}


# Ways to read


def test_stored_formulas_are_read_by_a_call_of_the_custom_branch() -> None:
    case = with_account()
    case.clock.advance(10)
    assert len(read(case.connect(live_formulas=False), "AccountObj")[0]) == 1
    paths = {call.path for call in case.calls if "/data/" in call.path}
    assert paths == {"/cgi/crm/custom/v2/data/findSimple"}


ROW = {"_id": "6a01", "name": "甲", "last_modified_time": NOON_MS - 5000}


@pytest.mark.parametrize("data", [{"dataList": [ROW]}, [ROW], {"dataList": ROW}, ROW])
def test_rows_come_in_four_shapes(data: Any) -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"errorCode": 0, "data": data}, path="*/data/query"))
    assert read(case.connect(), "AccountObj")[0] == [ROW]


def test_the_older_style_describes_objects_by_a_bare_name() -> None:
    case = with_account()
    for settings, key in (({}, "data"), ({"style": "body", "user_mobile": "19900001000"}, "apiName")):
        assert "name" in case.connect(**settings).schema.fields("AccountObj")
        assert key in case.calls[-1].json
