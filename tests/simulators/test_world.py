"""The world is the same everywhere, its codes are valid, and the truth covers every record."""

import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from hashlib import blake2b

import orjson
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from goldbridge.simulators.world import AS_OF, World
from goldbridge.simulators.world.code import is_valid, issue, register_number, spoil
from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.division import divisions, old_counties, short_name
from goldbridge.simulators.world.family import Families
from goldbridge.simulators.world.phone import fixed, mobile
from goldbridge.simulators.world.script import full_width, mishear, misread, simplified, traditional
from goldbridge.simulators.world.vocabulary import industry_names, trades

DIGEST = """
from hashlib import blake2b
import orjson
from goldbridge.simulators.world import World
world = World(150, 11)
print(blake2b(orjson.dumps([
    world.truth(), world.new_crm_rows(), world.approvals(),
    [entry.row for entry in world.legacy.entries], [row for row, _ in world.legacy.contacts],
    [contract.row for contract in world.contracts], [entry.row for entry in world.erp],
], option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest())
"""


def _digest_elsewhere(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": "America/New_York"}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_two_processes_make_the_same_world_whatever_their_hash_seed_and_time_zone() -> None:
    assert _digest_elsewhere("1") == _digest_elsewhere("4711")


def test_other_seeds_make_other_worlds() -> None:
    assert World(20, 1).truth()["companies"] != World(20, 2).truth()["companies"]


def test_the_first_companies_of_a_small_world_are_those_of_a_large_one() -> None:
    small, large = World(40, 3), World(90, 3)
    names = [company.name for company in small.companies if company.roles & {"customer", "dealer"}]
    assert names[:38] == [company.name for company in large.companies if company.roles][:38]


@pytest.mark.parametrize("customers", [1, 2, 7, 333])
def test_a_world_has_exactly_the_customers_asked_for(customers: int) -> None:
    world = World(customers, 5)
    assert sum(bool(company.roles & {"customer", "dealer"}) for company in world.companies) == customers


def test_a_world_without_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        World(0, 1)


def test_every_code_is_valid_by_somebody_elses_rules_and_belongs_to_one_company(world: World) -> None:
    codes = Counter(company.credit_code for company in world.companies if company.credit_code)
    assert max(codes.values()) == 1
    for code in codes:
        assert uscc.is_valid(code)
        assert is_valid(code)
    prefixes = Counter(code[:2] for code in codes)
    assert set(prefixes) == {"91", "92", "93", "12"}
    assert prefixes["91"] > 0.9 * len(codes)


def test_a_tenth_of_the_codes_carries_an_office_that_is_no_county_of_today(world: World) -> None:
    codes = [company.credit_code for company in world.companies if company.credit_code]
    assert 0.04 < sum(code[2:8] not in divisions() for code in codes) / len(codes) < 0.16


@given(st.integers(), st.sampled_from(sorted(divisions())), st.integers(1985, 2026))
def test_a_spoilt_code_never_passes_the_check(seed: int, place: str, year: int) -> None:
    dice = Dice(seed)
    code = issue(dice, "91", divisions()[place], year)
    assert is_valid(code)
    assert not is_valid(spoil(code, dice))


@given(st.integers())
def test_old_register_numbers_hold_their_check_digit(seed: int) -> None:
    number = register_number(Dice(seed), "330110")
    rest = 10
    for digit in number[:-1]:
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    assert (rest + int(number[-1])) % 10 == 1


def test_names_are_unique_but_for_the_ones_registered_again(world: World) -> None:
    names = Counter(company.name for company in world.companies)
    again = {name for name, count in names.items() if count > 1}
    assert 0 < len(again) < 0.02 * len(names)
    for name in again:
        old, new = sorted(
            (company for company in world.companies if company.name == name), key=lambda each: each.founded
        )
        assert old.status == "DEREGISTERED"
        assert old.credit_code != new.credit_code


def test_branches_have_heads_and_codes_of_their_own(world: World) -> None:
    branches = [company for company in world.companies if company.head]
    assert branches
    for branch in branches:
        head = world.by_id[branch.head]
        assert branch.name.startswith(head.name)
        assert branch.credit_code != head.credit_code


def test_the_world_has_its_traps(world: World) -> None:
    parts = [(company, company.parts) for company in world.companies if company.parts is not None]
    namesakes = Counter((name.brand, name.trade) for company, name in parts if not company.head)
    assert sum(count > 1 for count in namesakes.values()) > 50
    assert any(name.mark for _, name in parts)
    assert any(name.layout == "middle" for _, name in parts)
    assert any(name.layout == "late" for _, name in parts)
    assert any(name.brand in ("三一", "五洲", "九鼎", "百川") for _, name in parts)
    assert any(name.trade.startswith("大药房") for _, name in parts)
    assert any(company.group for company in world.companies)
    kinds = Counter(company.kind for company in world.companies)
    assert set(kinds) == {"company", "branch", "individual", "cooperative", "public", "foreign"}
    assert 0.03 < kinds["foreign"] / len(world.companies) < 0.08
    assert sum(bool(company.former) for company in world.companies) > 0.04 * len(world.companies)


def test_places_cover_municipalities_counties_under_provinces_and_cities_without_counties() -> None:
    places = divisions()
    assert places["310115"].municipality
    assert (places["429004"].city, places["429004"].city_code) == ("", "429004")
    assert (places["441900"].city, places["441900"].county) == ("东莞市", "")
    assert len(places) == 2851
    assert all(code in places for code in old_counties())
    assert short_name("湘西土家族苗族自治州") == "湘西"
    assert short_name("城区") == "城区"


def test_trades_name_classes_that_exist() -> None:
    assert all(code in industry_names() and len(code) == 5 for trade in trades().values for code in trade.industries)


def test_telephone_numbers_are_real_ones() -> None:
    dice = Dice("phones")
    for place in list(divisions().values())[::7]:
        area, number = fixed(dice, place)
        assert phonenumbers.is_possible_number(phonenumbers.parse(f"{area}-{number}", "CN"))
    mobiles = [phonenumbers.parse(mobile(dice), "CN") for _ in range(200)]
    assert all(phonenumbers.is_valid_number(number) for number in mobiles)


def test_scripts_and_mistakes_of_eye_and_ear() -> None:
    assert traditional("上海华东电气") == "上海華東電氣"
    assert simplified("上海華東電氣") == "上海华东电气"
    assert full_width("a1") == "ａ１"
    heard = mishear("杭州鑫达", Dice(1))
    assert heard != "杭州鑫达"
    assert len(heard) == 4
    assert misread("己", Dice(1)) in ("已", "巳")
    assert misread("喵", Dice(1)) == "喵"


def test_weighted_choice_keeps_its_proportions() -> None:
    table = Weighted([("a", 3.0), ("never", 0.0), ("b", 1.0)])
    drawn = Counter(table.at((at + 0.5) / 1000) for at in range(1000))
    assert drawn == {"a": 750, "b": 250}


def test_the_truth_maps_every_record_to_a_company_or_person(world: World) -> None:
    truth = orjson.loads(orjson.dumps(world.truth()))
    records, companies = truth["records"], truth["companies"]
    people = {person["company"]: key for key, person in truth["persons"].items()}
    for stream, keys in records.items():
        known = truth["persons"] if "ontact" in stream and "contract" not in stream else companies
        assert keys, stream
        assert set(keys.values()) <= set(known), stream
    assert set(records["legacy_crm.account"]) == {entry.row["CUST_ID"] for entry in world.legacy.entries}
    assert set(records["erp.partner"]) == {entry.row["FNUMBER"] for entry in world.erp}
    rows = world.new_crm_rows()
    for name in ("AccountObj", "PartnerObj", "ContactObj"):
        assert set(records[f"new_crm.{name}"]) == {row["_id"] for row in rows[name]}
    assert set(records["oa.PROC-CONTRACT"]) == {approval["instance_id"] for approval in world.approvals()}
    known_customers = {key for key, company in companies.items() if set(company["roles"]) & {"customer", "dealer"}}
    assert known_customers == set(records["legacy_crm.account"].values())
    assert set(people) <= known_customers
    company = companies[world.companies[0].id]
    assert {"name", "credit_code", "region", "industry", "status", "point", "kind", "head"} <= set(company)


def test_what_a_world_hands_out_is_a_copy(world: World) -> None:
    world.new_crm_rows()["AccountObj"][0]["name"] = "spoilt"
    world.approvals()[0]["form"][0]["value"] = "spoilt"
    assert world.new_crm_rows()["AccountObj"][0]["name"] != "spoilt"
    assert world.approvals()[0]["form"][0]["value"] != "spoilt"


def test_nothing_happens_after_the_present_of_the_world(world: World) -> None:
    now = AS_OF.strftime("%Y-%m-%d %H:%M:%S")
    local_now = (AS_OF + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    for entry in world.legacy.entries:
        assert str(entry.row["CREATED_AT"]) <= str(entry.row["UPDATED_AT"]) <= local_now
    assert max(str(entry.row["FMODIFYTIME"]) for entry in world.erp) <= now
    present_ms = AS_OF.timestamp() * 1000
    for rows in world.new_crm_rows().values():
        assert all(row["create_time"] <= row["last_modified_time"] <= present_ms for row in rows)
    for approval in world.approvals():
        assert approval["create_ms"] <= present_ms
        assert approval["finish_ms"] is None or approval["create_ms"] < approval["finish_ms"] < present_ms


def test_many_rows_share_a_time_of_modification(world: World) -> None:
    times = Counter(entry.row["UPDATED_AT"] for entry in world.legacy.entries)
    assert max(times.values()) > 20


def test_another_present_moves_the_world(world: World) -> None:
    later = World(30, 7, AS_OF.replace(year=2027))
    newest = max(datetime.fromisoformat(str(entry.row["FMODIFYTIME"])) for entry in later.erp)
    assert newest > AS_OF.replace(tzinfo=None)


def test_families_do_not_depend_on_each_other() -> None:
    one, other = Families(9, 2026), Families(9, 2026)
    one.family(0)
    assert [company.name for company in one.family(5)] == [company.name for company in other.family(5)]


def test_the_digest_of_a_small_world_is_the_same_on_every_machine() -> None:
    """Change it when the world is changed on purpose; anything else that changes it is a bug."""
    world = World(25, 1)
    digest = blake2b(orjson.dumps([world.truth(), world.new_crm_rows(), world.approvals()]), digest_size=8)
    assert digest.hexdigest() == "28b3128608ce9b58"
