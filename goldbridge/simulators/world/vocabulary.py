"""What names, addresses and people are made of: the word lists in ../data, read once."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import NamedTuple

from goldbridge.simulators.world.dice import Weighted


def read_text(name: str) -> str:
    return (files("goldbridge.simulators") / "data" / name).read_text(encoding="utf-8")


def read_table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(read_text(name))))


@cache
def sections(name: str) -> dict[str, list[str]]:
    """A word list with `[section]` headings; words are parted by blanks, `#` starts a comment line."""
    words: dict[str, list[str]] = {}
    current: list[str] = []
    for line in read_text(name).splitlines():
        if line.startswith("["):
            current = words.setdefault(line.strip("[] "), [])
        elif not line.startswith("#"):
            current += line.split()
    return words


class Trade(NamedTuple):
    """A line of business as names say it, its usual short form, and the industry classes it may be registered under."""

    word: str
    short: str
    industries: tuple[str, ...]
    forms: str


@cache
def trades() -> Weighted[Trade]:
    return Weighted(
        (
            Trade(row["trade"], row["short"], tuple(row["industry"].split("|")), row["forms"]),
            float(row["weight"]),
        )
        for row in read_table("trade.csv")
    )


@cache
def industry_names() -> dict[str, str]:
    """GB/T 4754 code (with its letter) to name, all four levels."""
    return {row["code"]: row["name"] for row in read_table("industry.csv")}


class Foreign(NamedTuple):
    """Parts of companies abroad."""

    first: list[str]
    second: list[str]
    trade: list[str]
    street: list[str]
    forms: list[tuple[str, list[str]]]
    cities: dict[str, list[str]]


@cache
def foreign() -> Foreign:
    lists: dict[str, list[str]] = {}
    forms: list[tuple[str, list[str]]] = []
    cities: dict[str, list[str]] = {}
    for row in read_table("foreign.csv"):
        values = row["values"].split("|")
        if row["kind"] == "form":
            forms.append((row["country"], values))
        elif row["kind"] == "city":
            for entry in row["values"].split(";"):
                country, _, names = entry.partition(":")
                cities[country] = names.split(",")
        else:
            lists[row["kind"]] = values
    return Foreign(lists["first"], lists["second"], lists["trade"], lists["street"], forms, cities)
