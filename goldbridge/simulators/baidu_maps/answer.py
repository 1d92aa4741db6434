"""How Baidu writes what the gazetteer knows: a point with its error bound, or the components of a place."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin
from typing import Any

from goldbridge.simulators.world.coordinate import bd_to_gcj, wgs_to_gcj
from goldbridge.simulators.world.division import divisions
from goldbridge.simulators.world.gazetteer import Finding

_LEVELS = {
    # level of the world -> (Baidu's word, precise, confidence, comprehension)
    "门牌号": ("门址", 1, 80, 100),
    "兴趣点": ("商务大厦", 1, 75, 95),
    "道路": ("道路", 0, 50, 90),
    "村庄": ("村庄", 0, 50, 85),
    "乡镇": ("乡镇", 0, 30, 80),
    "开发区": ("商圈", 0, 40, 80),
    "区县": ("区县", 0, 25, 75),
    "市": ("城市", 0, 20, 70),
    "省": ("省", 0, 20, 60),
}
_X = pi * 3000 / 180


def gcj_to_bd(lng: float, lat: float) -> tuple[float, float]:
    z, theta = hypot(lng, lat) + 2e-5 * sin(lat * _X), atan2(lat, lng) + 3e-6 * cos(lng * _X)
    return z * cos(theta) + 0.0065, z * sin(theta) + 0.006


def to_gcj(lng: float, lat: float, system: str) -> tuple[float, float] | None:
    """A point of the query in the official system; None for a system that this world does not have."""
    match system:
        case "bd09ll":
            return bd_to_gcj(lng, lat)
        case "gcj02ll":
            return lng, lat
        case "wgs84ll":
            return wgs_to_gcj(lng, lat)
        case _:
            return None


def located(finding: Finding, system: str) -> dict[str, Any]:
    """The forward answer: no province, no city, no region code."""
    lng, lat = (float(part) for part in finding.point.split(","))
    if system != "gcj02ll":
        lng, lat = gcj_to_bd(lng, lat)
    level, precise, confidence, comprehension = _LEVELS.get(finding.level, ("UNKNOWN", 0, 20, 50))
    return {
        "location": {"lng": round(lng, 12), "lat": round(lat, 12)},
        "precise": precise,
        "confidence": confidence,
        "comprehension": comprehension,
        "level": level,
    }


def place_at(lng: float, lat: float, shown: tuple[float, float]) -> dict[str, Any]:
    """The reverse answer. `city` is empty for counties directly under a province; `adcode` is a number."""
    nearest = min(divisions().values(), key=lambda place: ((place.lng - lng) ** 2 + (place.lat - lat) ** 2, place.code))
    abroad = abs(nearest.lng - lng) > 3 or abs(nearest.lat - lat) > 3
    component: dict[str, Any] = {
        "country": "" if abroad else "中国",
        "country_code": -1 if abroad else 0,
        "country_code_iso": "" if abroad else "CHN",
        "province": "" if abroad else nearest.province,
        "city": "" if abroad else (nearest.province if nearest.municipality else nearest.city),
        "city_level": 2,
        "district": "" if abroad else nearest.county,
        "town": "",
        "town_code": "",
        "adcode": "0" if abroad else int(nearest.code),
        "street": "",
        "street_number": "",
        "direction": "",
        "distance": "",
    }
    text = "" if abroad else nearest.province + nearest.city + nearest.county
    return {
        "location": {"lng": shown[0], "lat": shown[1]},
        "formatted_address": text,
        "business": "",
        "addressComponent": component,
        "pois": [],
        "roads": [],
        "poiRegions": [],
        "sematic_description": "",
        "cityCode": 0 if abroad else int(nearest.area_code),
    }
