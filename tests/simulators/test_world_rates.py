"""How wrong the records are: the rates that the landscape promises, counted in the rows themselves where possible."""

import re
from collections import Counter

import pytest

from goldbridge.simulators.world import Company, World
from goldbridge.simulators.world.code import is_valid
from goldbridge.simulators.world.legacy import Entry


def _entries(world: World) -> list[tuple[Entry, str, str, str]]:
    """Every customer and partner record with its name, code and telephone."""
    found = [
        (entry, entry.row["CUST_NAME"] or "", entry.row["CREDIT_CODE"] or "", entry.row["TEL"] or "")
        for entry in world.legacy.entries
    ]
    return found + [
        (entry, entry.row["FNAME"] or "", entry.row["FTAXNO"] or "", entry.row["FPHONE"] or "") for entry in world.erp
    ]


def _code(text: str) -> str:
    return re.sub(r"\s", "", text.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})).upper()


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}))


def _share(world: World, mark: str) -> float:
    entries = _entries(world)
    return sum(mark in entry.marks for entry, *_ in entries) / len(entries)


@pytest.mark.parametrize("stream", ["legacy", "erp"])
def test_at_least_35_percent_have_no_credit_code(world: World, stream: str) -> None:
    entries = world.legacy.entries if stream == "legacy" else world.erp
    column = "CREDIT_CODE" if stream == "legacy" else "FTAXNO"
    assert 0.35 <= sum(not entry.row[column] for entry in entries) / len(entries) < 0.45


def test_2_percent_have_a_wrong_code_and_half_of_those_fail_the_check(world: World) -> None:
    wrong = [
        _code(code)
        for entry, _, code, _ in _entries(world)
        if re.search(r"\d{6}", code) and not re.fullmatch(r"0+", code) and "old_code" not in entry.marks
        and _code(code) != entry.company.credit_code
    ]  # fmt: skip
    assert 0.015 < len(wrong) / len(_entries(world)) < 0.027
    assert 0.35 < sum(is_valid(code) for code in wrong) / len(wrong) < 0.65


def test_some_carry_the_tax_number_of_old(world: World) -> None:
    old = [
        (entry.company.credit_code, code)
        for entry, _, code, _ in _entries(world)
        if "old_code" in entry.marks
    ]  # fmt: skip
    assert old
    assert all(len(code) == 15 and code in right for right, code in old)


def test_10_percent_stand_under_a_short_name(world: World) -> None:
    assert 0.085 < _share(world, "short_name") < 0.115
    shorts = [(name, entry.company) for entry, name, _, _ in _entries(world) if "short_name" in entry.marks]
    assert sum(len(name) < len(company.name) for name, company in shorts) > 0.97 * len(shorts)


def test_3_percent_are_branches(world: World) -> None:
    entries = _entries(world)
    assert 0.022 < sum(bool(entry.company.head) for entry, *_ in entries) / len(entries) < 0.042


def test_2_percent_show_a_switchboard_that_strangers_share(world: World) -> None:
    users: dict[str, set[str]] = {}
    for company in world.companies:
        for number in ["".join(line) for line in company.lines] or [company.mobile]:
            if number:
                users.setdefault(number, set()).add(company.group or company.head or company.id)
    behind = [(entry, phone) for entry, _, _, phone in _entries(world) if "switchboard" in entry.marks]
    assert 0.014 < len(behind) / len(_entries(world)) < 0.028
    shared = {number[-7:] for number, owners in users.items() if len(owners) > 1}
    assert all(any(number in _digits(phone) for number in shared) for _, phone in behind)


@pytest.mark.parametrize(
    ("mark", "least", "most"),
    [
        ("former_name", 0.01, 0.03),
        ("region_dropped", 0.02, 0.06),
        ("region_moved", 0.015, 0.05),
        ("brackets_swapped", 0.02, 0.07),
        ("form_abbreviated", 0.015, 0.05),
        ("homophone", 0.012, 0.04),
        ("look_alike", 0.002, 0.015),
        ("traditional", 0.005, 0.025),
        ("blanks", 0.005, 0.025),
        ("full_width", 0.0003, 0.01),
        ("stale_phone", 0.02, 0.07),
        ("stale_address", 0.01, 0.06),
        ("remark", 0.003, 0.02),
        ("trade_abbreviated", 0.001, 0.01),
        ("english_name", 0.0005, 0.01),
        ("placeholder_code", 0.003, 0.02),
        ("placeholder_phone", 0.003, 0.02),
    ],
)
def test_every_promised_mistake_is_made(world: World, mark: str, least: float, most: float) -> None:
    assert least < _share(world, mark) < most


def test_the_systems_overlap_as_promised(world: World) -> None:
    known = {entry.company.id for entry in world.legacy.entries}
    in_erp = {entry.company.id for entry in world.erp}
    assert len(known) == 3000
    assert 0.66 < len(known & in_erp) / len(known) < 0.74
    assert in_erp - known
    assert all(world.by_id[one].roles == {"supplier"} for one in in_erp - known)
    typed = {company.id for name, _, company, _, _ in world.pilot if name != "ContactObj"}
    assert 0.035 < len(typed) / len(known) < 0.065
    assert typed <= known


def test_the_old_crm_knows_some_companies_twice(world: World) -> None:
    times = Counter(entry.company.id for entry in world.legacy.entries)
    assert 0.06 < sum(count > 1 for count in times.values()) / len(times) < 0.16


def test_a_fifth_are_dealers_and_some_are_both(world: World) -> None:
    roles = [company.roles for company in world.companies if company.roles & {"customer", "dealer"}]
    assert 0.17 < sum("dealer" in each for each in roles) / len(roles) < 0.23
    assert 0.03 < sum(each >= {"customer", "dealer"} for each in roles) / len(roles) < 0.09


def _evidence(entry: Entry, name: str, code: str, phone: str) -> bool:
    company: Company = entry.company
    lines = [number for _, number in company.lines] + [company.mobile, company.service]
    people = {person.mobile for person in company.people} | {company.mobile}
    other = entry.row.get("MOBILE") or ""
    address = (entry.row.get("ADDRESS") or entry.row.get("FADDRESS") or "") if company.address else ""
    road = (company.address.road or company.address.village) if company.address else ""
    return (
        name == company.name
        or (bool(code) and _code(code) == company.credit_code)
        or any(line and line[-7:] in _digits(phone) for line in lines)
        or _digits(other)[-11:] in people - {""}
        or bool(entry.row.get("EMAIL"))
        or bool(road and road in address)
    )


def test_few_records_are_left_without_any_evidence(world: World) -> None:
    entries = _entries(world)
    bare = [name for entry, name, code, phone in entries if not _evidence(entry, name, code, phone)]
    assert 0.005 < len(bare) / len(entries) < 0.08


def test_it_is_not_made_easy(world: World) -> None:
    """Of the companies that both old systems know, a good part agrees in neither name, code nor telephone."""
    first: dict[str, tuple[str, str, str]] = {}
    for entry in world.legacy.entries:
        row = entry.row
        first.setdefault(
            entry.company.id, (row["CUST_NAME"] or "", _code(row["CREDIT_CODE"] or ""), _digits(row["TEL"] or "")[-7:])
        )
    pairs, nothing = 0, 0
    for entry in world.erp:
        if entry.company.id not in first:
            continue
        name, code, phone = first[entry.company.id]
        pairs += 1
        same_code = bool(code) and code == _code(entry.row["FTAXNO"] or "")
        same_phone = bool(phone) and phone == _digits(entry.row["FPHONE"] or "")[-7:]
        nothing += not (name == entry.row["FNAME"] or same_code or same_phone)
    assert 0.15 < nothing / pairs < 0.40


def test_no_column_gives_the_company_away(world: World) -> None:
    ids = set(world.by_id)
    for entry, *_ in _entries(world):
        assert not ids & {str(value) for value in entry.row.values()}


def test_contracts_and_approvals_tell_the_same_story(world: World) -> None:
    rows = {contract.number: contract for contract in world.contracts}
    approvals = world.approvals()
    assert 0.6 * 3000 < len(rows) < 1.2 * 3000
    outcomes = Counter((approval["status"], approval["result"]) for approval in approvals)
    assert set(outcomes) == {("COMPLETED", "agree"), ("COMPLETED", "refuse"), ("TERMINATED", ""), ("RUNNING", "")}
    for approval in approvals:
        form = {value["name"]: value["value"] for value in approval["form"]}
        contract = rows[form["合同编号"]]
        assert form["合同金额"] == contract.amount
        assert form["签订日期"] == contract.signed_on
        if contract.row is not None and approval["result"] == "agree":
            assert contract.row["STATUS"] == "1"
    assert [approval["create_ms"] for approval in approvals] == sorted(approval["create_ms"] for approval in approvals)
