"""The pretend GLEIF answers as its sheet says: records, filters, pages, completions, parents."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.gleif import Gleif, check_digits, holders, lei_of
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.world import World

WORLD = World(300, 7)
HOLDERS = [company for company in WORLD.companies if company.id in holders(WORLD.companies)]
ABROAD = next(company for company in HOLDERS if company.country not in ("CN", "HK"))
CHILD = next(company for company in HOLDERS if company.group)
UPDATED = "registration.lastUpdateDate"


class Service:
    """A service with a clock that stands still, and how to ask it."""

    def __init__(self, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(1_790_000_000.0)
        self.sim = Gleif(WORLD, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://gleif/api/v1")

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.http.get(path, **more)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/")
        return answer.json()

    def list(self, status: int = 200, *, size: str = "200", **filters: str) -> Any:
        params = {f"filter[{name.replace('__', '.')}]": value for name, value in filters.items()}
        return self.get("/lei-records", status, params={**params, "page[size]": size})

    def ids(self, **filters: str) -> list[str]:
        return [row["id"] for row in self.list(**filters)["data"]]


@pytest.fixture(scope="module")
def gleif() -> Service:
    return Service()


def test_check_digits() -> None:
    assert check_digits("506700GE1G29325QX3") == "63"  # a published example of ISO 17442
    assert len({lei_of(company) for company in HOLDERS}) == len(HOLDERS)


def test_one_record(gleif: Service) -> None:
    answer = gleif.get(f"/lei-records/{lei_of(ABROAD)}")
    assert answer["meta"]["goldenCopy"]["publishDate"].endswith("Z")
    entity = answer["data"]["attributes"]["entity"]
    assert entity["legalName"] == {"name": ABROAD.name, "language": "en"}
    assert entity["legalAddress"]["country"] == ABROAD.country
    missing = gleif.get("/lei-records/549300AAAAAAAAAAAA00", 404)
    assert missing["errors"][0]["status"] == "404"


def test_a_chinese_company_has_its_code_and_its_english_name_in_capitals(gleif: Service) -> None:
    company = next(c for c in HOLDERS if c.english)
    assert gleif.ids(entity__registeredAs=company.credit_code) == [lei_of(company)]
    entity = gleif.get(f"/lei-records/{lei_of(company)}")["data"]["attributes"]["entity"]
    assert entity["legalName"]["language"] == "zh"
    assert company.english.upper() in [other["name"] for other in entity["otherNames"]]


def test_filters(gleif: Service) -> None:
    everything = gleif.ids()
    assert set(everything) == {lei_of(company) for company in HOLDERS}
    german, others = gleif.ids(entity__legalAddress__country="DE"), gleif.ids(entity__legalAddress__country="!DE")
    assert sorted(german + others) == sorted(everything)
    assert sorted(gleif.ids(lei=",".join(everything[:3]))) == sorted(everything[:3])
    assert gleif.ids(entity__names=ABROAD.name) == [lei_of(ABROAD)]
    assert gleif.list(400, entity__land="DE")["errors"][0]["detail"] == "unknown filter entity.land"
    early = gleif.ids(registration__lastUpdateDate="2024-01-01..2024-12-31")
    late = gleif.ids(registration__lastUpdateDate="2025-01-01..2027-01-01")
    assert sorted(early + late) == sorted(everything)
    gleif.list(400, registration__lastUpdateDate="20240101..20241231")


def test_pages_and_their_depth() -> None:
    service = Service(depth=40)
    first = service.list(size="15")
    assert first["meta"]["pagination"] == {
        "currentPage": 1, "perPage": 15, "from": 1, "to": 15, "total": len(HOLDERS), "lastPage": -(-len(HOLDERS) // 15),
    }  # fmt: skip
    third = service.get("/lei-records", params={"page[size]": "15", "page[number]": "3"})
    assert len(third["data"]) == 10, "forty rows can be paged through"
    service.get("/lei-records", 400, params={"page[size]": "15", "page[number]": "4"})
    service.list(400, size="201")


def test_sorting(gleif: Service) -> None:
    def dates(sort: str) -> list[str]:
        rows = gleif.get("/lei-records", params={"sort": sort, "page[size]": "200"})["data"]
        return [row["attributes"]["registration"]["lastUpdateDate"] for row in rows]

    assert dates(UPDATED) == sorted(dates(UPDATED))
    assert dates("-" + UPDATED) == sorted(dates(UPDATED), reverse=True)
    gleif.get("/lei-records", 400, params={"sort": "colour"})


def test_completions_tell_up_to_ten_names(gleif: Service) -> None:
    def complete(word: str) -> Any:
        return gleif.get("/fuzzycompletions", params={"field": "entity.legalName", "q": word})["data"]

    assert complete(ABROAD.name)[0]["attributes"]["value"] == ABROAD.name
    assert complete(ABROAD.name)[0]["relationships"]["lei-records"]["data"]["id"] == lei_of(ABROAD)
    assert len(complete("有限公司")) == 10
    gleif.get("/fuzzycompletions", 400, params={"field": "colour", "q": "x"})


def test_parents(gleif: Service) -> None:
    lei, parent = lei_of(CHILD), lei_of(WORLD.by_id[CHILD.group])
    assert gleif.get(f"/lei-records/{lei}/direct-parent")["data"]["id"] == parent
    assert gleif.ids(ownedBy=parent).count(lei) == 1
    assert gleif.ids(owns=lei) == [parent]
    assert lei in [row["id"] for row in gleif.get(f"/lei-records/{parent}/direct-children")["data"]]
    gleif.get(f"/lei-records/{lei_of(ABROAD)}/direct-parent", 404)
    exception = gleif.get(f"/lei-records/{lei_of(ABROAD)}/direct-parent-reporting-exception")
    assert exception["data"]["attributes"]["lei"] == lei_of(ABROAD)


def test_only_one_format_is_offered(gleif: Service) -> None:
    gleif.get(f"/lei-records/{lei_of(ABROAD)}", 406, headers={"accept": "text/html"})


def test_three_publications_a_day(gleif: Service) -> None:
    service = Service()
    before = service.list()["meta"]["goldenCopy"]["publishDate"]
    service.clock.shift(60)
    assert service.list()["meta"]["goldenCopy"]["publishDate"] == before
    service.clock.shift(8 * 3600)
    assert service.list()["meta"]["goldenCopy"]["publishDate"] > before


def test_sixty_calls_a_minute() -> None:
    service = Service(limits="sheet")
    for _ in range(60):
        service.list(size="1")
    assert service.list(429, size="1")["errors"][0]["title"] == "Too Many Requests"
    service.clock.shift(60)
    service.list(size="1")


def test_faults() -> None:
    service = Service()
    before = service.list()
    service.sim.faults.add({"kind": "edit", "rows": 2}, {"kind": "short_page", "skip": 1, "rows": 3})
    service.sim.faults.add({"kind": "refuse", "code": "500", "skip": 2})
    edited = service.list()
    assert edited["meta"]["goldenCopy"] != before["meta"]["goldenCopy"]
    assert len(service.list()["data"]) == len(HOLDERS) - 3
    service.list(500)
