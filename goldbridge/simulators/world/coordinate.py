"""Coordinate systems of Chinese maps: WGS-84 (GPS), GCJ-02 (official maps) and BD-09 (Baidu). Longitude comes first."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin, sqrt

_A = 6378245.0
_E2 = 0.00669342162296594323
_X = pi * 3000 / 180


def wgs_to_gcj(lng: float, lat: float) -> tuple[float, float]:
    """Only inside the mainland's box; elsewhere the point stays."""
    if not (72.004 <= lng <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lng, lat
    x, y = lng - 105, lat - 35
    wave = (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    north += (20 * sin(pi * y) + 40 * sin(pi * y / 3)) * 2 / 3
    north += (160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    east += (20 * sin(pi * x) + 40 * sin(pi * x / 3)) * 2 / 3
    east += (150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    radians = lat / 180 * pi
    magic = 1 - _E2 * sin(radians) ** 2
    return (
        lng + east * 180 / (_A / sqrt(magic) * cos(radians) * pi),
        lat + north * 180 / (_A * (1 - _E2) / (magic * sqrt(magic)) * pi),
    )


def bd_to_gcj(lng: float, lat: float) -> tuple[float, float]:
    x, y = lng - 0.0065, lat - 0.006
    z = hypot(x, y) - 2e-5 * sin(y * _X)
    theta = atan2(y, x) - 3e-6 * cos(x * _X)
    return z * cos(theta), z * sin(theta)
