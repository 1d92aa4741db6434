"""Golden ids that last: who keeps an id when clusters change, who gets a former one back, who gets a new one.

Order of claims on an id (GOLDEN ids are promises to other systems): the steward's choice; exact restoration by an
undone decision; the cluster that keeps most live members of the golden record; seniority. A losing id redirects. A
new id is derived from its founding record and a counter, so that a rebuild mints the same ids.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goldbridge.state.golden import golden_id
from mdm.claim import Claimant

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OURS = "0123456789abcdefghjkmnpqrstvwxyz"
_TO_OURS = str.maketrans(_PLAIN, _OURS)
_TO_PLAIN = str.maketrans(_OURS, _PLAIN)


def write_id(entity: str, golden: int) -> str:
    """A golden id as people and other systems see it: `party-` and 13 characters without look-alikes."""
    return f"{entity}-{base64.b32encode(golden.to_bytes(8, 'big')).decode().rstrip('=').translate(_TO_OURS)}"


def read_id(text: str) -> int:
    """The number behind a written golden id; raises ValueError for anything else."""
    _, _, tail = text.strip().lower().rpartition("-")
    if len(tail) != 13 or set(tail) - set(_OURS):
        raise ValueError(f"'{text}' is not a golden id; it looks like party-3k9m2x7q0b1c4")
    return int.from_bytes(base64.b32decode(tail.translate(_TO_PLAIN) + "==="), "big")


@dataclass(frozen=True, slots=True)
class Issued:
    """A golden id that exists: whether it is active, and the seniority of the record that founded it."""

    state: str
    seniority: tuple[int, str, str, str, int]


@dataclass(slots=True)
class Assignment:
    """Ids for clusters, by position; old ids that now lead elsewhere; ids in use that had not been issued."""

    ids: list[int] = field(default_factory=list)
    redirects: dict[int, list[int]] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)
    founders: dict[int, tuple[Claimant, int]] = field(default_factory=dict)


def assign(
    clusters: Sequence[Sequence[Claimant]],
    current: Mapping[int, int],
    issued: Mapping[int, Issued],
    *,
    restore: Mapping[int, int] | None = None,
    chosen: Mapping[int, int] | None = None,
) -> Assignment:
    """Give every cluster its golden id.

    `current` is the open membership of every record that has or had one (dead ones too: a golden record whose members
    all vanish is retired); `issued` knows at least every id in `current` and every id these records ever founded.
    `restore` is an undone decision's record -> id, `chosen` a steward's survivor choice by record.
    """
    place = {claim.record: index for index, cluster in enumerate(clusters) for claim in cluster}
    seniority = [min(claim.seniority() for claim in cluster) for cluster in clusters]
    wanted: dict[int, list[int]] = defaultdict(list)
    for index, cluster in enumerate(clusters):
        for asked in (chosen, restore):
            said = {asked[claim.record] for claim in cluster if asked and claim.record in asked}
            if len(said) == 1:
                wanted[index].extend(said)
                break
    taken = {ids[0]: index for index, ids in sorted(wanted.items(), key=lambda item: seniority[item[0]], reverse=True)}
    keeps: dict[int, list[int]] = defaultdict(list)
    went: dict[int, list[int]] = {}
    for golden, places in _whereabouts(current, place).items():
        best = min(places, key=lambda index: (-places[index], seniority[index]))
        went[golden] = [best, *sorted((i for i in places if i != best), key=lambda i: seniority[i])]
        keeps[taken.get(golden, best)].append(golden)
    result = Assignment()
    used: set[int] = set(taken)
    order = sorted(range(len(clusters)), key=lambda index: seniority[index])
    ids: dict[int, int] = {index: golden for golden, index in taken.items()}
    for index in order:
        if index not in ids and (mine := [golden for golden in keeps[index] if golden not in used]):
            ids[index] = min(mine, key=lambda golden: (issued[golden].seniority, golden))
            used.add(ids[index])
    for index in order:
        if index not in ids:
            ids[index] = _new_id(clusters[index], issued, used, result)
            used.add(ids[index])
    result.ids = [ids[index] for index in range(len(clusters))]
    for golden in sorted(set(current.values()) - used):
        if golden in went:
            result.redirects[golden] = list(dict.fromkeys(ids[index] for index in went[golden]))
        else:
            result.retired.append(golden)
    return result


def _whereabouts(current: Mapping[int, int], place: Mapping[int, int]) -> dict[int, Counter[int]]:
    """For every golden record, how many of its live members are in which cluster."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for record, golden in current.items():
        if record in place:
            found[golden][place[record]] += 1
    return found


def _new_id(cluster: Sequence[Claimant], issued: Mapping[int, Issued], used: set[int], result: Assignment) -> int:
    """The founder's former id when it is free again, else its next one."""
    founder = min(cluster, key=Claimant.seniority)
    counter = 0
    while True:
        golden = golden_id(founder.record, counter)
        if golden not in used and (golden not in issued or issued[golden].state in ("redirected", "retired")):
            result.founders[golden] = (founder, counter)
            return golden
        counter += 1
