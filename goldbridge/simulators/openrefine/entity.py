"""The entities a pretend reconciliation service knows, and how it scores a question against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.simulators.world import Company
from goldbridge.simulators.world.registry import folded

TYPES = {"customer": "Customer", "dealer": "Dealer", "supplier": "Supplier"}
PROPERTIES = {"uscc": "Credit code", "city": "City", "status": "Status", "capital": "Capital", "founded": "Founded"}


def identity(company: Company) -> str:
    return f"GR-{int(''.join(char for char in company.id if char.isdigit())):06d}"


def kinds(company: Company) -> list[dict[str, str]]:
    return [{"id": role, "name": TYPES[role]} for role in sorted(company.roles) if role in TYPES]


def city_of(company: Company) -> str:
    return company.address.place.city_name if company.address else ""


def cells(company: Company, name: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values of one property: text, number, date or another entity, an empty list where there is none."""
    match name:
        case "uscc":
            found: list[dict[str, Any]] = [{"str": company.credit_code}] if company.credit_code else []
        case "city":
            found = [{"id": company.region, "name": city_of(company)}] if company.address else []
        case "status":
            found = [{"bool": company.status == "ACTIVE"}, {"str": company.status_text}]
        case "capital":
            found = [{"float": company.capital_cny / 100}] if company.capital_cny else []
        case "founded":
            found = [{"date": f"{company.founded}T00:00:00Z"}] if company.founded else []
        case _:
            found = []
    limit = int(settings.get("limit") or 0)
    return found[:limit] if limit else found


def scored(company: Company, query: str, properties: list[tuple[str, list[str]]]) -> tuple[float, dict[str, Any]]:
    """0 to 100, and the features it comes from."""
    key, name = folded(query), folded(company.name)
    pairs = {key[at : at + 2] for at in range(len(key) - 1)} or {key}
    likeness = sum(pair in name for pair in pairs) / len(pairs) if key else 0.0
    if key and key == name:
        likeness = 1.0
    said = dict(properties)
    features: dict[str, Any] = {"name_sim": round(likeness, 2)}
    score = likeness * 90
    if codes := said.get("uscc"):
        features["uscc_equal"] = company.credit_code in codes
        score = 100.0 if features["uscc_equal"] else score * 0.8
    if cities := said.get("city"):
        features["city_equal"] = city_of(company) in cities
        score = min(100.0, score + 5) if features["city_equal"] else score * 0.9
    return round(score, 1), features
