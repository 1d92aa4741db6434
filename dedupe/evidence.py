"""What each observation about two organisations is worth, in bits. The shipped figures; one table, so that they can be
read, argued about and one day trained.

They are likelihood ratios, log2(how often among matches / how often among strangers), for records typed by people.
Values that identify by being rare (brands, numbers, domains) have their bits from the statistics, up to a most.
"""

from __future__ import annotations

from typing import NamedTuple

from dedupe.bit import bits


class Part(NamedTuple):
    """One piece of evidence: what was compared, on which level it agrees, and its ten-thousandths of a bit."""

    comparison: str
    level: str
    weight: int


class Rare(NamedTuple):
    """A value's worth by its rarity: `expected` is the share of an imagined `population` that holds a value of the
    facet, which decides while a table is too small to tell; `most` bits at most."""

    facet: str
    expected: float
    population: int
    most: float


BRAND = Rare("brand", 1 / 40_000, 20_000, 13)
BRAND_SOUND = Rare("brand_pinyin", 1 / 40_000, 20_000, 14)
CORE = Rare("core", 1 / 60_000, 20_000, 16)
TRADE = Rare("trade", 1 / 50, 500, 6)
CITY = Rare("city", 1 / 60, 500, 6)
PROVINCE = Rare("province", 1 / 12, 200, 4)
PHONE = Rare("phone", 1 / 40_000, 20_000, 14)
EMAIL = Rare("email", 1 / 40_000, 20_000, 14)
DOMAIN = Rare("domain", 1 / 40_000, 20_000, 12)
SITE = Rare("site", 1 / 40_000, 20_000, 14)
WORD = Rare("token", 1 / 4_000, 2_000, 16)
"""A word of a name in letters."""
WORD_COMMON = Rare("token", 1 / 100, 1_000, 9)
"""The same for a trade or an everyday word: a small table cannot show how common those are."""

FACETS = frozenset(
    rare.facet for rare in (BRAND, BRAND_SOUND, CORE, TRADE, CITY, PROVINCE, PHONE, EMAIL, DOMAIN, SITE, WORD)
)
"""Those whose values count by their rarity."""

WORD_LETTER = bits(2)
WORDS_MOST = bits(26)
WORDS_MOST_PART = bits(20)
"""Where one of the names has a word more: a relative's name often has."""
WORDS_LEAST = bits(8)
"""Less in common, and a word of its own on each side: two names."""
WORD_MISSING_COUNTRY = bits(-2)
"""The country in which both records are."""
WORDS_ALL = bits(9)
"""No word is left on either side."""
WORDS_ALL_COMMON = bits(7)
"""The same for a name of common words alone, which is nobody's own."""
WORDS_MOVED = bits(-1.5)
WORD_PENALTY = {
    "equal": bits(0), "joined": bits(1), "ending": bits(0.5), "respelt": bits(1), "abbreviated": bits(2),
    "slip": bits(2), "slip in a common word": bits(1.5), "slip in a short word": bits(4),
    "slip in four letters": bits(5), "two slips": bits(4), "perhaps": bits(7),
}  # fmt: skip
"""Taken off a word's worth when it is spelt in two ways. With two slips in a short word, or one in three letters, it is
as likely another word: then it is a question, however much else is in common."""
WORDS_KNOWN = bits(6)
"""Taken off as well where others have both words: Marina and Karina are two."""
WORD_MISSING = bits(-4)
WORD_MISSING_RARE = bits(-7)
WORDS_MISSING_BEHIND = bits(-5)
"""The words missing at the end of a name, all together: people shorten names from behind."""

HARD_EQUAL = bits(36)
HARD_DIFFERENT = bits(-24)
INNER_EQUAL = bits(22)
"""The organisation code inside a credit code, its own check fits, is the same; one of the two is an old number."""
HARD_FROM_ELSEWHERE = bits(-4)
"""The names differ, and the number in common was given out in a province where only one of the two is at home."""
UNCHECKED_EQUAL = bits(24)
"""Numbers of another register, whose check nobody knows."""
UNCHECKED_NEAR = bits(6)
UNCHECKED_DIFFERENT = bits(-12)
SOFT_NEAR = bits(10)
SOFT_EQUAL = bits(8)
SOFT_FAR = bits(-1)

BRAND_PENALTY = {
    "equal": bits(0), "sound": bits(1), "start": bits(2), "end": bits(2), "slip": bits(2),
    "another character": bits(10), "transliterated": bits(4),
}  # fmt: skip
"""Taken off the brand's worth when it is only nearly equal."""
BRAND_SHORT = bits(5)
BRAND_SLIP_OF_TWO = bits(-2)
BRAND_DIFFERENT = bits(-12)
TRADE_PART = bits(1)
TRADE_LONGER = bits(-4)
"""One trade holds the other, in two whole names: 示例科技 and 示例电子科技 are relatives more often than one."""
TRADE_OTHER_REST = bits(-8)
"""The brand of one begins the other, and what follows it there has nothing of the trade."""
TRADE_CLOSE = bits(1.5)
TRADE_DIFFERENT = bits(-10)
"""Beside it the brand in common counts nothing: relatives share it, and their town."""
PLACE_COUNTY = bits(1)
"""On top of the city."""
PLACE_OTHER_COUNTY = bits(-3)
"""One city, but each names another county of it."""
PLACE_CONFLICT = bits(-9)
TOWN_EQUAL = bits(2)
NAMESAKES_ABROAD = bits(12)
"""The most that names in letters weigh whose records name two towns."""
TOWN_NOT_SAID = bits(-4)
"""The town of one record does not stand in the other's address."""
ASKED = bits(23)
"""Just a question."""
NAME_ALONE = bits(25.5)
"""The most that names in letters weigh where the rest contradicts."""
NOTHING_AGREES = bits(-3)
"""Where a way to reach somebody contradicts, none agrees, and the names are in letters."""
NOTHING_AGREES_MORE = bits(-5)
"""For each further one."""
REGION_LEVEL = bits(-8)
"""Two whole names registered at two levels of one region."""
REGION_OTHER = bits(-5)
"""Two whole names with two regions; the places' conflict comes on top."""
FORM_EQUAL = bits(0.5)
FORM_CONVERTED = bits(-0.5)
FORM_DIFFERENT = bits(-3)
FORM_EQUAL_LATIN = bits(1.5)
FORM_DIFFERENT_LATIN = bits(-0.5)
"""Forms that people write one for another: Pvt Ltd, Ltd."""
FORM_OTHER_LATIN = bits(-10)
"""X LLC and X LP, X GmbH and X AG: relatives far more often than one company."""
FORM_OPEN = bits(-6)
"""A form was left out, and companies of this name are known under several."""
COUNTRY_EQUAL = bits(1)
COUNTRY_DIFFERENT = bits(-10)
BRANCH_EQUAL = bits(4)
BRANCH_OTHER = bits(-8)
"""One place holds the other (南通, 南通海安); what contradicts outright is a veto."""
MARK_EQUAL = bits(3)
MARK_OF_ANOTHER = bits(-8)
"""The first phase of a fund and its number one."""
GROUP_DIFFERENT = bits(-8)
"""A group and one of its companies; the brand in common counts nothing here either."""
FORMER = bits(-1)
NEVER_CALLED = bits(-6)
"""One record knows its company's former names too, and none of them fits."""

NAMESAKES = bits(-6)
"""Two companies of this very name are known in this city, by their official numbers."""
REGISTERED = bits(30)
"""What a whole registered name is worth at least: nobody registers it twice in one city."""
REGISTERED_LOOSELY = bits(26.5)
"""The same where one of the two was typed without its form."""
REGISTERED_ANYWHERE = bits(24)
"""The same where one of the two names no place, and no namesake in another city is known."""

PHONE_DIFFERENT = bits(-1.5)
ONLINE_DIFFERENT = bits(-1)
SITE_SAME_DOOR = bits(2)
"""On top of road and number: the same room."""
SITE_TEXT = bits(7)
"""No road was read, and the texts are nearly equal."""
SITE_TEXT_EQUAL = bits(12)
SITE_NUMBER_DIFFERENT = bits(-0.5)
SITE_DIFFERENT = bits(-2.5)

CONTACT_MOST_RELATED = bits(8)
"""Relatives share telephones and doors: where the names say that these are two, contact proves no more than kinship."""
CONTACT_MOST_SLIP = bits(13)
"""The same for two brands of two characters that differ in one, where trade and two ways to reach somebody agree."""
CONTACT_MOST_ALONE = bits(18)
"""Contact without any agreement of names never decides alone."""
