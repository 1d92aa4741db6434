"""The pretend S/4HANA: CSRF sessions, its own idea of its address, change dates, locks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.sap import ROOT, Sap

START = 1_772_424_000.0  # 2026-03-02T04:00:00Z
PARTNERS = f"{ROOT}/API_BUSINESS_PARTNER/A_BusinessPartner"


class Client:
    def __init__(self, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        rows = [{"BusinessPartner": str(n), "BusinessPartnerCategory": "2"} for n in range(1001, 1026)]
        self.sim = Sap({"A_BusinessPartner": rows}, clock=self.clock, **options)
        headers = {"accept": "application/json"}
        auth = (Sap.user, Sap.password)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://sap", auth=auth, headers=headers)

    def token(self) -> dict[str, str]:
        answer = self.http.get(f"{ROOT}/API_BUSINESS_PARTNER/", headers={"X-CSRF-Token": "Fetch"})
        return {"X-CSRF-Token": answer.headers["x-csrf-token"]}


def test_the_token_is_bound_to_the_session_of_its_cookies() -> None:
    client = Client()
    body = {"BusinessPartnerCategory": "2", "OrganizationBPName1": "新"}
    refused = client.http.post(PARTNERS, json=body)
    assert (refused.status_code, refused.headers["x-csrf-token"]) == (403, "Required")
    token = client.token()
    assert sorted(client.http.cookies) == ["SAP_SESSIONID_DMO_100", "sap-usercontext"]
    created = client.http.post(PARTNERS, json=body, headers=token)
    assert created.status_code == 201
    assert created.json()["d"]["BusinessPartner"] == "4000000"
    assert created.headers["location"].startswith("https://vhcals4hci.dummy.nodomain:44300/sap/")
    client.clock.shift(1801)
    assert client.http.post(PARTNERS, json=body, headers=token).status_code == 403
    token = client.token()
    client.http.cookies.clear()
    assert client.http.post(PARTNERS, json=body, headers=token).status_code == 403
    assert client.sim.counters.writes == 1


def test_logon_and_client() -> None:
    client = Client()
    assert client.http.get(PARTNERS, params={"sap-client": "100"}).status_code == 200
    assert client.http.get(PARTNERS, params={"sap-client": "200"}).status_code == 401
    page = client.http.get(PARTNERS, auth=("x", "y"))
    assert (page.status_code, page.headers["content-type"]) == (401, "text/html;charset=utf-8")
    missing = client.http.get(f"{ROOT}/API_NOTHING/A_Thing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "/IWFND/MED/170")


def test_links_carry_the_host_the_server_believes_in() -> None:
    body = Client(page_cap=10).http.get(f"{PARTNERS}?$inlinecount=allpages").json()["d"]
    assert body["__count"] == "25"
    assert body["__next"].startswith(f"https://vhcals4hci.dummy.nodomain:44300{PARTNERS}?")
    assert "$skiptoken=" in body["__next"]
    assert "__deferred" in body["results"][0]["to_BusinessPartnerAddress"]


def test_a_change_sets_date_and_time_apart() -> None:
    client = Client()
    headers = {**client.token(), "If-Match": "*"}
    assert client.sim.rows("A_BusinessPartner")[0]["LastChangeDate"] is None
    assert client.http.patch(f"{PARTNERS}('1001')", json={"Industry": "1"}, headers=headers).status_code == 204
    row = client.http.get(f"{PARTNERS}('1001')").json()["d"]
    assert (row["LastChangeDate"], row["LastChangeTime"]) == ("/Date(1772409600000)/", "PT04H00M00S")


def test_a_partner_is_never_deleted_and_may_be_locked() -> None:
    client = Client()
    headers = {**client.token(), "If-Match": "*"}
    assert client.http.delete(f"{PARTNERS}('1001')", headers=headers).status_code == 405
    client.sim.lock("A_BusinessPartner", "1001")
    locked = client.http.patch(f"{PARTNERS}('1001')", json={"Industry": "1"}, headers=headers)
    assert (locked.status_code, locked.json()["error"]["code"]) == (400, "R1/513")
    assert "locked by user" in locked.json()["error"]["message"]["value"]


@pytest.mark.parametrize("name", ["API_BUSINESS_PARTNER", "API_SALES_ORDER_SRV"])
def test_each_service_describes_itself(name: str) -> None:
    text = Client().http.get(f"{ROOT}/{name}/$metadata").text
    assert f'Namespace="{name}"' in text
    assert "Association" in text
