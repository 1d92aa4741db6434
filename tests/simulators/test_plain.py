"""The plain CRM: its habits by option, its gate, its lists, its writes, and the faults it plays along with."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.plain import CLIENT_ID, CLIENT_SECRET, KEY, REFRESH_TOKEN, SIGNING_KEY, USER, Plain

START = 1_790_000_000.0
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


class Desk:
    """A CRM with a clock that stands still, and how to ask it."""

    def __init__(self, count: int = 0, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        self.sim = Plain({"account": [{"name": f"n{number}"} for number in range(count)]}, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://plain")

    def get(self, path: str = "/account", **query: Any) -> Any:
        return self.http.get(path, params=query)

    def walk(self, step: str, at: str, **query: Any) -> list[int]:
        """All ids, page by page, by a token in the answer."""
        found: list[int] = []
        while True:
            page = self.get(**query).json()
            found += [row["id"] for row in page["items"]]
            if not page["has_more"]:
                return found
            query[step] = page[at]


def test_a_list_is_sorted_and_a_window_closed_at_its_end() -> None:
    desk = Desk(10)
    rows = desk.get().json()["items"]
    assert [row["id"] for row in rows] == list(range(1, 11))
    middle = desk.get(since=rows[2]["updated_at"], until=rows[5]["updated_at"]).json()
    assert [row["id"] for row in middle["items"]] == [4, 5, 6]
    assert (middle["total"], middle["has_more"]) == (3, False)


def test_keyset_goes_on_within_a_tie() -> None:
    desk = Desk(10)
    desk.sim.faults.add(Fault("tie", rows=6))
    tied = desk.get().json()["items"][-6:]
    assert len({row["updated_at"] for row in tied}) == 1
    more = desk.get(since=tied[0]["updated_at"], since_id=tied[2]["id"]).json()["items"]
    assert [row["id"] for row in more] == [row["id"] for row in tied[3:]]
    assert [row["id"] for row in desk.get(since_id=7).json()["items"]] == [8, 9, 10]


def test_tokens_lead_on_and_expire() -> None:
    desk = Desk(10, paging="next_token", page_token_s=60)
    assert desk.walk("cursor", "next_cursor", limit=3) == list(range(1, 11))
    token = desk.get(limit=3).json()["next_cursor"]
    desk.clock.shift(61)
    assert desk.get(limit=3, cursor=token).status_code == 410


def test_urls_and_links_lead_on() -> None:
    desk = Desk(5, paging="next_url")
    url = desk.get(limit=2).json()["next"]
    assert [row["id"] for row in desk.http.get(url).json()["items"]] == [3, 4]
    linked = Desk(5, paging="link").get(limit=2).headers["link"]
    assert linked == '</account?limit=2&page=2>; rel="next", </account>; rel="first"'


def test_pages_and_offsets_and_one_answer() -> None:
    assert [row["id"] for row in Desk(5, paging="page").get(limit=2, page=3).json()["items"]] == [5]
    assert [row["id"] for row in Desk(5, paging="offset").get(limit=2, offset=3).json()["items"]] == [4, 5]
    assert len(Desk(700, paging="none").get(limit=2).json()["items"]) == 700
    assert len(Desk(700, paging="page").get(limit=900).json()["items"]) == 500
    deep = Desk(30, paging="offset", depth=20)
    assert deep.get(limit=10, offset=10).status_code == 200
    assert deep.get(limit=10, offset=20).json()["error"]["code"] == "too_deep"


@pytest.mark.parametrize("times", ["iso", "epoch_s", "epoch_ms", "local"])
def test_times_are_written_as_the_option_says(times: str) -> None:
    at = Desk(1, times=times).get().json()["items"][0]["updated_at"]
    ms = int(START * 1000) - 10_000_000 + 1000
    expected = {
        "iso": "2026-09-21T11:26:41.000Z",
        "epoch_s": ms // 1000,
        "epoch_ms": ms,
        "local": "2026-09-21 19:26:41",
    }
    assert type(at) is type(expected[times])
    assert at == expected[times]


def test_the_other_envelope_answers_200_to_everything() -> None:
    desk = Desk(1, envelope="code", auth="bearer")
    refused = desk.get()
    assert (refused.status_code, refused.json()["code"]) == (200, "unauthorized")
    good = desk.http.get("/account", headers={"authorization": f"Bearer {KEY}"}).json()
    assert (good["code"], len(good["data"]["items"])) == (0, 1)


def test_the_gate() -> None:
    assert Desk(auth="basic").http.get("/me", auth=(USER, KEY)).status_code == 200
    assert Desk(auth="basic").http.get("/me", auth=(USER, "x")).status_code == 401
    assert Desk(auth="header").http.get("/me", headers={"x-api-key": KEY}).status_code == 200
    assert Desk(auth="query").get("/me", api_key=KEY).status_code == 200
    assert Desk(auth="query").get("/me").status_code == 401


def test_a_signature_covers_method_path_time_and_body() -> None:
    desk = Desk(auth="hmac")
    at = str(int(START))
    text = "\n".join(("GET", "/me", at, hashlib.sha256(b"").hexdigest()))
    good = {
        "x-key": CLIENT_ID,
        "x-time": at,
        "x-signature": hmac.new(SIGNING_KEY.encode(), text.encode(), "sha256").hexdigest(),
    }
    assert desk.http.get("/me", headers=good).status_code == 200
    assert desk.http.get("/account", headers=good).status_code == 401
    desk.clock.shift(301)
    assert desk.http.get("/me", headers=good).status_code == 401


def test_a_refresh_token_is_good_for_one_call() -> None:
    desk = Desk(auth="refresh_token")
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, **CLIENT}
    first = desk.http.post("/oauth/token", data=form).json()
    assert desk.http.get("/me", headers={"authorization": f"Bearer {first['access_token']}"}).status_code == 200
    assert desk.http.post("/oauth/token", data=form).json()["error"] == "invalid_grant"
    assert desk.http.post("/oauth/token", json={**form, "refresh_token": first["refresh_token"]}).status_code == 200
    assert desk.http.post("/oauth/token", data={**form, "client_id": "x"}).status_code == 401
    desk.sim.faults.add(Fault("expire", path="/me"))
    assert desk.http.get("/me", headers={"authorization": f"Bearer {first['access_token']}"}).status_code == 401


def test_records_are_made_changed_archived_and_found() -> None:
    desk = Desk()
    key = desk.http.post("/account", json={"name": "a", "external_id": "g1"}).json()["id"]
    assert desk.http.post("/account", json={"name": "b", "external_id": "g1"}).status_code == 409
    assert desk.http.post("/account", json={"name": ""}).json()["error"]["code"] == "name_required"
    assert desk.http.patch(f"/account/{key}", json={"tel": "1"}).status_code == 200
    assert desk.get("/account/by-external/g1").json()["tel"] == "1"
    assert desk.http.put("/account/by-external/g2", json={"name": "c"}).json()["id"] == key + 1
    found = desk.http.post("/account/find", json={"external_ids": ["g2", "g9"]}).json()["items"]
    assert [row["name"] for row in found] == ["c"]
    assert desk.http.post(f"/account/{key}/archive", json={}).status_code == 200
    assert desk.get("/account/by-external/g1").status_code == 404
    assert desk.http.patch("/account/99", json={}).status_code == 404


def test_a_batch_has_a_result_per_record_in_any_order() -> None:
    desk = Desk()
    records = [{"external_id": "g1", "name": "a"}, {"external_id": "g2", "name": ""}]
    results = {
        one["external_id"]: one for one in desk.http.post("/account/batch", json={"records": records}).json()["results"]
    }
    assert results["g1"]["error"] is None
    assert results["g2"]["error"]["code"] == "name_required"
    assert len(desk.sim.rows("account")) == 1


def test_the_cooperative_faults() -> None:
    desk = Desk(9, paging="page")
    first = desk.get(limit=3).json()["items"]
    desk.sim.faults.add(Fault("duplicate_page"), Fault("short_page", skip=1, rows=2), Fault("poison", key="9", skip=2))
    assert desk.get(limit=3, page=2).json()["items"] == first
    short = desk.get(limit=3, page=1).json()
    assert (len(short["items"]), short["has_more"]) == (1, True)
    assert desk.get(limit=3, page=3).status_code == 500
    desk.sim.faults.add(Fault("phantom", path="/account"), Fault("trim", path="/account", field="tel", skip=1))
    desk.sim.faults.add(Fault("forbid", key="account", path="/account", skip=2))
    assert desk.http.post("/account", json={"name": "x", "tel": "1"}).json() == {"id": 999_999}
    made = desk.http.post("/account", json={"name": "y", "tel": "1"}).json()["id"]
    assert (made, desk.sim.rows("account")[-1].get("tel")) == (10, None)
    assert desk.get().status_code == 403
    desk.sim.faults.add(Fault("edit", rows=2), Fault("depth", rows=3, skip=1))
    assert [row["id"] for row in desk.get(limit=500).json()["items"]][-3:] == [1, 2, 10]
    assert desk.get(limit=3, page=2).status_code == 400


def test_the_limit_of_the_sheet() -> None:
    desk = Desk(1, limits="sheet")
    assert [desk.get().status_code for _ in range(11)] == [200] * 10 + [429]
    assert desk.get().headers["retry-after"] == "2"


def test_options_that_do_not_exist() -> None:
    for wrong in ({"paging": "pages"}, {"envelope": "x"}, {"auth": "x"}):
        with pytest.raises(ValueError, match="is one of"):
            Plain(**wrong)
    with pytest.raises(ValueError, match="are one of"):
        Plain(times="x").table("account")
