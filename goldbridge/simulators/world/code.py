"""Registry numbers: unified social credit codes (统一社会信用代码, GB 32100-2015) and what older papers carry instead.

Written from the standard for this world alone, so that a mistake in the product's own check would show here.
"""

from __future__ import annotations

from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.division import Division, old_counties

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORG_VALUE = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def organisation_code(body: str) -> str:
    """Eight characters with their check character (GB 11714)."""
    rest = 11 - sum(_ORG_VALUE[char] * weight for char, weight in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    return body + ("X" if rest == 10 else "0" if rest == 11 else str(rest))


def credit_code(kind: str, office: str, organisation: str) -> str:
    """`kind` (two characters) + office (six digits) + organisation code (nine) + check character."""
    body = kind + office + organisation
    total = sum(_VALUE[char] * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return body + ALPHABET[(31 - total % 31) % 31]


def is_valid(code: str) -> bool:
    """Both check characters hold."""
    if len(code) != 18 or any(char not in _VALUE for char in code):
        return False
    return credit_code(code[:2], code[2:8], organisation_code(code[8:16])) == code


def issue(dice: Dice, kind: str, place: Division, founded: int) -> str:
    """A fresh code of an organisation founded that year; about a tenth carries an office that is no county of today."""
    body = ""
    if founded >= 2016:
        body = "MA" + "".join([dice.pick(ALPHABET) for _ in range(6)])
    elif founded >= 2000:
        body = dice.pick("567") + dice.digits(7)
    else:
        body = dice.pick("1234679") + dice.digits(7)
    return credit_code(kind, _office(dice, place), organisation_code(body))


def _office(dice: Dice, place: Division) -> str:
    draw = dice.random()
    if draw < 0.08 and place.code[2:4] != "90":
        return place.code[:4] + "01" if not place.municipality else place.code[:2] + "0000"
    if draw < 0.5 and place.code in old_counties():
        return dice.pick(old_counties()[place.code]).old_code
    return place.code


def tax_number(code: str) -> str:
    """The 15 digits that stood on invoices before 2015: region and organisation code."""
    return code[2:17]


def register_number(dice: Dice, office: str) -> str:
    """A 15-digit registration number with its check digit (ISO 7064 MOD 11,10)."""
    body = office + dice.digits(8)
    rest = 10
    for digit in body:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return body + str((11 - rest) % 10)


def spoil(code: str, dice: Dice) -> str:
    """The code as somebody mistyped it; never valid."""
    for _ in range(20):
        at = dice.number(2, 16)
        draw = dice.random()
        if draw < 0.5:
            wrong = code[:at] + dice.pick(ALPHABET) + code[at + 1 :]
        elif draw < 0.75:
            wrong = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        elif draw < 0.9:
            wrong = code[:at] + code[at + 1 :]
        else:
            wrong = code[:at] + code[at].translate({48: "O", 49: "I", 50: "Z", 53: "S"}) + code[at + 1 :]
        if not is_valid(wrong) and wrong != code:
            return wrong
    return code[:-1] + ALPHABET[(_VALUE[code[-1]] + 1) % 31]
