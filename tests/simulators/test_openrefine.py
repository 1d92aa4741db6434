"""The pretend reconciliation service speaks API 0.2: manifest, query batches, suggest, data extension."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.openrefine import API_KEY, OpenRefine
from goldbridge.simulators.openrefine.entity import identity
from goldbridge.simulators.world import World

WORLD = World(60, 7)
COMPANY = next(c for c in WORLD.companies if "customer" in c.roles and c.credit_code)


class Service:
    def __init__(self, **options: Any) -> None:
        self.sim = OpenRefine(WORLD, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://reconcile")

    def post(self, status: int = 200, **fields: Any) -> Any:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        answer = self.http.post("/reconcile", data=texts)
        assert answer.status_code == status
        return answer.json()

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.http.get(path, **more)
        assert answer.status_code == status
        return answer.json()


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def test_the_manifest_has_what_the_schema_requires(service: Service) -> None:
    manifest = service.get("/reconcile")
    assert "0.2" in manifest["versions"]
    assert {"name", "identifierSpace", "schemaSpace"} <= set(manifest)
    assert "{{id}}" in manifest["view"]["url"]
    assert "${id}" in manifest["suggest"]["entity"]["flyout_service_path"]
    assert service.http.get("/reconcile").headers["access-control-allow-origin"] == "*"


def test_every_query_has_its_result_best_first_and_one_match_at_most(service: Service) -> None:
    queries = {"q0": {"query": COMPANY.name}, "x": {"query": "绝无此名"}, "q2": {"query": COMPANY.name[:4], "limit": 3}}
    for answer in (service.post(queries=queries), service.get("/reconcile", params={"queries": json.dumps(queries)})):
        assert set(answer) == {"q0", "x", "q2"}
        assert answer["x"] == {"result": []}
        assert len(answer["q2"]["result"]) <= 3
        for result in answer.values():
            scores = [each["score"] for each in result["result"]]
            assert scores == sorted(scores, reverse=True)
            assert sum(each["match"] for each in result["result"]) <= 1
            assert all({"id", "name", "score", "match", "type"} <= set(each) for each in result["result"])


def test_a_credit_code_is_certain(service: Service) -> None:
    properties = [{"pid": "uscc", "v": COMPANY.credit_code}]
    for query in ({"properties": properties}, {"query": "某公司", "properties": properties}):
        best = service.post(queries={"q": query})["q"]["result"][0]
        assert (best["id"], best["match"], best["score"]) == (identity(COMPANY), True, 100)
        assert {"id": "uscc_equal", "value": True} in best["features"]


def test_a_type_can_be_strict(service: Service) -> None:
    query = {"query": COMPANY.name, "type": "supplier", "type_strict": "any"}
    found = service.post(queries={"q": query})["q"]["result"]
    assert all("supplier" in [kind["id"] for kind in each["type"]] for each in found)
    assert identity(COMPANY) not in [each["id"] for each in found]


@pytest.mark.parametrize("query", [{"query": ""}, {"properties": []}, {}, {"query": "x", "properties": []}, "text"])
def test_invalid_queries(service: Service, query: Any) -> None:
    service.post(400, queries={"q": query})


def test_invalid_batches(service: Service) -> None:
    service.post(400, queries="{")
    service.post(400, queries=[])
    service.post(400, queries={})
    service.post(413, queries={str(at): {"query": "x"} for at in range(51)})
    service.get("/reconcile", 414, params={"queries": json.dumps({"q": {"query": "杭" * 2000}})})


def test_suggest(service: Service) -> None:
    found = service.get("/suggest/entity", params={"prefix": COMPANY.name[:3]})["result"]
    assert identity(COMPANY) in [each["id"] for each in found]
    assert service.get("/suggest/property", params={"prefix": "ci"})["result"] == [{"id": "city", "name": "City"}]
    assert service.get("/suggest/type", params={"prefix": "deal"})["result"] == [{"id": "dealer", "name": "Dealer"}]
    service.get("/suggest/type", 400)
    assert COMPANY.name in service.get("/flyout/entity", params={"id": identity(COMPANY)})["html"]


def test_data_extension(service: Service) -> None:
    proposed = service.get("/propose", params={"type": "customer", "limit": "2"})
    assert (proposed["type"], len(proposed["properties"])) == ("customer", 2)
    properties = [{"id": "uscc"}, {"id": "status", "settings": {"limit": "1"}}, {"id": "capital"}]
    answer = service.post(extend={"ids": [identity(COMPANY), "GR-0"], "properties": properties})
    assert [each["id"] for each in answer["meta"]] == ["uscc", "status", "capital"]
    row = answer["rows"][identity(COMPANY)]
    assert row["uscc"] == [{"str": COMPANY.credit_code}]
    assert len(row["status"]) == 1
    assert answer["rows"]["GR-0"] == {"uscc": [], "status": [], "capital": []}
    service.post(400, extend={"ids": ["x"], "properties": [{"id": "colour"}]})


def test_a_locked_service_says_so_and_wants_its_key() -> None:
    locked = Service(locked=True)
    locked.get("/reconcile", 401)
    manifest = locked.get("/reconcile", headers={"X-Api-Key": API_KEY})
    assert manifest["authentication"] == {"type": "apiKey", "name": "X-Api-Key", "in": "header"}


def test_faults() -> None:
    service = Service()
    service.sim.faults.add({"kind": "poison", "key": "毒", "count": None}, {"kind": "partial", "skip": 1})
    service.post(400, queries={"a": {"query": "毒"}, "b": {"query": "x"}})
    assert set(service.post(queries={"a": {"query": "x"}, "b": {"query": "x"}})) == {"b"}
