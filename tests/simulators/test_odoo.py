"""The pretend Odoo database keeps every fact of the sheet that a naive client trips over."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.odoo import DATABASE, KEY, USER, Odoo

START = 1_790_000_000.0
ROWS = {
    "res.partner": [
        {"name": f"示例{number}", "is_company": number > 0, "write_date": f"2026-03-02 05:06:0{number}.5"}
        for number in range(5)
    ]
}


class Client:
    """Calls a database over JSON-RPC, or over JSON-2 with `newer`."""

    def __init__(self, sim: Odoo) -> None:
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://odoo")

    def rpc(self, service: str, method: str, *args: Any) -> dict[str, Any]:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 5,
            "params": {"service": service, "method": method, "args": args},
        }
        reply = self.http.post("/jsonrpc", json=body)
        assert reply.status_code == 200
        return dict(reply.json())

    def call(self, method: str, *args: Any, model: str = "res.partner", **named: Any) -> Any:
        answer = self.rpc("object", "execute_kw", DATABASE, 2, KEY, model, method, list(args), named)
        return answer["result"] if "result" in answer else answer["error"]["data"]["name"]

    def newer(self, method: str, model: str = "res.partner", key: str = KEY, **named: Any) -> httpx.Response:
        return self.http.post(f"/json/2/{model}/{method}", json=named, headers={"authorization": f"bearer {key}"})


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Odoo:
    return Odoo(ROWS, clock=clock)


@pytest.fixture
def client(sim: Odoo) -> Client:
    return Client(sim)


def test_wrong_credentials_are_false_and_no_error(client: Client) -> None:
    assert client.rpc("common", "authenticate", DATABASE, USER, KEY, {})["result"] == 2
    assert client.rpc("common", "authenticate", DATABASE, USER, "wrong", {})["result"] is False
    answer = client.rpc("object", "execute_kw", DATABASE, 2, "wrong", "res.partner", "search", [[]])
    assert answer["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


def test_the_newer_protocol_speaks_through_the_status(client: Client) -> None:
    assert client.newer("search_count", domain=[]).json() == 5
    assert client.newer("search_count", key="wrong", domain=[]).status_code == 401
    assert client.newer("search_count", "res.nothing", domain=[]).status_code == 404
    assert client.newer("search_count", domain=[["nope", "=", 1]]).status_code == 422
    assert client.newer("write", ids=[1], vals={"phone": "1"}).json() is True


def test_empty_is_false_whatever_the_type(client: Client) -> None:
    key = client.call("create", {"name": "子", "parent_id": 1, "credit_limit": 1.5})
    (row,) = client.call("search_read", [["id", "=", key]])
    assert (row["vat"], row["is_company"], row["date"], row["category_id"]) == (False, False, False, [])
    assert (row["parent_id"], row["credit_limit"], row["customer_rank"]) == ([1, "示例0"], 1.5, 0)
    assert client.call("read", [1], ["parent_id"]) == [{"id": 1, "parent_id": False}]


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ([], [1, 2, 3, 4, 5]),
        ([["write_date", ">=", "2026-03-02 05:06:03"]], [4, 5]),
        ([["write_date", "=", "2026-03-02 05:06:03"]], []),
        (["|", ["id", "=", 1], ["name", "ilike", "示例4"]], [1, 5]),
        (["!", ["id", "in", [1, 2]], ["is_company", "=", True]], [3, 4, 5]),
        (["&", ["id", ">", 1], ["id", "<=", 2]], [2]),
        ([["vat", "=", False], ["id", "not in", [1, 2, 3]], ["id", "!=", 5]], [4]),
    ],
)
def test_a_domain_is_read_in_prefix_notation(client: Client, domain: list[Any], found: list[int]) -> None:
    assert client.call("search", domain) == found


def test_order_limit_offset_and_the_hidden_rows(sim: Odoo, client: Client) -> None:
    assert client.call("search", [], order="write_date desc, id", limit=2, offset=1) == [4, 3]
    sim.remove("res.partner", 5)
    assert client.call("search_count", []) == 4
    assert client.call("search_count", [], context={"active_test": False}) == 5
    assert client.call("search_count", [["active", "=", False]]) == 1


def test_times_are_shown_to_the_second_and_kept_finer(client: Client) -> None:
    assert client.call("read", [2], ["write_date"])[0]["write_date"] == "2026-03-02 05:06:01"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"name": ""}, "odoo.exceptions.ValidationError"),
        ({"name": "x", "vat": "?"}, "odoo.exceptions.ValidationError"),
        ({"name": "x", "parent_id": 4711}, "psycopg2.errors.ForeignKeyViolation"),
        ({"name": "x", "nope": 1}, "builtins.ValueError"),
    ],
)
def test_a_list_is_made_as_a_whole_or_not_at_all(sim: Odoo, client: Client, values: Any, name: str) -> None:
    assert client.call("create", [{"name": "好"}, values]) == name
    assert len(sim.rows("res.partner")) == 5
    assert client.call("create", [{"name": "好"}, {"name": "也好"}]) == [6, 7]


def test_load_makes_or_changes_by_external_id_and_keeps_nothing_of_a_wrong_call(sim: Odoo, client: Client) -> None:
    fields = ["id", "name", "is_company", "parent_id/.id", "credit_limit"]
    made = client.call("load", fields, [["gb.g1", "甲", "True", "1", "2.5"], ["gb.g2", "乙", "False", "", ""]])
    assert made == {"ids": [6, 7], "messages": [], "nextrow": 0}
    again = client.call("load", ["id", "name", "parent_id/id"], [["gb.g1", "丙", "gb.g2"]])
    assert again["ids"] == [6]
    row = sim.rows("res.partner")[5]
    assert (row["name"], row["is_company"], row["parent_id"], row["credit_limit"]) == ("丙", True, 7, 2.5)
    wrong = client.call(
        "load", ["id", "name", "is_company", "parent_id"],
        [["gb.g3", "好", "1", ""], ["gb.g4", "", "1", ""], ["gb.g5", "x", "maybe", ""], ["gb.g6", "x", "1", "nobody"]],
    )  # fmt: skip
    assert wrong["ids"] is False
    assert [(each["record"], each["field"]) for each in wrong["messages"]] == [
        (1, "name"), (2, "is_company"), (3, "parent_id"),
    ]  # fmt: skip
    assert len(sim.rows("res.partner")) == 7
    assert client.call("load", ["id", "credit_limit"], [["gb.g1", "x"]])["messages"][0]["field"] == "credit_limit"


def test_unlink_takes_the_external_id_along(sim: Odoo, client: Client) -> None:
    client.call("load", ["id", "name"], [["gb.g1", "甲"]])
    assert client.call("unlink", [6]) is True
    assert sim.rows("ir.model.data") == []
    assert client.call("write", [6], {"name": "x"}) == "odoo.exceptions.MissingError"


def test_names_that_do_not_exist(client: Client) -> None:
    assert client.call("search", [], model="res.nothing") == "builtins.KeyError"
    assert client.call("explode") == "builtins.AttributeError"
    assert client.rpc("db", "list")["error"]["data"]["name"] == "builtins.KeyError"
    assert client.http.get("/web/login").status_code == 404
    assert client.http.post("/jsonrpc", content=b"{no").status_code == 400


def test_cooperative_faults(sim: Odoo, client: Client) -> None:
    page = client.call("search", [], limit=2)
    sim.faults.add(Fault("duplicate_page"))
    assert client.call("search", [], limit=2, offset=2) == page
    sim.faults.add(Fault("short_page", rows=2))
    assert client.call("search", []) == [1, 2, 3]
    sim.faults.add(Fault("poison", key="3"))
    assert client.call("search", []) == "psycopg2.OperationalError"
    sim.faults.add(Fault("tie", rows=3))
    assert len({row["write_date"] for row in client.call("search_read", [], ["write_date"])}) == 3
    sim.faults.add(Fault("edit", rows=1))
    client.call("search", [])
    assert sim.rows("res.partner")[0]["write_date"] > "2026-03-03"
    sim.faults.add(Fault("partial", rows=1))
    assert client.call("load", ["id", "name"], [["gb.g1", "甲"]])["ids"] is False
    sim.faults.add(Fault("phantom"))
    assert client.call("load", ["id", "name"], [["gb.g1", "甲"]])["ids"] == [9001]
    sim.faults.add(Fault("trim", field="name", rows=2))
    client.call("load", ["id", "name"], [["gb.g1", "很长的名字"]])
    assert sim.rows("res.partner")[5]["name"] == "很长"
    sim.faults.add(Fault("forbid", key="res.partner"))
    assert client.call("search", []) == "odoo.exceptions.AccessError"
    assert sim.add("res.partner", {"name": "手工"}) == "7"
