"""The pretend Dataverse: tokens, paging cookies, change tracking, upsert, and its service limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from goldbridge.simulators.dynamics import ROOT, Dynamics
from goldbridge.simulators.kit import Limit, SimClock
from goldbridge.simulators.kit.loopback import InProcess

START = 1_772_424_000.0
SECRETS = {
    "grant_type": "client_credentials",
    "client_id": Dynamics.client_id,
    "client_secret": Dynamics.client_secret,
    "scope": "https://contoso.crm.dynamics.com/.default",
}


def key(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


class Client:
    def __init__(self, count: int = 25, kind: type[Dynamics] = Dynamics, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        rows = [{"accountid": key(n), "name": f"n{n}", "new_goldenid": f"g{n}"} for n in range(count)]
        self.sim = kind({"accounts": rows}, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://org")
        token = self.http.post("/sandbox-tenant/oauth2/v2.0/token", data=SECRETS).json()
        self.http.headers["authorization"] = f"Bearer {token['access_token']}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path if path.startswith("http") else f"{ROOT}/{path}", headers=headers)

    def patch(self, where: str, body: Any, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(f"{ROOT}/accounts({where})", json=body, headers=sent)


def test_tokens() -> None:
    client = Client()
    wrong = client.http.post("/sandbox-tenant/oauth2/v2.0/token", data={**SECRETS, "client_secret": "x"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    scope = client.http.post("/sandbox-tenant/oauth2/v2.0/token", data={**SECRETS, "scope": "all"})
    assert (scope.status_code, scope.json()["error"]) == (400, "invalid_scope")
    assert client.get("accounts").status_code == 200
    client.clock.shift(3600)
    assert client.get("accounts").status_code == 401


def test_a_cookie_that_was_encoded_anew_is_broken() -> None:
    client = Client()
    link = client.get("accounts?$select=name", prefer="odata.maxpagesize=10").json()["@odata.nextLink"]
    assert link.startswith(f"http://org{ROOT}/accounts?$select=name&$skiptoken=%257b")
    assert len(client.get(link).json()["value"]) == 10
    base, _, cookie = link.partition("$skiptoken=")
    decoded = unquote(unquote(cookie))
    broken = client.get(f"{base}$skiptoken={quote(quote(decoded))}")
    assert (broken.status_code, broken.json()["error"]["message"]) == (400, "Malformed XML in the Paging Cookie")


def test_what_does_not_exist_here() -> None:
    client = Client()
    assert client.get("accounts?$skip=5").status_code == 400
    body = client.get("accounts?$top=5", prefer="odata.maxpagesize=2").json()
    assert "value" in body
    for option in ("$filter=statecode%20eq%200", "$orderby=name", "$top=1"):
        assert client.get(f"accounts?{option}", prefer="odata.track-changes").status_code == 400


def test_change_tracking_tells_deletes_and_forgets_after_a_week() -> None:
    client = Client(untracked=("contacts",))
    first = client.get("accounts", prefer="odata.track-changes").json()
    client.sim.remove("accounts", key(3))
    client.patch("new_goldenid='g5'", {"name": "neu"})
    told = client.get(first["@odata.deltaLink"]).json()["value"]
    assert told[0]["name"] == "neu"
    assert (told[1]["id"], told[1]["reason"]) == (key(3), "deleted")
    assert client.get("contacts", prefer="odata.track-changes").json()["error"]["message"].endswith("change tracking")
    client.clock.shift(3000)
    client.sim._tokens = dict.fromkeys(client.sim._tokens, START + 10**7)
    client.clock.shift(8 * 86_400)
    assert client.get(first["@odata.deltaLink"]).status_code == 400


def test_a_bare_patch_is_an_upsert() -> None:
    client = Client(1)
    created = client.patch(key(77), {"name": "by mistake"})
    assert (created.status_code, created.headers["odata-entityid"]) == (204, f"http://org{ROOT}/accounts({key(77)})")
    assert client.patch(key(78), {"name": "x"}, If_Match="*").status_code == 404
    assert client.patch(key(77), {"name": "x"}, If_None_Match="*").status_code == 412
    assert client.patch(key(77), {"name": "x"}, If_Match='W/"9"').json()["error"]["code"] == "0x80060882"
    assert client.patch("new_goldenid='neu'", {"name": "y"}).status_code == 204
    assert client.patch("new_goldenid='neu'", {"name": "z"}).status_code == 204
    assert [row["name"] for row in client.sim.rows("accounts") if row["new_goldenid"] == "neu"] == ["z"]
    assert client.patch("new_goldenid='neu'", {"name": "z", "new_goldenid": "neu"}).status_code == 400
    assert client.patch("new_goldenid='a%3Fb'", {"name": "z"}).status_code == 400
    assert client.patch("name='z'", {"telephone1": "1"}).status_code == 400
    taken = client.patch(key(77), {"new_goldenid": "g0"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (412, "0x80040237")


def test_create_answers_with_an_address_or_with_the_row() -> None:
    client = Client(0)
    assert client.http.post(f"{ROOT}/accounts", json={"name": "a"}).status_code == 204
    shown = client.http.post(f"{ROOT}/accounts", json={"name": "b"}, headers={"prefer": "return=representation"})
    assert (shown.status_code, shown.json()["name"]) == (201, "b")


def test_beyond_the_limit() -> None:
    class Tight(Dynamics):
        sheet_limits = {"data": Limit(3, 300.0)}

    client = Client(kind=Tight, limits="sheet")
    answers = [client.get("accounts") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "301"
    assert answers[3].json()["error"]["code"] == "0x80072322"
    assert Dynamics.sheet_limits["data"] == Limit(6000, 300.0)


@pytest.mark.parametrize(("prefer", "done"), [("", 1), ("odata.continue-on-error", 2)])
def test_a_batch_stops_at_its_first_error_unless_told_otherwise(prefer: str, done: int) -> None:
    client = Client(0)
    parts = []
    for number, name in enumerate(("a", "x" * 161, "c")):
        parts += [f"--b\r\nContent-Type: multipart/mixed; boundary=c{number}\r\n\r\n--c{number}\r\n"]
        parts += ["Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"]
        parts += [f"POST {ROOT}/accounts HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"]
        parts += [f'{{"name": "{name}"}}\r\n--c{number}--\r\n']
    headers = {"content-type": "multipart/mixed; boundary=b", "prefer": prefer}
    answer = client.http.post(f"{ROOT}/$batch", content="".join([*parts, "--b--\r\n"]), headers=headers)
    assert answer.status_code == 200
    assert len(client.sim.rows("accounts")) == done
