"""Coordinate systems of Chinese maps: WGS-84 (GPS), GCJ-02 (the official one) and BD-09 (Baidu). Longitude comes first.

The official system shifts every point by 300 to 600 m, Baidu's by another 900 m; a point whose system is not known is
worth nothing. Only points inside the mainland's box are shifted, everything outside stays as it is. The box is coarse
and its edge runs through seas and foreign land: there, within the shift's own length, a way back may not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import atan2, cos, hypot, isfinite, pi, sin, sqrt
from typing import Literal, NamedTuple

System = Literal["wgs84", "gcj02", "bd09"]
SYSTEMS: tuple[System, ...] = ("wgs84", "gcj02", "bd09")

_AXIS_M = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
_TURN = pi * 3000 / 180
_ROUNDS = 6
_PAIR = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，]\s*(-?\d{1,2}(?:\.\d+)?)\s*", re.ASCII)


class Point(NamedTuple):
    """A place on the earth in degrees; `str` writes six decimals, which is a tenth of a metre."""

    lng: float
    lat: float

    def __str__(self) -> str:
        return f"{self.lng:.6f},{self.lat:.6f}"

    @property
    def latitude_first(self) -> str:
        """The same in the order of Baidu and Tencent."""
        return f"{self.lat:.6f},{self.lng:.6f}"


def parse_point(text: str) -> Point | None:
    """Read `lng,lat`; None for anything else, latitude and longitude in the wrong order included where it shows."""
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    point = Point(float(found[1]), float(found[2]))
    return point if _on_earth(point) else None


def inside(point: Point) -> bool:
    """Whether a point lies in the mainland's box, so that the official shift applies."""
    return 72.004 <= point.lng <= 137.8347 and 0.8293 <= point.lat <= 55.8271


def convert(point: Point, source: System, target: System) -> Point:
    """The same place in another system."""
    if source == target:
        return point
    steps = _WAYS[source, target]
    for step in steps:
        point = step(point)
    return point


def wgs_to_gcj(point: Point) -> Point:
    if not inside(point):
        return point
    east, north = _shift(point)
    return Point(point.lng + east, point.lat + north)


def gcj_to_wgs(point: Point) -> Point:
    """By repetition: the shift is known at the unshifted place only, and one step alone is off by up to 1.7 m."""
    if not inside(point):
        return point
    found = point
    for _ in range(_ROUNDS):
        east, north = _shift(found)
        found = Point(point.lng - east, point.lat - north)
    return found


def gcj_to_bd(point: Point) -> Point:
    if not inside(point):
        return point
    lng, lat = point
    radius = hypot(lng, lat) + 2e-5 * sin(lat * _TURN)
    angle = atan2(lat, lng) + 3e-6 * cos(lng * _TURN)
    return Point(radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006)


def bd_to_gcj(point: Point) -> Point:
    if not inside(point):
        return point
    lng, lat = point.lng - 0.0065, point.lat - 0.006
    radius = hypot(lng, lat) - 2e-5 * sin(lat * _TURN)
    angle = atan2(lat, lng) - 3e-6 * cos(lng * _TURN)
    return Point(radius * cos(angle), radius * sin(angle))


def distance_m(one: Point, other: Point) -> float:
    """Metres between two places near each other."""
    north = (one.lat - other.lat) * pi / 180 * _AXIS_M
    east = (one.lng - other.lng) * pi / 180 * _AXIS_M * cos((one.lat + other.lat) / 2 * pi / 180)
    return hypot(north, east)


def _on_earth(point: Point) -> bool:
    return isfinite(point.lng) and abs(point.lng) <= 180 and abs(point.lat) <= 90


def _shift(point: Point) -> tuple[float, float]:
    """The official shift at an unshifted place, in degrees east and north."""
    x, y = point.lng - 105, point.lat - 35
    wave = (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    north_m += (20 * sin(pi * y) + 40 * sin(pi * y / 3)) * 2 / 3
    north_m += (160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    east_m += (20 * sin(pi * x) + 40 * sin(pi * x / 3)) * 2 / 3
    east_m += (150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    radians = point.lat / 180 * pi
    flat = 1 - _ECCENTRICITY * sin(radians) ** 2
    return (
        east_m * 180 / (_AXIS_M / sqrt(flat) * cos(radians) * pi),
        north_m * 180 / (_AXIS_M * (1 - _ECCENTRICITY) / (flat * sqrt(flat)) * pi),
    )


_WAYS: Mapping[tuple[System, System], tuple[Callable[[Point], Point], ...]] = {
    ("wgs84", "gcj02"): (wgs_to_gcj,),
    ("gcj02", "wgs84"): (gcj_to_wgs,),
    ("gcj02", "bd09"): (gcj_to_bd,),
    ("bd09", "gcj02"): (bd_to_gcj,),
    ("wgs84", "bd09"): (wgs_to_gcj, gcj_to_bd),
    ("bd09", "wgs84"): (bd_to_gcj, gcj_to_wgs),
}
