"""How the map service writes its answers: geocodes, reverse geocodes and the district tree.

All numbers are strings, and what is empty is `[]`.
"""

from __future__ import annotations

from typing import Any

from goldbridge.simulators.world.division import Division, city_point, divisions, short_name
from goldbridge.simulators.world.gazetteer import Finding


def geocode(finding: Finding) -> dict[str, Any]:
    place = finding.place
    holder = place or next(each for each in divisions().values() if each.code[:2] == finding.code[:2])
    in_city = place is not None or not finding.code.endswith("0000") or holder.municipality
    if place is None and in_city and not holder.municipality:
        holder = next(each for each in divisions().values() if each.city_code == finding.code)
    city = holder.province if holder.municipality else holder.city
    return {
        "formatted_address": finding.formatted,
        "country": "中国",
        "province": holder.province,
        "citycode": (holder.area_code if in_city else "") or [],
        "city": (city if in_city else "") or [],
        "district": (place.county if place else "") or [],
        "township": finding.town or [],
        "neighborhood": {"name": [], "type": []},
        "building": {"name": [], "type": []},
        "adcode": finding.code,
        "street": finding.street or [],
        "number": f"{finding.number}号" if finding.number else [],
        "location": finding.point,
        "level": finding.level,
    }


def nothing() -> dict[str, Any]:
    """The place holder of a batch for an address without an answer."""
    names = (
        "formatted_address",
        "country",
        "province",
        "citycode",
        "city",
        "district",
        "township",
        "adcode",
        "location",
    )
    return {name: [] for name in names} | {"level": []}


def regeocode(lng: float, lat: float) -> dict[str, Any]:
    """The nearest county; municipalities and counties directly under a province have no city here."""
    nearest = min(divisions().values(), key=lambda place: ((place.lng - lng) ** 2 + (place.lat - lat) ** 2, place.code))
    if abs(nearest.lng - lng) > 3 or abs(nearest.lat - lat) > 3:  # the sea, or abroad
        component: dict[str, Any] = {
            "country": [], "province": [], "city": [], "citycode": [], "district": [], "adcode": [], "township": [],
            "towncode": [], "streetNumber": {"street": [], "number": [], "direction": [], "distance": []},
            "businessAreas": [[]],
        }  # fmt: skip
        return {"formatted_address": [], "addressComponent": component}
    component = {
        "country": "中国",
        "province": nearest.province,
        "city": nearest.city or [],
        "citycode": nearest.area_code,
        "district": nearest.county or [],
        "adcode": nearest.code,
        "township": [],
        "towncode": [],
        "streetNumber": {"street": [], "number": [], "direction": [], "distance": []},
        "businessAreas": [[]],
    }
    return {"formatted_address": nearest.province + nearest.city + nearest.county, "addressComponent": component}


def find_districts(keyword: str, depth: int) -> list[dict[str, Any]]:
    """Every district of that name or code, with `depth` levels below it."""
    if keyword in ("中国", "100000"):
        provinces = sorted({place.code[:2] + "0000" for place in divisions().values()})
        below = [_district_of(code, depth - 1) for code in provinces] if depth else []
        return [_district_row([], "100000", "中华人民共和国", "116.300000,39.900000", "country", below)]
    codes: set[str] = set()
    for place in divisions().values():
        levels = (
            (place.code[:2] + "0000", place.province),
            (place.city_code, place.city_name),
            (place.code, place.county),
        )
        codes |= {code for code, name in levels if name and keyword in (code, name, short_name(name))}
    return [_district_of(code, depth) for code in sorted(codes)]


def _district_of(code: str, depth: int) -> dict[str, Any]:
    places = divisions()
    inside = [place for place in places.values() if place.code == code or _within(code, place)]
    first = inside[0]
    below: list[dict[str, Any]] = []
    area: str | list[Any] = first.area_code
    if code.endswith("0000"):
        name, level = first.province, "province"
        area = area if first.municipality else []
        if depth and first.municipality:
            below = [_district_of(place.code, depth - 1) for place in inside]
        elif depth:
            below = [_district_of(city, depth - 1) for city in sorted({place.city_code for place in inside})]
        point = city_point(code)
    elif code in places and places[code].county:
        name, level = first.county, "district"
        point = f"{first.lng:.6f},{first.lat:.6f}"
    else:
        name, level = first.city, "city"
        below = [_district_of(place.code, depth - 1) for place in inside if place.code != code] if depth else []
        point = city_point(code)
    return _district_row(area, code, name, point, level, below)


def _within(code: str, place: Division) -> bool:
    return place.code[:2] == code[:2] if code.endswith("0000") else place.city_code == code


def _district_row(
    area: str | list[Any], code: str, name: str, point: str, level: str, below: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"citycode": area, "adcode": code, "name": name, "center": point, "level": level, "districts": below}
