"""The Chinese companies of the benchmark's table: their names, where they sit, and how the names are retyped."""

from __future__ import annotations

import copy
import random

from benchmarks.matching import company_slip as slip
from benchmarks.matching.company_row import Company
from benchmarks.matching.company_word import BUILDINGS, CITIES, FAMILY, FREE_MAIL, MOBILE, ROADS, SOUNDS, TRADES

_CHARACTERS = "".join(SOUNDS.values())
_SPELT = {character: sound for sound, group in SOUNDS.items() for character in group}
_FORMS = ("有限公司",) * 8 + ("有限责任公司", "股份有限公司")
_SHOPS = ("商行", "经营部", "五金店", "食品店", "服装店", "汽修厂", "加工厂", "餐馆")
_FARMS = ("果蔬", "粮食", "养鸡", "苗木", "茶叶", "农机")
_MOD31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SWITCHBOARDS = 37
"""Office houses per town whose tenants share a telephone."""


def _official(draw: random.Random, town: str) -> str:
    """A credit code whose two check digits fit."""
    body = f"{draw.randrange(10**8):08d}" if draw.random() < 0.4 else "MA" + "".join(draw.choices(_MOD31, k=6))
    total = sum(_ALL.index(each) * weight for each, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    rest = 11 - total % 11
    start = f"91{town}{draw.randrange(1, 9):02d}{body}{'0' if rest == 11 else 'X' if rest == 10 else rest}"
    total = sum(_MOD31.index(each) * 3**at for at, each in enumerate(start))
    return start + _MOD31[(31 - total % 31) % 31]


def _brand(draw: random.Random) -> str:
    """Two to four characters; some are liked more than others, as in life."""
    size = len(_CHARACTERS)
    count = 2 if (how := draw.random()) < 0.55 else 3 if how < 0.87 else 4
    return "".join(_CHARACTERS[int(size * draw.random() ** 1.3)] for _ in range(count))


def _mobile(draw: random.Random) -> str:
    return f"{draw.choice(MOBILE)}{draw.randrange(10**8):08d}"


class Chinese(Company):
    """A company in one of the towns; `kind` says which trap it is."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self.kind = "company"
        self.brand, self.trade = _brand(draw), TRADES[int(len(TRADES) * draw.random() ** 1.6)]
        self.form, self.shape = draw.choice(_FORMS), draw.random()
        self.branch = self.mark = ""
        self.site = ("", "", "")
        """Where a branch is at home: town, province, district."""
        self.group = False
        self.former = _brand(draw) if draw.random() < 0.12 else ""
        self.settle(draw)

    def settle(self, draw: random.Random) -> None:
        """A town of its own, and everything that goes with it."""
        self.place, self.province, digits, self.area, self.spelt, districts = CITIES[
            int(len(CITIES) * draw.random() ** 1.5)
        ]
        self.district = draw.choice(districts.split(" "))
        self.code = _official(draw, digits)
        self.wrong_code = _official(draw, digits)
        self.mobile = draw.random() < 0.35
        self.phone = _mobile(draw)
        if not self.mobile:
            self.phone = f"{draw.randint(2, 8)}{draw.randrange(10**7):07d}"
            if draw.random() < 0.03:
                self.phone = f"6{int(digits) % 97:02d}00{draw.randrange(_SWITCHBOARDS):03d}"
        self.road = "".join(draw.choices(_CHARACTERS, k=2)) + draw.choice(ROADS)
        self.door, self.room = draw.randint(1, 999), draw.randint(101, 2609)
        self.building = "".join(draw.choices(_CHARACTERS, k=2)) + draw.choice(BUILDINGS)
        self.online(draw)
        self.contact = self.person(draw)

    def online(self, draw: random.Random) -> None:
        spelt = "".join(_SPELT[each] for each in self.brand)
        self.domain = ""
        if draw.random() < 0.6:
            tail = (
                self.trade[1].split()[0].lower()[:4] if draw.random() < 0.5 else draw.choice(("", "cn", "group", "88"))
            )
            self.domain = f"{spelt}{tail}.{draw.choice(('com', 'com', 'cn', 'com.cn', 'net'))}"
            self.mailbox = draw.choice(("info", "sales", "office", spelt[:3]))
        else:
            self.mailbox = self.free_mail(draw)

    # The name

    def region(self, style: float) -> str:
        """The place in the name: the town, mostly."""
        if style < 0.6:
            return self.place
        if style < 0.8:
            return f"{self.place}市"
        if style < 0.92 and self.province:
            return f"{self.province}省{self.place}市" if self.province != "广西" else f"广西{self.place}市"
        return self.district if self.district[-1] in "市县" else self.place

    def name(self) -> str:
        return self.spelled(self.brand)

    def spelled(self, brand: str, *, trade: str = "", form: str = "", shape: float | None = None) -> str:
        """The whole name; `shape` decides where the place stands."""
        shape = self.shape if shape is None else shape
        place, trade, form = self.region(shape), trade or self.trade[0], form or self.form
        if self.kind == "fund":
            return f"{place}{brand}{self.mark}号股权投资合伙企业(有限合伙)"
        if self.kind == "shop":
            return f"{place}{self.district if place != self.district else ''}{brand}{form}"
        if self.kind == "farm":
            return f"{self.district}{brand}{form}专业合作社"
        middle = "集团" if self.group else trade
        whole = f"{place}{brand}{middle}{form}"
        if shape > 0.45:
            behind = f"{brand}{middle}({self.place}){form}"
            inside = f"{brand}({self.place}){middle}{form}" if shape < 0.93 else behind
            whole = whole if shape < 0.82 else inside
        return whole + (f"{self.branch}分公司" if self.branch else "")

    def renamed(self, draw: random.Random) -> tuple[str, str]:
        how = draw.random()
        for bound, act in _RETYPED:
            if how < bound:
                return act(self, draw)
        return self.name(), "same"

    def _brackets(self, draw: random.Random) -> tuple[str, str]:
        name = self.name()
        if "(" in name:
            return name.replace("(", "（").replace(")", "）"), "brackets"
        return self._moved(draw)

    def _moved(self, draw: random.Random) -> tuple[str, str]:
        return self.spelled(self.brand, shape=draw.random()), "region moved"

    def _regionless(self, draw: random.Random) -> tuple[str, str]:
        if self.kind in ("fund", "farm", "shop"):
            return self._moved(draw)
        return f"{self.brand}{'集团' if self.group else self.trade[0]}{self.form}" + (
            f"{self.branch}分公司" if self.branch else ""
        ), "region missing"  # fmt: skip

    def _short(self, draw: random.Random) -> tuple[str, str]:
        tail = f"{self.branch}分公司" if self.branch else ""
        if self.kind in ("fund", "farm", "shop"):
            return self._formless(draw)
        if self.group:
            return f"{self.brand}集团", "short name"
        short = draw.choice(
            (f"{self.brand}{self.trade[0]}", f"{self.place}{self.brand}", f"{self.brand}{self.trade[0][:2]}")
        )
        return short + tail, "short name"

    def _formless(self, draw: random.Random) -> tuple[str, str]:
        name = self.name()
        if self.kind == "fund":
            return name.removesuffix("(有限合伙)"), "form"
        if self.kind == "farm":
            return name.replace("专业合作社", "农民专业合作社"), "form"
        if self.kind == "shop":
            return name.replace(self.district, "", 1), "short name"
        other = {"有限公司": "有限责任公司", "有限责任公司": "有限公司", "股份有限公司": "股份公司"}[self.form]
        return self.spelled(self.brand, form=other if draw.random() < 0.6 else "公司"), "form"

    def _formerly(self, draw: random.Random) -> tuple[str, str]:
        if not self.former:
            return self._moved(draw)
        old = self.spelled(self.former)
        if draw.random() < 0.5:
            return old, "former name alone"
        return f"{self.name()}({draw.choice(('曾用名:', '原', '原名:'))}{old})", "former name beside"

    def _traditional(self, draw: random.Random) -> tuple[str, str]:
        return slip.traditional(self.name()), "traditional"

    def _typo(self, draw: random.Random) -> tuple[str, str]:
        if draw.random() < 0.35 and self.kind == "company":
            return self.spelled(self.brand, trade=slip.typo_chinese(draw, self.trade[0])), "typo in trade"
        return self.spelled(slip.typo_chinese(draw, self.brand)), "typo in brand"

    def _homophone(self, draw: random.Random) -> tuple[str, str]:
        return self.spelled(slip.homophone(draw, self.brand)), "homophone"

    def _remark(self, draw: random.Random) -> tuple[str, str]:
        note = draw.choice(("(勿删)", "-老客户", "(重复)", "★", " ", f"({self.contact[:1]}经理)"))
        return self.name() + note, "remark"

    def _latin(self, draw: random.Random) -> tuple[str, str]:
        if self.kind != "company" or self.branch:
            return self._moved(draw)
        spelt = "".join(_SPELT[each] for each in self.brand).capitalize()
        middle = "Group" if self.group else self.trade[1]
        return (
            f"{self.spelt} {spelt} {middle} {draw.choice(('Co., Ltd.', 'Co.,Ltd', 'Co. Ltd', 'Limited'))}",
            "in Latin letters",
        )

    # The other columns

    def number(self, draw: random.Random) -> str:
        return slip.phone_chinese(draw, "" if self.mobile else self.area, self.phone)

    def other_number(self, draw: random.Random) -> str:
        return _mobile(draw)

    def town(self, draw: random.Random) -> str:
        return self.place if draw.random() < 0.4 else f"{self.place}市"

    def person(self, draw: random.Random) -> str:
        return draw.choice(FAMILY) + "".join(draw.choices(_CHARACTERS, k=draw.choice((1, 2, 2))))

    def free_mail(self, draw: random.Random) -> str:
        return f"{draw.randrange(10**8, 10**10)}@{draw.choice(FREE_MAIL)}"

    def address(self, draw: random.Random, *, again: bool) -> str:
        province = f"{self.province}省" if self.province and self.province != "广西" else self.province
        head = f"{province}{self.place}市{self.district}"
        door = f"{self.road}{self.door}号"
        room = f"{self.building}{self.room}室"
        if not again:
            return f"{head}{door}{room if self.room % 2 else ''}"
        how = draw.random()
        if how < 0.3:
            return f"{head}{door}"
        if how < 0.5:
            return f"{self.place}市{self.district}{door}{room}"
        if how < 0.65:
            return f"{self.place}{door}"
        if how < 0.78:
            return f"{self.district}{self.road}{self.door}号{self.building}{self.room // 100}楼{self.room}"
        if how < 0.88:
            return slip.full_width(f"{head}{door}{room}")
        if how < 0.94:
            return f"{head}{self.road}"
        return f"{head}{''.join(draw.choices(_CHARACTERS, k=2))}路{draw.randint(1, 999)}号"  # moved


_RETYPED = (
    (0.09, Chinese._brackets), (0.20, Chinese._moved), (0.31, Chinese._regionless), (0.45, Chinese._short),
    (0.52, Chinese._formless), (0.59, Chinese._formerly), (0.65, Chinese._traditional), (0.77, Chinese._typo),
    (0.85, Chinese._homophone), (0.91, Chinese._remark), (0.94, Chinese._latin),
)  # fmt: skip


def china(draw: random.Random) -> list[Company]:
    """A Chinese company, and those that are easily taken for it."""
    first = Chinese(draw)
    how = draw.random()
    if how < 0.07:
        first.kind, first.form = "shop", draw.choice(_SHOPS)
        return [first]
    if how < 0.1:
        first.kind, first.form = "farm", draw.choice(_FARMS)
        return [first]
    if how < 0.11:
        return _funds(draw, first)
    found: list[Company] = [first]
    if how < 0.15:
        other = _other(first, "namesake")
        other.settle(draw)
        found.append(other)
    elif how < 0.20:
        found.extend(_branches(draw, first))
    elif how < 0.23:
        first.group, first.form = True, "有限公司"
        found.append(_relative(draw, first))
    elif how < 0.26:
        found.append(_relative(draw, first))
    return found


def _other(first: Chinese, kind: str) -> Chinese:
    other = copy.copy(first)
    other.former = ""
    if kind != "namesake":
        other.kind = kind
    return other


def _funds(draw: random.Random, first: Chinese) -> list[Company]:
    first.kind = "fund"
    found: list[Company] = []
    for mark in "一二三四"[: draw.randint(2, 4)]:
        fund = _other(first, "fund")
        fund.mark = mark
        fund.code, fund.wrong_code = _official(draw, first.code[2:6]), first.code
        found.append(fund)
    return found


def _branches(draw: random.Random, first: Chinese) -> list[Company]:
    found: list[Company] = []
    for _ in range(draw.choice((1, 1, 2))):
        branch = _other(first, "namesake")
        keeps = draw.random() < 0.3  # one switchboard
        phone, mobile, area = branch.phone, branch.mobile, branch.area
        domain, mailbox = branch.domain, branch.mailbox
        home, province, spelt, district = branch.place, branch.province, branch.spelt, branch.district
        branch.settle(draw)
        branch.branch = branch.place if branch.place != home else branch.district.rstrip("区县市")
        branch.site = (branch.place, branch.province, branch.district)
        branch.place, branch.province, branch.spelt, branch.district = home, province, spelt, district
        branch.domain, branch.mailbox, branch.wrong_code = domain, mailbox, first.code
        if keeps:
            branch.phone, branch.mobile, branch.area = phone, mobile, area
        found.append(Branch.of(branch))
    return found


def _relative(draw: random.Random, first: Chinese) -> Chinese:
    """A company of the same family in the same town: another trade, perhaps the same telephone, door and domain."""
    other = _other(first, "company")
    other.group, other.form = False, "有限公司"
    while other.trade == first.trade:
        other.trade = draw.choice(TRADES)
    digits, domain, mailbox = first.code[2:6], other.domain, other.mailbox
    other.code, other.wrong_code = _official(draw, digits), first.code
    other.contact = other.person(draw)
    if draw.random() < 0.6:
        other.mobile, other.phone = True, _mobile(draw)
    if draw.random() < 0.5:
        other.road, other.door = "".join(draw.choices(_CHARACTERS, k=2)) + draw.choice(ROADS), draw.randint(1, 999)
    if draw.random() < 0.4:
        other.online(draw)
    else:
        other.domain, other.mailbox = domain, mailbox
    return other


class Branch(Chinese):
    """Named after its head office, at home elsewhere."""

    @classmethod
    def of(cls, branch: Chinese) -> Branch:
        branch.__class__ = cls
        assert isinstance(branch, cls)
        return branch

    def town(self, draw: random.Random) -> str:
        return self.site[0] if draw.random() < 0.4 else f"{self.site[0]}市"

    def address(self, draw: random.Random, *, again: bool) -> str:
        home = self.place, self.province, self.district
        self.place, self.province, self.district = self.site
        found = super().address(draw, again=again)
        self.place, self.province, self.district = home
        return found
