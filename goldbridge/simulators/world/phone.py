"""Telephone numbers: fixed lines with area codes, mobiles, 400 numbers, and how people write them."""

from __future__ import annotations

from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.division import Division
from goldbridge.simulators.world.script import full_width

_MOBILE = [
    str(prefix)
    for prefix in (*range(130, 140), *range(150, 154), *range(155, 160), 166, 173, *range(175, 179), *range(180, 184))
] + ["185", "186", "187", "188", "189", "191", "198", "199"]

Line = tuple[str, str]
"""A fixed line: area code (with its 0) and local number."""


def fixed(dice: Dice, place: Division) -> Line:
    return place.area_code, dice.pick("2356788") + dice.digits(place.phone_digits - 1)


def mobile(dice: Dice) -> str:
    return dice.pick(_MOBILE) + dice.digits(8)


def service(dice: Dice) -> str:
    """A 400 number, ten digits."""
    return "400" + dice.pick("016789") + dice.digits(6)


def write_fixed(dice: Dice, line: Line, extension: str = "") -> str:
    """A fixed line in one of the notations found in customer lists; the area code is sometimes taken for granted."""
    area, number = line
    draw = dice.random()
    if draw < 0.55:
        text = f"{area}-{number}"
    elif draw < 0.68:
        text = f"{area}{number}"
    elif draw < 0.76:
        text = f"({area}){number}"
    elif draw < 0.80:
        text = f"（{area}）{number}"
    elif draw < 0.85:
        text = f"{area} {number[:4]} {number[4:]}"
    elif draw < 0.90:
        text = f"+86 {area[1:]} {number}"
    elif draw < 0.92:
        text = f"0086-{area[1:]}-{number}"
    elif draw < 0.935:
        text = full_width(f"{area}-{number}")
    elif draw < 0.965:
        text = f"{area}-{number[:4]}-{number[4:]}"
    else:
        text = number
    if extension:
        text += dice.pick(("-", "-", "转", "转", " ext ", "分机")) + extension
    return text


def write_mobile(dice: Dice, number: str) -> str:
    draw = dice.random()
    if draw < 0.86:
        return number
    if draw < 0.91:
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    if draw < 0.95:
        return f"{number[:3]}-{number[3:7]}-{number[7:]}"
    if draw < 0.98:
        return f"+86{number}"
    return full_width(number)


def write_service(dice: Dice, number: str) -> str:
    draw = dice.random()
    if draw < 0.6:
        return f"{number[:3]}-{number[3:6]}-{number[6:]}"
    return number if draw < 0.85 else f"{number[:3]}-{number[3:]}"
