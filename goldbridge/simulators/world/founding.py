"""Single companies: names nobody else has, codes, addresses, capital, status, ways to reach them, former names."""

from __future__ import annotations

from collections.abc import Callable

from goldbridge.simulators.world import phone
from goldbridge.simulators.world.address import Address, build
from goldbridge.simulators.world.code import issue
from goldbridge.simulators.world.company import Company, FormerName, Kind
from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.division import Division, short_name
from goldbridge.simulators.world.name import Name, branch_tail, coin_brand, english
from goldbridge.simulators.world.script import reading
from goldbridge.simulators.world.vocabulary import Trade, sections, trades

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


class Founder:
    """Founds companies one by one; keeps the names and codes that are taken."""

    def __init__(self, seed: int, as_of_year: int) -> None:
        self._seed = seed
        self._year = as_of_year
        self._names: set[str] = set()
        self._codes: set[str] = set()
        self._count = 0

    def company(
        self, dice: Dice, place: Division, trade: Trade, name: Callable[[], Name], *, large: bool = False
    ) -> Company:
        """A company under the first name drawn that is free; one in twelve had another name before."""
        parts = self.claim_first(name)
        capital = dice.pick(_LARGE_CAPITALS) if large or "集团" in parts.form else dice.skewed(_CAPITALS, 0.8)
        company = self.plain(dice, "company", place, parts, dice.pick(trade.industries), capital)
        company.trade_short = trade.short
        if dice.chance(0.085):
            company.former = self._former(dice, company, trade)
        return company

    def plain(
        self,
        dice: Dice,
        kind: Kind,
        place: Division,
        parts: Name,
        industry: str,
        capital: int,
        *,
        year: int = 0,
    ) -> Company:
        """A company whose name is claimed already, with an address, capital, status and ways to reach it."""
        company = self.bare(dice, kind, parts.text, parts, "", industry, build(dice, place), year=year)
        company.capital_cny = capital * 10_000
        company.capital_text = _capital_text(dice, capital)
        company.status, company.status_text = dice.weighted(_STATUS)
        if kind == "public":
            company.status, company.status_text = "ACTIVE", "正常"
        self._equip(dice, company, place)
        return company

    def branch(self, dice: Dice, head: Company, place: Division, trade: Trade) -> Company:
        """A branch of `head`: an entity of its own, with its own code, place and telephone."""
        assert head.parts is not None
        home = build(dice, place)
        shop = trade.forms == "shop" or "药房" in trade.word or "超市" in trade.word
        tail = branch_tail(dice, place, shop, home.road)
        while not self.claim(head.parts.text + tail):
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
        branch = self.bare(dice, "branch", parts.text, parts, head.trade_short, head.industry, home)
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

    def bare(
        self,
        dice: Dice,
        kind: Kind,
        name: str,
        parts: Name | None,
        short: str,
        industry: str,
        address: Address | None,
        *,
        year: int = 0,
    ) -> Company:
        """A company with a birthday (in `year`, or lately rather than long ago) and a code of its own."""
        self._count += 1
        year = year or self._year - 1 - int(32 * dice.random() ** 1.7)
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
            if before.text != company.name and self.claim(before.text):
                names.append(
                    FormerName(before.text, before, f"{year}-{dice.number(1, 12):02d}-{dice.number(1, 28):02d}")
                )
        return tuple(sorted(names, key=lambda former: former.changed_on))

    def claim(self, name: str) -> bool:
        """Take a name; False when somebody has it already."""
        if name in self._names:
            return False
        self._names.add(name)
        return True

    def claim_first(self, draw: Callable[[], Name]) -> Name:
        """The first drawn name that is free; after some tries the name gets a rarer brand."""
        for _ in range(8):
            name = draw()
            if self.claim(name.text):
                return name
        spare = Dice(self._seed, "spare", self._count, name.text)
        while True:
            other = Name(
                name.region, coin_brand(spare) + spare.pick(sections("brand.txt")["second"]), name.trade, name.form,
                name.layout, name.mark, name.tail, name.brackets,
            )  # fmt: skip
            if self.claim(other.text):
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
