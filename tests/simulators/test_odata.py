"""The pretend OData service is as strict as real ones, in both versions."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.odata import EntitySet, Odata

START = 1_790_000_000.0
THING = EntitySet(
    "Things",
    "Thing",
    ("ID",),
    {
        "ID": "Edm.String", "Name": "Edm.String", "At": "Edm.DateTimeOffset", "Sum": "Edm.Decimal",
        "Big": "Edm.Int64", "Few": "Edm.Int32",
    },
    changed=("At",),
    numbered="1",
    alternate=(("Name",),),
    longest={"Name": 10},
)  # fmt: skip
PAIR = EntitySet("Pairs", "Pair", ("A", "B"), {"A": "Edm.String", "B": "Edm.Int32"})


class Client:
    def __init__(self, version: int = 4, count: int = 25, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        rows = [
            {
                "ID": f"{n:03d}",
                "Name": f"n{n}",
                "At": f"2026-03-01T00:00:{n % 60:02d}",
                "Sum": "1.50",
                "Big": n,
                "Few": n,
            }
            for n in range(count)
        ]
        options = {"page_cap": 10, **options}
        self.sim = Odata((THING, PAIR), {"Things": rows}, version=version, clock=self.clock, **options)
        auth = (Odata.user, Odata.password)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://odata", auth=auth)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {"accept": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {} if body is None else {"content-type": "application/json;IEEE754Compatible=true"}
        content = None if body is None else json.dumps(body)
        return self.http.request(method, f"/odata/{path}", headers=sent, content=content)

    def rows(self, query: str, **headers: str) -> list[Any]:
        body = self.call("GET", f"Things?{query}", **headers).json()
        return list(body["value"] if "value" in body else body["d"]["results"])

    def find(self, condition: str) -> list[str]:
        return [row["ID"] for row in self.rows("$filter=" + quote(condition))]


def test_the_gate() -> None:
    client = Client()
    client.http.auth = httpx.BasicAuth("x", "y")
    assert client.call("GET", "Things").status_code == 401
    assert client.call("GET", "$metadata").status_code == 401


@pytest.mark.parametrize(
    ("version", "condition", "found"),
    [
        (2, "At ge datetimeoffset'2026-03-01T00:00:23Z'", ["023", "024"]),
        (4, "At ge 2026-03-01T00:00:23Z", ["023", "024"]),
        (2, "Few gt 1 and (Few lt 3 or Name eq 'n9') and not (ID eq '002')", ["009"]),
        (4, "startswith(Name,'n2') and contains(Name,'4')", ["024"]),
        (2, "substringof('24',Name) eq true", ["024"]),
        (2, "Sum eq 1.5M and Big eq 7L", ["007"]),
        (4, "Sum eq 1.5 and Big eq 7", ["007"]),
        (4, "Name eq null", []),
        (4, "Name eq 'o''n'", []),
    ],
)
def test_filters(version: int, condition: str, found: list[str]) -> None:
    assert Client(version).find(condition) == found


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        (4, "At ge datetimeoffset'2026-03-01T00:00:23Z'"),
        (2, "At ge 2026-03-01T00:00:23Z"),
        (2, "At ge datetime'2026-03-01T00:00:23'"),
        (4, "Sum eq 1.5M"),
        (4, "Nmae eq 'x'"),
        (4, "(Few eq 1"),
        (4, "Few eq"),
        (4, "Few eq 1 Few eq 2"),
        (4, "ID eq 7"),
        (2, "contains(Name,'4')"),
    ],
)
def test_what_the_other_version_writes_is_refused(version: int, condition: str) -> None:
    answer = Client(version).call("GET", "Things?$filter=" + quote(condition))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_query"


def test_a_plus_is_no_space() -> None:
    assert Client().rows("$filter=Few+eq+1") == []
    assert len(Client().rows("$filter=Few%20eq%201")) == 1


def test_v2_wants_to_be_asked_for_json_and_writes_its_own_types() -> None:
    client = Client(2)
    assert client.call("GET", "Things", accept="*/*").headers["content-type"].startswith("application/atom+xml")
    row = client.call("GET", "Things('003')").json()["d"]
    assert (row["At"], row["Sum"], row["Big"]) == ("/Date(1772323203000+0000)/", "1.50", "3")
    assert row["__metadata"]["etag"] == "W/\"'00000000000001'\""
    message = client.call("GET", "Things('x')").json()["error"]["message"]
    assert message == {"lang": "en", "value": "Thing does not exist"}


def test_v4_decimals_are_text_only_when_asked() -> None:
    client = Client()
    assert client.rows("$top=1")[0]["Sum"] == 1.5
    assert client.rows("$top=1", accept="application/json;IEEE754Compatible=true")[0]["Sum"] == "1.50"


@pytest.mark.parametrize("offset", [True, False])
@pytest.mark.parametrize("version", [2, 4])
def test_pages_end_in_links(version: int, offset: bool) -> None:
    client = Client(version, offset=offset, host="https://inside:44300")
    ids, path = [], "Things?$orderby=ID&$inlinecount=allpages" if version == 2 else "Things?$count=true"
    while path:
        body = client.call("GET", path).json()
        body = body.get("d", body)
        ids += [row["ID"] for row in body["results" if version == 2 else "value"]]
        assert body["__count" if version == 2 else "@odata.count"] == ("25" if version == 2 else 25)
        link = body.get("__next") or body.get("@odata.nextLink") or ""
        assert link.startswith("https://inside:44300/odata/Things?") or not link
        path = link.removeprefix("https://inside:44300/odata/")
    assert ids == [f"{n:03d}" for n in range(25)]
    assert client.call("GET", "Things/$count").json() == 25


def test_paging_by_number_skips_a_row_when_another_leaves() -> None:
    for offset, lost in ((True, ["010"]), (False, [])):
        client = Client(2, offset=offset)
        body = client.call("GET", "Things?$orderby=ID").json()["d"]
        seen = [row["ID"] for row in body["results"]]
        client.sim.remove("Things", "000")
        while "__next" in body:
            body = client.http.get(body["__next"], headers={"accept": "application/json"}).json()["d"]
            seen += [row["ID"] for row in body["results"]]
        assert [f"{n:03d}" for n in range(25) if f"{n:03d}" not in seen] == lost


def test_change_tracking() -> None:
    client = Client()
    prefer = "odata.track-changes,odata.maxpagesize=20"
    body = client.call("GET", "Things?$select=Name", prefer=prefer).json()
    assert len(body["value"]) == 10, "the service's own cap is smaller"
    client.sim.edit("Things", "000", {"Few": -1})
    while "@odata.nextLink" in body:
        body = client.http.get(body["@odata.nextLink"], headers={"accept": "application/json"}).json()
    link = body["@odata.deltaLink"]
    client.sim.remove("Things", "005")
    client.call("POST", "Things", {"ID": "900", "Name": "new"})
    client.call("DELETE", "Things('900')", If_Match="*")
    told = client.http.get(link, headers={"accept": "application/json"}).json()
    assert [row.get("ID") or row["id"] for row in told["value"]] == ["000", "005", "900"]
    assert told["value"][1]["@odata.context"].endswith("#Things/$deletedEntity")
    assert client.http.get(told["@odata.deltaLink"]).json()["value"] == []
    assert client.call("GET", "Things?$top=1", prefer="odata.track-changes").status_code == 400
    client.clock.shift(8 * 86_400)
    assert client.http.get(link).status_code == 410


@pytest.mark.parametrize("version", [2, 4])
def test_a_change_shows_the_etag(version: int) -> None:
    client = Client(version)
    etag = client.call("GET", "Things('003')").headers["etag"]
    assert client.call("PATCH", "Things('003')", {"Few": 1}).status_code == 428
    assert client.call("PATCH", "Things('003')", {"Few": 1}, If_Match=etag).status_code == 204
    assert client.call("PATCH", "Things('003')", {"Few": 1}, If_Match=etag).status_code == 412
    assert client.call("PATCH", "Things('003')", {"Few": 2}, If_Match="*").status_code == 204
    assert client.call("POST", "Things('003')", {"Few": 3}, If_Match="*", X_HTTP_Method="MERGE").status_code == 204
    assert client.call("PATCH", "Things('404')", {"Few": 1}, If_Match="*").status_code == 404
    assert client.sim.rows("Things")[3]["Few"] == 3
    assert client.sim.counters.writes == 3


def test_a_body_is_typed() -> None:
    for version, bad in ((2, {"Sum": 1.5}), (2, {"At": "2026-01-01T00:00:00Z"}), (4, {"Few": "1"}), (4, {"Sum": 1.5})):
        assert Client(version).call("POST", "Things", bad).status_code == 400
    client = Client()
    for bad in ({"Nmae": "x"}, {"Name": "x" * 11}, {"Name": "n3"}, {"ID": "003"}, [1]):
        assert client.call("POST", "Things", bad).status_code == 400
    good = client.call("POST", "Things", {"Name": "neu", "Sum": "2.5", "Big": "9007199254740993"})
    assert (good.status_code, good.headers["location"]) == (201, "http://odata/odata/Things('1')")
    assert client.sim.rows("Things")[-1]["Big"] == 2**53 + 1


def test_keys_of_several_parts_and_alternate_ones() -> None:
    client = Client()
    client.call("POST", "Pairs", {"A": "x=1,y", "B": 2})
    assert client.call("GET", "Pairs(A='x=1,y',B=2)").json()["B"] == 2
    assert client.call("GET", "Things(Name='n7')").json()["ID"] == "007"
    assert client.call("GET", "Things(Few=7)").status_code == 400


def test_a_json_batch_answers_each_group() -> None:
    client = Client()
    requests = [
        {"id": "1", "method": "POST", "url": "Things", "body": {"Name": "a"}},
        {"id": "2", "atomicityGroup": "g", "method": "POST", "url": "Things", "body": {"Name": "b"}},
        {"id": "3", "atomicityGroup": "g", "method": "POST", "url": "Things", "body": {"Name": "n3"}},
    ]
    answers = client.call("POST", "$batch", {"requests": requests}).json()["responses"]
    assert [(one["id"], one["status"]) for one in answers] == [("1", 201), ("3", 400)]
    assert [row["Name"] for row in client.sim.rows("Things")[25:]] == ["a"], "a change set is atomic"
    assert client.sim.counters.writes == 1


def test_a_multipart_batch_answers_a_refused_set_once() -> None:
    def part(name: str) -> str:
        return (
            "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n"
            "Content-Transfer-Encoding: binary\r\n\r\nPOST Things HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
            + json.dumps({"Name": name})
            + "\r\n--c--\r\n"
        )

    client = Client(2)
    headers = {"content-type": "multipart/mixed; boundary=b"}
    answer = client.http.post("/odata/$batch", content=part("a") + part("n3") + "--b--\r\n", headers=headers)
    assert answer.status_code == 202
    assert answer.text.count("multipart/mixed") == 1
    assert answer.text.index("201 Said") < answer.text.index("400 Said")
    assert client.http.post("/odata/$batch", content="--b\r\n", headers=headers).status_code == 400


def test_cooperative_faults() -> None:
    client = Client()
    faults = client.sim.faults
    faults.add(Fault("short_page", rows=3))
    assert len(client.rows("$top=5")) == 2
    faults.add(Fault("duplicate_page"))
    assert [row["ID"] for row in client.rows("$skip=10")] == ["000", "001"]
    faults.add(Fault("poison", key="003"))
    assert client.call("GET", "Things").status_code == 500
    faults.add(Fault("depth", rows=10))
    assert client.call("GET", "Things?$skip=10").status_code == 400
    faults.add(Fault("forbid", key="Things"))
    assert client.call("GET", "Things").status_code == 403
    faults.add(Fault("phantom"))
    assert client.call("POST", "Things", {"Name": "ghost"}).status_code == 201
    faults.add(Fault("trim", field="Few"))
    assert client.call("POST", "Things", {"Name": "real", "Few": 9}).json()["Few"] is None
    assert len(client.sim.rows("Things")) == 26
    faults.add(Fault("tie", rows=20))
    client.rows("$top=1")
    assert len({row["At"] for row in client.sim.rows("Things")[:20]}) == 1
