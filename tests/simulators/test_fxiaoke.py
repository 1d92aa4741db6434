"""The pretend Fxiaoke tenant keeps every fact of the vendor's sheet that a naive client trips over."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.simulators.fxiaoke import Fxiaoke, option_value
from goldbridge.simulators.fxiaoke.query import parse, predicate, run
from goldbridge.simulators.fxiaoke.schema import open_user_id, sandbox_objects
from goldbridge.simulators.fxiaoke.table import Table
from goldbridge.simulators.kit import Refused, SimClock
from goldbridge.simulators.kit.loopback import InProcess

START = 1_790_000_000.0
APP = {
    "appId": "FSAID_sandbox",
    "appSecret": "fx-sandbox-app-secret",
    "permanentCode": "fx-sandbox-permanent-code",
}
PILOT = [
    {"name": "杭州示例智能装备有限公司", "tel": "0571-87654321", "reg_status__c": "存续", "owner": ["1001"]},
    {"name": "宁波示例机电有限公司", "capital__c": "3000000", "province": "330000", "city": "330200"},
    {"name": "温州示例贸易有限公司", "owner": []},
]


class Client:
    """Calls a tenant the newer way."""

    def __init__(self, sim: Fxiaoke, user: str = "1000") -> None:
        self.sim = sim
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://fxiaoke")
        self.user = user
        self.token = self.http.post("/oauth2.0/token", json=APP | {"grantType": "app_secret"}).json()["accessToken"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}", "x-fs-ea": "sandbox", "x-fs-userid": self.user}
        reply = self.http.post(path, json=body, headers=headers)
        assert reply.status_code == 200
        return dict(reply.json())

    def query(self, name: str = "AccountObj", **info: Any) -> dict[str, Any]:
        family = "custom/v2" if name.endswith("__c") else "v2"
        search = {"limit": 100, "offset": 0, "filters": [], "orders": [{"fieldName": "_id", "isAsc": True}]} | info
        body = {"data": {"dataObjectApiName": name, "search_query_info": search}}
        return self.post(f"/cgi/crm/{family}/data/query", body)

    def rows(self, name: str = "AccountObj", **info: Any) -> list[dict[str, Any]]:
        return list(self.query(name, **info)["data"]["dataList"])

    def create(self, values: dict[str, Any], name: str = "AccountObj", **body: Any) -> dict[str, Any]:
        family = "custom/v2" if name.endswith("__c") else "v2"
        data = {"object_data": {"dataObjectApiName": name, **values}}
        return self.post(f"/cgi/crm/{family}/data/create", {"triggerApprovalFlow": False, "data": data, **body})

    def update(self, key: str, values: dict[str, Any], **body: Any) -> dict[str, Any]:
        data = {"object_data": {"dataObjectApiName": "AccountObj", "_id": key, **values}}
        return self.post("/cgi/crm/v2/data/update", {"triggerApprovalFlow": False, "data": data, **body})

    def get(self, key: str, name: str = "AccountObj", **body: Any) -> dict[str, Any]:
        answer = self.post("/cgi/crm/v2/data/get", {"data": {"dataObjectApiName": name, "objectDataId": key}, **body})
        return dict(answer["data"])


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Fxiaoke:
    return Fxiaoke({"AccountObj": PILOT}, clock=clock)


@pytest.fixture
def client(sim: Fxiaoke) -> Client:
    return Client(sim)


# Who calls


def test_the_same_token_is_given_for_6600_seconds_and_the_old_one_lives_600_more(sim: Fxiaoke, clock: SimClock) -> None:
    http = httpx.Client(transport=InProcess(sim.app), base_url="http://fxiaoke")

    def ask() -> dict[str, Any]:
        return dict(http.post("/oauth2.0/token", json=APP | {"grantType": "app_secret"}).json())

    first = ask()
    assert (first["ea"], first["expiresIn"]) == ("sandbox", 7200)
    clock.shift(6599)
    assert ask()["accessToken"] == first["accessToken"]
    clock.shift(1)
    second = ask()
    assert second["accessToken"] != first["accessToken"]
    client = Client(sim)
    for token, alive in ((first["accessToken"], True), (second["accessToken"], True)):
        client.token = token
        assert (client.query()["errorCode"] == 0) is alive
    clock.shift(600)
    client.token = first["accessToken"]
    assert client.query()["errorCode"] == 20016
    client.token = second["accessToken"]
    assert client.query()["errorCode"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [({"appSecret": "wrong"}, 10006), ({"appId": "x"}, 11001), ({"permanentCode": "x"}, 20015), ({}, 11005)],
)
def test_wrong_credentials_are_refused_with_http_200(sim: Fxiaoke, change: dict[str, str], code: int) -> None:
    reply = httpx.Client(transport=InProcess(sim.app)).post("http://fxiaoke/oauth2.0/token", json=APP | change)
    assert (reply.status_code, reply.json()["errorCode"]) == (200, code)


def test_the_older_way_of_calling_puts_three_keys_into_the_body(sim: Fxiaoke) -> None:
    http = httpx.Client(transport=InProcess(sim.app), base_url="http://fxiaoke")
    token = http.post("/cgi/corpAccessToken/get/V2", json=APP).json()
    body = {
        "corpAccessToken": token["corpAccessToken"],
        "corpId": token["corpId"],
        "currentOpenUserId": open_user_id("1000"),
        "data": {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 1, "offset": 0}},
    }
    answer = http.post("/cgi/crm/v2/data/query", json=body).json()
    assert answer["data"]["total"] == 3
    assert answer["data"]["dataList"][0]["owner"][0].startswith("FSUID_")
    answer = http.post("/cgi/crm/v2/data/query", json=body | {"convertUserId": False}).json()
    assert answer["data"]["dataList"][0]["owner"][0].isdigit()
    assert http.post("/cgi/crm/v2/data/query", json=body | {"corpId": "x"}).json()["errorCode"] == 20016
    assert http.post("/cgi/crm/v2/data/query", json={"data": {}}).json()["errorCode"] == 20017
    assert http.post("/cgi/crm/v2/data/query", json=body | {"currentOpenUserId": ""}).json()["errorCode"] == 10010
    found = http.post("/cgi/user/getByMobile", json=body | {"mobile": "19900001001"}).json()
    assert found["empList"][0]["openUserId"] == open_user_id("1001")


def test_an_employee_sees_only_his_own_rows_without_being_told(sim: Fxiaoke) -> None:
    narrow = Client(sim, user="1001")
    assert [row["name"] for row in narrow.rows()] == ["杭州示例智能装备有限公司"]
    others = Client(sim).rows()[1]["_id"]
    body = {"data": {"dataObjectApiName": "AccountObj", "objectDataId": others}}
    assert narrow.post("/cgi/crm/v2/data/get", body)["errorCode"] == 20014
    assert Client(sim, user="4711").query()["errorCode"] == 20012


def test_limits_of_the_sheet(clock: SimClock) -> None:
    sim = Fxiaoke(clock=clock, limits="sheet")
    client = Client(sim)
    codes = [client.query()["errorCode"] for _ in range(101)]
    assert codes == [0] * 100 + [30004]
    assert client.post("/cgi/crm/v2/object/list", {})["errorCode"] == 0  # each endpoint for itself
    clock.shift(20)
    assert client.query()["errorCode"] == 0
    asked = [client.http.post("/cgi/corpAccessToken/get/V2", json=APP).json()["errorCode"] for _ in range(11)]
    assert asked == [0] * 10 + [30004]


def test_the_daily_quota_starts_anew_at_midnight_in_beijing(clock: SimClock) -> None:
    clock.freeze(1_790_006_399.0)  # 2026-09-21T23:59:59+08:00
    client = Client(Fxiaoke(clock=clock, daily_calls=2))
    assert [client.query()["errorCode"] for _ in range(3)] == [0, 0, 30002]
    clock.shift(1)
    assert client.query()["errorCode"] == 0


# Reading


def test_empty_fields_are_left_out_unless_asked_for(client: Client) -> None:
    row = client.rows()[1]
    assert "tel" not in row
    assert row["capital__c"] == "3000000.00"
    body = {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 5, "offset": 0}}
    shown = client.post("/cgi/crm/v2/data/query", {"includeNull": True, "data": body})
    assert shown["data"]["dataList"][0]["email"] is None


def test_pages_keep_the_vendors_limits(client: Client) -> None:
    assert client.query(limit=101)["errorCode"] == 32000
    assert client.query(limit=0)["errorCode"] == 32000
    assert client.query(limit=2, offset=1)["errorCode"] == 10013
    assert client.query(limit=100, offset=10_100)["errorCode"] == 10013
    assert client.query(limit=100, offset=10_000)["errorCode"] == 0
    assert client.query(orders=[{"fieldName": "_id", "isAsc": "true"}])["errorCode"] == 32000
    assert client.query(filters=[{"field_name": "nmae", "operator": "EQ", "field_values": ["x"]}])["errorCode"] == 32000
    assert client.query(filters=[{"field_name": "name", "operator": "NE", "field_values": ["x"]}])["errorCode"] == 32000
    assert client.query(filters=[{"field_name": "name", "operator": "EQ", "field_values": "x"}])["errorCode"] == 32000


def test_totals_have_three_switches(client: Client) -> None:
    assert client.query(limit=2)["data"]["total"] == 3
    assert client.query(limit=2, offset=4)["data"]["total"] == 3
    off: list[dict[str, Any]] = [{"returnTotalNum": 3}, {"need_return_count_num": False}]
    for body in off:
        search = {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 2, "offset": 0}}
        assert client.post("/cgi/crm/v2/data/query", {"data": search, **body})["data"]["total"] == 0
    search = {"dataObjectApiName": "AccountObj", "find_explicit_total_num": False, "search_query_info": {"limit": 2}}
    assert client.post("/cgi/crm/v2/data/query", {"data": search})["data"]["total"] == 0


def test_projection_gives_what_was_asked_for_and_nothing_else(client: Client) -> None:
    assert client.rows(fieldProjection=["name"])[0] == {"name": "杭州示例智能装备有限公司"}
    body = {"data": {"dataObjectApiName": "AccountObj", "field_projection": ["_id"], "search_query_info": {"limit": 1}}}
    found = client.post("/cgi/crm/custom/v2/data/findSimple", body)
    assert list(found["data"]["dataList"][0]) == ["_id"]
    assert "_id" in client.post("/cgi/crm/custom/v2/data/findOne", body)["data"]["objectData"]


def test_filter_values_come_as_text_or_numbers(client: Client, clock: SimClock) -> None:
    clock.shift(1)
    client.create({"name": "新公司"})
    since = int((START + 1) * 1000)
    for value in (since, str(since)):
        found = client.rows(filters=[{"field_name": "last_modified_time", "operator": "GTE", "field_values": [value]}])
        assert [row["name"] for row in found] == ["新公司"]
    between = {"field_name": "last_modified_time", "operator": "BETWEEN", "field_values": [since, since]}
    assert len(client.rows(filters=[between])) == 1
    capital = {"field_name": "capital__c", "operator": "GT", "field_values": ["2999999.5"]}
    assert [row["name"] for row in client.rows(filters=[capital])] == ["宁波示例机电有限公司"]


def test_preset_and_custom_objects_have_paths_of_their_own(client: Client) -> None:
    body = {"data": {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 1, "offset": 0}}}
    assert client.post("/cgi/crm/custom/v2/data/query", body)["errorCode"] == 32000
    body["data"]["dataObjectApiName"] = "object_r1sk7__c"
    assert client.post("/cgi/crm/v2/data/query", body)["errorCode"] == 32000
    assert client.post("/cgi/crm/custom/v2/data/query", body)["errorCode"] == 0
    assert client.query("NobodyObj")["errorCode"] == 32000
    one = {"field_name": "name", "operator": "CONTAINS", "field_values": ["x"]}
    assert client.query("AccountObj", filters=[one])["errorCode"] == 32000
    assert client.query("object_r1sk7__c", filters=[one])["errorCode"] == 0


def test_describe_shows_fields_options_and_lookups(client: Client) -> None:
    for body in ({"includeDetail": True, "data": {"apiName": "AccountObj"}}, {"apiName": "AccountObj"}):
        fields = client.post("/cgi/crm/v2/object/describe", body)["data"]["describe"]["fields"]
        options = {option["label"]: option["value"] for option in fields["reg_status__c"]["options"]}
        assert options["存续"] == option_value("reg_status", "存续", 0)
        assert len(options["存续"]) == 9
        assert fields["golden_id__c"]["is_unique"]
    assert option_value("reg_status", "存续", 0) != option_value("reg_status", "存续", 1)
    objects = client.post("/cgi/crm/v2/object/list", {})["data"]["objects"]
    assert {each["describeApiName"] for each in objects} >= {"AccountObj", "PartnerObj", "SaleContractObj"}


_FIELDS = sandbox_objects()["AccountObj"]
_OPERATORS = ["EQ", "N", "GT", "GTE", "LT", "LTE", "IN", "NIN", "BETWEEN", "NBETWEEN", "IS", "ISN", "LIKE"]


@st.composite
def _queries(draw: st.DrawFn) -> dict[str, Any]:
    values = {
        "_id": st.sampled_from([f"k{number:02d}" for number in range(25)]),
        "last_modified_time": st.integers(0, 12),
        "name": st.sampled_from("abcd"),
        "tel": st.sampled_from("12"),
    }
    filters = []
    for name in draw(st.lists(st.sampled_from(sorted(values)), max_size=3)):
        operator = draw(st.sampled_from(_OPERATORS if name != "last_modified_time" else _OPERATORS[:-1]))
        filters.append(
            {"field_name": name, "operator": operator, "field_values": [draw(values[name]), draw(values[name])]}
        )
    names = draw(st.lists(st.sampled_from(["_id", "last_modified_time", "name"]), max_size=3, unique=True))
    orders = [{"fieldName": name, "isAsc": draw(st.booleans())} for name in names]
    limit = draw(st.integers(1, 9))
    return {"filters": filters, "orders": orders, "limit": limit, "offset": limit * draw(st.integers(0, 3))}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 12), st.sampled_from("abcd"), st.sampled_from(["", "1"]))),
    _queries(),
)
def test_the_planner_finds_what_a_full_scan_finds(changes: list[tuple[int, int, str, str]], info: Any) -> None:
    table = Table(_FIELDS)
    for number, at, name, tel in changes:
        row = {"_id": f"k{number:02d}", "last_modified_time": at, "name": name, "life_status": "normal"}
        table.put(row | ({"tel": tel} if tel else {}))
        if at == 12:
            table.drop(row["_id"])
    query = parse(_FIELDS, info)
    matching = [row for row in table if all(predicate(each)(row) for each in query.filters)]
    for order in reversed(query.orders or (None,)):
        if order is None:
            matching.sort(key=lambda row: -row["last_modified_time"])
        else:
            matching.sort(key=lambda row, name=order.field.name: row[name], reverse=not order.ascending)
    page, total = run(table, query, lambda row: True, count=True)
    assert total == len(matching)
    assert page == matching[query.offset : query.offset + query.limit]


# Writing


def test_a_created_row_can_be_read_back_by_our_id(client: Client) -> None:
    made = client.create(
        {"name": "  新公司 ", "golden_id__c": "gb-1", "capital__c": "12.345", "account_status__c": "active"}
    )
    assert made["errorCode"] == 0
    found = client.rows(filters=[{"field_name": "golden_id__c", "operator": "EQ", "field_values": ["gb-1"]}])
    assert [row["_id"] for row in found] == [made["dataId"]]
    row = found[0]
    assert (row["name"], row["capital__c"], row["life_status"], row["lock_status"]) == (
        "新公司",
        "12.34",
        "normal",
        "0",
    )
    assert client.sim.stats()["writes"] == 1


def test_a_custom_object_does_not_tell_the_new_id(client: Client, sim: Fxiaoke) -> None:
    made = client.create({"name": "失信", "golden_id__c": "r-1"}, "object_r1sk7__c")
    assert made["errorCode"] == 0
    assert "dataId" not in made
    assert sim.rows("object_r1sk7__c")[0]["golden_id__c"] == "r-1"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"golden_id__c": "x"}, "name"),
        ({"name": 5}, "name"),
        ({"name": "字" * 101}, "name"),
        ({"name": "甲", "capital__c": 300}, "capital__c"),
        ({"name": "甲", "capital__c": "三百"}, "capital__c"),
        ({"name": "甲", "email": "nobody"}, "email"),
        ({"name": "甲", "province": "浙江省"}, "province"),
        ({"name": "甲", "location": "120.1,30.2"}, "location"),
        ({"name": "甲", "reg_status__c": "存续"}, "reg_status__c"),
        ({"name": "甲", "tel": ["1"]}, "tel"),
    ],
)
def test_values_are_checked(client: Client, values: dict[str, Any], names: str) -> None:
    refused = client.create(values)
    assert refused["errorCode"] == 15002
    assert f"({names})" in refused["errorMessage"]
    assert len(client.rows()) == 3


def test_lookups_dates_and_lists_are_checked(client: Client) -> None:
    account = client.rows()[0]["_id"]
    contract = {"name": "HT-1", "account_id": account, "sign_date": 1_790_000_000_000, "contract_amount": "10"}
    assert client.create(contract, "SaleContractObj")["errorCode"] == 0
    assert client.rows("SaleContractObj")[0]["account_id__r"] == "杭州示例智能装备有限公司"
    for wrong in ({"account_id": "6a0"}, {"sign_date": "2026-03-01"}, {"name": "HT-1"}):
        assert client.create(contract | {"name": "HT-2"} | wrong, "SaleContractObj")["errorCode"] == 15002
    risk = {"name": "r", "tags__c": [option_value("risk_tags", "诉讼", 0)], "confirmed__c": True}
    assert client.create(risk, "object_r1sk7__c")["errorCode"] == 0
    assert client.create(risk | {"tags__c": "诉讼"}, "object_r1sk7__c")["errorCode"] == 15002
    assert client.create(risk | {"confirmed__c": "true"}, "object_r1sk7__c")["errorCode"] == 15002
    assert client.create({"name": "甲", "owner": ["77"]})["errorCode"] == 30027
    assert client.create({"name": "甲", "nmae": "x"})["errorCode"] == 32000


def test_our_id_is_unique_until_its_row_is_invalidated(client: Client) -> None:
    first = client.create({"name": "甲", "golden_id__c": "gb-1"})["dataId"]
    assert client.create({"name": "乙", "golden_id__c": "gb-1"})["errorCode"] == 15002
    other = client.create({"name": "乙"})["dataId"]
    assert client.update(other, {"golden_id__c": "gb-1"})["errorCode"] == 15002
    assert client.update(first, {"golden_id__c": "gb-1"})["errorCode"] == 0
    path = "/cgi/crm/v2/data/"
    ids = {"dataObjectApiName": "AccountObj", "idList": [first]}
    assert client.post(path + "delete", {"data": ids})["errorCode"] == 15002  # invalidate first
    one = {"data": {"dataObjectApiName": "AccountObj", "object_data_id": first}}
    assert client.post(path + "invalid", one)["errorCode"] == 0
    assert client.get(first)["life_status"] == "invalid"
    assert first not in [row["_id"] for row in client.rows()]
    gone = {"field_name": "life_status", "operator": "EQ", "field_values": ["invalid"]}
    assert [row["_id"] for row in client.rows(filters=[gone])] == [first]
    assert client.update(other, {"golden_id__c": "gb-1"})["errorCode"] == 0
    assert client.post(path + "recover", {"data": ids})["errorCode"] == 15002
    assert client.update(other, {"golden_id__c": None})["errorCode"] == 0
    assert client.post(path + "recover", {"data": ids})["errorCode"] == 0
    assert client.post(path + "invalid", one)["errorCode"] == 0
    assert client.post(path + "delete", {"data": ids})["errorCode"] == 0
    assert client.update(first, {"name": "x"})["errorCode"] == 15002


def test_writes_start_approvals_unless_told_not_to(client: Client) -> None:
    key = client.create({"name": "甲"}, triggerApprovalFlow=True)["dataId"]
    row = client.get(key)
    assert (row["life_status"], row["lock_status"]) == ("under_review", "1")
    assert client.update(key, {"name": "乙"})["errorCode"] == 15002
    found = client.post("/cgi/crm/object/approvalInstances/query", {"dataId": key})["queryResult"]["instanceList"]
    task = {"taskId": found[0]["tasks"][0]["taskId"], "actionType": "agree"}
    assert client.post("/cgi/crm/approvalTask/action", task)["errorCode"] == 0
    assert client.post("/cgi/crm/approvalTask/action", task)["errorCode"] == 32000
    assert client.update(key, {"name": "乙"}, triggerApprovalFlow=True)["errorCode"] == 0
    row = client.get(key)
    assert (row["name"], row["life_status"]) == ("甲", "in_change")  # the change waits for the approval
    asked = {"state": "in_progress", "objectApiName": "AccountObj"}
    waiting = client.post("/cgi/crm/approvalInstances/query", asked)["queryResult"]
    assert waiting["total"] == 1
    instance = client.post("/cgi/crm/approvalInstance/get", {"instanceId": waiting["instanceList"][0]["instanceId"]})
    task["taskId"] = instance["data"]["tasks"][0]["taskId"]
    assert client.post("/cgi/crm/approvalTask/action", task)["errorCode"] == 0
    assert client.get(key)["name"] == "乙"
    asked_for = {"data": {"entityId": "AccountObj", "objectId": key}}
    seen = client.post("/cgi/crm/v2/special/getInstanceInfoByObjectId", asked_for)["data"]["instances"]
    assert [each["state"] for each in seen] == ["pass", "pass"]


def test_an_owner_changes_only_by_change_owner_and_not_in_the_pool(client: Client) -> None:
    owned, pooled = client.rows()[0]["_id"], client.rows()[2]["_id"]
    assert client.update(owned, {"owner": ["1002"]})["errorCode"] == 15002

    def move(key: str) -> int:
        data = {"dataObjectApiName": "AccountObj", "Data": [{"objectDataId": key, "ownerId": ["1002"]}]}
        return int(client.post("/cgi/crm/v2/data/changeOwner", {"data": data})["errorCode"])

    assert move(owned) == 0
    assert client.get(owned)["owner__r"] == {"id": "1002", "name": "陈志远"}
    assert move(pooled) == 20014
    chosen = {"data": {"apiName": "AccountObj", "objectIds": [pooled]}}
    assert client.post("/cgi/crm/v2/data/choose", chosen)["errorCode"] == 0
    assert move(pooled) == 0


def test_locked_rows_refuse_changes(client: Client) -> None:
    key = client.rows()[0]["_id"]
    data = {"dataObjectApiName": "AccountObj", "dataIds": [key], "detailObjStrategy": 0}
    assert client.post("/cgi/crm/v2/object/lock", {"data": data})["errorCode"] == 0
    assert client.update(key, {"tel": "1"})["errorCode"] == 15002
    assert client.post("/cgi/crm/v2/object/unlock", {"data": data})["errorCode"] == 0
    assert client.update(key, {"tel": "1"})["errorCode"] == 0


def test_time_of_creation_is_ours_only_when_we_say_so(client: Client) -> None:
    old = 1_500_000_000_000
    plain = client.create({"name": "甲", "create_time": old})["dataId"]
    dated = client.create({"name": "乙", "create_time": old}, hasSpecifyTime=True)["dataId"]
    assert client.get(plain)["create_time"] == int(START * 1000)
    assert client.get(dated)["create_time"] == old


def test_an_update_keeps_what_it_does_not_name_and_moves_the_time(client: Client, clock: SimClock) -> None:
    before = client.rows()[0]
    clock.shift(5)
    client.update(before["_id"], {"email": "a@example.invalid"})
    after = client.get(before["_id"])
    assert after["tel"] == before["tel"]
    assert after["last_modified_time"] == before["last_modified_time"] + 5000
    client.update(before["_id"], {"email": ""})
    assert "email" not in client.get(before["_id"])


# People and faults


def test_people_edit_rows_at_their_screens(sim: Fxiaoke, client: Client, clock: SimClock) -> None:
    key = client.rows()[0]["_id"]
    clock.shift(1)
    sim.edit("AccountObj", key, {"reg_status__c": "注销", "tel": None}, by="1002")
    row = client.get(key)
    assert row["reg_status__c"] == option_value("reg_status", "注销", 0)
    assert "tel" not in row
    assert (row["last_modified_by"], row["last_modified_time"]) == (["1002"], int((START + 1) * 1000))
    made = sim.add("AccountObj", {"name": "手录公司", "account_status__c": "启用"})
    assert client.get(made)["account_status__c"] == "active"
    sim.remove("AccountObj", made)
    assert len(client.rows()) == 3
    with pytest.raises(Refused):
        sim.add("AccountObj", {"tel": "1"})


def test_a_dead_token_is_refused_once_and_a_new_one_helps(sim: Fxiaoke, client: Client) -> None:
    sim.faults.add({"kind": "expire", "path": "/cgi/crm/v2/data/query"})
    assert client.query()["errorCode"] == 20016
    assert Client(sim).query()["errorCode"] == 0


@pytest.fixture
def walker(clock: SimClock) -> Client:
    rows = [{"name": f"公司{number}", "last_modified_time": 1000 + number} for number in range(10)]
    return Client(Fxiaoke({"AccountObj": rows}, clock=clock))


def test_faults_of_pages(walker: Client) -> None:
    def page(**fault: Any) -> list[str]:
        walker.sim.faults.add(fault)
        return [row["name"] for row in walker.rows(limit=4, offset=4)]

    walker.rows(limit=4)
    assert page(kind="duplicate_page") == ["公司0", "公司1", "公司2", "公司3"]
    assert page(kind="short_page", rows=1) == ["公司4", "公司5", "公司6"]
    assert page(kind="latency", delay_s=0) == ["公司4", "公司5", "公司6", "公司7"]
    walker.sim.faults.add({"kind": "depth", "rows": 4})
    assert walker.query(limit=4, offset=8)["errorCode"] == 10013
    walker.sim.faults.add({"kind": "forbid", "key": "AccountObj", "count": None})
    assert walker.query()["errorCode"] == 20014
    assert walker.query("PartnerObj")["errorCode"] == 0


def test_rows_edited_or_tied_while_they_are_read(walker: Client) -> None:
    walker.sim.faults.add({"kind": "tie", "rows": 5})
    times = [row["last_modified_time"] for row in walker.rows()]
    assert times == [1000, 1001, 1002, 1003, 1004, 1009, 1009, 1009, 1009, 1009]
    walker.sim.faults.add({"kind": "edit", "rows": 2})
    edited = [row["_id"] for row in walker.rows() if row["last_modified_time"] > 2000]
    assert len(edited) == 2


def test_a_poison_row_breaks_the_pages_that_hold_it(walker: Client) -> None:
    key = walker.rows()[3]["_id"]
    walker.sim.faults.add({"kind": "poison", "key": key, "count": None})
    statuses = []
    for offset in (0, 2, 4):
        search = {"limit": 2, "offset": offset, "orders": [{"fieldName": "_id", "isAsc": True}]}
        body = {"data": {"dataObjectApiName": "AccountObj", "search_query_info": search}}
        headers = {"authorization": f"Bearer {walker.token}", "x-fs-ea": "sandbox", "x-fs-userid": "1000"}
        statuses.append(walker.http.post("/cgi/crm/v2/data/query", json=body, headers=headers).status_code)
    assert statuses == [200, 500, 200]


def test_success_that_was_not_and_trimmed_values(walker: Client) -> None:
    walker.sim.faults.add({"kind": "phantom"})
    assert walker.create({"name": "无"})["errorCode"] == 0
    assert len(walker.rows()) == 10
    walker.sim.faults.add({"kind": "trim", "field": "address", "rows": 3}, {"kind": "trim", "field": "tel", "skip": 1})
    key = walker.create({"name": "甲", "address": "文三路一号"})["dataId"]
    assert walker.get(key)["address"] == "文三路"
    walker.update(key, {"tel": "12345"})
    assert "tel" not in walker.get(key)


def test_a_batch_may_be_done_in_part(walker: Client) -> None:
    keys = [row["_id"] for row in walker.rows()[:3]]
    for key in keys:
        walker.sim.remove("AccountObj", key)
    walker.sim.faults.add({"kind": "partial", "rows": 1})
    ids = {"dataObjectApiName": "AccountObj", "idList": keys}
    assert walker.post("/cgi/crm/v2/data/delete", {"data": ids})["errorCode"] == -1
    assert len(walker.sim.rows("AccountObj")) == 8


def test_other_paths_lead_to_a_web_page(client: Client) -> None:
    assert client.http.post("/cgi/crm/v3/data/query", json={}).status_code == 302
    assert client.http.post("/cgi/crm/v2/data/query", content=b"{").json()["errorCode"] == 32000
