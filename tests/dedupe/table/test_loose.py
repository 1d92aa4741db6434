"""Pairs that are spared the scales would have been a `no`."""

from __future__ import annotations

import random

from dedupe.prepare import prepare
from dedupe.rule import compile_rules
from dedupe.score import score
from dedupe.statistic import count
from dedupe.table.company import met_under
from dedupe.table.loose import strangers

TRADES = ("Trading", "Foods", "Engineering Services", "Logistik", "Bau", "Instruments")
FORMS = ("Ltd", "Limited", "GmbH", "Inc.", "")


def slipped(draw: random.Random, name: str) -> str:
    at = draw.randrange(1, len(name) - 1)
    return draw.choice((name[:at] + name[at + 1 :], name[:at] + "x" + name[at:], name.upper(), name.split(" ")[0]))


def test_who_is_spared_would_have_been_no() -> None:
    draw = random.Random(7)
    rules = compile_rules(None, "party", {"name": "text", "phones": "phone", "address": "address"})
    records = []
    for _ in range(500):
        brand = "".join(draw.choice(("ka", "lo", "mer", "tin", "bra", "sol")) for _ in range(3)).capitalize()
        name = f"{brand} {draw.choice(TRADES)} {draw.choice(FORMS)}".strip()
        phone = f"+44 20 7{draw.randint(100, 999)} {draw.randint(1000, 1099)}"
        records += [
            {"name": said, "phones": [phone] if draw.random() < 0.5 else []}
            for said in (name, slipped(draw, name))[: draw.randint(1, 2)]
        ]
    prepared = [prepare(rules, record) for record in records]
    numbers, keys = count(rules, prepared)
    left, right, loose, _ = met_under(keys, len(prepared), rules.limits.block, None)
    spared = strangers(prepared, left, right, loose)
    assert spared.sum() > 500
    found = [
        (score(rules, numbers, prepared[a], prepared[b]).band, bool(aside))
        for a, b, aside in zip(left.tolist(), right.tolist(), spared.tolist(), strict=True)
    ]
    assert ("no", True) in found
    assert ("review", True) not in found
    assert ("auto", True) not in found
    assert sum(band != "no" for band, _ in found) > 100


def test_pairs_that_something_else_brought_together_are_weighed() -> None:
    rules = compile_rules(None, "party", {"name": "text", "phones": "phone"})
    said = [("Anders Trading Ltd", "+44 20 7946 0958"), ("Quibble Farms Ltd", "+44 20 7946 0958"), ("Anton Ltd", "")]
    prepared = [prepare(rules, {"name": name, "phones": [phone]}) for name, phone in said]
    _, keys = count(rules, prepared)
    left, right, loose, _ = met_under(keys, len(prepared), rules.limits.block, None)
    assert (0, 1) in set(zip(left.tolist(), right.tolist(), strict=True))
    assert not strangers(prepared, left, right, loose)[(left == 0) & (right == 1)].any()
