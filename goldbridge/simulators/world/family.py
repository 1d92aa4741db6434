"""Companies come in families: alone, as a group, a head office with branches, namesakes in other cities, fund phases.

A family is drawn from dice of its own, so that the first companies of a small world are those of a large one too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from goldbridge.simulators.world.address import build
from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.division import business_map, divisions, short_name, siblings
from goldbridge.simulators.world.founding import Founder
from goldbridge.simulators.world.name import (
    FUND_MARKS,
    Name,
    coin,
    coin_brand,
    coin_fund,
    fund_trade,
)
from goldbridge.simulators.world.script import reading
from goldbridge.simulators.world.vocabulary import Trade, foreign, trades

_SHOPS = ("商行", "经营部", "商店", "五金店", "建材店", "汽配店", "便利店", "餐馆", "工作室", "加工厂")
_COOP_TRADES = ("果蔬种植", "水产养殖", "粮食种植", "茶叶", "生猪养殖", "农机服务", "中药材种植", "花卉苗木")
_PUBLIC = (
    ("第一人民医院", "Q8411"), ("人民医院", "Q8411"), ("中医院", "Q8412"), ("妇幼保健院", "Q8433"),
    ("第一中学", "P8334"), ("职业技术学院", "P8341"), ("实验小学", "P8321"), ("图书馆", "R8831"),
    ("疾病预防控制中心", "Q8431"), ("环境监测站", "M7461"),
)  # fmt: skip


class Families:
    """Draws families by number; each has dice of its own."""

    def __init__(self, seed: int, as_of_year: int) -> None:
        self._seed = seed
        self._founder = Founder(seed, as_of_year)
        self._kinds: Weighted[Callable[[Dice], list[Company]]] = Weighted(
            [
                (self._single, 78.0),
                (self._group, 2.6),
                (self._branches, 2.3),
                (self._namesakes, 3.0),
                (self._funds, 0.8),
                (self._abroad, 6.0),
                (self._hong_kong, 0.4),
                (self._individual, 2.6),
                (self._cooperative, 1.1),
                (self._public, 1.2),
                (self._reregistered, 0.5),
            ]
        )

    def family(self, number: int) -> list[Company]:
        """Family `number`; some of its companies may have no role with us (a head office, a deregistered twin)."""
        dice = Dice(self._seed, "family", number)
        return dice.weighted(self._kinds)(dice)

    def _single(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        trade = dice.weighted(trades())
        return [self._founder.company(dice, place, trade, partial(coin, dice, place, trade))]

    def _group(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        brand = coin_brand(dice)
        trade = dice.weighted(trades())
        head = self._founder.company(
            dice,
            place,
            Trade("", "集团", ("L7211", "F5199"), "std"),
            lambda: Name(
                short_name(place.city_name) if dice.chance(0.7) else "",
                brand,
                "" if dice.chance(0.7) else trade.word,
                dice.pick(("集团有限公司", "集团有限公司", "集团股份有限公司", "控股集团有限公司")),
            ),
            large=True,
        )
        brand = head.parts.brand if head.parts else brand
        members = [head]
        for _ in range(dice.number(1, 3)):
            where = place if dice.chance(0.4) else dice.weighted(business_map())
            own = trade if dice.chance(0.4) else dice.weighted(trades())
            member = self._founder.company(dice, where, own, partial(coin, dice, where, own, brand))
            member.group = head.id
            if dice.chance(0.35):
                member.domain, member.email = head.domain, ""
            if where.area_code == place.area_code and dice.chance(0.4):
                member.lines = head.lines
            members.append(member)
        return members

    def _branches(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        trade = dice.weighted(trades())
        head = self._founder.company(dice, place, trade, partial(coin, dice, place, trade), large=dice.chance(0.6))
        if dice.chance(0.3):
            head.roles = frozenset()
        family = [head]
        for _ in range(dice.number(1, 2)):
            where = dice.pick(siblings(place.city_code)) if dice.chance(0.3) else dice.weighted(business_map())
            family.append(self._founder.branch(dice, head, where, trade))
        return family

    def _namesakes(self, dice: Dice) -> list[Company]:
        """The same brand and trade in two or three cities: nothing but the name in common."""
        brand, trade = coin_brand(dice), dice.weighted(trades())
        family = []
        for _ in range(2 if dice.chance(0.8) else 3):
            place = dice.weighted(business_map())
            family.append(self._founder.company(dice, place, trade, partial(coin, dice, place, trade, brand)))
        return family

    def _funds(self, dice: Dice) -> list[Company]:
        place, brand, word = dice.weighted(business_map()), coin_brand(dice), fund_trade(dice)
        marks = dice.pick(FUND_MARKS)
        trade = Trade(word, word[:2], ("J6739", "J6731"), "fund")
        home = build(dice, place)
        family: list[Company] = []
        for mark in marks[: dice.number(2, 3)]:
            fund = self._founder.company(
                dice, place, trade, partial(coin_fund, dice, place, brand, mark, word), large=True
            )
            brand = fund.parts.brand if fund.parts else brand
            fund.address = home
            if family:
                fund.lines, fund.domain, fund.operator = family[0].lines, family[0].domain, family[0].operator
            family.append(fund)
        return family

    def _abroad(self, dice: Dice) -> list[Company]:
        words = foreign()
        country, forms = dice.pick(words.forms)
        name = ""
        while not name or not self._founder.claim(name):
            stem = dice.pick(words.first) + (dice.pick(words.second) if dice.chance(0.6) else "")
            name = f"{stem} {dice.pick(words.trade)} {dice.pick(forms)}"
            if dice.chance(0.2):
                name = f"{stem} {dice.pick(words.first)} {dice.pick(words.trade)} {dice.pick(forms)}"
        city = dice.pick(words.cities[country])
        company = self._founder.bare(dice, "foreign", name, None, "", dice.pick(("F5181", "C3499", "C3989")), None)
        company.country = country
        company.abroad = f"{dice.number(1, 400)} {dice.pick(words.street)}, {city}"
        company.domain = "".join(char for char in name.split()[0].lower() if char.isascii()) + f".{country.lower()}"
        company.email = f"info@{company.domain}"
        company.service = f"+{dice.number(30, 89)} {dice.digits(2)} {dice.digits(7)}"
        return [company]

    def _hong_kong(self, dice: Dice) -> list[Company]:
        trade = dice.weighted(trades())
        name = self._founder.claim_first(
            lambda: Name("香港", coin_brand(dice), trade.word, "有限公司", dice.pick(("front", "middle", "late")))
        )
        company = self._founder.bare(dice, "foreign", name.text, name, trade.short, trade.industries[0], None)
        company.country = "HK"
        company.abroad = f"香港九龙{dice.pick(('弥敦道', '观塘道', '青山道'))}{dice.number(1, 700)}号"
        company.domain = f"{reading(name.brand)}.com.hk"
        company.service = f"+852 {dice.pick('23')}{dice.digits(3)} {dice.digits(4)}"
        company.email = f"info@{company.domain}"
        return [company]

    def _individual(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        region = place.city_name + (place.county if place.county and place.county != place.city_name else "")
        name = self._founder.claim_first(lambda: Name(region, coin_brand(dice), "", dice.pick(_SHOPS)))
        return [self._founder.plain(dice, "individual", place, name, "F5299", 5)]

    def _cooperative(self, dice: Dice) -> list[Company]:
        rural = [code for code, place in divisions().items() if place.county.endswith(("县", "市"))]
        place = divisions()[dice.pick(rural)]
        trade = dice.pick(_COOP_TRADES)
        name = self._founder.claim_first(lambda: Name(place.county, coin_brand(dice), trade, "专业合作社"))
        return [self._founder.plain(dice, "cooperative", place, name, "A0190", 100)]

    def _public(self, dice: Dice) -> list[Company]:
        name = None
        while name is None or not self._founder.claim(name):
            place = dice.weighted(business_map())
            word, industry = dice.pick(_PUBLIC)
            name = (place.city_name if dice.chance(0.6) else place.county or place.city_name) + word
        company = self._founder.plain(dice, "public", place, Name("", "", "", name), industry, 0)
        company.parts, company.trade_short = None, ""
        return [company]

    def _reregistered(self, dice: Dice) -> list[Company]:
        """A name that was free again: an old company deregistered years ago, a new one under the very same name."""
        [company] = self._single(dice)
        assert company.address is not None
        assert company.parts is not None
        place, capital = company.address.place, company.capital_cny // 10_000
        year = int(company.founded[:4]) - dice.number(3, 12)
        old = self._founder.plain(dice, "company", place, company.parts, company.industry, capital, year=year)
        old.status, old.status_text, old.roles = "DEREGISTERED", "注销", frozenset()
        return [company, old]
