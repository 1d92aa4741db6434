"""Companies come in families: alone, as a group, a head office with branches, namesakes in other cities, fund phases.

A family is drawn from dice of its own, so that the first companies of a small world are those of a large one too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from goldbridge.simulators.world import phone
from goldbridge.simulators.world.address import Address, build
from goldbridge.simulators.world.code import issue
from goldbridge.simulators.world.company import Company, FormerName, Kind
from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.division import Division, business_map, divisions, short_name, siblings
from goldbridge.simulators.world.name import (
    FUND_MARKS,
    Name,
    branch_tail,
    coin,
    coin_brand,
    coin_fund,
    english,
    fund_trade,
)
from goldbridge.simulators.world.script import reading
from goldbridge.simulators.world.vocabulary import Trade, foreign, sections, trades

_CAPITALS = (10, 30, 50, 50, 100, 100, 100, 200, 300, 500, 500, 500, 600, 800, 1000, 1000, 1000, 1008, 1500, 2000)
_LARGE_CAPITALS = (2000, 3000, 5000, 5000, 6800, 8000, 10000, 10000, 20000, 50000, 100000)
_STATUS = Weighted(
    [
        (("ACTIVE", "存续"), 52.0),
        (("ACTIVE", "在业"), 14.0),
        (("ACTIVE", "开业"), 8.0),
        (("ACTIVE", "存续（在营、开业、在册）"), 9.0),
        (("ACTIVE", "在营（开业）企业"), 4.0),
        (("ACTIVE", "正常"), 1.0),
        (("MOVED_OUT", "迁出"), 0.7),
        (("MOVED_OUT", "已迁出企业"), 0.3),
        (("DEREGISTERED", "注销"), 3.6),
        (("DEREGISTERED", "已注销"), 0.8),
        (("DEREGISTERED", "注销企业"), 0.4),
        (("REVOKED", "吊销"), 1.0),
        (("REVOKED", "吊销，未注销"), 1.6),
        (("REVOKED_DEREGISTERED", "吊销，已注销"), 0.7),
        (("CANCELLED", "撤销"), 0.2),
        (("SUSPENDED", "停业"), 0.4),
        (("SUSPENDED", "歇业"), 0.3),
        (("LIQUIDATION", "清算"), 0.5),
        (("PENDING", "设立中"), 0.1),
    ]
)
FREE_MAIL = ("163.com", "126.com", "qq.com", "sina.com", "139.com", "foxmail.com", "sohu.com", "outlook.com")
_SUFFIX = (".com", ".com", ".com", ".cn", ".cn", ".com.cn", ".net")
_KIND_WORD: dict[str, str] = {"company": "91", "branch": "91", "individual": "92", "cooperative": "93", "public": "12"}
_SHOPS = ("商行", "经营部", "商店", "五金店", "建材店", "汽配店", "便利店", "餐馆", "工作室", "加工厂")
_COOP_TRADES = ("果蔬种植", "水产养殖", "粮食种植", "茶叶", "生猪养殖", "农机服务", "中药材种植", "花卉苗木")
_PUBLIC = (
    ("第一人民医院", "Q8411"), ("人民医院", "Q8411"), ("中医院", "Q8412"), ("妇幼保健院", "Q8433"),
    ("第一中学", "P8334"), ("职业技术学院", "P8341"), ("实验小学", "P8321"), ("图书馆", "R8831"),
    ("疾病预防控制中心", "Q8431"), ("环境监测站", "M7461"),
)  # fmt: skip


class Founder:
    """Draws families and gives their companies ids and names nobody else has."""

    def __init__(self, seed: int, as_of_year: int) -> None:
        self._seed = seed
        self._year = as_of_year
        self._names: set[str] = set()
        self._codes: set[str] = set()
        self._count = 0
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

    # -- kinds of families ------------------------------------------------------------------------------------------

    def _single(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        trade = dice.weighted(trades())
        return [self._company(dice, place, trade, partial(coin, dice, place, trade))]

    def _group(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        brand = coin_brand(dice)
        trade = dice.weighted(trades())
        head = self._company(
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
            member = self._company(dice, where, own, partial(coin, dice, where, own, brand))
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
        head = self._company(dice, place, trade, partial(coin, dice, place, trade), large=dice.chance(0.6))
        if dice.chance(0.3):
            head.roles = frozenset()
        family = [head]
        for _ in range(dice.number(1, 2)):
            where = dice.pick(siblings(place.city_code)) if dice.chance(0.3) else dice.weighted(business_map())
            family.append(self._branch(dice, head, where, trade))
        return family

    def _namesakes(self, dice: Dice) -> list[Company]:
        """The same brand and trade in two or three cities: nothing but the name in common."""
        brand, trade = coin_brand(dice), dice.weighted(trades())
        family = []
        for _ in range(2 if dice.chance(0.8) else 3):
            place = dice.weighted(business_map())
            family.append(self._company(dice, place, trade, partial(coin, dice, place, trade, brand)))
        return family

    def _funds(self, dice: Dice) -> list[Company]:
        place, brand, word = dice.weighted(business_map()), coin_brand(dice), fund_trade(dice)
        marks = dice.pick(FUND_MARKS)
        trade = Trade(word, word[:2], ("J6739", "J6731"), "fund")
        home = build(dice, place)
        family: list[Company] = []
        for mark in marks[: dice.number(2, 3)]:
            fund = self._company(dice, place, trade, partial(coin_fund, dice, place, brand, mark, word), large=True)
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
        while not name or not self._claim(name):
            stem = dice.pick(words.first) + (dice.pick(words.second) if dice.chance(0.6) else "")
            name = f"{stem} {dice.pick(words.trade)} {dice.pick(forms)}"
            if dice.chance(0.2):
                name = f"{stem} {dice.pick(words.first)} {dice.pick(words.trade)} {dice.pick(forms)}"
        city = dice.pick(words.cities[country])
        company = self._bare(dice, "foreign", name, None, "", dice.pick(("F5181", "C3499", "C3989")), None)
        company.country = country
        company.abroad = f"{dice.number(1, 400)} {dice.pick(words.street)}, {city}"
        company.domain = "".join(char for char in name.split()[0].lower() if char.isascii()) + f".{country.lower()}"
        company.email = f"info@{company.domain}"
        company.service = f"+{dice.number(30, 89)} {dice.digits(2)} {dice.digits(7)}"
        return [company]

    def _hong_kong(self, dice: Dice) -> list[Company]:
        trade = dice.weighted(trades())
        name = self._claimed(
            lambda: Name("香港", coin_brand(dice), trade.word, "有限公司", dice.pick(("front", "middle", "late")))
        )
        company = self._bare(dice, "foreign", name.text, name, trade.short, trade.industries[0], None)
        company.country = "HK"
        company.abroad = f"香港九龙{dice.pick(('弥敦道', '观塘道', '青山道'))}{dice.number(1, 700)}号"
        company.domain = f"{reading(name.brand)}.com.hk"
        company.service = f"+852 {dice.pick('23')}{dice.digits(3)} {dice.digits(4)}"
        company.email = f"info@{company.domain}"
        return [company]

    def _individual(self, dice: Dice) -> list[Company]:
        place = dice.weighted(business_map())
        region = place.city_name + (place.county if place.county and place.county != place.city_name else "")
        name = self._claimed(lambda: Name(region, coin_brand(dice), "", dice.pick(_SHOPS)))
        return [self._plain(dice, "individual", place, name, "F5299", 5)]

    def _cooperative(self, dice: Dice) -> list[Company]:
        rural = [code for code, place in divisions().items() if place.county.endswith(("县", "市"))]
        place = divisions()[dice.pick(rural)]
        trade = dice.pick(_COOP_TRADES)
        name = self._claimed(lambda: Name(place.county, coin_brand(dice), trade, "专业合作社"))
        return [self._plain(dice, "cooperative", place, name, "A0190", 100)]

    def _public(self, dice: Dice) -> list[Company]:
        name = None
        while name is None or not self._claim(name):
            place = dice.weighted(business_map())
            word, industry = dice.pick(_PUBLIC)
            name = (place.city_name if dice.chance(0.6) else place.county or place.city_name) + word
        company = self._plain(dice, "public", place, Name("", "", "", name), industry, 0, claimed=True)
        company.parts, company.trade_short = None, ""
        return [company]

    def _reregistered(self, dice: Dice) -> list[Company]:
        """A name that was free again: an old company deregistered years ago, a new one under the very same name."""
        [company] = self._single(dice)
        assert company.address is not None
        old = self._plain(
            dice,
            "company",
            company.address.place,
            company.parts,
            company.industry,
            company.capital_cny // 10000,
            claimed=True,
        )
        old.founded = f"{dice.number(1995, 2004)}-0{dice.number(1, 9)}-1{dice.number(0, 9)}"
        old.status, old.status_text, old.roles = "DEREGISTERED", "注销", frozenset()
        return [company, old]

    # -- single companies -------------------------------------------------------------------------------------------

    def _company(
        self, dice: Dice, place: Division, trade: Trade, name: Callable[[], Name], *, large: bool = False
    ) -> Company:
        parts = self._claimed(name)
        capital = dice.pick(_LARGE_CAPITALS) if large or "集团" in parts.form else dice.skewed(_CAPITALS, 0.8)
        company = self._plain(dice, "company", place, parts, dice.pick(trade.industries), capital)
        company.trade_short = trade.short
        if dice.chance(0.085):
            company.former = self._former(dice, company, trade)
        return company

    def _plain(
        self,
        dice: Dice,
        kind: Kind,
        place: Division,
        parts: Name | None,
        industry: str,
        capital: int,
        *,
        claimed: bool = False,
    ) -> Company:
        assert parts is not None
        company = self._bare(dice, kind, parts.text, parts, "", industry, build(dice, place))
        company.capital_cny = capital * 10_000
        company.capital_text = _capital_text(dice, capital)
        company.status, company.status_text = dice.weighted(_STATUS)
        if kind == "public":
            company.status, company.status_text = "ACTIVE", "正常"
        self._equip(dice, company, place)
        return company

    def _branch(self, dice: Dice, head: Company, place: Division, trade: Trade) -> Company:
        assert head.parts is not None
        home = build(dice, place)
        shop = trade.forms == "shop" or "药房" in trade.word or "超市" in trade.word
        tail = branch_tail(dice, place, shop, home.road)
        while not self._claim(head.parts.text + tail):
            tail = f"{short_name(place.city_name)}第{dice.number(2, 60)}分公司"
        parts = Name(
            head.parts.region,
            head.parts.brand,
            head.parts.trade,
            head.parts.form,
            head.parts.layout,
            head.parts.mark,
            tail,
            head.parts.brackets,
        )
        branch = self._bare(dice, "branch", parts.text, parts, head.trade_short, head.industry, home)
        branch.head = head.id
        branch.status, branch.status_text = dice.weighted(_STATUS)
        self._equip(dice, branch, place)
        branch.domain, branch.english = head.domain, ""
        branch.email = (
            f"{reading(short_name(place.city_name))}@{head.domain}" if head.domain and dice.chance(0.5) else ""
        )
        if head.lines and dice.chance(0.25):
            branch.lines = head.lines
        return branch

    def _bare(
        self, dice: Dice, kind: Kind, name: str, parts: Name | None, short: str, industry: str, address: Address | None
    ) -> Company:
        """A company with a birthday and a code; founded more often lately."""
        self._count += 1
        year = self._year - 1 - int(32 * dice.random() ** 1.7)
        founded = f"{year}-{dice.number(1, 12):02d}-{dice.number(1, 28):02d}"
        code = ""
        while kind != "foreign" and (not code or code in self._codes):
            assert address is not None
            code = issue(dice, _KIND_WORD[kind], address.place, year)
        self._codes.add(code)
        roles = frozenset({"customer"})
        if dice.chance(0.20):
            roles = frozenset({"dealer"}) if dice.chance(0.7) else frozenset({"customer", "dealer"})
        return Company(
            f"K{self._count:06d}",
            kind,
            name,
            parts,
            short,
            industry,
            code,
            address,
            founded,
            0,
            "",
            operator=person_name(dice),
            mobile=phone.mobile(dice) if kind != "foreign" else "",
            roles=roles,
        )

    def _equip(self, dice: Dice, company: Company, place: Division) -> None:
        """Telephone, domain, mail, English name."""
        if dice.chance(0.88):
            lines = [phone.fixed(dice, place)]
            if dice.chance(0.12):
                lines.append(phone.fixed(dice, place))
            company.lines = tuple(lines)
        if dice.chance(0.06):
            company.service = phone.service(dice)
        parts = company.parts
        if parts is None or company.kind not in ("company", "branch"):
            company.email = f"{dice.number(100_000, 999_999_999)}@qq.com" if dice.chance(0.4) else ""
            return
        spelled = reading(parts.brand)
        if dice.chance(0.6):
            stem = spelled + (reading(parts.trade)[:2] if dice.chance(0.3) else "")
            if dice.chance(0.35):
                stem = reading(short_name(place.city_name)) + stem
            elif dice.chance(0.3):
                stem += str(dice.number(1, 999))
            company.domain = stem + dice.pick(_SUFFIX)
        if dice.chance(0.8):
            box = dice.pick(("info", "sales", "office", "market", "admin", spelled))
            free = f"{spelled}{dice.number(1, 9999)}@{dice.skewed(FREE_MAIL, 1.4)}"
            company.email = f"{box}@{company.domain}" if company.domain and dice.chance(0.75) else free
        if dice.chance(0.09):
            company.english = english(parts, short_name(place.city_name))

    def _former(self, dice: Dice, company: Company, trade: Trade) -> tuple[FormerName, ...]:
        """One or two earlier names: another brand, another trade, another form, or the region of old."""
        assert company.parts is not None
        assert company.address is not None
        now, names = company.parts, []
        year = int(company.founded[:4])
        for _ in range(1 if dice.chance(0.85) else 2):
            if self._year - year < 2:
                break
            year = dice.number(year + 1, self._year - 1)
            draw = dice.random()
            brand, word, form, region = now.brand, now.trade, now.form, now.region
            if draw < 0.30:
                brand = coin_brand(dice)
            elif draw < 0.60:
                word = dice.weighted(trades()).word
            elif draw < 0.80:
                form = "有限责任公司" if form == "有限公司" else "有限公司"
                region = short_name(company.address.place.county or company.address.place.city)
            else:
                brand, word = coin_brand(dice), dice.weighted(trades()).word
            before = Name(region, brand, word, form, now.layout, now.mark, brackets=now.brackets)
            if before.text != company.name and self._claim(before.text):
                names.append(
                    FormerName(before.text, before, f"{year}-{dice.number(1, 12):02d}-{dice.number(1, 28):02d}")
                )
        return tuple(sorted(names, key=lambda former: former.changed_on))

    def _claim(self, name: str) -> bool:
        if name in self._names:
            return False
        self._names.add(name)
        return True

    def _claimed(self, draw: Callable[[], Name]) -> Name:
        """The first drawn name that is free; after some tries the name gets a rarer brand."""
        for _ in range(8):
            name = draw()
            if self._claim(name.text):
                return name
        spare = Dice(self._seed, "spare", self._count, name.text)
        while True:
            other = Name(
                name.region, coin_brand(spare) + spare.pick(sections("brand.txt")["second"]), name.trade, name.form,
                name.layout, name.mark, name.tail, name.brackets,
            )  # fmt: skip
            if self._claim(other.text):
                return other


def _capital_text(dice: Dice, capital: int) -> str:
    """Registered capital as registers print it; `capital` in 万元."""
    if not capital:
        return ""
    draw = dice.random()
    if draw < 0.70:
        return f"{capital}万元人民币"
    if draw < 0.80:
        return f"{capital}万人民币"
    if draw < 0.88:
        return f"{capital}.000000万元人民币"
    if draw < 0.94:
        return f"{capital} 万元"
    return f"{capital * 10_000}元人民币"


def person_name(dice: Dice) -> str:
    words = sections("person.txt")
    return dice.skewed(words["surname"], 1.7) + dice.skewed(words["given"], 1.1)
