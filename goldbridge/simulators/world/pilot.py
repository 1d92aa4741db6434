"""What the pilot team typed into the new CRM before anything was connected: about 5 % of the companies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goldbridge.simulators.world.address import write_street
from goldbridge.simulators.world.company import Company, Person
from goldbridge.simulators.world.dice import Dice, fingerprint
from goldbridge.simulators.world.mistake import PILOT, Marks
from goldbridge.simulators.world.moment import before, between, epoch_ms
from goldbridge.simulators.world.sighting import see

SHARE = 0.05

Pilot = list[tuple[str, dict[str, Any], Company, Person | None, Marks]]
"""(object name, row, company, person for contacts, marks)."""


def enter(seed: int, companies: list[Company], as_of: datetime) -> Pilot:
    """Accounts, partners and contacts of the new CRM; a company with two roles stands in two objects."""
    found: Pilot = []
    known: list[Company] = companies[:1]
    by_id = {company.id: company for company in companies}
    for company in companies:
        dice = Dice(seed, "pilot", company.id)
        if not company.roles & {"customer", "dealer"} or not dice.chance(SHARE):
            continue
        others = [by_id[other] for other in (company.head, company.group) if other]
        others.append(dice.pick(known[-50:]))
        known.append(company)
        for role, name in (("customer", "AccountObj"), ("dealer", "PartnerObj")):
            if role in company.roles:
                _enter_one(dice, seed, found, name, company, as_of, others)
    return found


def _enter_one(
    dice: Dice, seed: int, found: Pilot, name: str, company: Company, as_of: datetime, others: list[Company]
) -> None:
    row, marks = _account(dice, company, as_of, others)
    row["_id"] = record_id(seed, name, company.id)
    found.append((name, row, company, None, marks))
    lookup = "account_id" if name == "AccountObj" else "partner_id"
    for person in company.people[:2]:
        if dice.chance(0.5):
            contact = {
                "_id": record_id(seed, name, person.id),
                "name": person.name,
                "mobile": person.mobile if dice.chance(0.85) else "",
                "email": person.email if dice.chance(0.7) else "",
                "job_title": person.title if dice.chance(0.6) else "",
                lookup: row["_id"],
                "owner": row["owner"],
                "create_time": row["create_time"],
                "last_modified_time": row["last_modified_time"],
            }
            found.append(("ContactObj", _filled(contact), company, person, set()))


def _account(dice: Dice, company: Company, as_of: datetime, others: list[Company]) -> tuple[dict[str, Any], Marks]:
    sighting = see(dice, company, PILOT, others)
    created_at = before(dice, as_of, 100)
    row: dict[str, Any] = {
        "name": sighting.name,
        "uniform_social_credit_code": sighting.code,
        "tel": sighting.tel,
        "email": sighting.email,
        "url": sighting.website,
        "country": "CN" if company.country == "CN" else "",
        "industry_code__c": company.industry if company.industry and dice.chance(0.4) else "",
        "reg_status__c": company.status if dice.chance(0.3) else "",
        "capital__c": f"{company.capital_cny}.00" if company.capital_cny and dice.chance(0.35) else "",
        "account_status__c": "active" if company.status in ("ACTIVE", "MOVED_OUT") else "inactive",
        "owner": [str(1001 + dice.number(0, 2))],
        "create_time": epoch_ms(created_at),
        "last_modified_time": epoch_ms(between(dice, created_at, as_of)),
    }
    address = sighting.address
    if company.address is None:
        row["address"] = company.abroad if dice.chance(PILOT.address) else ""
    elif address is not None:
        code = address.place.code
        row["province"] = code[:2] + "0000"
        if dice.chance(0.85):
            row["city"] = code[:2] + "0100" if address.place.municipality else address.place.city_code
            row["district"] = code if address.place.county and dice.chance(0.85) else ""
        row["address"] = write_street(dice, address)
        if dice.chance(0.35):
            lng, lat = address.point.split(",")
            row["location"] = f"{lng}#%${lat}#%${address.text}"
    return _filled(row), sighting.marks


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Fields nobody filled in are missing, as in the vendor's own answers."""
    return {field: value for field, value in row.items() if value}


def record_id(seed: int, name: str, key: str) -> str:
    """24 hexadecimal digits, like the vendor's own ids."""
    return f"{fingerprint(seed, name, key):016x}{fingerprint(name, key, seed) >> 32:08x}"
