"""Addresses: where a company really is, and the many ways to write it down."""

from __future__ import annotations

from dataclasses import dataclass

from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.division import Division, old_counties, point_at, short_name
from goldbridge.simulators.world.script import full_width, traditional
from goldbridge.simulators.world.vocabulary import sections


@dataclass(frozen=True, slots=True)
class Address:
    """A place with what stands below it; empty parts are not said. `number` reads 88 or 88-1, without 号."""

    place: Division
    zone: str = ""
    town: str = ""
    village: str = ""
    road: str = ""
    number: str = ""
    building: str = ""
    room: str = ""

    @property
    def region_text(self) -> str:
        """Province, city, county, as the registry writes them."""
        return self.place.province + self.place.city + self.place.county

    @property
    def street(self) -> str:
        """What comes below the county."""
        return self.zone + self.town + self.village + self.door + self.building + self.room

    @property
    def door(self) -> str:
        return f"{self.road}{self.number}号" if self.number else self.road

    @property
    def text(self) -> str:
        return self.region_text + self.street

    @property
    def point(self) -> str:
        """`lng,lat`: the same for every address with the same road and number (or village) in the same county."""
        return point_at(self.place, self.road or self.village or self.town or self.building, self.number)


def build(dice: Dice, place: Division) -> Address:
    """An address somewhere in `place`: on a road, in a park or, in the country, in a village."""
    words = sections("road.txt")
    rural = place.county.endswith(("县", "旗")) or (place.county.endswith("市") and dice.chance(0.4))
    zone = town = village = building = room = ""
    if dice.chance(0.12):
        zone = (short_name(place.county or place.city) if dice.chance(0.5) else "") + dice.pick(words["zone"])
    elif dice.chance(0.5 if rural else 0.3):
        town = dice.pick(words["town"])
    if rural and town and dice.chance(0.35):
        village = dice.pick(words["village"])
        number = str(dice.number(1, 320)) if dice.chance(0.6) else ""
        return Address(place, zone, town, village, "", number)
    road = dice.pick(words["trap"]) if dice.chance(0.05) else dice.skewed(words["road"], 1.5)
    number = str(dice.number(1, 999) if dice.chance(0.8) else dice.number(1000, 3999))
    if dice.chance(0.08):
        number += f"-{dice.number(1, 9)}"
    if dice.chance(0.55):
        building, room = _inside(dice, words["building"])
    return Address(place, zone, town, village, road, number, building, room)


def _inside(dice: Dice, buildings: list[str]) -> tuple[str, str]:
    draw = dice.random()
    if draw < 0.45:
        building = dice.pick(buildings) + (f"{dice.pick('ABCDE')}座" if dice.chance(0.4) else "")
    elif draw < 0.85:
        building = f"{dice.number(1, 40)}{dice.pick('幢栋')}" + (f"{dice.number(1, 4)}单元" if dice.chance(0.3) else "")
    else:
        building = f"{dice.pick('ABCDEFG')}区{dice.number(1, 12)}号楼"
    floor = dice.number(1, 32)
    draw = dice.random()
    if draw < 0.75:
        return building, f"{floor}{dice.number(1, 28):02d}室"
    if draw < 0.9:
        return building, f"{floor}层"
    return building, f"{floor}楼{dice.number(1, 28):02d}-{dice.number(29, 40)}号" if dice.chance(0.3) else ""


def neighbour(dice: Dice, address: Address) -> Address:
    """Where a company was before it moved: another address in the same place."""
    return build(dice, address.place)


def write_region(dice: Dice, place: Division, year: int) -> str:
    """Province to county as somebody types them: complete, bare, partly left out, or under an old county name."""
    county = place.county
    if place.code in old_counties() and dice.chance(0.3):
        old = dice.pick(old_counties()[place.code])
        county = old.name if old.year > year or dice.chance(0.3) else county
    draw = dice.random()
    if draw < 0.46:
        return place.province + place.city + county
    if draw < 0.64:
        return place.city_name + (county if county != place.city_name else "")
    if draw < 0.72:
        return place.city_name
    if draw < 0.79:
        return county or place.city
    if draw < 0.86:
        return short_name(place.province) + short_name(place.city) + short_name(county)
    if draw < 0.90:
        return short_name(place.province) + place.city_name + county
    if draw < 0.93:
        return f"{place.province} {place.city} {county}".replace("  ", " ")
    if draw < 0.95 and place.municipality:
        return f"{place.province}{place.province}{county}"
    return ""


def write_street(dice: Dice, address: Address) -> str:
    """The part below the county, more or less of it, in somebody's notation."""
    number = address.number
    said = f"{number}号" if number else ""
    if number and dice.chance(0.12):
        said = dice.pick((f"{number}#", f"NO.{number}", number))
    parts = [
        address.zone if dice.chance(0.8) else "",
        address.town if dice.chance(0.75) else "",
        address.village,
        address.road,
        said,
    ]
    if dice.chance(0.75):
        parts.append(address.building)
        if dice.chance(0.85):
            room = address.room
            parts.append(room.removesuffix("室") if dice.chance(0.15) else room)
    return "".join(parts)


def decorate(dice: Dice, text: str) -> str:
    """Traditional script, wide digits, blanks, and remarks around an address."""
    draw = dice.random()
    if draw < 0.015:
        return traditional(text)
    if draw < 0.035:
        return full_width(text)
    if draw < 0.05:
        return text.replace("号", "号 ", 1).replace("市", "市 ", 1)
    if draw < 0.06:
        return f"{text}({dice.pick(('近地铁站', '东门进', '老厂区', '送货地址', '靠近高速口'))})"
    if draw < 0.067:
        return f"{dice.pick(('地址：', '收货:', '公司地址 '))}{text}"
    if draw < 0.072:
        return f"{text} 邮编{dice.number(1, 8)}{dice.digits(5)}"
    return text
