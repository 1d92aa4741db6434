"""`goldbridge discover`: what is shown of a database, a folder and a CRM; what is not seen, and what is never shown."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import httpx
import pytest

import goldbridge.simulators.kingdee as books
import goldbridge.simulators.neocrm as tenant
from goldbridge.simulators.kit.loopback import Loopback
from tests.bad_input.desk import Desk, Said

SOURCES = "config/sources.yaml"
NOWHERE = "http://127.0.0.1:9/fxiaoke"
NAME, PHONE, MAIL = "杭州示例智能装备有限公司", "13800138001", "sales@example.com"


def tables(desk: Desk) -> None:
    with sqlite3.connect(desk.root / "crm.sqlite") as conn:
        conn.execute(
            "CREATE TABLE CUSTOMER_ORDER (ORDER_NO INTEGER PRIMARY KEY, CUST TEXT REFERENCES ACCOUNT (ID),"
            " API_TOKEN TEXT, PHONE TEXT, MAIL TEXT, UPDATE_TIME TEXT NOT NULL)"
        )
        row = ("1", "tok-of-somebody", PHONE, MAIL, "2026-03-01 08:00:00")
        conn.executemany(
            "INSERT INTO CUSTOMER_ORDER (CUST, API_TOKEN, PHONE, MAIL, UPDATE_TIME) VALUES (?, ?, ?, ?, ?)", [row] * 3
        )


def found(said: Said) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(said.out)
    return shown


def fields(shown: dict[str, Any], at: int = 0) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in shown["streams"][at]["fields"]}


def test_a_database_says_its_tables_columns_and_keys(desk: Desk) -> None:
    tables(desk)
    desk.account(("1", NAME, "91330110MA2EXAMP5K"), ("2", "", "91330110MA2EXAMP5K"), ("3", NAME, ""))
    shown = found(desk.type("discover", "crm", "--json"))
    assert shown["not_configured"] == ["CUSTOMER_ORDER"]
    (account,) = shown["streams"]
    assert (account["name"], account["called"], account["key"], account["rows"]) == ("account", "ACCOUNT", "ID", 3)
    name, code = fields(shown)["NAME"], fields(shown)["CODE"]
    assert (name["type"], name["declared"], name["distinct"], name["filled"]) == ("TEXT", True, 1, 0.6667)
    assert code["looks_like"] == "credit_code"
    assert name["samples"] == ["杭州***公司"]
    assert NAME not in json.dumps(shown, ensure_ascii=False)


def test_a_table_that_is_not_configured_can_be_looked_at(desk: Desk) -> None:
    tables(desk)
    shown = found(desk.type("discover", "crm", "CUSTOMER_ORDER", "--json"))
    (order,) = shown["streams"]
    assert (order["configured"], order["key"], order["cursor"], order["rows"]) == (False, "ORDER_NO", "UPDATE_TIME", 3)
    assert fields(shown)["CUST"]["refers"] == "ACCOUNT"
    assert fields(shown)["PHONE"]["samples"] == ["138****8001"]
    assert fields(shown)["MAIL"]["samples"] == ["s***@example.com"]
    assert fields(shown)["API_TOKEN"]["samples"] == ["[hidden]"]


def test_no_more_rows_are_read_than_asked_for_and_that_is_said(desk: Desk) -> None:
    desk.account(*[(f"{number:03d}", f"公司{number}", "") for number in range(50)])
    said = desk.type("discover", "crm", "account", "--rows", "7")
    assert said.status == 0
    assert "account (ACCOUNT): 7 rows seen, key ID" in said.out
    assert "not seen: rows beyond the first 7" in said.out
    assert "公司1" not in said.out


def test_a_secret_of_ours_is_hidden_wherever_it_stands(desk: Desk) -> None:
    desk.secrets(OTHER="gehen-sie-weiter")
    desk.edit(SOURCES, "app_id: FSAID_sandbox", "app_id: {secret: OTHER}")
    desk.account(("1", "gehen-sie-weiter", ""), ("2", "gehen-sie-weiter", ""))
    desk.type("systems", "list")  # resolves the secrets of every system
    shown = found(desk.type("discover", "crm", "account", "--json"))
    assert fields(shown)["NAME"]["samples"] == ["[hidden]"]


def test_a_folder_says_its_files_and_their_headers(desk: Desk) -> None:
    desk.write("inbox/customers.csv", f"编号,名称,电话\n1,{NAME},{PHONE}\n")
    desk.write("inbox/orders.csv", f"单号;客户;电话\nA1;{NAME};{PHONE}\n".encode("gb18030"))
    desk.write("inbox/notes.docx", b"PK")
    shown = found(desk.type("discover", "drop", "--json"))
    assert shown["not_configured"] == ["notes.docx", "orders.csv"]
    assert list(fields(shown)) == ["编号", "名称", "电话"]
    orders = found(desk.type("discover", "drop", "orders.csv", "--json"))
    assert list(fields(orders)) == ["单号", "客户", "电话"]
    assert fields(orders)["电话"]["samples"] == ["138****8001"]


def test_a_crm_says_labels_types_and_options(desk: Desk, landscape: str) -> None:
    desk.edit(SOURCES, NOWHERE, f"{landscape}/fxiaoke")
    desk.edit(SOURCES, "timeout_s: 2", "timeout_s: 20")
    shown = found(desk.type("discover", "new_crm", "AccountObj", "--json"))
    assert fields(shown)["reg_status__c"]["label"] == "登记状态"
    assert "存续" in fields(shown)["reg_status__c"]["options"].values()
    risk = found(desk.type("discover", "new_crm", "object_r1sk7__c", "--json"))
    assert fields(risk)["account_id__c"]["refers"] == "AccountObj"
    assert risk["streams"][0]["unseen"] == ["rows: it is not configured as a stream yet"]


def test_what_the_system_refuses_is_said_and_the_rest_is_shown(desk: Desk, landscape: str) -> None:
    desk.edit(SOURCES, NOWHERE, f"{landscape}/fxiaoke")
    desk.edit(SOURCES, "timeout_s: 2", "timeout_s: 20")
    fault = {"kind": "refuse", "path": "*/data/query", "code": "10006", "count": None}
    body = {"system": "new_crm", "clear": True, "faults": [fault]}
    assert httpx.post(f"{landscape}/_control/faults", json=body, timeout=10).status_code == 200
    try:
        said = desk.type("discover", "new_crm", "AccountObj", "--json")
    finally:
        httpx.post(f"{landscape}/_control/faults", json={"system": "new_crm", "clear": True, "faults": []}, timeout=10)
    assert said.status == 1
    (stream,) = found(said)["streams"]
    assert any(unseen.startswith("rows: CON") for unseen in stream["unseen"])
    assert "uniform_social_credit_code" in fields(found(said))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nosuch",), "CON360 there is no system 'nosuch'"),
        (("crm", "acount"), "CON360 crm has no stream or object 'acount'; did you mean 'account'?"),
        (("map",), "CON361 map answers questions (geocode"),
        (("drop", "notes.docx"), "CON362 drop says nothing about 'notes.docx', and it is not configured"),
    ],
)
def test_what_cannot_be_discovered(desk: Desk, words: tuple[str, ...], said: str) -> None:
    text = (desk.root / SOURCES).read_text(encoding="utf-8")
    desk.write(SOURCES, f"{text.rstrip()}\n  map: {{connector: amap, key: {{secret: AMAP_KEY}}}}\n")
    desk.secrets(AMAP_KEY="amap-key-of-ours")
    desk.write("inbox/notes.docx", b"PK")
    found = desk.type("discover", *words)
    assert found.status == 2
    assert said in found.error


def test_an_account_book_says_the_fields_that_a_stream_could_read_too(desk: Desk) -> None:
    """A mapping is suggested from those that it does read: with others it would not load."""
    known = books.Credentials()
    desk.secrets(APP_ID=known.app_id, APP_SECRET=known.app_secret)
    row = {"FTEL": PHONE, "FModifyDate": "2026-01-02 09:15:00"}
    clients = [{"FNumber": f"K-{n}", "FName": f"示例{n}号有限公司", **row} for n in range(1, 4)]
    with Loopback(books.Kingdee({"BD_Customer": clients}).app) as url:
        account = f"base_url: '{url}/k3cloud', acct_id: {known.acct_id}, user: {known.user}"
        secrets = "app_id: {secret: APP_ID}, app_secret: {secret: APP_SECRET}"
        forms = "forms: {customer: {fields: [FName, FTEL]}}"
        desk.edit(SOURCES, "sources:\n", f"sources:\n  books: {{connector: kingdee, {account}, {secrets}, {forms}}}\n")
        shown = found(desk.type("discover", "books", "customer", "--json"))
        (stream,) = shown["streams"]
        assert (stream["called"], stream["key"], stream["rows"]) == ("BD_Customer", "FCUSTID", 3)
        assert fields(shown)["FTEL"]["label"] == "联系电话"
        assert fields(shown)["FADDRESS"]["label"] == "通讯地址"
        assert fields(shown)["FADDRESS"]["samples"] == []
        suggested = desk.type("mapping", "suggest", "books.customer").out
        assert "FTEL" in suggested
        assert "FADDRESS" not in suggested


def test_an_object_of_a_tenant_that_is_not_configured_is_described(desk: Desk) -> None:
    known = tenant.Credentials()
    desk.secrets(CLIENT_SECRET=known.client_secret, PASSWORD=known.password, SECURITY_TOKEN=known.security_token)
    with Loopback(tenant.Neocrm().app) as url:
        hosts = f"base_url: '{url}', login_url: '{url}', redirect_uri: 'https://hub.example.com'"
        user = f"client_id: {known.client_id}, username: {known.username}"
        secrets = "client_secret: {secret: CLIENT_SECRET}, password: {secret: PASSWORD}"
        secrets += ", security_token: {secret: SECURITY_TOKEN}"
        desk.edit(SOURCES, "sources:\n", f"sources:\n  old_crm: {{connector: neocrm, {hosts}, {user}, {secrets}}}\n")
        assert found(desk.type("discover", "old_crm", "--json"))["not_configured"] == ["customEntity1__c"]
        risk = found(desk.type("discover", "old_crm", "customEntity1__c", "--json"))
        assert fields(risk)["name"]["label"] == "主题"
        assert desk.type("discover", "old_crm", "customEntity2__c").status == 2


def test_what_a_look_spends_counts_for_the_day_as_the_calls_of_flows_do(desk: Desk, landscape: str) -> None:
    desk.edit(SOURCES, NOWHERE, f"{landscape}/fxiaoke")
    desk.edit(SOURCES, "timeout_s: 2", "timeout_s: 20\n    budget: {calls: 1000, per_s: 1, daily: 60}")
    look = ("discover", "new_crm", "AccountObj", "--json")
    assert [desk.type(*look).status for _ in range(2)] == [0, 0]
    assert not list(desk.root.rglob("state.sqlite"))  # there is no state, and no look makes one
    desk.account(("1", NAME, ""))
    assert desk.type("run", "crm").status == 0
    reasons: list[str] = []
    while len(reasons) < 40 and not any("CON004" in reason for reason in reasons):
        reasons += [" ".join(found(desk.type(*look))["streams"][0]["unseen"])]
    assert "the day's quota of 60 calls is used up" in reasons[-1]
    assert len(reasons) > 2
