"""Search before create: which golden records may this record already be, how sure, and why. Writes nothing.

The keys, the scorer and the frozen statistics are those of mastering, so the same record that arrives later through a
flow gets the same weights to the last digit. A search asks the index once; candidates come with their features, and
only those that could be more than a `no` are weighed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from dedupe.block import keys as block
from dedupe.bound import Screen
from dedupe.evidence import Part
from dedupe.fact import conflict
from dedupe.feature import build, parse, unpack_facts
from dedupe.prepare import Prepared, prepare
from dedupe.score import Match, score
from goldbridge.clock import SYSTEM, Clock
from goldbridge.errors import Halt, Reject
from goldbridge.records.model import Model
from goldbridge.state import feature
from mdm import proof
from mdm.core import Core
from mdm.identity import write_id
from mdm.in_force import RulesInForce
from mdm.index import parents, prepared_again, with_parents

Band = Literal["auto", "review", "no"]
Verdict = Literal["new", "known", "review"]
"""new: nobody is like it; known: it is one golden record without a doubt; review: a person has to look."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A golden record that this may be. The parts add up to the weight, which is that with its record `record`;
    `records` are all its records that are like the one asked for, the most like one first. `golden` is None while
    that record has landed and no master flow has run."""

    golden: int | None
    record: int
    weight: int
    band: Band
    parts: tuple[Part, ...]
    vetoes: tuple[str, ...]
    records: tuple[int, ...]

    @property
    def number(self) -> int:
        return self.record if self.golden is None else self.golden


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: candidates, the most likely first; `more` were left out by the limit; `narrowed` are keys that so
    many records share that only those with a second key in common were looked at; `token` goes into the create."""

    entity: str
    rev: int
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    more: int = 0
    narrowed: tuple[str, ...] = ()
    token: str = ""


class Search:
    """Keeps the rules in force between questions; `key` signs the answers. One per process serves all threads."""

    def __init__(self, model: Model, key: bytes, clock: Clock = SYSTEM) -> None:
        self.key, self.clock = key, clock
        self._rules = RulesInForce(model)

    def match(
        self,
        conn: Connection,
        entity: str,
        values: Mapping[str, Any],
        *,
        limit: int = 10,
        bands: Collection[Band] = ("auto", "review"),
        without: Collection[int] = (),
    ) -> Found:
        """Who `values` (canonical: field -> value) may be. `without` are records that do not count, as the record
        itself when it is in the index already. With `bands` pairs that a veto made a `no` are shown as well.

        Raises `Halt` MDM021 when there is nothing to search in: no rules, or no records mastered under them.
        """
        core = self.core(conn, entity)
        asked = self.asked(conn, core, values)
        pairs, narrowed = likely(conn, core, asked, bands=bands, without=without)
        ranked = _ranked(conn, core, asked, pairs)
        verdict = _verdict(ranked)
        shown = tuple(ranked[:limit])
        told = proof.Proof(
            entity,
            core.rev,
            proof.digest_of(values),
            verdict,
            tuple((one.number, one.weight, one.band) for one in ranked if one.band != "no"),
            int(self.clock.now().timestamp()) + proof.LASTS_S,
        )
        return Found(entity, core.rev, verdict, shown, len(ranked) - len(shown), narrowed, proof.write(self.key, told))

    def redeem(self, conn: Connection, entity: str, values: Mapping[str, Any], token: str) -> proof.Proof:
        """Check, in the transaction that creates the record, that its author has seen what is like it.

        Raises `Reject` MDM020 when the token is not ours, has lapsed, is about another record, or when somebody has
        come since whom it does not show.
        """
        shown = proof.read(self.key, token, self.clock.now().timestamp())
        if shown.entity != entity or shown.asked != proof.digest_of(values):
            raise Reject("MDM020", "this proof is of a search for another record; search for the one to create")
        core = self.core(conn, entity)
        pairs, _ = likely(conn, core, self.asked(conn, core, values))
        known = {number for number, _, _ in shown.shown}
        homes = feature.homes(conn, pairs)
        new = {homes.get(record, record) for record in pairs if not {record, homes.get(record)} & known}
        if new:
            named = ", ".join(write_id(entity, one) for one in sorted(new)[:3] if one in homes.values())
            raise Reject("MDM020", f"somebody like it came since this search{': ' * bool(named)}{named}; search again")
        return shown

    def asked(self, conn: Connection, core: Core, values: Mapping[str, Any]) -> Prepared:
        """The values as the rules see them, references resolved to golden records."""
        assert core.matching is not None
        above = parents(conn, core.entity, {0: values}).get(0, {})
        return prepare(core.matching, with_parents(values, above))

    def core(self, conn: Connection, entity: str) -> Core:
        """The rules in force; raises `Halt` MDM021 when there are none yet."""
        core = self._rules.core(conn, entity)
        if core is None:
            raise Halt("MDM021", f"no {entity} can be searched yet; run a master flow for {entity} first")
        return core


def likely(
    conn: Connection,
    core: Core,
    asked: Prepared,
    *,
    bands: Collection[Band] = ("auto", "review"),
    without: Collection[int] = (),
) -> tuple[dict[int, Match], tuple[str, ...]]:
    """Record -> match, for the records of the index that are in one of the bands; and the keys that were narrowed."""
    rules, numbers = core.matching, core.statistics
    assert rules is not None
    assert numbers is not None
    everyone = "no" in bands
    review = (numbers.bands or rules.bands).review
    keys = block(rules, numbers, asked)
    rows, crowded = feature.near(conn, core.entity.name, core.rev, keys, rules.limits.block)
    screen = Screen(rules, numbers, asked)
    others: dict[int, Prepared] = {}
    stale: list[int] = []
    for row in rows:
        raw = parse(rules, row.features) if row.features is not None else None
        if raw is None:
            stale.append(row.record)
        elif not screen.spares(raw.slots):
            others[row.record] = build(rules, raw, row.record)
    if stale:
        others.update(prepared_again(conn, core, stale))
    matches: dict[int, Match] = {}
    for record, other in others.items():
        if record in without:
            continue
        judged = score(rules, numbers, asked, other)
        if judged.band in bands and (judged.band != "no" or (everyone and judged.vetoes and judged.weight >= review)):
            matches[record] = judged
    return matches, tuple(sorted(crowded))


def _ranked(conn: Connection, core: Core, asked: Prepared, pairs: Mapping[int, Match]) -> list[Candidate]:
    """One candidate per golden record, by band, weight and age; what any of its records forbids, it forbids."""
    if not pairs:
        return []
    homes = feature.homes(conn, pairs)
    groups: dict[tuple[int, int], list[int]] = {}
    for record in pairs:
        groups.setdefault((0, homes[record]) if record in homes else (1, record), []).append(record)
    sure = {homes[one] for one, match in pairs.items() if match.band == "auto" and one in homes}
    forbidden = _forbidden(conn, core, asked, sure)
    found = []
    for (_, number), records in groups.items():
        records.sort(key=lambda one: (*_order(pairs[one]), one))
        best = pairs[records[0]]
        golden = homes.get(records[0])
        vetoes = tuple(sorted({*best.vetoes, *forbidden.get(number, ())}))
        band: Band = "auto" if best.band == "auto" and not vetoes else "review" if best.band != "no" else "no"
        found.append(Candidate(golden, records[0], best.weight, band, best.parts, vetoes, tuple(records)))
    return sorted(found, key=lambda one: (_BANDS[one.band], -one.weight, one.number))


_BANDS = {"auto": 0, "review": 1, "no": 2}


def _order(match: Match) -> tuple[int, int]:
    return _BANDS[match.band], -match.weight


def _forbidden(conn: Connection, core: Core, asked: Prepared, goldens: Collection[int]) -> dict[int, set[str]]:
    """Golden id -> what its records, also those that are not like the one asked for, hold against it."""
    assert core.matching is not None
    found: dict[int, set[str]] = {}
    for golden, text in feature.of_members(conn, core.rev, goldens):
        facts = unpack_facts(text)
        if facts is not None:
            found.setdefault(golden, set()).update(conflict(core.matching.vetoes, asked.facts, facts))
    return found


def _verdict(ranked: list[Candidate]) -> Verdict:
    """What mastering would do with it: join the one, ask a person, or found a golden record.

    Two golden records that both take it without a doubt are a question: either they are one as well, or a steward has
    parted them (E15, E16).
    """
    sure = [one for one in ranked if one.band == "auto"]
    if len(sure) == 1:
        return "known"
    return "review" if any(one.band != "no" for one in ranked) else "new"
