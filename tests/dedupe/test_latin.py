"""Names in letters: labelled pairs of many countries, judged by the shipped rules, and what each piece proves.

tests/cases/latin_names.csv: `same` is the truth, `alone` the band that two names and countries deserve with nothing
beside them and no statistics. Two names of one company must reach it at least, those of two companies at most.
"""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe import evidence as worth
from dedupe.block import keys
from dedupe.latin import likeness, of_two_companies
from dedupe.name import Name, read_name
from dedupe.prepare import prepare
from dedupe.rule import Rules, compile_rules
from dedupe.score import Match, score
from dedupe.statistic import Statistics, statistics
from tests.dedupe.world import HOME, Record, bits_of, level_of

RULES: Rules = compile_rules(None, "party", {"name": "text", "country": "text", "phones": "phone"})
BANDS = ("no", "review", "auto")


def judge(one: Record, two: Record, among: Statistics | None = None) -> Match:
    return score(RULES, among or Statistics(), prepare(RULES, one), prepare(RULES, two))


def names(one: str, two: str, among: Statistics | None = None, **other: Any) -> Match:
    return judge({"name": one, **other}, {"name": two, **other}, among)


def count(*found: str) -> Statistics:
    return statistics(RULES, [prepare(RULES, {"name": text}) for text in found])


def name(text: str) -> Name:
    found = read_name(text)
    assert found is not None
    return found


def pairs() -> list[dict[str, str]]:
    with (HOME / "tests/cases/latin_names.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_enough_labels() -> None:
    labels = pairs()
    assert len(labels) >= 100
    assert sum(pair["same"] == "0" for pair in labels) >= 40
    assert all(pair["alone"] in BANDS and pair["reason"] for pair in labels)


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair['left']}~{pair['right']}:{pair['right_country']}")
def test_labelled_pairs(pair: dict[str, str]) -> None:
    one, two = ({"name": pair[side], "country": pair[f"{side}_country"]} for side in ("left", "right"))
    found = judge(one, two)
    band, deserved = BANDS.index(found.band), BANDS.index(pair["alone"])
    assert band >= deserved if pair["same"] == "1" else band <= deserved, found
    assert judge(two, one) == found


ACME = "Quorvath Zellin Pumps"


@pytest.mark.parametrize(
    ("one", "two", "how"),
    [
        ("industries", "industry", "ending"),
        ("muellerhaus", "mullerhaus", "respelt"),
        ("technologies", "tech", "abbreviated"),
        ("manufacturing", "mfg", "abbreviated"),
        ("international", "intl", "abbreviated"),
        ("zorgvliedt", "zorgvliet", "slip"),
        ("zorgvliet", "zorgvleit", "slip"),
        ("zorgvliet", "orgvliet", "slip in a short word"),
        ("brekla", "brekka", "slip in a short word"),
        ("brekla", "drekla", "slip in four letters"),
        ("zorn", "zorm", "slip in four letters"),
        ("zorn", "born", "perhaps"),
        ("tsp", "tps", "perhaps"),
        ("zorgvliet", "zorvgleit", "two slips"),
        ("broek", "brink", "perhaps"),
        ("energy", "energi", "slip in a common word"),
        ("trading", "training", ""),
        ("global", "glokal", "slip in a common word"),
        ("mahadev", "maa", ""),
        ("zorgvliet", "zg", ""),
        ("fund2", "fund3", ""),
        ("quorvath", "kellermann", ""),
    ],
)
def test_how_two_words_may_be_one(one: str, two: str, how: str) -> None:
    assert likeness(one, two) == likeness(two, one) == how


def test_a_word_in_common_proves_what_it_is_rare() -> None:
    crowd = count(*(f"Zellin {trade} {number}" for number, trade in enumerate(("Alu", "Beta", "Cork", "Dam") * 20)))
    rare, common = names(f"{ACME} Ltd", ACME), names(f"{ACME} Ltd", ACME, crowd)
    assert bits_of(names("Zellin Oy", "Zellin"), "brand") > bits_of(names("Zellin Oy", "Zellin", crowd), "brand") + 5
    assert rare.weight >= common.weight


def test_the_two_names_at_hand_do_not_make_their_own_words_common() -> None:
    both = count(f"{ACME} Ltd", ACME)
    assert names(f"{ACME} Ltd", ACME, both).parts == names(f"{ACME} Ltd", ACME).parts


def test_words_that_others_have_too_are_two_words() -> None:
    one, two = "Quorvath Marelle Oy", "Quorvath Marella Oy"
    assert names(one, two).band == "auto"
    assert names(one, two, count(one, one, two)).band == "auto"
    assert bits_of(names(one, two, count(one, one, two, two)), "brand") < bits_of(names(one, two), "brand") - 5


def test_a_form_left_open_where_several_are_known_is_a_question() -> None:
    family = count(f"{ACME} LLC", f"{ACME} LP")
    assert names(f"{ACME} LLC", ACME).band == "auto"
    open_ = names(f"{ACME} LLC", ACME, family)
    assert level_of(open_, "form") == "left open, several known"
    assert bits_of(open_, "form") == worth.FORM_OPEN / 10_000
    assert not count(f"{ACME} Ltd", f"{ACME} Limited", f"{ACME} Pvt Ltd").forms
    assert Statistics.from_json(family.as_json()) == family


def test_statistics_of_an_earlier_release_can_be_read() -> None:
    frozen = count(f"{ACME} LLC", f"{ACME} LP").as_json()
    del frozen["forms"]
    assert not Statistics.from_json(frozen).forms


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("Ltd", "Limited", False),
        ("Ltd", "Pvt Ltd", False),
        ("Inc", "Corp", False),
        ("S.L.", "S.L.U.", False),
        ("B.V.", "SRL", False),
        ("Co", "GmbH", False),
        ("Ltd", "", False),
        ("Fund", "LP", False),
        ("LLC", "LP", True),
        ("GmbH", "AG", True),
        ("GmbH", "GmbH & Co. KG", True),
        ("GmbH", "Ltd", True),
        ("s.r.o.", "a.s.", True),
    ],
)
def test_which_forms_say_two_companies(one: str, two: str, apart: bool) -> None:
    left, right = name(f"{ACME} {one}".strip()), name(f"{ACME} {two}".strip())
    assert of_two_companies(left, right) == of_two_companies(right, left) == apart


def test_a_country_says_more_against_than_for() -> None:
    here, there, nowhere = {"country": "DE"}, {"country": "Österreich"}, {"country": "Atlantis"}
    one = {"name": f"{ACME} GmbH"}
    same, other = judge(one | here, one | {"country": "Germany"}), judge(one | here, one | there)
    assert (level_of(same, "country"), level_of(other, "country")) == ("equal", "different")
    assert (same.band, other.band) == ("auto", "review")
    assert level_of(judge(one | here, one | nowhere), "country") == ""


def test_relatives_abroad_share_a_telephone() -> None:
    phone = {"phones": ["+49 89 12345678"]}
    one = {"name": f"{ACME} GmbH", "country": "DE"} | phone
    assert judge(one, {"name": f"{ACME} GmbH", "country": "AT"} | phone).band == "review"
    assert judge(one, {"name": f"{ACME} AG", "country": "DE"} | phone).band == "review"
    assert judge(one, {"name": ACME, "country": "DE"} | phone).band == "auto"


@pytest.mark.parametrize(
    "slip",
    [
        "Quorvat Zellin Pumps", "Quorvath Zelin Pumps", "Quorvath Zellin Pmps", "uQorvath Zellin Pumps",
        "Zellin Quorvath Pumps", "Quorvath Zellin", "QuorvathZellin Pumps", "Quorvath Zellin Pumps Ltd",
        "quorvath zellin", "Quorvath Pumps", "Quorvath Zeljin Pumps",
    ],
)  # fmt: skip
def test_names_with_a_slip_meet_under_a_key(slip: str) -> None:
    nothing = Statistics()
    one, two = (keys(RULES, nothing, prepare(RULES, {"name": text})) for text in (ACME, slip))
    assert set(one) & set(two)


def test_common_words_are_keys_only_where_a_name_has_no_rarer_one() -> None:
    crowd = count(*(f"Quorvath{number} Zorn Steel" for number in range(30)))
    found = keys(RULES, crowd, prepare(RULES, {"name": "Quorvath7 Zorn Steel"}))
    assert "token=quorvath7" in found
    assert "token=zorn" not in found
    poorer = keys(RULES, crowd, prepare(RULES, {"name": "Zorn Steel"}))
    assert sum(key in ("token=zorn", "token=steel") for key in poorer) == 1


_WORDS = "quorvath zellin zelin pumps steel energy global ltd gmbh fund ii van der j p the india & 7"
_word = st.sampled_from(_WORDS.split())
_name = st.lists(_word, min_size=1, max_size=6).map(" ".join)


@given(_name, _name)
def test_the_order_of_two_names_does_not_matter(one: str, two: str) -> None:
    found = names(one, two, country="IN")
    assert found == names(two, one, country="IN")
    assert found.weight == sum(part.weight for part in found.parts)


@given(_name)
def test_nothing_is_more_like_a_name_than_itself(text: str) -> None:
    assert names(text, text).weight >= names(text, f"{text} Xylor").weight
