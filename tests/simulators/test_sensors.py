"""The pretend analytics store takes everything, keeps what is good, and says the rest only in its log."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.sensors import PROJECT, SECRET, TOKEN, Sensors

NOW = 1_772_413_323


class Store:
    def __init__(self, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(NOW)
        self.sim = Sensors(clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://store")

    def send(self, *records: Any, path: str = "/sa", token: str = TOKEN, **headers: str) -> httpx.Response:
        packed = base64.b64encode(gzip.compress(json.dumps(records).encode())).decode()
        form = {"data_list": packed, "gzip": "1"}
        return self.http.post(path, params={"project": PROJECT, "token": token}, data=form, headers=headers)

    def query(self, sql: str) -> list[Any]:
        form = {"q": sql, "format": "json"}
        answer = self.http.post("/api/sql/query", params={"project": PROJECT, "token": SECRET}, data=form)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


def record(kind: str = "profile_set", id: str = "G1", login: bool = True, **properties: Any) -> dict[str, Any]:
    own = {"$is_login_id": True} if login else {}
    return {"type": kind, "time": NOW * 1000, "distinct_id": id, "properties": {**properties, **own}}


def test_profiles_overwrite_unset_and_are_deleted() -> None:
    store = Store()
    answer = store.send(record(company="a", grade="A"), record(grade="B"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert store.sim.project.profiles == {(True, "G1"): {"company": "a", "grade": "B"}}
    store.send(record("profile_unset", company=True), record("profile_set_once", grade="C", region="x"))
    assert store.sim.project.profiles[True, "G1"] == {"grade": "B", "region": "x"}
    store.send(record("profile_delete"))
    assert store.sim.project.profiles == {}


def test_without_the_login_mark_it_is_another_user() -> None:
    store = Store()
    store.send(record(company="a"), record(login=False, company="b"))
    assert len(store.sim.project.profiles) == 2


def test_events_are_never_compared() -> None:
    store = Store()
    event = {**record("track", amount=1), "event": "Paid", "_track_id": 7}
    store.send(event, event)
    assert len(store.sim.project.events) == 2


@pytest.mark.parametrize(
    "bad",
    [
        record(id=""),
        record(id="x" * 256),
        record(time="x"),
        record(**{"first name": "x"}),
        record(deep={"a": 1}),
        record(text="x" * 8192),
        record(grade=1),
        {**record(), "time": NOW},
        {"distinct_id": "x"},
        {**record("track"), "event": "no event"},
        {**record("track"), "event": "Old", "time": (NOW - 3 * 365 * 86_400) * 1000},
        {"type": "item_set", "time": NOW * 1000, "item_type": "product", "properties": {}},
        "text",
    ],
)
def test_bad_records_are_dropped_in_silence_and_refused_by_the_dry_run(bad: Any) -> None:
    store = Store()
    store.send(record(id="first", grade="A"))
    assert store.send(bad, record(id="G2", grade="B")).status_code == 200
    assert len(store.sim.project.dropped) == 1
    assert set(store.sim.project.profiles) == {(True, "first"), (True, "G2")}
    refused = store.send(bad, path="/debug", Dry_Run="true")
    assert (refused.status_code, bool(refused.text)) == (400, True)


def test_old_events_are_taken_when_they_say_so() -> None:
    store = Store()
    store.send({**record("track"), "event": "Old", "time": (NOW - 3 * 365 * 86_400) * 1000, "time_free": True})
    assert len(store.sim.project.events) == 1


def test_a_dry_run_stores_nothing() -> None:
    store = Store()
    answer = store.http.post(
        "/debug",
        params={"project": PROJECT, "token": TOKEN},
        data={"data": base64.b64encode(json.dumps(record(a="b")).encode()).decode()},
        headers={"Dry-Run": "true"},
    )
    assert (answer.status_code, store.sim.project.profiles) == (200, {})


def test_two_secrets_that_have_nothing_to_do_with_each_other() -> None:
    store = Store()
    assert store.send(record(), token=SECRET).status_code == 401
    assert store.http.post("/api/sql/query", params={"project": PROJECT, "token": TOKEN}).status_code == 401
    other = store.http.post("/sa", params={"project": "other", "token": TOKEN})
    assert other.status_code == 404


def test_what_cannot_be_unpacked() -> None:
    store = Store()
    for form in ({}, {"data_list": "%%"}, {"data_list": "AAAA", "gzip": "1"}):
        assert store.http.post("/sa", params={"project": PROJECT, "token": TOKEN}, data=form).status_code == 400


def test_queries_show_users_after_a_while() -> None:
    store = Store(lag_s=600)
    store.send(record(company="a"))
    sql = "SELECT * FROM users WHERE second_id IN ('G1','G2')"
    assert store.query(sql) == []
    store.clock.shift(600)
    assert store.query(sql) == [{"second_id": "G1", "company": "a"}]
    refused = store.http.post("/api/sql/query", params={"project": PROJECT, "token": SECRET}, data={"q": "DROP"})
    assert refused.status_code == 400


def test_faults() -> None:
    store = Store()
    store.sim.faults.add({"kind": "phantom"}, {"kind": "partial", "skip": 1}, {"kind": "trim", "skip": 2, "field": "a"})
    store.send(record(a="b"))
    assert store.sim.project.profiles == {}
    store.send(record(a="b"), record(id="G2", a="b"))
    assert set(store.sim.project.profiles) == {(True, "G1")}
    store.send(record(id="G3", a="b", c="d"))
    assert store.sim.project.profiles[True, "G3"] == {"c": "d"}
    store.sim.faults.add({"kind": "poison", "key": "bad"})
    assert store.send(record(a="bad")).status_code == 400
