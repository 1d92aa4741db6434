"""How Tianyancha writes a company: search lines, the registry face with and without contacts, changes.

Times are epoch milliseconds at midnight in Beijing, negative before 1970, null where there is none. Whether a number is
a number or a text differs from interface to interface.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from goldbridge.simulators.world import Company
from goldbridge.simulators.world.code import register_number
from goldbridge.simulators.world.dice import Dice, fingerprint
from goldbridge.simulators.world.division import short_name
from goldbridge.simulators.world.vocabulary import industry_names

_BEIJING = timezone(timedelta(hours=8))
_BASES = {"11": "bj", "31": "sh", "32": "js", "33": "zj", "37": "sd", "44": "gd"}
_STAFF = ("小于50人", "50-99人", "100-499人", "500-999人", "1000-4999人")


def number(company: Company) -> int:
    """The vendor's id: larger than 32 bits."""
    return 2**32 + fingerprint("tyc", company.credit_code) % 10**10


def search_line(company: Company, word: str) -> dict[str, Any]:
    """What matched stands between <em> tags."""
    name = company.name.replace(word, f"<em>{word}</em>") if word in company.name else f"<em>{company.name}</em>"
    return {
        "id": number(company),
        "name": name,
        "base": short_name(company.address.place.province) if company.address else "",
        "regStatus": company.status_text,
        "estiblishTime": _ms(company.founded),
        "legalPersonName": company.operator,
        "regCapital": company.capital_text.replace("元人民币", "人民币"),
        "creditCode": company.credit_code,
        "regNumber": _register_number(company),
        "orgNumber": company.credit_code[8:17],
        "type": 1,
        "companyType": 1,
        "matchType": "公司名称匹配",
    }


def face(company: Company, *, contacts: bool, text_numbers: bool = False) -> dict[str, Any]:
    """The registry face; some interfaces write their numbers as text."""
    place, names, code = company.address.place if company.address else None, industry_names(), company.industry
    former = [each.name for each in company.former]
    identity: Any = str(number(company)) if text_numbers else number(company)
    row: dict[str, Any] = {
        "id": identity,
        "name": company.name,
        "alias": company.parts.brand if company.parts else None,
        "historyNames": ";".join(former) or None,
        "historyNameList": former or None,
        "regStatus": company.status_text,
        "regCapital": company.capital_text.replace("元人民币", "人民币"),
        "regCapitalCurrency": "人民币",
        "actualCapital": None,
        "estiblishTime": _ms(company.founded),
        "fromTime": _ms(company.founded),
        "toTime": None,
        "approvedTime": _ms(company.founded),
        "updateTimes": _ms("2026-09-29"),
        "cancelDate": None,
        "cancelReason": None,
        "revokeDate": None,
        "revokeReason": None,
        "regInstitute": f"{place.county or place.city_name}市场监督管理局" if place else "",
        "regLocation": company.address.text if company.address else "",
        "businessScope": f"{names.get(code, '一般经营项目')}",
        "regNumber": _register_number(company),
        "creditCode": company.credit_code,
        "orgNumber": company.credit_code[8:17],
        "taxNumber": company.credit_code,
        "companyOrgType": "有限责任公司分公司" if company.head else "有限责任公司",
        "industry": names.get(code[:3], "") if code else "",
        "industryAll": _industry(company),
        "base": _BASES.get(company.region[:2], "zj"),
        "city": place.city_name if place else "",
        "district": place.county if place else "",
        "staffNumRange": _STAFF[fingerprint("staff", company.id) % len(_STAFF)],
        "socialStaffNum": None,
        "isMicroEnt": 1 if company.capital_cny < 5_000_000 else 0,
        "percentileScore": fingerprint("score", company.id) % 10_000,
        "tags": "存续" if company.status == "ACTIVE" else "",
        "property3": company.english or None,
        "type": 1,
        "legalPersonName": company.operator,
    }
    if contacts:
        row["phoneNumber"] = "-".join(company.lines[0]) if company.lines else company.mobile
        row["email"] = company.email or None
        row["websiteList"] = f"www.{company.domain}" if company.domain else None
    return row


def changes(company: Company) -> list[dict[str, Any]]:
    """Former names, the latest first."""
    names = [*(former.name for former in company.former), company.name]
    found = [
        {
            "changeItem": "名称变更",
            "createTime": former.changed_on,
            "changeTime": former.changed_on,
            "contentBefore": f"<em>{former.name}</em>",
            "contentAfter": f"<em>{names[at + 1]}</em>",
        }
        for at, former in enumerate(company.former)
    ]
    return found[::-1]


def _industry(company: Company) -> dict[str, str] | None:
    names, code = industry_names(), company.industry
    if company.head or not code:
        return None
    levels = {
        "category": names[code[0]],
        "categoryBig": names[code[:3]],
        "categoryMiddle": names.get(code[:4], ""),
        "categorySmall": names.get(code[:5], ""),
    }
    codes = (("First", code[0]), ("Second", code[1:3]), ("Third", code[1:4]), ("Fourth", code[1:5]))
    return levels | {f"categoryCode{level}": part for level, part in codes}


def _register_number(company: Company) -> str:
    return register_number(Dice("register", company.id), company.credit_code[2:8])


def _ms(day: str) -> int | None:
    if not day:
        return None
    return int(datetime.fromisoformat(day).replace(tzinfo=_BEIJING).timestamp() * 1000)
