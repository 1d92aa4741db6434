"""The pretend registry: signed calls, the vendor's codes, and the companies as the register has them."""

import re
from collections import Counter

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.qichacha import KEY, SECRET, Qichacha, token
from goldbridge.simulators.world import Company, World
from goldbridge.simulators.world.registry import Registry, folded

START = 1_790_000_000.0
FUZZY = "/FuzzySearch/GetList"
FACE = "/ECIV4/GetBasicDetailsByName"
DETAIL = "/ECIV4/GetDetailsByName"


class Desk:
    """A registry with a clock that stands still, and how to ask it."""

    def __init__(self, world: World, **options: object) -> None:
        self.clock = SimClock()
        self.clock.freeze(START)
        self.sim = Qichacha(world, clock=self.clock, **options)  # type: ignore[arg-type]
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://registry")

    def ask(
        self, path: str, *, late_s: float = 0, key: str = KEY, secret: str = SECRET, **query: str
    ) -> dict[str, object]:
        at = str(int(self.clock.now() - late_s))
        headers = {"Timespan": at, "Token": token(key, at, secret)}
        answer = self.http.get(path, params={"key": key, **query}, headers=headers)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture(scope="module")
def desk(world: World) -> Desk:
    return Desk(world)


def _plain(world: World) -> Company:
    return next(company for company in world.companies if company.kind == "company" and company.status == "ACTIVE")


def test_the_token_is_the_sheets() -> None:
    assert token("demoKey", "1700000000", "demoSecret") == "9EA414825F656CE6764EC4CE7E871A11"


def test_the_gate(desk: Desk, world: World) -> None:
    name = _plain(world).name
    assert desk.ask(FACE, keyword=name)["Status"] == "200"
    assert desk.ask(FACE, key="wrong", keyword=name)["Status"] == "101"
    assert desk.ask(FACE, secret="wrong", keyword=name)["Status"] == "107"
    assert desk.ask(FACE, late_s=299, keyword=name)["Status"] == "200"
    assert desk.ask(FACE, late_s=301, keyword=name)["Status"] == "115"
    assert desk.ask(FACE, late_s=-301, keyword=name)["Status"] == "115"
    assert desk.http.get(FACE, params={"key": KEY, "keyword": name}).json()["Status"] == "107"


def test_a_company_is_found_by_full_name_and_by_code(desk: Desk, world: World) -> None:
    company = _plain(world)
    for keyword in (company.name, company.credit_code, f" {company.credit_code.lower()} "):
        answer = desk.ask(FACE, keyword=keyword)
        assert answer["Message"] == "查询成功"
        assert answer["OrderNumber"]
        assert answer["Result"]["CreditCode"] == company.credit_code
        assert answer["Result"]["Name"] == company.name
    result = desk.ask(FACE, keyword=company.name)["Result"]
    assert result["Status"] == company.status_text
    assert result["OrgNo"].replace("-", "") == company.credit_code[8:17]
    assert result["Area"]["County"] == company.address.place.county
    assert len(result["No"]) == 15
    assert len(result["KeyNo"]) == 32


def test_the_width_of_brackets_does_not_matter(desk: Desk, world: World) -> None:
    company = next(
        company for company in world.companies if "（" in company.name and not company.head and company.registered
    )
    half = company.name.replace("（", "(").replace("）", ")")
    assert desk.ask(FACE, keyword=half)["Result"]["CreditCode"] == company.credit_code


def test_a_former_name_leads_to_the_company_of_today(desk: Desk, world: World) -> None:
    company = next(company for company in world.companies if company.former)
    result = desk.ask(FACE, keyword=company.former[0].name)["Result"]
    assert result["Name"] == company.name
    assert [former["Name"] for former in result["OriginalName"]] == [former.name for former in company.former]


def test_of_two_companies_of_one_name_the_living_one_is_meant(world: World) -> None:
    old = next(
        company
        for company in world.companies
        if not company.roles and company.status == "DEREGISTERED"
        and sum(other.name == company.name for other in world.companies) == 2
    )  # fmt: skip
    found = Registry(world.companies).exact(old.name)
    assert found is not None
    assert found.name == old.name
    others = [company for company in world.companies if company.name == old.name and company is not old]
    assert found is others[0] or others[0].status == "DEREGISTERED"


def test_industry_is_there_for_companies_and_not_for_branches(desk: Desk, world: World) -> None:
    company = _plain(world)
    block = desk.ask(DETAIL, keyword=company.name)["Result"]["Industry"]
    assert block["IndustryCode"] + block["SmallCategoryCode"] == company.industry
    assert block["SmallCategoryCode"].startswith(block["MiddleCategoryCode"])
    assert block["MiddleCategoryCode"].startswith(block["SubIndustryCode"])
    branch = next(company for company in world.companies if company.head)
    result = desk.ask(DETAIL, keyword=branch.name)["Result"]
    assert result["CreditCode"] == branch.credit_code
    assert result["Industry"] is None


def test_whether_the_face_carries_the_industry_is_a_question_of_purchase(world: World) -> None:
    name = _plain(world).name
    assert "Industry" not in Desk(world, industry_in_face=False).ask(FACE, keyword=name)["Result"]
    assert "Industry" in Desk(world).ask(FACE, keyword=name)["Result"]


def test_older_products_spell_the_end_of_the_term_differently(desk: Desk, world: World) -> None:
    name = _plain(world).name
    assert "TermEnd" in desk.ask(FACE, keyword=name)["Result"]
    assert "TeamEnd" in desk.ask(DETAIL, keyword=name)["Result"]


def test_notations_differ_from_record_to_record(desk: Desk, world: World) -> None:
    results = [
        desk.ask(FACE, keyword=company.credit_code)["Result"] for company in world.companies[:400] if company.registered
    ]
    dates = {bool(re.search("T00:00:00$", result["StartDate"])) for result in results}
    assert dates == {True, False}
    formers = [result["OriginalName"] for result in results]
    assert None in formers
    assert [] in formers
    assert any(formers)
    assert len({re.sub(r"[\d.]+", "", result["RegistCapi"]) for result in results}) >= 4
    statuses = {result["Status"] for result in results}
    assert {"存续", "在业", "注销"} <= statuses


def test_the_search_gives_five_rows_a_page(desk: Desk, world: World) -> None:
    brands = Counter(company.parts.brand for company in world.companies if company.parts)
    brand = brands.most_common(1)[0][0]
    first = desk.ask(FUZZY, searchKey=brand)
    assert first["Paging"]["PageSize"] == len(first["Result"]) == 5
    total = first["Paging"]["TotalRecords"]
    seen = [
        row["KeyNo"]
        for page in range(1, total // 5 + 2)
        for row in desk.ask(FUZZY, searchKey=brand, pageIndex=str(page)).get("Result", ())
    ]
    assert len(seen) == len(set(seen)) == total
    assert desk.ask(FUZZY, searchKey=brand, pageIndex="1000")["Status"] == "201"
    assert desk.ask(FUZZY, searchKey=brand, pageIndex="x")["Status"] == "202"
    assert set(first["Result"][0]) == {
        "KeyNo", "Name", "CreditCode", "StartDate", "OperName", "Status", "No", "Address",
    }  # fmt: skip


def test_the_search_forgives_a_missing_region_and_a_wrong_character(world: World) -> None:
    registry = Registry(world.companies)
    found = {"region_dropped": [0, 0], "homophone": [0, 0]}
    for entry in world.legacy.entries:
        for mark, counts in found.items():
            if mark in entry.marks and "short_name" not in entry.marks and entry.company.registered:
                counts[0] += entry.company in registry.search(str(entry.row["CUST_NAME"]))[:10]
                counts[1] += 1
    for hits, total in found.values():
        assert hits > 0.6 * total > 0


def test_people_and_telephones_can_be_searched_for(desk: Desk, world: World) -> None:
    company = next(company for company in world.companies if company.lines and company.registered and not company.board)
    by_phone = desk.ask(FUZZY, searchKey="-".join(company.lines[0]))
    assert company.credit_code in [row["CreditCode"] for row in by_phone["Result"]]
    by_person = desk.ask(FUZZY, searchKey=company.operator)
    assert company.operator in [row["OperName"] for row in by_person["Result"]]


def test_a_province_narrows_the_search(desk: Desk, world: World) -> None:
    company = next(company for company in world.companies if company.region.startswith("33") and company.parts)
    answer = desk.ask(FUZZY, searchKey=company.name, provinceCode="ZJ")
    assert company.credit_code in [row["CreditCode"] for row in answer["Result"]]
    assert desk.ask(FUZZY, searchKey=company.name, provinceCode="XX")["Status"] == "206"


def test_questions_that_are_refused(desk: Desk, world: World) -> None:
    assert desk.ask(FUZZY)["Status"] == "204"
    assert desk.ask(FUZZY, searchKey="杭")["Status"] == "213"
    assert desk.ask(FUZZY, searchKey="公司")["Status"] == "215"
    assert desk.ask(FUZZY, searchKey="绝无此名字号")["Status"] == "201"
    assert desk.ask(FACE, keyword="绝无此公司名称有限公司") == {"Status": "201", "Message": "查询无结果"}
    hong_kong = next(company for company in world.companies if company.country == "HK")
    assert desk.ask(FACE, keyword=hong_kong.name)["Status"] == "208"
    abroad = next(company for company in world.companies if company.country not in ("CN", "HK"))
    assert desk.ask(FACE, keyword=abroad.name)["Status"] == "201"
    assert desk.ask("/Nothing/GetList", keyword="杭州")["Status"] == "111"


def test_too_many_rows_are_refused(world: World) -> None:
    assert Desk(world, max_rows=10).ask(FUZZY, searchKey="杭州")["Status"] == "207"


def test_the_other_products(desk: Desk, world: World) -> None:
    company = _plain(world)
    verified = desk.ask("/EnterpriseInfo/Verify", searchKey=company.name)["Result"]
    assert f"{verified['Longitude']},{verified['Latitude']}" == company.point
    assert verified["Industry"]["IndustryCode"] == company.industry[0]
    names = desk.ask("/NameSearch/GetList", searchName=company.name)["Result"]
    assert names[0]["CreditCode"] == company.credit_code
    assert (
        desk.ask("/ECICreditCode/GetCreditCodeNew", keyword=company.name)["Result"]["CreditCode"] == company.credit_code
    )
    assert (
        company.name in desk.ask("/ECIAdditional/GetBriefIntroduction", companyName=company.name)["Result"]["Content"]
    )
    older = desk.ask("/ECIV4/Search", keyword=company.name, pageSize="20")
    assert older["Paging"]["PageSize"] == 20
    assert desk.ask("/ECIV4/Search", keyword=company.name, pageSize="50")["Status"] == "202"


def test_products_that_were_not_bought(world: World) -> None:
    desk = Desk(world, products=frozenset([FACE]))
    assert desk.ask(FUZZY, searchKey="杭州")["Status"] == "214"


def test_the_balance_counts_answers_and_misses_but_not_refusals_at_the_gate(world: World) -> None:
    desk = Desk(world, balance=2)
    name = _plain(world).name
    assert desk.ask(FACE, secret="wrong", keyword=name)["Status"] == "107"
    assert desk.ask(FACE, keyword=name)["Status"] == "200"
    assert desk.ask(FACE, keyword="绝无此公司名称")["Status"] == "201"
    assert desk.ask(FACE, keyword=name)["Status"] == "112"
    assert desk.sim.stats()["billed"] == 2


def test_the_sheets_limits_hold(world: World) -> None:
    desk = Desk(world, limits="sheet", daily_quota=25)
    name = _plain(world).name
    assert [desk.ask(FACE, keyword=name)["Status"] for _ in range(21)] == ["200"] * 20 + ["122"]
    desk.clock.shift(1)
    assert [desk.ask(FACE, keyword=name)["Status"] for _ in range(6)] == ["200"] * 5 + ["109"]
    desk.clock.shift(86_400)
    assert desk.ask(FACE, keyword=name)["Status"] == "200"


def test_the_same_question_without_result_is_refused_after_a_while(world: World) -> None:
    desk = Desk(world, limits="sheet")
    asked = [desk.ask(FACE, keyword="绝无此公司名称")["Status"] for _ in range(6)]
    assert asked == ["201"] * 5 + ["110"]
    assert desk.ask(FACE, keyword=_plain(world).name)["Status"] == "200"
    desk.clock.shift(7201)
    assert desk.ask(FACE, keyword="绝无此公司名称")["Status"] == "201"


def test_roomy_limits_never_hold_a_question_back(desk: Desk) -> None:
    assert {desk.ask(FACE, keyword="绝无此公司名称")["Status"] for _ in range(30)} == {"201"}


def test_faults(world: World) -> None:
    desk = Desk(world)
    desk.sim.faults.add({"kind": "refuse", "code": "203"}, {"kind": "forbid", "skip": 1})
    name = _plain(world).name
    assert [desk.ask(FACE, keyword=name)["Status"] for _ in range(3)] == ["203", "111", "200"]


def test_folding() -> None:
    assert folded(" 杭州(ａｂ) 公司 ") == "杭州（AB）公司"
