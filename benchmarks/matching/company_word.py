"""What the companies of the benchmark's table are made of, as company.toml says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_READ: dict[str, Any] = tomllib.loads(Path(__file__).with_name("company.toml").read_text("utf-8"))


def _list(text: str, mark: str) -> tuple[str, ...]:
    """A list broken into lines where its mark would stand."""
    return tuple(text.strip().replace("\n", mark).split(mark))


SOUNDS: dict[str, str] = dict(pair.split(":") for pair in _READ["sounds"].split())
TRADITIONAL: dict[int, str] = {ord(pair[0]): pair[1] for pair in _READ["traditional"].split()}
TRADES: tuple[tuple[str, ...], ...] = tuple(tuple(pair.split("=")) for pair in _list(_READ["trades"], "|"))
CITIES: tuple[tuple[str, ...], ...] = tuple(tuple(line.split(",")) for line in _READ["cities"].strip().splitlines())
ROADS: tuple[str, ...] = tuple(_READ["roads"])
BUILDINGS: tuple[str, ...] = tuple(_READ["buildings"])
FAMILY: str = _READ["families"]
MOBILE: list[str] = _READ["mobile"].split()
HEADS: list[str] = _READ["heads"].split()
MIDDLES: list[str] = _READ["middles"].split()
TAILS: list[str] = _READ["tails"].split()
GIVEN: list[str] = _READ["given"].split()
SHORTENED: dict[str, str] = _READ["shortened"]
FREE_MAIL = ("qq.com", "163.com", "126.com", "sina.com", "foxmail.com")
FREE_MAIL_ABROAD = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de", "hotmail.com")


class Land:
    """A country as its companies write: legal forms with their spellings, trades, streets, towns."""

    def __init__(self, read: dict[str, str]) -> None:
        self.code, self.dial, self.street, self.end = read["code"], read["dial"], read["street"], read["end"]
        self.forms = tuple(tuple(form.split("=")) for form in _list(read["forms"], "|"))
        """Spellings of each form, the official one first."""
        self.trades = _list(read["trades"], "|")
        self.towns = tuple(read["towns"].split(","))


LANDS = tuple(Land(read) for read in _READ["lands"])
