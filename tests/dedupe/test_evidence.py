"""The shipped worths keep the order that the rules are built on; figures may move, these relations must not."""

from __future__ import annotations

from dedupe import evidence as worth
from dedupe.bit import bits
from dedupe.evidence import Rare
from tests.dedupe.world import shipped

BANDS = shipped("party").bands
RARE = {name: each for name, each in vars(worth).items() if isinstance(each, Rare)}


def test_an_equal_number_decides_and_a_broken_one_does_not() -> None:
    assert BANDS.auto <= worth.HARD_EQUAL
    assert (
        BANDS.auto > worth.INNER_EQUAL > worth.SOFT_NEAR > worth.SOFT_EQUAL > 0 > worth.SOFT_FAR > worth.HARD_DIFFERENT
    )
    # different numbers outweigh any name that is not registered
    assert bits(worth.BRAND.most + worth.TRADE.most) <= -worth.HARD_DIFFERENT
    # and the same number beside another brand from elsewhere is a question, not a match
    assert BANDS.auto > worth.HARD_EQUAL + worth.HARD_FROM_ELSEWHERE + worth.BRAND_DIFFERENT >= BANDS.review


def test_no_way_to_reach_somebody_decides_alone() -> None:
    for rare in (worth.PHONE, worth.EMAIL, worth.DOMAIN, worth.SITE):
        assert bits(rare.most) < worth.CONTACT_MOST_ALONE < BANDS.auto
    assert worth.SITE_TEXT < worth.SITE_TEXT_EQUAL < bits(worth.SITE.most)
    assert worth.CONTACT_MOST_RELATED < worth.CONTACT_MOST_ALONE
    assert BANDS.review >= worth.CONTACT_MOST_RELATED


def test_a_registered_name_decides_only_while_no_namesake_is_known() -> None:
    assert worth.REGISTERED > worth.REGISTERED_LOOSELY > worth.REGISTERED_ANYWHERE >= BANDS.auto
    assert worth.NAMESAKES < 0


def test_a_brand_alone_is_a_question_and_its_likenesses_fall() -> None:
    assert BANDS.review <= bits(worth.BRAND.most) < BANDS.auto
    assert worth.BRAND_PENALTY["equal"] == 0
    assert all(penalty >= 0 for penalty in worth.BRAND_PENALTY.values())
    assert worth.BRAND_DIFFERENT < worth.BRAND_SLIP_OF_TWO < 0 < worth.BRAND_SHORT
    assert worth.TRADE_DIFFERENT < worth.TRADE_LONGER < 0 < worth.TRADE_PART <= worth.TRADE_CLOSE


def test_places_and_units_speak_against() -> None:
    assert worth.PLACE_CONFLICT < worth.PLACE_OTHER_COUNTY < 0 < worth.PLACE_COUNTY
    for against in (
        worth.REGION_LEVEL, worth.REGION_OTHER, worth.BRANCH_OTHER, worth.MARK_OF_ANOTHER, worth.GROUP_DIFFERENT,
        worth.FORM_DIFFERENT, worth.NEVER_CALLED,
    ):  # fmt: skip
        assert against < 0
    # A conflict of places outweighs the trade in common, so that namesakes elsewhere are no match by name.
    assert bits(worth.BRAND.most + worth.TRADE.most) + worth.PLACE_CONFLICT < BANDS.auto


def test_worths_are_whole_numbers_and_rarities_are_shares() -> None:
    weights = [value for name, value in vars(worth).items() if name.isupper() and isinstance(value, int | float)]
    assert all(isinstance(value, int) for value in weights)
    for rare in RARE.values():
        assert 0 < rare.expected < 1
        assert rare.population > 0
        # an empty table says at most what the imagined population does
        assert rare.most <= 16
    facets = {facet for rare in RARE.values() for facet in [rare.facet]}
    assert {"brand", "core", "trade", "city", "phone", "email", "domain", "site"} <= facets
