"""Company names: region + brand (字号) + trade + legal form, put together as registers do and cut up as people do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from goldbridge.simulators.world.dice import Dice, Weighted
from goldbridge.simulators.world.division import Division, short_name
from goldbridge.simulators.world.script import reading
from goldbridge.simulators.world.vocabulary import Trade, sections


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a Chinese name.

    `layout` says where the region stands: front, middle (in brackets after the brand), late (in brackets before the
    form). `mark` tells numbered funds and phases apart, `tail` names a branch. `brackets` are the register's own, or
    empty where somebody left them out.
    """

    region: str
    brand: str
    trade: str
    form: str
    layout: str = "front"
    mark: str = ""
    tail: str = ""
    brackets: str = "（）"

    @property
    def text(self) -> str:
        aside = f"{self.brackets[:1]}{self.region}{self.brackets[1:]}" if self.region else ""
        if self.layout == "middle":
            body = f"{self.brand}{aside}{self.mark}{self.trade}{self.form}"
        elif self.layout == "late":
            body = f"{self.brand}{self.mark}{self.trade}{aside}{self.form}"
        else:
            body = f"{self.region}{self.brand}{self.mark}{self.trade}{self.form}"
        return body + self.tail

    @property
    def head(self) -> Name:
        """The name without its branch."""
        return replace(self, tail="")


_STANDARD_FORMS = Weighted([("有限公司", 86), ("有限责任公司", 9), ("股份有限公司", 3.5), ("集团有限公司", 1.5)])
_WORKS_FORMS = Weighted([("有限公司", 84), ("有限责任公司", 6), ("股份有限公司", 3), ("厂", 7)])
_FUND_TRADES = ("股权投资", "创业投资", "产业投资", "投资管理", "企业管理咨询")
FUND_MARKS = (
    ("一号", "二号", "三号"),
    ("壹号", "贰号", "叁号"),
    ("一期", "二期", "三期"),
    ("Ⅰ期", "Ⅱ期", "Ⅲ期"),
    ("1号", "2号", "3号"),
)
_ENGLISH_TRADE = {
    "机械": "Machinery",
    "电子": "Electronics",
    "科技": "Technology",
    "技术": "Technology",
    "进出口": "Import & Export",
    "贸": "Trading",
    "软件": "Software",
    "物流": "Logistics",
    "医": "Medical",
    "药": "Pharmaceutical",
    "化": "Chemical",
    "食品": "Food",
    "材料": "Materials",
    "建": "Construction",
    "纺织": "Textile",
    "服": "Garment",
    "电": "Electric",
    "汽": "Automotive",
    "投资": "Investment",
    "文化": "Culture",
    "能源": "Energy",
    "五金": "Hardware",
    "塑": "Plastics",
    "家": "Furniture",
    "环": "Environmental",
}


def coin_brand(dice: Dice) -> str:
    """A brand: a common one, a place, what looks like a number, a transliteration, or two to three characters."""
    words = sections("brand.txt")
    draw = dice.random()
    if draw < 0.16:
        return dice.skewed(words["common"], 1.6)
    if draw < 0.195:
        return dice.pick(words["place"])
    if draw < 0.215:
        return dice.pick(words["number"])
    if draw < 0.235:
        return dice.pick(words["foreign"])
    brand = dice.skewed(words["first"], 1.3) + dice.skewed(words["second"], 1.3)
    if draw > 0.86:
        brand = dice.pick(words["prefix"]) + brand
    return brand


def region_of(dice: Dice, place: Division) -> str:
    """The region a company takes into its name: usually its city's, sometimes the province's, the county's, or none."""
    city = place.city_name
    if place.county.endswith(("县", "市", "旗")) and dice.chance(0.45):
        return place.county if dice.chance(0.5) else short_name(place.county)
    draw = dice.random()
    if draw < 0.72:
        return short_name(city)
    if draw < 0.80:
        return city
    if draw < 0.93:
        return short_name(place.province)
    if draw < 0.96:
        return city + place.county if place.county.endswith("区") else city
    return ""


def coin(dice: Dice, place: Division, trade: Trade, brand: str = "", form: str = "") -> Name:
    """A registered name for a company of that trade in that place."""
    brand = brand or coin_brand(dice)
    region = region_of(dice, place)
    if not form:
        form = dice.weighted(_WORKS_FORMS if trade.forms == "mfg" else _STANDARD_FORMS)
    layout = "front"
    if region and region == short_name(region) and form != "厂" and dice.chance(0.13):
        layout = "middle" if dice.chance(0.5) else "late"
    return Name(region, brand, trade.word, form, layout, brackets=_brackets(dice))


def coin_fund(dice: Dice, place: Division, brand: str, mark: str, trade: str) -> Name:
    brackets = _brackets(dice)
    form = f"合伙企业{brackets[0]}有限合伙{brackets[1]}"
    return Name(short_name(place.city_name), brand, trade, form, mark=mark, brackets=brackets)


def fund_trade(dice: Dice) -> str:
    return dice.pick(_FUND_TRADES)


def _brackets(dice: Dice) -> str:
    return "（）" if dice.chance(0.75) else "()"


def branch_tail(dice: Dice, place: Division, shop: bool, road: str) -> str:
    """What a branch adds to its head's name: 上海分公司, 第二分公司, 人民路店, 南京办事处."""
    city = short_name(place.city_name)
    if shop and dice.chance(0.7):
        return (road or city) + dice.pick(("店", "分店"))
    draw = dice.random()
    if draw < 0.62:
        return f"{city}分公司"
    if draw < 0.76:
        return f"{city}{short_name(place.county)}分公司" if place.county else f"{city}分公司"
    if draw < 0.86:
        return f"{city}第{dice.pick('一二三四')}分公司"
    if draw < 0.94:
        return f"{city}办事处"
    return f"{city}分厂"


def english(name: Name, region: str) -> str:
    """The English name a Chinese company may print on its cards."""
    trade = next((word for part, word in _ENGLISH_TRADE.items() if part in name.trade), "Industrial")
    words = [reading(region).title(), reading(name.brand).title(), trade, "Co., Ltd."]
    return " ".join(word for word in words if word)


def short(dice: Dice, name: Name, trade_short: str) -> str:
    """What sales people call it: without form, mostly without region; a branch keeps some hint of its place."""
    if name.tail:
        place = name.tail.removesuffix("分公司").removesuffix("办事处").removesuffix("分厂")
        return f"{name.brand}{trade_short}{place}" + dice.pick(("分", "分公司", "办", ""))
    region = short_name(name.region)
    draw = dice.random()
    if name.mark:
        return f"{name.brand}{name.mark}" if draw < 0.6 else f"{name.brand}{name.trade}{name.mark}"
    if draw < 0.34:
        return name.brand + name.trade
    if draw < 0.56:
        return name.brand + trade_short
    if draw < 0.68:
        return region + name.brand
    if draw < 0.80:
        return region + name.brand + trade_short
    if draw < 0.88:
        return name.brand + trade_short + "公司"
    if draw < 0.94:
        return name.brand + ("集团" if "集团" in name.form else "公司")
    return name.brand
