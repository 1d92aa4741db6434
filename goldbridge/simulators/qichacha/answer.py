"""How the registry writes a company: fuzzy rows, the registry face, the industry block, verification, invoice data.

Notations differ from record to record as they do in the registers behind it: dates with and without a time, capital as
free text, former names as a list, an empty one, or null. They depend on the company alone.
"""

from __future__ import annotations

from typing import Any

from goldbridge.simulators.world import Company
from goldbridge.simulators.world.address import Address
from goldbridge.simulators.world.code import register_number
from goldbridge.simulators.world.dice import Dice, fingerprint
from goldbridge.simulators.world.vocabulary import industry_names

PROVINCES = {
    "11": "BJ", "12": "TJ", "13": "HB", "14": "SX", "15": "NMG", "21": "LN", "22": "JL", "23": "HLJ", "31": "SH",
    "32": "JS", "33": "ZJ", "34": "AH", "35": "FJ", "36": "JX", "37": "SD", "41": "HEN", "42": "HUB", "43": "HUN",
    "44": "GD", "45": "GX", "46": "HAIN", "50": "CQ", "51": "SC", "52": "GZ", "53": "YN", "54": "XZ", "61": "SAX",
    "62": "GS", "63": "QH", "64": "NX", "65": "XJ",
}  # fmt: skip
"""The vendor's letters for provinces, by the first two digits of a region code."""

_ECON_KINDS = {
    "个人独资": ("厂",),
    "有限合伙": ("有限合伙",),
    "股份有限公司(非上市)": ("股份有限公司",),
    "有限责任公司": ("有限责任公司", "有限公司"),
}
_STAFF_RANGES = ("小于50人", "50-99人", "100-499人", "500-999人", "1000-4999人")


def key_no(company: Company) -> str:
    """The vendor's stable id, 32 hexadecimal digits."""
    return f"{fingerprint('key', company.credit_code):016x}{fingerprint(company.credit_code, 'key'):016x}"


def fuzzy_row(company: Company) -> dict[str, Any]:
    return {
        "KeyNo": key_no(company),
        "Name": company.name,
        "CreditCode": company.credit_code,
        "StartDate": _date(company, company.founded),
        "OperName": company.operator,
        "Status": company.status_text,
        "No": _register_number(company),
        "Address": _address(company.address),
    }


def brief_row(company: Company) -> dict[str, Any]:
    """A line of the name search."""
    return {"KeyNo": key_no(company), "Name": company.name, "CreditCode": company.credit_code}


def face(company: Company, *, industry: bool, older: bool = False) -> dict[str, Any]:
    """The registry face; `older` products spell the end of the term `TeamEnd`. A branch has no industry block."""
    place = company.address.place if company.address else None
    row: dict[str, Any] = {
        "KeyNo": key_no(company),
        "Name": company.name,
        "No": _register_number(company),
        "BelongOrg": f"{place.county or place.city_name}市场监督管理局" if place else "",
        "OperId": f"p{fingerprint('person', company.operator, company.id):016x}",
        "OperName": company.operator,
        "StartDate": _date(company, company.founded),
        "EndDate": _date(company, _ended_on(company)),
        "Status": company.status_text,
        "Province": PROVINCES[company.region[:2]],
        "UpdatedDate": _date(company, "2026-08-15"),
        "CreditCode": company.credit_code,
        "RegistCapi": company.capital_text,
        "EconKind": _econ_kind(company),
        "Address": _address(company.address),
        "Scope": _scope(company),
        "TermStart": _date(company, company.founded),
        "TeamEnd" if older else "TermEnd": "",
        "CheckDate": _date(company, company.founded),
        "OrgNo": f"{company.credit_code[8:16]}-{company.credit_code[16]}",
        "IsOnStock": "0",
        "StockNumber": None,
        "StockType": None,
        "OriginalName": _former(company),
        "ImageUrl": "",
        "EntType": {"public": "11", "cooperative": "4"}.get(company.kind, "0"),
        "RecCap": company.capital_text if fingerprint("paid", company.id) % 3 == 0 else "",
        "Area": {"Province": place.province, "City": place.city_name, "County": place.county} if place else None,
        "RevokeInfo": _revoke_info(company),
    }
    if industry:
        row["Industry"] = industry_block(company)
    return row


def industry_block(company: Company) -> dict[str, str] | None:
    """The four levels of GB/T 4754; None for branches and individual businesses."""
    if company.head or company.kind == "individual" or not company.industry:
        return None
    names, code = industry_names(), company.industry
    return {
        "IndustryCode": code[0],
        "Industry": names[code[0]],
        "SubIndustryCode": code[1:3],
        "SubIndustry": names[code[:3]],
        "MiddleCategoryCode": code[1:4],
        "MiddleCategory": names.get(code[:4], ""),
        "SmallCategoryCode": code[1:5],
        "SmallCategory": names.get(code[:5], ""),
    }


def verification(company: Company) -> dict[str, Any]:
    """What the verify product adds: industry, size, coordinates."""
    lng, lat = company.point.split(",")
    staff = min(4, company.capital_cny // 20_000_000)
    return {
        "KeyNo": key_no(company),
        "Name": company.name,
        "CreditCode": company.credit_code,
        "Status": company.status_text,
        "Industry": industry_block(company),
        "PersonScope": _STAFF_RANGES[staff],
        "IsSmall": "1" if staff < 2 else "0",
        "Longitude": lng,
        "Latitude": lat,
    }


def invoice_data(company: Company) -> dict[str, Any]:
    phone = "-".join(company.lines[0]) if company.lines else company.mobile
    return {
        "Name": company.name,
        "CreditCode": company.credit_code,
        "EconKind": _econ_kind(company),
        "Status": company.status_text,
        "Address": _address(company.address),
        "Tel": phone,
        "Bank": "",
        "BankAccount": "",
    }


def introduction(company: Company) -> dict[str, Any]:
    return {"Content": f"{company.name}成立于{company.founded[:4]}年，{_scope(company)}。"}


def _date(company: Company, day: str) -> str:
    """One of the register's notations, the same for all dates of a company."""
    if not day:
        return ""
    return f"{day}T00:00:00" if fingerprint("dates", company.id) % 3 == 0 else day


def _ended_on(company: Company) -> str:
    if company.status not in ("DEREGISTERED", "REVOKED_DEREGISTERED"):
        return ""
    first = int(company.founded[:4]) + 1
    return f"{first + fingerprint('end', company.id) % max(1, 2026 - first)}-06-30"


def _register_number(company: Company) -> str:
    return register_number(Dice("register", company.id), company.credit_code[2:8])


def _address(address: Address | None) -> str:
    """Most registers print the whole address; one in six leaves the province out."""
    if address is None:
        return ""
    whole = address.text
    if fingerprint("print", whole) % 6 == 0 and not address.place.municipality:
        return whole.removeprefix(address.place.province)
    return whole


def _econ_kind(company: Company) -> str:
    if company.kind != "company":
        kinds = {
            "branch": "有限责任公司分公司",
            "individual": "个体工商户",
            "cooperative": "农民专业合作社",
            "public": "事业单位",
        }
        return kinds[company.kind]
    return next(
        (kind for kind, forms in _ECON_KINDS.items() if company.name.rstrip("）)").endswith(forms)), "有限责任公司"
    )


def _scope(company: Company) -> str:
    names = industry_names()
    return f"许可项目以外的{names.get(company.industry, '一般经营项目')}；{names.get(company.industry[:3], '')}相关业务"


def _former(company: Company) -> list[dict[str, str]] | None:
    if not company.former:
        return None if fingerprint("former", company.id) % 2 else []
    return [{"Name": former.name, "ChangeDate": _date(company, former.changed_on)} for former in company.former]


def _revoke_info(company: Company) -> dict[str, str] | None:
    day, info = _ended_on(company), {"CancelDate": "", "CancelReason": "", "RevokeDate": "", "RevokeReason": ""}
    if company.status in ("REVOKED", "REVOKED_DEREGISTERED"):
        info |= {
            "RevokeDate": _date(company, f"{int(company.founded[:4]) + 1}-03-01"),
            "RevokeReason": "未按规定公示年度报告",
        }
    elif company.status == "DEREGISTERED":
        info |= {"CancelDate": _date(company, day), "CancelReason": "决议解散"}
    else:
        return None
    return info
