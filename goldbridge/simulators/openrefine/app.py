"""A pretend reconciliation service, API 0.2: manifest, query batches, suggest, data extension, over the companies.

Manifest, queries and extension share one path; form fields tell them apart. With `locked` every call needs the key in
`X-Api-Key`. A batch of more than `largest` queries is too long (413). Cooperative faults played here: poison (a query
with the text `key` breaks the batch), partial (`rows` queries are left out of the answer).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.openrefine.entity import PROPERTIES, TYPES, cells, city_of, identity, kinds, scored
from goldbridge.simulators.world import Company, World

API_KEY = "openrefine-sandbox-key"
_LONGEST_QUERY = 8192
_SURE, _WORTH = 98.0, 40.0


class OpenRefine(Simulator):
    """Companies with a role, as entities to reconcile against."""

    name = "openrefine"

    def __init__(
        self,
        world: World,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        locked: bool = False,
        largest: int = 50,
        versions: tuple[str, ...] = ("0.2",),
        services: str = "http://127.0.0.1",
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._companies = {identity(company): company for company in world.companies if company.roles}
        self._locked, self._largest, self._versions, self._services = locked, largest, versions, services

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/reconcile", self._root)
        yield Endpoint("POST", "/reconcile", self._root)
        for kind in ("entity", "property", "type"):
            yield Endpoint("GET", f"/suggest/{kind}", self._suggest)
        yield Endpoint("GET", "/flyout/entity", self._flyout)
        yield Endpoint("GET", "/propose", self._propose)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer({"status": "error", "message": message}, status or int(code))

    def manifest(self) -> dict[str, Any]:
        where = {"service_url": self._services}
        suggest = {kind: {**where, "service_path": f"/suggest/{kind}"} for kind in ("entity", "property", "type")}
        suggest["entity"]["flyout_service_path"] = "/flyout/entity?id=${id}"
        found: dict[str, Any] = {
            "versions": list(self._versions),
            "name": "Sandbox companies",
            "identifierSpace": "urn:sandbox:company",
            "schemaSpace": "urn:sandbox:schema",
            "defaultTypes": [{"id": kind, "name": name} for kind, name in TYPES.items()],
            "view": {"url": f"{self._services}/company/{{{{id}}}}"},
            "suggest": suggest,
            "extend": {
                "propose_properties": {**where, "service_path": "/propose"},
                "property_settings": [{"name": "limit", "label": "Limit", "type": "number", "default": 0}],
            },
        }
        if self._locked:
            found["authentication"] = {"type": "apiKey", "name": "X-Api-Key", "in": "header"}
        return found

    def _root(self, call: Call) -> Answer:
        self._admit(call)
        if len(call.raw_query) > _LONGEST_QUERY:
            raise Refused("414", "use POST")
        fields = call.form if call.method == "POST" else call.query
        if "queries" in fields:
            return self._queries(call, _parsed(fields["queries"]))
        if "extend" in fields:
            return self._extend(_parsed(fields["extend"]))
        return json_answer(self.manifest(), Access_Control_Allow_Origin="*")

    def _admit(self, call: Call) -> None:
        if self._locked and call.headers.get("x-api-key") != API_KEY:
            raise Refused("401", "the key is missing or wrong")

    # Queries

    def _queries(self, call: Call, batch: Any) -> Answer:
        if not isinstance(batch, dict) or not batch:
            raise Refused("400", "queries is an object")
        if len(batch) > self._largest:
            raise Refused("413", f"at most {self._largest} queries")
        poison = call.fault("poison")
        if poison and poison.key in orjson.dumps(batch).decode():
            raise Refused("400", "a query cannot be read")
        found = {name: {"result": self._candidates(query)} for name, query in batch.items()}
        if partial := call.fault("partial"):
            for name in list(found)[: partial.rows]:
                del found[name]
        return json_answer(found, Access_Control_Allow_Origin="*")

    def _candidates(self, query: Any) -> list[dict[str, Any]]:
        if not isinstance(query, dict) or query.get("query") == "" or query.get("properties") == []:
            raise Refused("400", "an empty query, or an empty list of properties")
        if "query" not in query and "properties" not in query:
            raise Refused("400", "a query needs a text or properties")
        properties = [(str(each["pid"]), _values(each["v"])) for each in query.get("properties", ())]
        wanted = query.get("type")
        types = set([wanted] if isinstance(wanted, str) else wanted or ())
        ranked = []
        for id, company in self._companies.items():
            if types and query.get("type_strict") in ("any", "all") and not types & company.roles:
                continue
            score, features = scored(company, str(query.get("query") or ""), properties)
            if types & company.roles:
                score = min(100.0, score + 1)
            if score >= _WORTH:
                ranked.append((-score, id, company, features))
        ranked.sort(key=lambda each: each[:2])
        shown = ranked[: int(query.get("limit") or 5)]
        sure = len(ranked) == 1 or (len(ranked) > 1 and -ranked[1][0] < -ranked[0][0])
        return [
            {
                "id": id,
                "name": company.name,
                "description": f"{company.status_text} · {city_of(company)}",
                "type": kinds(company),
                "score": -score,
                "match": at == 0 and sure and -score >= _SURE,
                "features": [{"id": name, "value": value} for name, value in features.items()],
            }
            for at, (score, id, company, features) in enumerate(shown)
        ]

    # Suggest and extend

    def _suggest(self, call: Call) -> Answer:
        self._admit(call)
        prefix, at = call.query.get("prefix", "").strip().casefold(), int(call.query.get("cursor") or 0)
        if not prefix:
            raise Refused("400", "prefix is required")
        if call.path.endswith("/entity"):
            rows = [
                {"id": id, "name": company.name, "description": company.status_text, "notable": kinds(company)}
                for id, company in self._companies.items()
                if company.name.casefold().startswith(prefix)
            ]
        else:
            known = PROPERTIES if call.path.endswith("/property") else TYPES
            rows = [{"id": id, "name": name} for id, name in known.items() if name.casefold().startswith(prefix)]
        return json_answer({"result": rows[at : at + 10]})

    def _flyout(self, call: Call) -> Answer:
        company = self._companies.get(call.query.get("id", ""))
        if company is None:
            raise Refused("404", "no such entity")
        return json_answer({"id": identity(company), "html": f"<p>{company.name}</p>"})

    def _propose(self, call: Call) -> Answer:
        self._admit(call)
        kind, limit = call.query.get("type", ""), int(call.query.get("limit") or 20)
        rows = [{"id": id, "name": name} for id, name in PROPERTIES.items()][:limit]
        return json_answer({"type": kind, "limit": limit, "properties": rows if kind in TYPES else []})

    def _extend(self, asked: Any) -> Answer:
        if not isinstance(asked, dict) or not isinstance(asked.get("ids"), list):
            raise Refused("400", "extend needs ids and properties")
        properties = [(str(each["id"]), each.get("settings") or {}) for each in asked.get("properties", ())]
        if unknown := [name for name, _ in properties if name not in PROPERTIES]:
            raise Refused("400", f"unknown property {unknown[0]}")
        rows = {id: _extended(self._companies.get(id), properties) for id in asked["ids"]}
        meta = [{"id": name, "name": PROPERTIES[name]} for name, _ in properties]
        return json_answer({"meta": meta, "rows": rows})


def _extended(company: Company | None, properties: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: cells(company, name, settings) if company else [] for name, settings in properties}


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused("400", "not JSON") from None


def _values(value: Any) -> list[str]:
    return [
        str(each["id"] if isinstance(each, dict) else each) for each in (value if isinstance(value, list) else [value])
    ]
