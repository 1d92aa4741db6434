"""How Tencent writes what the gazetteer knows. Numbers are numbers; the forward answer says `address_components`, the
reverse one `address_component`."""

from __future__ import annotations

from typing import Any

from goldbridge.simulators.world.division import Division, divisions
from goldbridge.simulators.world.gazetteer import Finding

_LEVELS = {
    # level of the world -> (Tencent's level, reliability)
    "省": (-1, 1),
    "市": (1, 1),
    "区县": (2, 3),
    "乡镇": (3, 5),
    "村庄": (4, 6),
    "开发区": (5, 5),
    "道路": (7, 6),
    "门牌号": (9, 7),
    "兴趣点": (11, 9),
}


def located(finding: Finding) -> dict[str, Any]:
    lng, lat = (float(part) for part in finding.point.split(","))
    holder = finding.place or next(each for each in divisions().values() if _holds(finding.code, each))
    level, reliability = _LEVELS.get(finding.level, (-1, 1))
    known_city = finding.place is not None or not finding.code.endswith("0000") or holder.municipality
    number = f"{finding.number}号" if finding.number else ""
    return {
        "title": finding.street + number or (holder.county if finding.place else holder.city_name),
        "location": {"lat": lat, "lng": lng},
        "ad_info": {"adcode": finding.code},
        "address_components": {
            "province": holder.province,
            "city": holder.city_name if known_city else "",
            "district": holder.county if finding.place else "",
            "street": finding.street,
            "street_number": number,
        },
        "similarity": 0.8,
        "deviation": 1000,
        "reliability": reliability,
        "level": level,
    }


def place_at(lng: float, lat: float) -> dict[str, Any] | None:
    """The nearest county; None in the sea or abroad."""
    nearest = min(divisions().values(), key=lambda place: ((place.lng - lng) ** 2 + (place.lat - lat) ** 2, place.code))
    if abs(nearest.lng - lng) > 3 or abs(nearest.lat - lat) > 3:
        return None
    names = {"province": nearest.province, "city": nearest.city_name, "district": nearest.county}
    text = nearest.province + nearest.city + nearest.county
    return {
        "location": {"lat": lat, "lng": lng},
        "address": text,
        "formatted_addresses": {"recommend": text, "rough": text, "standard_address": text},
        "address_component": {"nation": "中国", **names, "street": "", "street_number": ""},
        "ad_info": {
            "nation_code": "156",
            "adcode": nearest.code,
            "city_code": f"156{nearest.city_code}",
            "phone_area_code": nearest.area_code,
            "name": ",".join(filter(None, ("中国", *names.values()))),
            "location": {"lat": nearest.lat, "lng": nearest.lng},
            "nation": "中国",
            **names,
        },
        "address_reference": {},
    }


def _holds(code: str, place: Division) -> bool:
    return place.code[:2] == code[:2] if code.endswith("0000") else place.city_code == code
