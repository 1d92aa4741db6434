"""The weight of a pair: symmetric, whole, and the sum of its parts; the edge cases E05 ... E20 judged by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.bit import BIT, bits
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Bands, Rules, compile_rules
from dedupe.score import Match, score
from dedupe.statistic import Statistics, statistics
from goldbridge.settings.yaml import read
from tests.dedupe.world import UNCOUNTED, Judging, Record, bits_of, credit_code, crowd, level_of, shipped

HERE = "浙江省杭州市滨江区江南大道3588号2幢"
THERE = "四川省成都市武侯区天府大道100号"
NAME = "杭州示例智能装备有限公司"
PHONE = "0571-87654321"
BROKEN = credit_code(1).replace("33010600", "33010690")
"""One wrong digit: the whole number fails its check, and so does the older one inside it."""

PARTIES = shipped("party")
CONTACTS = shipped("contact")


@st.composite
def parties(draw: st.DrawFn) -> Record:
    """Records that have much in common, so that every kind of evidence is met."""
    place = st.sampled_from(["", "杭州", "杭州市", "浙江省", "成都", "长沙县"])
    brand = st.sampled_from(["示例", "示列", "天成", "天诚", "大华", "华大", "海之源", "海康"])
    trade = st.sampled_from(["", "科技", "电子科技", "智能装备", "食品"])
    form = st.sampled_from(
        ["", "有限公司", "股份有限公司", "集团有限公司", "经营部", "有限公司北京分公司", "二期中心(有限合伙)"]
    )
    chinese = st.tuples(place, brand, trade, form).map("".join)
    words = st.lists(
        st.sampled_from(["Acme", "Acne", "Trading", "Trade", "Blue", "Bay", "Bluebay", "of", "II", "China"]), max_size=4
    )
    latin = st.tuples(words.map(" ".join), st.sampled_from(["", " Ltd.", " LLC", " Fund"])).map(
        "".join
    ) | st.sampled_from(
        ["Acme Trading Ltd.", "ACME Trade Limited", "Acme Foods LLC", "Shili Co. Ltd.", "Tiancheng Inc."]
    )
    code = st.sampled_from([credit_code(1), credit_code(2), credit_code(1, "310115"), credit_code(1)[:-1] + "X", "123"])
    fields = {
        "name": chinese | latin,
        "short_name": brand,
        "former_names": st.lists(chinese, max_size=2),
        "credit_code": code,
        "registration_no": st.sampled_from(["330106000012345", "330106000012346", "5"]),
        "phones": st.lists(st.sampled_from([PHONE, "0571-87654322", "028-61234567"]), max_size=2),
        "emails": st.lists(st.sampled_from(["a@example.com", "b@example.com", "c@example.cn"]), max_size=2),
        "website": st.sampled_from(["example.com", "www.example.cn"]),
        "address": st.sampled_from(
            [HERE, THERE, "杭州市江南大道3588号", "杭州市滨江区江南大道9号", "某大厦8楼801室前台"]
        ),
    }
    return draw(st.fixed_dictionaries({}, optional=fields))


COUNTED = statistics(PARTIES, [prepare(PARTIES, record) for record in crowd()])


def lawful(rules: Rules, numbers: Statistics, a: Prepared, b: Prepared) -> Match:
    """A judged pair, after the laws that hold for all of them."""
    found = score(rules, numbers, a, b)
    assert score(rules, numbers, b, a) == found
    assert isinstance(found.weight, int)
    assert found.weight == sum(part.weight for part in found.parts)
    assert all(isinstance(part.weight, int) and part.level for part in found.parts)
    names = [part.comparison for part in found.parts]
    assert len(names) == len(set(names))
    assert found.parts_json() == [[part.comparison, part.level, part.weight] for part in found.parts]
    if found.vetoes:
        assert found.band != "auto"
    else:
        assert found.band == (numbers.bands or rules.bands).of(found.weight)
    return found


@settings(max_examples=120, deadline=None)
@given(parties(), parties(), st.booleans())
def test_laws_of_a_pair_of_parties(one: Record, two: Record, counted: bool) -> None:
    numbers = COUNTED if counted else UNCOUNTED
    lawful(PARTIES, numbers, prepare(PARTIES, one), prepare(PARTIES, two))


@settings(max_examples=60, deadline=None)
@given(parties())
def test_a_record_never_contradicts_itself(record: Record) -> None:
    found = lawful(PARTIES, UNCOUNTED, prepare(PARTIES, record), prepare(PARTIES, record))
    assert found.vetoes == ()
    assert found.weight >= 0


PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(
            ["王伟", "王炜", "王总", "欧阳总", "欧总", "欧阳明", "John Smith", "smith john", "李小明"]
        ),
        "mobile": st.sampled_from(["13800138000", "13900139000"]),
        "email": st.sampled_from(["a@example.com", "b@example.com"]),
        "party": st.sampled_from([{"ref": "party", "key": "1"}, {"ref": "party", "key": "2"}]),
    },
)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE)
def test_laws_of_a_pair_of_contacts(one: Record, two: Record) -> None:
    lawful(CONTACTS, UNCOUNTED, prepare(CONTACTS, one), prepare(CONTACTS, two))


OTHER = compile_rules(
    read(
        "thing: {compare: {title: text, price: number, made: date, kind: category, model: code, tags: set}}",
        file="m.yaml",
    ),
    "thing",
    dict.fromkeys(("title", "price", "made", "kind", "model", "tags"), "text"),
)
THINGS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.lists(st.sampled_from(["deep", "learning", "of", "codes", "at", "scale", "海康威视"])).map(
            " ".join
        ),
        "price": st.sampled_from(["1", "100", "99", "100.0", "-3", "x"]),
        "made": st.sampled_from(["2024-03-01", "2024年3月1日", "2024-03-10", "soon"]),
        "kind": st.sampled_from(["a", "b", "A"]),
        "model": st.sampled_from(["AB-12", "ab12", "AB-21"]),
        "tags": st.lists(st.sampled_from(["red", "blue", "green"]), max_size=3),
    },
)


@settings(max_examples=80, deadline=None)
@given(THINGS, THINGS, st.lists(THINGS, max_size=4))
def test_laws_of_a_pair_of_anything(one: Record, two: Record, others: list[Record]) -> None:
    numbers = statistics(OTHER, [prepare(OTHER, each) for each in (one, two, *others)])
    lawful(OTHER, numbers, prepare(OTHER, one), prepare(OTHER, two))


def test_nothing_in_common_is_no_evidence(judge: Judging) -> None:
    assert judge({}, {}) == Match(0, "no", (), ())
    assert judge({"name": NAME}, {"phones": [PHONE]}) == Match(0, "no", (), ())


def test_e05_two_valid_numbers_are_asked_about_only_where_the_rest_agrees(judge: Judging) -> None:
    """Guard: dedupe.fact:hard_ids_differ"""
    one, two = {"name": NAME, "credit_code": credit_code(1)}, {"name": NAME, "credit_code": credit_code(2)}
    assert judge(one, two).vetoes == ("different_hard_id",)
    assert judge(one, two).band == "no"  # E07: namesakes
    assert (
        judge({**one, "address": HERE, "phones": [PHONE]}, {**two, "address": HERE, "phones": [PHONE]}).band == "review"
    )


def test_e06_the_same_number_under_another_name_is_a_renamed_company(judge: Judging) -> None:
    """Guard: dedupe.evidence_value:identified"""
    one, two = (
        {"name": NAME, "credit_code": credit_code(1)},
        {"name": "杭州样板食品有限公司", "credit_code": credit_code(1)},
    )
    found = judge(one, two)
    assert found.band == "auto"
    assert level_of(found, "credit_code") == "equal"
    assert judge(one, {"name": NAME.replace("示例", "样板"), "former_names": [NAME]}).band == "auto"


def test_a_number_of_another_province_beside_another_name_is_a_question(judge: Judging) -> None:
    home = {"name": NAME, "credit_code": credit_code(1)}
    elsewhere = {"name": "成都样板食品有限公司", "credit_code": credit_code(1)}
    found = judge(home, elsewhere)
    assert level_of(found, "credit_code_region") == "at home for one of them"
    assert found.band == "review"


def test_e07_namesakes_in_two_cities_stay_apart(judge: Judging) -> None:
    """Guard: dedupe.evidence_place:placed"""
    assert judge({"name": NAME}, {"name": "成都示例智能装备有限公司"}).band == "no"
    assert judge({"name": NAME, "address": HERE}, {"name": NAME.removeprefix("杭州"), "address": THERE}).band != "auto"


@pytest.mark.parametrize(
    ("two", "level"),
    [
        (BROKEN, "equal, fails its check"),
        (credit_code(1), "nearly equal, fails its check"),
        (credit_code(99999), "different, fails its check"),
    ],
)
def test_e08_a_number_that_fails_its_check_is_soft_evidence(judge: Judging, two: str, level: str) -> None:
    """Guard: dedupe.evidence_value:identified"""
    found = judge({"credit_code": BROKEN}, {"credit_code": two})
    assert level_of(found, "credit_code") == level
    assert found.vetoes == ()
    assert found.band != "auto"


def test_the_older_number_inside_a_credit_code_ties_too(judge: Judging) -> None:
    old = credit_code(1)[8:17]
    found = judge({"credit_code": credit_code(1)}, {"credit_code": old})
    assert level_of(found, "credit_code") == "same organisation code"


def test_e10_a_branch_is_never_joined_whatever_agrees(judge: Judging) -> None:
    """Guard: dedupe.fact:conflict"""
    everything = {"phones": [PHONE], "address": HERE, "website": "example.com", "credit_code": credit_code(1)}
    found = judge({"name": NAME, **everything}, {"name": NAME + "北京分公司", **everything})
    assert found.vetoes == ("head_office_and_branch",)
    assert found.band == "no"
    assert found.weight > bits(24)


def test_e11_a_subsidiary_with_its_parents_phone_and_domain_is_not_joined(judge: Judging) -> None:
    """Guard: dedupe.evidence_name:related"""
    shared = {"phones": [PHONE], "emails": ["info@example.com"], "address": HERE}
    for name in ("杭州示例软件有限公司", "杭州示例集团有限公司", "浙江示例智能装备有限公司"):
        assert judge({"name": NAME, **shared}, {"name": name, **shared}).band != "auto"


def test_e14_a_sole_trader_is_not_the_company_of_its_name(judge: Judging) -> None:
    """Guard: dedupe.fact:conflict"""
    shared = {"phones": [PHONE], "address": HERE}
    found = judge({"name": NAME, **shared}, {"name": "杭州示例智能装备经营部", **shared})
    assert found.vetoes == ("different_kind",)
    assert found.band == "no"


def test_e20_a_weight_at_the_threshold_joins(rules: Rules) -> None:
    """Guard: dedupe.rule:Bands.of"""
    pair = prepare(rules, {"credit_code": credit_code(1)}), prepare(rules, {"credit_code": credit_code(1)})
    weight = score(rules, UNCOUNTED, *pair).weight
    assert score(rules, Statistics(bands=Bands(weight, 0, 0)), *pair).band == "auto"
    assert score(rules, Statistics(bands=Bands(weight + 1, weight, 0)), *pair).band == "review"
    assert score(rules, Statistics(bands=Bands(weight + 2, weight + 1, 0)), *pair).band == "no"


def test_ways_to_reach_somebody_are_cut_before_they_are_added(judge: Judging) -> None:
    phone = {"phones": [PHONE]}
    alone = bits_of(judge(phone, phone), "phone")
    both = {**phone, "emails": ["sales@example.com"]}
    found = judge({"name": NAME, **both}, {"name": NAME, **both})
    assert sorted((bits_of(found, "phone"), bits_of(found, "online"))) == [alone / 2, alone]
    everything = {**both, "address": HERE}
    stranger = judge({"name": NAME, **everything}, {"name": "杭州样板食品有限公司", **everything})
    assert stranger.band != "auto"
    unnamed = judge(everything, everything)
    assert sum(part.weight for part in unnamed.parts) == 18 * BIT
    assert unnamed.band == "review"


@pytest.mark.parametrize(
    ("two", "level"),
    [
        (HERE, "same room"),
        ("浙江省杭州市滨江区江南大道3588号", "equal"),
        ("杭州市滨江区江南大道3590号", "another number"),
        ("杭州市滨江区江南大道", "same road"),
        ("杭州市滨江区滨盛路1777号", "different"),
        (THERE, "another town"),
    ],
)
def test_addresses(judge: Judging, two: str, level: str) -> None:
    assert level_of(judge({"address": HERE}, {"address": two}), "address") == level


def test_trained_weights_take_the_place_of_the_shipped_ones() -> None:
    a, b = prepare(OTHER, {"kind": "a"}), prepare(OTHER, {"kind": "b"})
    assert score(OTHER, UNCOUNTED, a, b).weight == bits(-3)
    assert score(OTHER, Statistics(weights={"kind": (7, -5)}), a, b).weight == -5
    assert score(OTHER, Statistics(weights={"kind": (7, -5)}), a, a).weight == 7


def test_a_person_with_the_same_phone_and_one_surname_is_one() -> None:
    def judged(one: Record, two: Record) -> str:
        return score(CONTACTS, UNCOUNTED, prepare(CONTACTS, one), prepare(CONTACTS, two)).band

    mobile = {"mobile": "13800138000", "party": {"ref": "party", "key": "1"}}
    assert judged({"name": "王伟", **mobile}, {"name": "王总", **mobile}) == "auto"
    assert judged({"name": "王伟", **mobile}, {"name": "李强", **mobile}) != "auto"
    assert judged({"name": "王伟"}, {"name": "王伟"}) != "auto"
