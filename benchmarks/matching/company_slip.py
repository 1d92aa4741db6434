"""How the same company is written a second time: the slips of people and systems, each a function of the draw."""

from __future__ import annotations

import random
import unicodedata

from benchmarks.matching.company_word import SHORTENED, SOUNDS, TRADITIONAL

_SAME_SOUND = {character: group.replace(character, "") for group in SOUNDS.values() for character in group}
_CHARACTERS = "".join(SOUNDS.values())
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_LETTERLESS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ı": "i", "ø": "o"})
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    key: "".join(row[at + step] for step in (-1, 1) if 0 <= at + step < len(row))
    for row in _KEYS
    for at, key in enumerate(row)
}


def full_width(text: str) -> str:
    """ASCII as East Asian keyboards type it by accident."""
    return "".join(
        chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else "\u3000" if each == " " else each for each in text
    )


def traditional(text: str) -> str:
    return text.translate(TRADITIONAL)


def typo_chinese(draw: random.Random, text: str) -> str:
    """A character of another word, one too few, or two exchanged."""
    at = draw.randrange(len(text))
    how = draw.random()
    if how < 0.5 or len(text) < 3:
        return text[:at] + draw.choice(_CHARACTERS) + text[at + 1 :]
    if how < 0.75:
        return text[:at] + text[at + 1 :]
    at = min(at, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def homophone(draw: random.Random, text: str) -> str:
    """A character that sounds the same; the text itself where none of its characters has one."""
    places = [at for at, each in enumerate(text) if _SAME_SOUND.get(each)]
    if not places:
        return text
    at = draw.choice(places)
    return text[:at] + draw.choice(_SAME_SOUND[text[at]]) + text[at + 1 :]


def typo_latin(draw: random.Random, text: str) -> str:
    """A key beside the right one, a letter doubled, lost or exchanged with its neighbour, in a long enough word."""
    places = [at for at in range(1, len(text) - 1) if text[at].isalpha() and text[at - 1].isalpha()]
    if not places:
        return text
    at = draw.choice(places)
    how = draw.random()
    if how < 0.35:
        near = _NEAR.get(text[at].lower(), "e")
        return text[:at] + draw.choice(near) + text[at + 1 :]
    if how < 0.55:
        return text[:at] + text[at] + text[at:]
    if how < 0.8:
        return text[:at] + text[at + 1 :]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def transliterated(draw: random.Random, text: str) -> str:
    """Without accents: as Germans write them out, or just left away."""
    written = text.translate(_GERMAN) if draw.random() < 0.5 else text
    return unicodedata.normalize("NFKD", written.translate(_LETTERLESS)).encode("ascii", "ignore").decode()


def abbreviated(text: str) -> str:
    return " ".join(SHORTENED.get(word, word) for word in text.split(" "))


def credit_typo(draw: random.Random, code: str) -> str:
    """One character wrong, or two neighbours exchanged: the check digit knows, the typist did not."""
    at = draw.randrange(2, len(code) - 1)
    if draw.random() < 0.3 and code[at] != code[at + 1]:
        return code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    return code[:at] + draw.choice([each for each in "0123456789" if each != code[at]]) + code[at + 1 :]


def phone_chinese(draw: random.Random, area: str, number: str) -> str:
    """A number in one of the ways in which tables write it; mobile numbers have no area."""
    if not area:
        return draw.choice(
            (number, number, f"+86 {number}", f"{number[:3]}-{number[3:7]}-{number[7:]}", f"0086{number}")
        )
    forms = (
        f"{area}-{number}", f"{area}-{number}", f"({area}){number}", f"{area}{number}", f"+86 {area[1:]} {number}",
        f"0086-{area[1:]}-{number}", full_width(f"{area}-{number}"), f"{area}-{number}转{draw.randint(101, 899)}",
    )  # fmt: skip
    return draw.choice(forms)


def phone_abroad(draw: random.Random, dial: str, number: str) -> str:
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    return draw.choice(
        (f"+{dial} {spaced}", f"+{dial}{number}", f"00{dial} {spaced}", f"+{dial}-{spaced.replace(' ', '-')}")
    )
