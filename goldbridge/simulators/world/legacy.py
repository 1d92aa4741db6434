"""The old CRM: who typed which customer, how often, and with what in the columns.

Columns are those of the tables in ../sql.py; all values are text or None, times naive in Shanghai.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from goldbridge.simulators.world.address import Address, decorate, write_region, write_street
from goldbridge.simulators.world.company import Company, Person
from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.division import short_name
from goldbridge.simulators.world.founding import person_name
from goldbridge.simulators.world.mistake import LEGACY, Marks
from goldbridge.simulators.world.moment import before, between, in_office, local_text
from goldbridge.simulators.world.sighting import Sighting, see
from goldbridge.simulators.world.vocabulary import industry_names

Row = dict[str, str | None]

_SECOND_ENTRY = 0.075
_SLOPPY_INDUSTRY = {
    "A": ("农业", "种植养殖", "农林牧渔"),
    "C": ("制造业", "制造", "工业", "生产型企业", "机械制造"),
    "E": ("建筑业", "工程", "建筑工程"),
    "F": ("批发零售", "贸易", "商贸", "经销商"),
    "G": ("物流", "运输", "物流仓储"),
    "I": ("IT", "互联网", "软件", "信息技术"),
    "J": ("金融", "投资"),
    "K": ("房地产", "物业"),
    "L": ("商务服务", "服务业", "咨询"),
    "M": ("科研", "技术服务", "科技"),
    "N": ("环保", "公用事业"),
    "P": ("教育", "培训"),
    "Q": ("医疗", "医院", "卫生"),
    "R": ("文化传媒", "文化"),
}
_IMPORTS = (410, 97, 1203, 33)
"""Days ago of the nights when many rows were touched by one script: one and the same UPDATED_AT for all of them."""


@dataclass(slots=True)
class Entry:
    """One customer row with the company it really is about, and what is wrong with it."""

    company: Company
    row: Row
    marks: Marks
    created_at: datetime


@dataclass(slots=True)
class LegacyCrm:
    """All customers and contacts; contracts are added by paper.py."""

    entries: list[Entry] = field(default_factory=list)
    contacts: list[tuple[Row, Person]] = field(default_factory=list)


def sales_people(seed: int, customers: int) -> list[str]:
    """Owners of customers, and later originators of approvals."""
    dice = Dice(seed, "sales")
    return [person_name(dice) for _ in range(min(60, 8 + customers // 100))]


def enter(seed: int, companies: list[Company], as_of: datetime, owners: list[str]) -> LegacyCrm:
    """Every customer and dealer as the old CRM knows it; some twice. Keys follow the order of creation."""
    crm = LegacyCrm()
    known: list[Company] = companies[:1]
    by_id = {company.id: company for company in companies}
    for company in companies:
        if not company.roles & {"customer", "dealer"}:
            continue
        dice = Dice(seed, "legacy", company.id)
        others = [by_id[other] for other in (company.head, company.group) if other]
        others.append(dice.pick(known[-200:]))
        for kind in _entries(dice, company):
            crm.entries.append(_entry(dice, company, kind, as_of, owners, others, again=_entered(crm, company)))
        known.append(company)
    crm.entries.sort(key=lambda entry: (entry.created_at, entry.company.id))
    for number, entry in enumerate(crm.entries, 1):
        entry.row["CUST_ID"] = f"C{number:06d}"
    _add_contacts(seed, crm, as_of)
    return crm


def _entered(crm: LegacyCrm, company: Company) -> bool:
    """Whether the company was the last one entered (companies are entered one after the other)."""
    return bool(crm.entries) and crm.entries[-1].company is company


def _entries(dice: Dice, company: Company) -> list[str]:
    """CUST_TYPE of each of the company's rows."""
    if company.roles >= {"customer", "dealer"}:
        kinds = ["1", "2"] if dice.chance(0.75) else [dice.pick("12")]
    else:
        kinds = ["2" if "dealer" in company.roles else "1"]
    if dice.chance(_SECOND_ENTRY):
        kinds.append(kinds[0])
        if dice.chance(0.08):
            kinds.append(kinds[0])
    return kinds


def _entry(
    dice: Dice, company: Company, kind: str, as_of: datetime, owners: list[str], others: list[Company], *, again: bool
) -> Entry:
    sighting = see(dice, company, LEGACY, others)
    created_at = in_office(dice, before(dice, as_of, 3400, 0.8), as_of)
    updated_at = between(dice, created_at, as_of) if dice.chance(0.7) else created_at
    if dice.chance(0.06):
        night = as_of.replace(hour=18, minute=0, second=0) - timedelta(days=dice.pick(_IMPORTS))
        updated_at = max(night, created_at)
    if again:
        sighting.marks.add("entered_twice")
    province, city, district, line = _address(dice, sighting)
    capital, unit = _capital(dice, company)
    stopped = company.status not in ("ACTIVE", "MOVED_OUT") and dice.chance(0.6)
    row: Row = {
        "CUST_ID": "",
        "CUST_NAME": sighting.name,
        "CUST_TYPE": kind,
        "CREDIT_CODE": sighting.code,
        "TEL": sighting.tel,
        "MOBILE": sighting.mobile,
        "EMAIL": sighting.email,
        "WEBSITE": sighting.website,
        "PROVINCE": province,
        "CITY": city,
        "DISTRICT": district,
        "ADDRESS": line,
        "INDUSTRY": _industry(dice, company),
        "CAPITAL": capital,
        "CAPITAL_UNIT": unit,
        "STATUS": "0" if stopped or dice.chance(0.03) else "1",
        "OWNER_NAME": dice.pick(owners),
        "IS_DELETED": "1" if dice.chance(0.08 if again else 0.01) else "0",
        "CREATED_AT": local_text(created_at),
        "UPDATED_AT": local_text(updated_at),
    }
    if dice.chance(0.3):
        row = {column: value or None for column, value in row.items()}
    return Entry(company, row, sighting.marks, created_at)


def _address(dice: Dice, sighting: Sighting) -> tuple[str, str, str, str]:
    """PROVINCE, CITY, DISTRICT, ADDRESS: in columns, in one line, in both, or in part."""
    company, address = sighting.company, sighting.address
    if company.address is None:
        return "", "", "", company.abroad if dice.chance(LEGACY.address) else ""
    if address is None:
        if dice.chance(0.4):
            province, city, _ = _columns(dice, company.address)
            return province, city, "", ""
        return "", "", "", ""
    year = 2005 + dice.number(0, 20)
    draw = dice.random()
    street = write_street(dice, address)
    if draw < 0.52:
        province, city, district = _columns(dice, address)
        return province, city, district, decorate(dice, street)
    if draw < 0.66:
        province, city, district = _columns(dice, address)
        return province, city, district, decorate(dice, write_region(dice, address.place, year) + street)
    if draw < 0.90:
        return "", "", "", decorate(dice, write_region(dice, address.place, year) + street)
    province, city, _ = _columns(dice, address)
    return province, city, "", decorate(dice, (address.place.county if dice.chance(0.5) else "") + street)


def _columns(dice: Dice, address: Address) -> tuple[str, str, str]:
    place = address.place
    province, city, county = place.province, place.city, place.county
    if place.municipality:
        city = dice.pick((place.province, place.province, place.province, "市辖区", ""))
    elif not city:
        city = dice.pick((county, "省直辖县级行政区划", ""))
    if dice.chance(0.12):
        province, city = short_name(province), short_name(city) if city else city
    if dice.chance(0.18):
        county = ""
    if dice.chance(0.05):
        province = ""
    return province, city, county


def _industry(dice: Dice, company: Company) -> str:
    if not company.industry or dice.chance(0.38):
        return ""
    names = industry_names()
    draw = dice.random()
    if draw < 0.30:
        return names[company.industry]
    if draw < 0.60:
        return names.get(company.industry[:3], names[company.industry])
    if draw < 0.68:
        return names[company.industry[0]]
    if draw < 0.72:
        return company.industry if dice.chance(0.5) else company.industry[1:]
    return dice.pick(_SLOPPY_INDUSTRY.get(company.industry[0], (names[company.industry[0]],)))


def _capital(dice: Dice, company: Company) -> tuple[str, str]:
    """CAPITAL and CAPITAL_UNIT; now and then the unit is the wrong one."""
    if not company.capital_cny or not dice.chance(0.7):
        return "", ""
    ten_thousands = company.capital_cny // 10_000
    if dice.chance(0.78):
        text = str(ten_thousands)
        if dice.chance(0.05):
            text = f"{ten_thousands:,}" if dice.chance(0.5) else f"{ten_thousands}.00"
        return text, "万元" if not dice.chance(0.005) else "元"
    text = str(company.capital_cny)
    return (f"{text}.00" if dice.chance(0.2) else text), "元"


def _add_contacts(seed: int, crm: LegacyCrm, as_of: datetime) -> None:
    number = 0
    for entry in crm.entries:
        dice = Dice(seed, "contacts", entry.row["CUST_ID"])
        for person in entry.company.people:
            if not dice.chance(0.72):
                continue
            for _ in range(2 if dice.chance(0.02) else 1):
                number += 1
                crm.contacts.append((_contact(dice, entry, person, number, as_of), person))


def _contact(dice: Dice, entry: Entry, person: Person, number: int, as_of: datetime) -> Row:
    name = person.name
    if dice.chance(0.08) and entry.company.country == "CN":
        name = name[:1] + dice.pick(("总", "经理", "先生", "女士", "工"))
    return {
        "CONTACT_ID": f"L{number:06d}",
        "CUST_ID": entry.row["CUST_ID"],
        "NAME": name,
        "MOBILE": person.mobile if dice.chance(0.82) else "",
        "EMAIL": person.email if dice.chance(0.7) else "",
        "TITLE": person.title if dice.chance(0.6) else "",
        "IS_DELETED": "1" if entry.row["IS_DELETED"] == "1" or dice.chance(0.01) else "0",
        "UPDATED_AT": local_text(between(dice, entry.created_at, as_of)),
    }
