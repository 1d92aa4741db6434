"""Characters: how they are read, written in traditional script, and mistaken for one another."""

from __future__ import annotations

from functools import cache

from goldbridge.simulators.world.dice import Dice
from goldbridge.simulators.world.vocabulary import read_text

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@cache
def _readings() -> tuple[dict[str, str], dict[str, str]]:
    """Character to reading, character to traditional form (only where it differs)."""
    readings: dict[str, str] = {}
    traditional: dict[str, str] = {}
    for line in read_text("character.tsv").splitlines():
        char, reading, *form = line.split("\t")
        readings[char] = reading
        if form:
            traditional[char] = form[0]
    return readings, traditional


@cache
def _homophones() -> dict[str, list[str]]:
    by_reading: dict[str, list[str]] = {}
    for char, reading in _readings()[0].items():
        by_reading.setdefault(reading, []).append(char)
    return by_reading


@cache
def _look_alikes() -> dict[str, str]:
    alike: dict[str, str] = {}
    for line in read_text("shape.txt").splitlines():
        if not line.startswith("#"):
            for group in line.split():
                for char in group:
                    alike[char] = alike.get(char, "") + group.replace(char, "")
    return alike


@cache
def _traditional_table() -> dict[int, str]:
    return {ord(char): form for char, form in _readings()[1].items()}


@cache
def _simplified_table() -> dict[int, str]:
    return {ord(form): char for char, form in _readings()[1].items()}


def reading(text: str) -> str:
    """Pinyin without tones or blanks; other characters stay: 鑫达3 -> xinda3."""
    table = _readings()[0]
    return "".join([table.get(char, char) for char in text]).lower()


def traditional(text: str) -> str:
    return text.translate(_traditional_table())


def simplified(text: str) -> str:
    return text.translate(_simplified_table())


def full_width(text: str) -> str:
    """Letters, digits and blanks as wide as characters."""
    return text.translate(_WIDE)


def mishear(text: str, dice: Dice, start: int = 0, end: int | None = None) -> str:
    """One character of text[start:end] replaced by another that sounds alike; unchanged when none has a homophone."""
    table = _readings()[0]
    stop = len(text) if end is None else end
    for _ in range(4):
        at = dice.number(start, max(start, stop - 1))
        choice = _homophones().get(table.get(text[at : at + 1], ""), [])
        if len(choice) > 1:
            other = dice.pick(choice)
            if other != text[at]:
                return text[:at] + other + text[at + 1 :]
    return text


def misread(text: str, dice: Dice, start: int = 0, end: int | None = None) -> str:
    """One character of text[start:end] replaced by one that looks alike; unchanged when none does."""
    alike = _look_alikes()
    stop = len(text) if end is None else end
    places = [at for at in range(start, stop) if text[at] in alike]
    if not places:
        return text
    at = dice.pick(places)
    return text[:at] + dice.pick(alike[text[at]]) + text[at + 1 :]
