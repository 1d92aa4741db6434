"""Where things are: provinces, cities and counties of the world, with telephone area codes and rough points."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from goldbridge.simulators.world.dice import Weighted, fingerprint
from goldbridge.simulators.world.vocabulary import read_table

_PEOPLES = (
    "壮族|回族|维吾尔|朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|傣族|白族|景颇族|傈僳族|蒙古族?|柯尔克孜|"
    "哈萨克|满族|瑶族|畲族|黎族|水族|仡佬族|毛南族|仫佬族|各族|达斡尔族?|鄂温克族?|锡伯族?|土族|撒拉族|东乡族|保安族|裕固族|"
    "纳西族|拉祜族|佤族|布朗族|独龙族|怒族|普米族|塔吉克|京族|高山族"
)
_PEOPLE = re.compile(f"(?:{_PEOPLES})+$")
_PROVINCE_TAIL = re.compile("(?:特别行政区|自治区|省|市)$")
_CITY_TAIL = re.compile("(?:自治州|地区|盟|市)$")
_COUNTY_TAIL = re.compile("(?:自治县|自治旗|新区|林区|矿区|特区|区|县|市|旗)$")


class Division(NamedTuple):
    """A place that companies are in: a county, or a city that has none.

    `city` is empty for counties directly under a province and for municipalities' own level; `county` is empty for a
    city without counties. `lng`, `lat` are GCJ-02; `spread` is how far (degrees) its addresses lie around the point.
    """

    code: str
    province: str
    city: str
    county: str
    area_code: str
    phone_digits: int
    lng: float
    lat: float
    spread: float

    @property
    def municipality(self) -> bool:
        return self.code[:2] in ("11", "12", "31", "50")

    @property
    def city_code(self) -> str:
        """The code of the level that plays the city: 310000 for Shanghai, 429004 for a county under the province."""
        if self.municipality:
            return self.code[:2] + "0000"
        return self.code if self.code[2:4] == "90" else self.code[:4] + "00"

    @property
    def city_name(self) -> str:
        """The name of that level: 杭州市, 上海市, 仙桃市."""
        return self.province if self.municipality else self.city or self.county


def short_name(name: str) -> str:
    """A place without its kind: 浙江省 -> 浙江, 湘西土家族苗族自治州 -> 湘西; two characters stay at least."""
    for tail in (_PROVINCE_TAIL, _CITY_TAIL, _COUNTY_TAIL):
        bare = tail.sub("", name)
        if bare != name:
            shorter = _PEOPLE.sub("", bare)
            bare = shorter if len(shorter) >= 2 else bare
            return bare if len(bare) >= 2 else name
    return name


@cache
def divisions() -> dict[str, Division]:
    """Every place a company can be in, by code: mainland counties and the cities without counties."""
    cities = {row["code"]: row for row in read_table("city.csv")}
    rows = read_table("division.csv")
    with_counties = {row["code"][:4] for row in rows if row["county"] and row["code"][2:4] != "90"}
    found: dict[str, Division] = {}
    for row in rows:
        code, province = row["code"], row["province"]
        if code[:2] in ("71", "81", "82"):
            continue
        if row["county"] or (row["city"] and code[:4] not in with_counties):
            level = cities.get(code) or cities.get(code[:4] + "00") or cities[code[:2] + "0000"]
            under_province = row["city"] == province
            lng, lat, spread = _centre(row, float(level["lng"]), float(level["lat"]), level["code"] == code)
            found[code] = Division(
                code,
                province,
                "" if under_province else row["city"],
                row["county"],
                level["area_code"],
                int(level["digits"]),
                lng,
                lat,
                spread,
            )
    return found


def _centre(row: dict[str, str], lng: float, lat: float, exact: bool) -> tuple[float, float, float]:
    """A county lies around its city: districts near, counties farther; a city without counties is its own centre."""
    if exact:
        return lng, lat, 0.08
    mark = fingerprint("centre", row["code"])
    reach = 0.14 if row["county"].endswith("区") else 0.45
    east = ((mark & 0xFFFF) / 0xFFFF * 2 - 1) * reach
    north = ((mark >> 16 & 0xFFFF) / 0xFFFF * 2 - 1) * reach * 0.8
    return round(lng + east, 4), round(lat + north, 4), 0.03 if reach < 0.2 else 0.06


@cache
def business_map() -> Weighted[Division]:
    """Divisions weighted by how many companies sit there: by the city's weight, districts before counties."""
    cities = {row["code"]: float(row["weight"]) for row in read_table("city.csv")}
    parts: dict[str, list[tuple[Division, float]]] = {}
    for place in divisions().values():
        share = 3.0 if place.county.endswith("区") or not place.county else 1.6 if place.county.endswith("市") else 0.8
        parts.setdefault(place.city_code, []).append((place, share))
    pairs: list[tuple[Division, float]] = []
    for city, members in parts.items():
        total = sum(share for _, share in members)
        pairs += [(place, cities.get(city, 0.1) * share / total) for place, share in members]
    return Weighted(pairs)


@cache
def _city_points() -> dict[str, str]:
    return {row["code"]: f"{float(row['lng']):.6f},{float(row['lat']):.6f}" for row in read_table("city.csv")}


def city_point(code: str) -> str:
    """`lng,lat` of a city's centre; of its capital (the first city) for a province."""
    points = _city_points()
    return points.get(code) or points[min(city for city in points if city[:2] == code[:2])]


@cache
def siblings(city_code: str) -> list[Division]:
    """All places of one city, by code."""
    return [place for place in divisions().values() if place.city_code == city_code]


class OldCounty(NamedTuple):
    """A county that was renamed or merged: where it belongs now, its old name and code, and the year of the change."""

    code: str
    name: str
    old_code: str
    year: int


@cache
def old_counties() -> dict[str, list[OldCounty]]:
    """Old counties by today's code."""
    found: dict[str, list[OldCounty]] = {}
    for row in read_table("old_county.csv"):
        entry = OldCounty(row["code"], row["old_name"], row["old_code"], int(row["year"]))
        found.setdefault(entry.code, []).append(entry)
    return found


def point_at(place: Division, *where: str) -> str:
    """`lng,lat` (GCJ-02, six decimals) of something inside a place; the centre when `where` says nothing."""
    if not any(where):
        return f"{place.lng:.6f},{place.lat:.6f}"
    mark = fingerprint("point", place.code, *where)
    east = ((mark & 0xFFFFFF) / 0xFFFFFF * 2 - 1) * place.spread
    north = ((mark >> 24 & 0xFFFFFF) / 0xFFFFFF * 2 - 1) * place.spread * 0.8
    return f"{place.lng + east:.6f},{place.lat + north:.6f}"
