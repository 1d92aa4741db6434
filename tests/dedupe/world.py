"""A small world of companies for the tests of matching."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Protocol

from dedupe.rule import Rules, compile_rules
from dedupe.score import Match
from dedupe.statistic import Statistics
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from goldbridge.text.code import check_character, organisation_check_character

HOME = Path(__file__).parents[2]
UNCOUNTED = Statistics()
"""No statistics but those of the imagined population."""

Record = dict[str, Any]


class Judging(Protocol):
    """Scores two records of a party."""

    def __call__(self, one: Record, two: Record, among: Statistics = UNCOUNTED) -> Match: ...


class Counting(Protocol):
    """Counts the records of a table."""

    def __call__(self, records: list[Record]) -> Statistics: ...


def shipped(entity: str) -> Rules:
    """The rules of config/matching.yaml for an entity of config/model.yaml."""
    fields = compile_model(read(HOME / "config/model.yaml")).entities[entity].fields
    return compile_rules(read(HOME / "config/matching.yaml"), entity, fields)


def credit_code(number: int, region: str = "330106") -> str:
    """A valid credit code for tests, another one for each number."""
    body = f"{number:08d}"
    start = f"91{region}{body}{organisation_check_character(body)}"
    return start + check_character(start)


def bits_of(match: Match, comparison: str) -> float:
    """What one comparison adds to a match weight, 0 where it is silent."""
    return sum(part.weight for part in match.parts if part.comparison == comparison) / 10_000


def level_of(match: Match, comparison: str) -> str:
    """The level a comparison reached, "" where it is silent."""
    return next((part.level for part in match.parts if part.comparison == comparison), "")


def crowd() -> list[Record]:
    """Sixty companies seen through slips, in both scripts."""
    draw = random.Random(11)
    records: list[Record] = []
    for number in range(60):
        brand = "".join(draw.choice("华信诚恒泰鑫瑞金龙德博远") for _ in range(draw.choice((2, 2, 3))))
        city, trade = draw.choice(("杭州", "宁波", "上海")), draw.choice(("科技", "电子科技", "食品", "机械"))
        phone = f"0571-8{draw.randint(1000000, 1000020)}"
        names = [
            f"{city}{brand}{trade}有限公司",
            f"{brand}{trade}({city})有限公司",
            f"{brand}{trade}",
            f"{city}{brand}",
        ]
        for name in draw.sample(names, draw.randint(1, 3)):
            record: Record = {"id": len(records), "name": name, "phones": [phone]}
            if draw.random() < 0.3:
                record["credit_code"] = credit_code(number)
            records.append(record)
        records.append({"id": len(records), "name": f"Acme {draw.choice(('Trading', 'Foods'))} {number % 9} Ltd."})
    return records
