"""LEI records of the world's companies: those abroad, those with an English name, and the groups they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from goldbridge.simulators.world import Company
from goldbridge.simulators.world.dice import fingerprint

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SINCE = datetime(2024, 1, 1, tzinfo=UTC)
_DAYS = 780
PREFIX = "/api/v1"


def holders(companies: Iterable[Company]) -> dict[str, str]:
    """The LEI of every company that has one, by the company's id: those abroad, with an English name, or in a group."""
    found = list(companies)
    parents = {company.group for company in found if company.group}
    return {
        company.id: lei_of(company)
        for company in found
        if company.country != "CN" or company.english or company.group or company.id in parents
    }


def lei_of(company: Company) -> str:
    """Four characters of the issuer, fourteen of the entity, two check digits."""
    mark, body = fingerprint("lei", company.id), ""
    for _ in range(12):
        mark, place = divmod(mark, 36)
        body += _LETTERS[place]
    stem = ("3003" if company.country == "CN" else "5493") + "00" + body
    return stem + check_digits(stem)


def check_digits(stem: str) -> str:
    """ISO 7064 MOD 97-10 over letters as 10..35."""
    number = int("".join(str(_LETTERS.index(char)) for char in stem + "00"))
    return f"{98 - number % 97:02d}"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(company: Company, *, parent: str = "") -> dict[str, Any]:
    """One record, without what depends on who asks."""
    lei = lei_of(company)
    mark = fingerprint("gleif", company.id)
    updated = _SINCE + timedelta(days=mark % _DAYS, seconds=mark // _DAYS % 86_400)
    chinese = company.country == "CN"
    other = [_name(company.english.upper(), "en", "ALTERNATIVE_LANGUAGE_LEGAL_NAME")] if company.english else []
    other += [_name(former.name, "zh", "PREVIOUS_LEGAL_NAME") for former in company.former]
    number = company.credit_code or f"HRB {mark % 100_000}"
    living = company.status in ("ACTIVE", "MOVED_OUT")
    where = _address(company)
    links = f"{PREFIX}/lei-records/{lei}"
    return {
        "type": "lei-records",
        "id": lei,
        "attributes": {
            "lei": lei,
            "entity": {
                "legalName": {"name": company.name, "language": "zh" if chinese else "en"},
                "otherNames": other,
                "transliteratedOtherNames": [],
                "legalAddress": where,
                "headquartersAddress": where,
                "registeredAt": {"id": "RA000177" if chinese else "RA000242", "other": None},
                "registeredAs": number,
                "jurisdiction": company.country,
                "category": "BRANCH" if company.head else "GENERAL",
                "legalForm": {"id": "ECAK" if chinese else "8888", "other": None},
                "associatedEntity": {"lei": None, "name": None},
                "status": "ACTIVE" if living else "INACTIVE",
                "expiration": {"date": None, "reason": None},
                "successorEntity": {"lei": None, "name": None},
                "successorEntities": [],
                "creationDate": f"{company.founded}T00:00:00Z" if company.founded else None,
                "subCategory": None,
                "otherAddresses": [],
                "eventGroups": [],
            },
            "registration": {
                "initialRegistrationDate": iso(_SINCE),
                "lastUpdateDate": iso(updated),
                "status": ("ISSUED", "ISSUED", "ISSUED", "LAPSED")[mark % 4] if living else "RETIRED",
                "nextRenewalDate": iso(updated + timedelta(days=365)),
                "managingLou": "300300A1BXVXWGSAMP00",
                "corroborationLevel": "FULLY_CORROBORATED",
                "validatedAt": {"id": "RA000177" if chinese else "RA000242", "other": None},
                "validatedAs": number,
                "otherValidationAuthorities": [],
            },
            "bic": None,
            "conformityFlag": "CONFORMING",
        },
        "relationships": {
            "direct-parent": {"links": _parent_links(links, "direct-parent", parent)},
            "ultimate-parent": {"links": _parent_links(links, "ultimate-parent", parent)},
            "isins": {"links": {"related": f"{links}/isins"}},
        },
        "links": {"self": links},
    }


def _parent_links(links: str, kind: str, parent: str) -> dict[str, str]:
    if not parent:
        return {"reporting-exception": f"{links}/{kind}-reporting-exception"}
    return {"lei-record": f"{links}/{kind}", "relationship-record": f"{links}/{kind}-relationship"}


def _name(name: str, language: str, kind: str) -> dict[str, str]:
    return {"name": name, "language": language, "type": kind}


def _address(company: Company) -> dict[str, Any]:
    place = company.address.place if company.address else None
    lines = [company.address.street if company.address else company.abroad]
    return {
        "language": "zh" if place else "en",
        "addressLines": lines,
        "addressNumber": None,
        "addressNumberWithinBuilding": None,
        "mailRouting": None,
        "city": place.city_name if place else company.abroad.rpartition(", ")[2],
        "region": f"CN-{place.code[:2]}" if place else None,
        "country": company.country,
        "postalCode": None,
    }
