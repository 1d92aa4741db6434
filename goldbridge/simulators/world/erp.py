"""The ERP's partners: names as on invoices, one line of address, times in UTC."""

from __future__ import annotations

from datetime import datetime

from goldbridge.simulators.world.address import decorate, write_region, write_street
from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.legacy import Entry, Row
from goldbridge.simulators.world.mistake import ERP
from goldbridge.simulators.world.moment import before, between, utc_text
from goldbridge.simulators.world.phone import write_mobile
from goldbridge.simulators.world.sighting import Sighting, see

OVERLAP = 0.70
"""Share of the CRM's companies that do business through the ERP."""


def enter(seed: int, companies: list[Company], as_of: datetime) -> list[Entry]:
    """One row per company the ERP deals with, a second one for those that are also suppliers."""
    entries: list[Entry] = []
    known: list[Company] = companies[:1]
    by_id = {company.id: company for company in companies}
    for company in companies:
        dice = Dice(seed, "erp", company.id)
        if "supplier" not in company.roles and not (company.roles and dice.chance(OVERLAP)):
            continue
        others = [by_id[other] for other in (company.head, company.group) if other]
        others.append(dice.pick(known[-200:]))
        entries += [_entry(dice, company, kind, as_of, others) for kind in _kinds(dice, company)]
        known.append(company)
    entries.sort(key=lambda entry: (entry.created_at, entry.company.id))
    for number, entry in enumerate(entries, 1):
        entry.row["FNUMBER"] = f"BP{number:06d}"
    return entries


def _kinds(dice: Dice, company: Company) -> list[str]:
    if "supplier" in company.roles:
        return ["V"]
    kinds = ["A" if "dealer" in company.roles else "C"]
    if dice.chance(0.03):
        kinds.append("V")
    return kinds


def _entry(dice: Dice, company: Company, kind: str, as_of: datetime, others: list[Company]) -> Entry:
    sighting = see(dice, company, ERP, others)
    created_at = before(dice, as_of, 3000, 0.8)
    touched_at = between(dice, created_at, as_of)
    gone = company.status not in ("ACTIVE", "MOVED_OUT") and dice.chance(0.7)
    phone = sighting.tel
    if not phone and company.mobile and dice.chance(0.15):
        phone = write_mobile(dice, company.mobile)
    row: Row = {
        "FNUMBER": "",
        "FNAME": sighting.name,
        "FTYPE": kind,
        "FTAXNO": sighting.code,
        "FPHONE": phone,
        "FADDRESS": _address(dice, sighting),
        "FCAPITAL": _capital(dice, company),
        "FSTATUS": "F" if gone or dice.chance(0.02) else "A",
        "FMODIFYTIME": utc_text(touched_at),
    }
    if dice.chance(0.5):
        row = {column: value or None for column, value in row.items()}
    return Entry(company, row, sighting.marks, created_at)


def _address(dice: Dice, sighting: Sighting) -> str:
    if sighting.company.address is None:
        return sighting.company.abroad if dice.chance(ERP.address) else ""
    if sighting.address is None:
        return ""
    region = write_region(dice, sighting.address.place, 2005 + dice.number(0, 20))
    return decorate(dice, region + write_street(dice, sighting.address))


def _capital(dice: Dice, company: Company) -> str:
    if not company.capital_cny or not dice.chance(0.45):
        return ""
    return f"{company.capital_cny}.00" if dice.chance(0.3) else str(company.capital_cny)
