"""What stewards decided about records, as labelled pairs of the rules in force. Reads only: a lesson changes no rule.

Weights of the rules are figures of the trade, not settings; what decisions can teach is where the bands lie.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from dedupe.choose import Thresholds
from dedupe.learn import Examples, Model, Pairs, examples
from dedupe.score import score
from dedupe.table.company import even_weight
from goldbridge.state import decision
from mdm.core import Core
from mdm.index import recall


class Taught(NamedTuple):
    """`start` is what the rules believe, `vetoed` how many labelled pairs no weight joins, `gone` how many have a
    record that is no longer there."""

    start: Model
    before: Thresholds
    examples: Examples
    vetoed: int
    gone: int


def taught(conn: Connection, core: Core) -> Taught:
    """The pairs that stewards said to be the same or different and did not take back, with their weights."""
    assert core.matching is not None
    assert core.statistics is not None
    said = [each for each in decision.active_assertions(conn) if each.kind in ("same", "different")]
    known = recall(conn, core, {end for each in said for end in (each.a, each.b)})
    pairs: dict[tuple[int, int], tuple[bool, int]] = {}
    vetoed: set[tuple[int, int]] = set()
    gone = 0
    for each in said:
        if each.a not in known or each.b not in known:
            gone += 1
            continue
        match = score(core.matching, core.statistics, known[each.a], known[each.b])
        if match.vetoes:
            vetoed.add((each.a, each.b))
        else:
            pairs[each.a, each.b] = (each.kind == "same", match.weight)
    bands = core.statistics.bands or core.matching.bands
    even = even_weight(bands, core.statistics.records)
    left, right = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    weights = np.array([weight for _, weight in pairs.values()], dtype=np.int64)
    same = np.array([answer for answer, _ in pairs.values()], dtype=np.bool_)
    return Taught(
        Model((), even),
        Thresholds(bands.auto, even, bands.review),
        examples(Pairs(np.zeros((len(weights), 0), dtype=np.int8), weights), same, left, right),
        len(vetoed),
        gone,
    )
