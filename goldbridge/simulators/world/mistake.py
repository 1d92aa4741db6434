"""How people get names, codes and numbers wrong. Every mistake is named by a mark, so that its rate can be checked.

The marks are never shown to a system; they are for the world's own tests and statistics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goldbridge.simulators.world import phone
from goldbridge.simulators.world.code import spoil, tax_number
from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.division import short_name
from goldbridge.simulators.world.name import Name, short
from goldbridge.simulators.world.script import full_width, mishear, misread, traditional

Marks = set[str]


@dataclass(frozen=True, slots=True)
class Habit:
    """How carefully one system is kept: probabilities per record.

    `sloppy` scales everything that is wrong about names beside `short`; `no_code` is for companies that have a code;
    the rest says how often a field is filled in at all.
    """

    sloppy: float
    short: float
    no_code: float
    wrong_code: float
    old_code: float
    tel: float
    mobile: float
    email: float
    website: float
    address: float


LEGACY = Habit(1.0, 0.105, 0.38, 0.022, 0.004, 0.74, 0.46, 0.34, 0.16, 0.80)
ERP = Habit(0.7, 0.095, 0.33, 0.021, 0.018, 0.66, 0.0, 0.0, 0.0, 0.70)
PILOT = Habit(0.6, 0.10, 0.38, 0.020, 0.0, 0.82, 0.0, 0.40, 0.25, 0.80)

_NOTES = ("（老客户）", "（新）", "-王经理", "(已改名)", "★", "（停用）", "(重点)", "【华东】", "(勿删)")
_CUT = {
    "电子科技": "电子",
    "生物科技": "生物",
    "信息技术": "信息",
    "机械设备": "机械",
    "机械制造": "机械",
    "科技": "技术",
    "五金制品": "五金",
    "工程技术": "工程",
    "国际贸易": "国贸",
    "医疗器械": "医疗",
}


def misname(dice: Dice, company: Company, habit: Habit) -> tuple[str, Marks]:
    """The company's name as this system has it."""
    marks: Marks = set()
    name, text = company.parts, company.name
    if name is None:
        return _misname_other(dice, company, habit, marks)
    if company.former and dice.chance(0.25 * habit.sloppy + 0.1):
        before = dice.pick(company.former)
        name, text = before.parts, before.name
        marks.add("former_name")
    elif company.english and dice.chance(0.05 * habit.sloppy):
        return company.english, {"english_name"}
    if dice.chance(habit.short):
        text = short(dice, name, company.trade_short or name.trade)
        marks.add("short_name")
    else:
        text = _reshape(dice, name, habit.sloppy, marks).text
        text = _reword(dice, text, habit.sloppy, marks)
    return _misspell(dice, text, name.brand, habit.sloppy, marks), marks


def _reshape(dice: Dice, name: Name, sloppy: float, marks: Marks) -> Name:
    """The region dropped, moved, or said differently; brackets of the other width or none."""
    draw = dice.random() / sloppy
    if name.region and not name.tail:
        if draw < 0.055:
            marks.add("region_dropped")
            return replace(name, region="")
        if draw < 0.095:
            marks.add("region_moved")
            layout = dice.pick(("middle", "late")) if name.layout == "front" else "front"
            return replace(name, layout=layout, region=short_name(name.region))
        if draw < 0.135:
            marks.add("region_reworded")
            bare = short_name(name.region)
            return replace(name, region=bare if bare != name.region else f"{bare}市")
    if name.layout != "front" or "(" in name.text or "（" in name.text:
        if dice.chance(0.3 + 0.2 * sloppy):
            marks.add("brackets_swapped")
            swapped = "()" if name.brackets == "（）" else "（）"
            form = name.form.replace(name.brackets[0], swapped[0]).replace(name.brackets[1], swapped[1])
            return replace(name, brackets=swapped, form=form)
        if name.layout != "front" and dice.chance(0.1 * sloppy):
            marks.add("brackets_dropped")
            return replace(name, brackets="")
    return name


def _reword(dice: Dice, text: str, sloppy: float, marks: Marks) -> str:
    """Another legal form, a shorter trade, a remark."""
    if dice.chance(0.035 * sloppy):
        marks.add("form_abbreviated")
        if "有限责任公司" in text:
            text = text.replace("有限责任公司", "有限公司")
        elif "股份有限公司" in text:
            text = text.replace("股份有限公司", "股份公司")
        else:
            text = text.replace("有限公司", dice.pick(("公司", "", "有限责任公司")))
    if dice.chance(0.02 * sloppy):
        for whole, part in _CUT.items():
            if whole in text:
                marks.add("trade_abbreviated")
                text = text.replace(whole, part, 1)
                break
    if dice.chance(0.015 * sloppy):
        marks.add("remark")
        text += dice.pick(_NOTES)
    return text


def _misspell(dice: Dice, text: str, brand: str, sloppy: float, marks: Marks) -> str:
    """Typing mistakes (mostly in the brand, where nobody notices), other script, other width, blanks."""
    draw = dice.random() / sloppy
    start = max(text.find(brand), 0) if brand and dice.chance(0.7) else 0
    end = min(start + len(brand), len(text)) if start or text.startswith(brand) else len(text)
    if draw < 0.028:
        changed = mishear(text, dice, start, max(end, start + 1))
        marks.update({"homophone"} if changed != text else ())
        text = changed
    elif draw < 0.042:
        changed = misread(text, dice, start, end)
        marks.update({"look_alike"} if changed != text else ())
        text = changed
    elif draw < 0.053 and len(text) > 4:
        at = dice.number(1, len(text) - 2)
        pair = (
            text[at + 1] + text[at]
            if dice.chance(0.4)
            else text[at]
            if dice.chance(0.6)
            else text[at] * 2 + text[at + 1]
        )
        marks.add("slip")
        text = text[:at] + pair + text[at + 2 :]
    draw = dice.random() / sloppy
    if draw < 0.016:
        changed = traditional(text)
        marks.update({"traditional"} if changed != text else ())
        text = changed
    elif draw < 0.03:
        marks.add("blanks")
        at = dice.number(1, max(1, len(text) - 1))
        text = dice.pick((f" {text}", f"{text} ", f"{text[:at]} {text[at:]}", f"{text[:at]}　{text[at:]}"))
    elif draw < 0.04 and any(char.isascii() for char in text):
        marks.add("full_width")
        text = full_width(text)
    return text


def _misname_other(dice: Dice, company: Company, habit: Habit, marks: Marks) -> tuple[str, Marks]:
    """Names without Chinese parts: companies abroad, public bodies."""
    text = company.name
    if company.kind != "foreign":
        if dice.chance(habit.short):
            marks.add("short_name")
            assert company.address is not None
            bare = text.removeprefix(company.address.place.city_name).removeprefix(company.address.place.county)
            text = short_name(company.address.place.city_name) + bare.replace("人民医院", "医院")
        return _misspell(dice, text, "", habit.sloppy, marks), marks
    words = text.split(" ")
    if dice.chance(habit.short):
        marks.add("short_name")
        text = " ".join(words[:2]) if dice.chance(0.7) else words[0]
    elif dice.chance(0.06 * habit.sloppy):
        marks.add("form_abbreviated")
        text = (
            text.replace("GmbH", "Gmbh").replace(" Co., Ltd.", " Co Ltd").replace(" Limited", " Ltd").replace(".", "")
        )
    draw = dice.random() / habit.sloppy
    if draw < 0.12:
        marks.add("case")
        text = text.upper() if dice.chance(0.8) else text.lower()
    elif draw < 0.14:
        marks.add("full_width")
        text = full_width(text)
    elif draw < 0.17 and len(text) > 6:
        at = dice.number(2, len(text) - 3)
        marks.add("slip")
        text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    elif draw < 0.19:
        marks.add("blanks")
        text = text.replace(" ", "  ", 1)
    return text, marks


def miscode(dice: Dice, company: Company, habit: Habit, others: list[Company]) -> tuple[str, Marks]:
    """The credit code as this system has it: none, wrong, the old tax number, or right in some notation.

    Half of the wrong ones fail the check; the other half are valid codes of somebody else: of the head office, of the
    company entered before.
    """
    code = company.credit_code
    draw = dice.random()
    if draw < habit.wrong_code and code:
        if draw < habit.wrong_code / 2:
            return spoil(code, dice), {"bad_code"}
        other = next((one for one in others if one.id in (company.head, company.group)), None) or dice.pick(others)
        if other.credit_code and other.id != company.id:
            return other.credit_code, {"strangers_code"}
    if not code or dice.chance(0.6 if company.kind == "individual" else habit.no_code):
        if dice.chance(0.02):
            return dice.pick(("无", "待补", "000000000000000000", "N/A", "/", "暂无")), {"no_code", "placeholder_code"}
        return "", {"no_code"}
    if dice.chance(habit.old_code):
        return tax_number(code), {"old_code"}
    draw = dice.random()
    if draw < 0.012:
        return code.lower(), set()
    if draw < 0.024:
        return f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:]}", set()
    if draw < 0.030:
        return full_width(code), set()
    if draw < 0.036:
        return f"{code} ", set()
    return code, set()


def misdial(dice: Dice, company: Company, habit: Habit) -> tuple[str, Marks]:
    """What stands in the telephone field; empty when nobody filled it in."""
    if not dice.chance(habit.tel):
        return "", set()
    draw = dice.random()
    if draw < 0.012:
        return dice.pick(("无", "0000000", "11111111", "88888888", "12345678", "-")), {"placeholder_phone"}
    if draw < 0.075 and company.address:
        return phone.write_fixed(dice, phone.fixed(dice, company.address.place)), {"stale_phone"}
    if company.country != "CN":
        return company.service, set()
    if company.service and draw < 0.25:
        return phone.write_service(dice, company.service), set()
    marks: Marks = {"switchboard"} if company.board else set()
    if not company.lines:
        return (phone.write_mobile(dice, company.mobile), marks) if company.mobile and draw < 0.7 else ("", set())
    line = dice.skewed(company.lines, 2.0)
    extension = str(dice.number(1, 8)) + dice.digits(2) if dice.chance(0.06) else ""
    text = phone.write_fixed(dice, line, extension)
    if len(company.lines) > 1 and not extension and dice.chance(0.12):
        text += dice.pick(("/", "、", ";", ",")) + company.lines[-1][1]
    return text, marks
