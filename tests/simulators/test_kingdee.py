"""The pretend account book keeps every fact of the vendor's sheet that a naive client trips over."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from goldbridge.simulators.kingdee import Credentials, Kingdee
from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess

START = 1_790_000_000.0
KNOWN = Credentials()
SERVICE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
LOGIN = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService."
ROWS = {
    "BD_Customer": [
        {"FNumber": f"K-{number}", "FName": f"示例{number}", "FModifyDate": f"2026-03-02 09:15:0{number}.5"}
        for number in range(5)
    ],
    "BD_MATERIAL": [{"FNumber": "M-1", "FName": "泵"}],
}
FINE = {"FNumber": "N-1", "FName": "新"}


class Client:
    """Calls an account book in a session."""

    def __init__(self, sim: Kingdee) -> None:
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://erp")
        answer = self.login("ValidateUser", KNOWN.acct_id, KNOWN.user, KNOWN.password, 2052)
        self.headers = {"kdservice-sessionid": answer["KDSVCSessionId"]}

    def login(self, method: str, *parameters: Any) -> dict[str, Any]:
        body = {"parameters": list(parameters)}
        return dict(self.http.post(f"{LOGIN}{method}.common.kdsvc", json=body).json())

    def post(self, service: str, body: dict[str, Any]) -> Any:
        reply = self.http.post(f"{SERVICE}{service}.common.kdsvc", json=body, headers=self.headers)
        assert reply.status_code == 200
        assert '": ' not in reply.text, "clients look for compact JSON"
        return reply.json()

    def query(self, keys: str = "FNumber", form: str = "BD_Customer", **more: Any) -> Any:
        return self.post("ExecuteBillQuery", {"data": {"FormId": form, "FieldKeys": keys, **more}})

    def status(self, service: str, data: dict[str, Any], form: str = "BD_Customer", **more: Any) -> dict[str, Any]:
        answer = self.post(service, {"formid": form, "data": data, **more})
        return dict(answer["Result"]["ResponseStatus"])

    def save(self, model: Any, form: str = "BD_Customer", **options: Any) -> dict[str, Any]:
        return self.status("Save", {"Model": model, **options}, form)


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Kingdee:
    return Kingdee(ROWS, clock=clock)


@pytest.fixture
def client(sim: Kingdee) -> Client:
    return Client(sim)


def _message(answer: Any) -> tuple[Any, str]:
    status = answer[0][0]["Result"]["ResponseStatus"]
    return status["MsgCode"], status["Errors"][0]["Message"]


# Who calls


def test_a_session_ends_and_whoever_has_none_is_told_it_was_lost(client: Client, clock: SimClock) -> None:
    assert len(client.query()) == 5
    clock.shift(1300)
    code, text = _message(client.query())
    assert code == 1
    assert "会话信息已丢失" in text


def test_a_wrong_password_is_http_200(client: Client) -> None:
    answer = client.login("ValidateUser", KNOWN.acct_id, KNOWN.user, "wrong", 2052)
    assert (answer["LoginResultType"], answer["KDSVCSessionId"]) == (0, None)
    assert client.login("LoginByAppSecret", KNOWN.acct_id, KNOWN.user, KNOWN.app_id, KNOWN.app_secret, 2052)[
        "KDSVCSessionId"
    ]


def test_a_signature_is_looked_at_only_without_a_session(sim: Kingdee, client: Client) -> None:
    assert client.http.post(f"{SERVICE}View.common.kdsvc", json={}).json()["Result"]["ResponseStatus"]["MsgCode"] == 1
    client.headers |= {"x-kd-signature": "wrong"}
    assert len(client.query()) == 5
    sim.faults.add(Fault("expire"))
    assert _message(client.query())[0] == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"parameters": [{"FormId": "BD_Customer", "FieldKeys": "FNumber"}]}},
        {"json": {"data": {"FormId": "BD_Customer", "FieldKeys": "FNumber"}}},
        {"json": {"data": json.dumps({"FormId": "BD_Customer", "FieldKeys": "FNumber"})}},
        {"data": {"data": json.dumps({"FormId": "BD_Customer", "FieldKeys": "FNumber"})}},
    ],
)
def test_four_encodings_of_a_body_are_one(client: Client, request_: dict[str, Any]) -> None:
    reply = client.http.post(f"{SERVICE}ExecuteBillQuery.common.kdsvc", headers=client.headers, **request_)
    assert len(reply.json()) == 5


def test_positional_parameters_name_the_form_of_a_write(client: Client) -> None:
    answer = client.post("Save", {"parameters": ["BD_Customer", json.dumps({"Model": FINE})]})
    assert answer["Result"]["Number"] == "N-1"


# Reading


def test_a_query_is_a_bare_table_and_its_end_row_is_absolute(client: Client) -> None:
    assert client.query("FNumber,FName", Limit=2, OrderString="FNumber") == [["K-0", "示例0"], ["K-1", "示例1"]]
    assert client.query(Limit=2, StartRow=2, OrderString="FNumber DESC") == [["K-2"], ["K-1"]]
    assert client.query(Limit=2, StartRow=2, TopRowCount=2) == [], "a constant end row empties the second page"
    assert client.query(Limit=2, StartRow=2, TopRowCount=4, OrderString="FNumber") == [["K-2"], ["K-3"]]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("FNumber = 'K-1'", ["K-1"]),
        ("FNumber in ('K-1', 'K-3', 'it''s')", ["K-1", "K-3"]),
        ("FCUSTID > 100003 and not (FNumber like '%4')", ["K-3"]),
        ("FModifyDate > '2026-03-02 09:15:03' or FNumber <> 'K-0' and FName is null", ["K-3", "K-4"]),
        ("FModifyDate <= '2026-03-02T09:15:00'", []),
        ("FApproveDate > '2020-01-01'", []),
        ("FName is not null and FCUSTID in (100001)", ["K-0"]),
    ],
)
def test_a_filter_is_close_to_sql(client: Client, condition: str, found: list[str]) -> None:
    assert [row[0] for row in client.query(FilterString=condition, OrderString="FNumber")] == found


def test_times_are_shown_to_the_second_and_kept_finer(client: Client) -> None:
    assert client.query("FModifyDate", FilterString="FNumber='K-1'") == [["2026-03-02T09:15:01"]]
    assert client.query(FilterString="FModifyDate = '2026-03-02 09:15:01'") == []


@pytest.mark.parametrize(
    ("form", "keys", "more", "code"),
    [
        ("BD_Nothing", "FNumber", {}, 4),
        ("BD_Customer", "FNope", {}, 9),
        ("BD_Customer", "FNumber", {"OrderString": "FID"}, 9),
        ("BD_Customer", "", {}, 8),
        ("BD_Customer", "FNumber", {"Limit": 20000}, 8),
        ("BD_Customer", "FNumber", {"FilterString": "FNumber ="}, 500),
    ],
)
def test_a_wrong_question_is_an_error_dressed_as_a_row(
    client: Client, form: str, keys: str, more: dict[str, Any], code: int
) -> None:
    assert _message(client.query(keys, form, **more))[0] == code


def test_a_body_multiplies_rows_and_references_have_codes(client: Client) -> None:
    lines = [{"FMaterialId": {"FNumber": "M-1"}, "FQty": 1}, {"FMaterialId": {"FNumber": "M-1"}, "FQty": 2}]
    status = client.save({"FCustId": {"FNUMBER": "K-0"}, "FSaleOrderEntry": lines}, "SAL_SaleOrder")
    assert status["IsSuccess"] is True
    keys = "FBillNo,FCustId.FNumber,FQty,FSaleOrderEntry_FEntryID"
    rows = client.query(keys, "SAL_SaleOrder")
    assert [row[1:3] for row in rows] == [["K-0", 1], ["K-0", 2]]
    assert rows[0][3] != rows[1][3]
    assert isinstance(client.query("FCustId", "SAL_SaleOrder")[0][0], int)


def test_a_view_has_other_names_and_no_status(client: Client) -> None:
    answer = client.post("View", {"formid": "BD_Customer", "data": {"Number": "K-1"}})
    assert answer["Result"]["ResponseStatus"] is None
    assert answer["Result"]["Result"]["Number"] == "K-1"
    assert client.status("View", {"Number": "nobody"})["IsSuccess"] is False
    fields = client.post("QueryBusinessInfo", {"data": {"FormId": "SAL_SaleOrder"}})["Result"]["NeedReturnData"]
    assert [entry["Key"] for entry in fields["Entrys"]] == ["FBillHead", "FSaleOrderEntry"]


# Writing


@pytest.mark.parametrize(
    ("model", "word", "field"),
    [
        ({**FINE, "FName": ""}, "不能为空", "FName"),
        ({**FINE, "FNumber": "K-1"}, "已存在", "FNumber"),
        ({**FINE, "FCreateOrgId": {"FNumber": "999"}}, "基础资料", "FCreateOrgId"),
        ({**FINE, "FCUSTID": 100001}, "已审核", ""),
        ({**FINE, "FCUSTID": 4711}, "不存在", ""),
    ],
)
def test_a_record_is_refused_with_its_field(client: Client, model: dict[str, Any], word: str, field: str) -> None:
    status = client.save(model)
    assert (status["IsSuccess"], status["Errors"][0]["FieldName"]) == (False, field)
    assert word in status["Errors"][0]["Message"]


def test_the_life_of_a_record(sim: Kingdee, client: Client, clock: SimClock) -> None:
    key = client.save(FINE)["SuccessEntitys"][0]["Id"]
    states = []
    for verb in ("Audit", "Submit", "Submit", "Audit", "Delete", "UnAudit", "Submit", "CancelAssign", "Delete"):
        clock.shift(1)
        done = client.status(verb, {"Ids": str(key)})["IsSuccess"]
        states.append(
            (done, next((row["FDocumentStatus"] for row in sim.rows("BD_Customer") if row["FCUSTID"] == key), ""))
        )
    assert states == [
        (False, "A"), (True, "B"), (False, "B"), (True, "C"), (False, "C"),
        (True, "D"), (True, "B"), (True, "D"), (True, ""),
    ]  # fmt: skip


def test_an_audit_leaves_the_time_of_modification_alone(sim: Kingdee, client: Client, clock: SimClock) -> None:
    client.save(FINE)
    saved = sim.rows("BD_Customer")[-1]["FModifyDate"]
    clock.shift(60)
    client.status("Submit", {"Numbers": ["N-1"]})
    client.status("Audit", {"Numbers": ["N-1"]})
    row = sim.rows("BD_Customer")[-1]
    assert row["FModifyDate"] == saved < row["FApproveDate"]


def test_a_list_of_ids_is_taken_in_part_without_a_word(sim: Kingdee, client: Client) -> None:
    ids = [client.save({"FNumber": f"N-{number}", "FName": "新"})["SuccessEntitys"][0]["Id"] for number in range(2)]
    status = client.status("Submit", {"Ids": ids})
    assert (status["IsSuccess"], len(status["SuccessEntitys"])) == (True, 1)
    assert [row["FDocumentStatus"] for row in sim.rows("BD_Customer")[-2:]] == ["B", "A"]
    assert client.status("Submit", {"Ids": ",".join(map(str, ids))})["IsSuccess"] is False
    assert [row["FDocumentStatus"] for row in sim.rows("BD_Customer")[-2:]] == ["B", "B"]


def test_lines_that_are_not_sent_are_deleted_unless_told_otherwise(sim: Kingdee, client: Client) -> None:
    lines = [{"FMaterialId": {"FNumber": "M-1"}, "FQty": 1, "FPrice": 7}, {"FQty": 2}]
    client.save({"FCustId": {"FNumber": "K-0"}, "FSaleOrderFinance": {}, "FSaleOrderEntry": lines}, "SAL_SaleOrder")
    row = sim.rows("SAL_SaleOrder")[0]
    first = {"FID": row["FID"], "FSaleOrderEntry": [{"FEntryID": row["FSaleOrderEntry"][0]["FEntryID"], "FQty": 9}]}
    wanted = ["FSaleOrderEntry", "FQty"]
    client.save(first, "SAL_SaleOrder", IsDeleteEntry="false", NeedUpDateFields=wanted)
    assert [line["FQty"] for line in sim.rows("SAL_SaleOrder")[0]["FSaleOrderEntry"]] == [2, 9]
    client.save({**first, "FNote": "x"}, "SAL_SaleOrder", IsDeleteEntry="false", NeedUpDateFields=["FNote"])
    assert [line["FQty"] for line in sim.rows("SAL_SaleOrder")[0]["FSaleOrderEntry"]] == [2, 9]
    client.save(first, "SAL_SaleOrder")
    (kept,) = sim.rows("SAL_SaleOrder")[0]["FSaleOrderEntry"]
    assert (kept["FQty"], kept["FPrice"]) == (9, 7)


def test_prices_are_lost_when_the_finance_block_comes_late(sim: Kingdee, client: Client) -> None:
    lines = [{"FMaterialId": {"FNumber": "M-1"}, "FPrice": 7}]
    client.save({"FCustId": {"FNumber": "K-0"}, "FSaleOrderEntry": lines, "FSaleOrderFinance": {}}, "SAL_SaleOrder")
    assert sim.rows("SAL_SaleOrder")[0]["FSaleOrderEntry"][0]["FPrice"] == 0


def test_a_batch_answers_per_place_and_may_be_polled_for(client: Client) -> None:
    models = [{"FNumber": "K-1", "FName": "x"}, FINE]
    body = {"formid": "BD_Customer", "data": {"Model": models}}
    polling = {"beginmethod": "BeginQueryImpl", "querymethod": "QueryAsyncResult"}
    task = client.post("BatchSave", body | polling)
    assert task["Status"] == 0
    ask = {"queryInfo": json.dumps({"TaskId": task["TaskId"], "Cancelled": False})}
    assert client.post("QueryAsyncResult", ask)["Status"] == 1
    status = client.post("QueryAsyncResult", ask)["Result"]["Result"]["ResponseStatus"]
    assert [each["DIndex"] for each in status["Errors"]] == [0]
    assert [each["DIndex"] for each in status["SuccessEntitys"]] == [1]


def test_base_data_is_forbidden_and_bills_are_cancelled(sim: Kingdee, client: Client) -> None:
    for verb, expected in (("Forbid", True), ("Forbid", False), ("Enable", True), ("Cancel", False)):
        status = client.status("ExcuteOperation", {"Numbers": ["K-1"]}, opNumber=verb)
        assert (verb, status["IsSuccess"]) == (verb, expected)
    reply = client.http.post(f"{SERVICE}ExecuteOperation.common.kdsvc", json={}, headers=client.headers)
    assert reply.status_code == 404, "this build knows one spelling"


def test_saving_may_submit_and_audit_at_once(sim: Kingdee, client: Client) -> None:
    client.save(FINE, IsAutoSubmitAndAudit="true")
    assert sim.rows("BD_Customer")[-1]["FDocumentStatus"] == "C"


# Faults, people, errors


def test_a_fault_of_the_program_is_a_bare_sentence(client: Client) -> None:
    reply = client.http.post(f"{SERVICE}Save.common.kdsvc", content=b"{nonsense", headers=client.headers)
    assert (reply.status_code, reply.text[:15]) == (200, "response_error:")


def test_people_add_edit_and_forbid(sim: Kingdee) -> None:
    assert sim.add("BD_Customer", {"FNumber": "P-1", "FName": "手工"}) == "P-1"
    sim.edit("BD_Customer", "P-1", {"FTEL": "1"})
    sim.remove("BD_Customer", "P-1")
    row = sim.rows("BD_Customer")[-1]
    assert (row["FTEL"], row["FForbidStatus"], row["FDocumentStatus"]) == ("1", "B", "C")


def test_cooperative_faults(sim: Kingdee, client: Client) -> None:
    full = client.query(Limit=2, OrderString="FNumber")
    sim.faults.add(Fault("duplicate_page"))
    assert client.query(Limit=2, StartRow=2, OrderString="FNumber") == full
    sim.faults.add(Fault("short_page", rows=2))
    assert len(client.query()) == 3
    sim.faults.add(Fault("depth", rows=3))
    assert client.query(StartRow=3) == []
    sim.faults.add(Fault("tie", rows=3))
    assert len({row[0] for row in client.query("FModifyDate")}) == 3
    sim.faults.add(Fault("edit", rows=1))
    client.query()
    assert sim.rows("BD_Customer")[0]["FModifyDate"] > "2026-03-03"
    sim.faults.add(Fault("phantom"))
    assert client.save(FINE)["IsSuccess"] is True
    assert len(sim.rows("BD_Customer")) == 5
    sim.faults.add(Fault("trim", field="FName", rows=2))
    client.save({**FINE, "FName": "很长的名字"})
    assert sim.rows("BD_Customer")[-1]["FName"] == "很长"
    sim.faults.add(Fault("forbid", key="BD_Customer"))
    assert _message(client.query())[1].endswith("权限")


def test_a_row_of_a_form_that_is_not_there_is_a_mistake_of_ours() -> None:
    with pytest.raises(Exception, match="BD_Nothing"):
        Kingdee({"BD_Nothing": []})
