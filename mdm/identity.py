"""Golden ids that last: who keeps an id when clusters change, who gets a former one back, who gets a new one.

Order of claims on an id (GOLDEN ids are promises to other systems): the steward's choice; exact restoration by an
undone decision; the cluster that keeps most live members of the golden record; seniority. A losing id redirects. A
new id is derived from its founding record and a counter, so that a rebuild mints the same ids.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mdm.claim import Claimant

_ALPHABET = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghjkmnpqrstvwxyz")


def mint(entity: str, founder: Claimant, counter: int) -> str:
    """The golden id that `founder` gives to its `counter`-th golden record: `party-` and 16 characters."""
    text = f"{entity}\0{founder.system}\0{founder.stream}\0{founder.key}\0{founder.incarnation}\0{counter}"
    digest = hashlib.blake2b(text.encode(), digest_size=10).digest()
    return f"{entity}-{base64.b32encode(digest).decode().lower().translate(_ALPHABET)}"


@dataclass(frozen=True, slots=True)
class Issued:
    """A golden id that exists: whether it is active, and the seniority of the record that founded it."""

    state: str
    seniority: tuple[int, str, str, str, int]


@dataclass(slots=True)
class Assignment:
    """Ids for clusters, by position; old ids that now lead elsewhere; ids in use that had not been issued."""

    ids: list[str] = field(default_factory=list)
    redirects: dict[str, list[str]] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)
    founders: dict[str, Claimant] = field(default_factory=dict)


def assign(
    entity: str,
    clusters: Sequence[Sequence[Claimant]],
    current: Mapping[int, str],
    issued: Mapping[str, Issued],
    *,
    restore: Mapping[int, str] | None = None,
    chosen: Mapping[int, str] | None = None,
) -> Assignment:
    """Give every cluster its golden id.

    `current` is the open membership of every record that has or had one (dead ones too: a golden record whose members
    all vanish is retired); `issued` knows at least every id in `current` and every id these records ever founded.
    `restore` is an undone decision's record -> id, `chosen` a steward's survivor choice by record.
    """
    place = {claim.record: index for index, cluster in enumerate(clusters) for claim in cluster}
    seniority = [min(claim.seniority() for claim in cluster) for cluster in clusters]
    wanted: dict[int, list[str]] = defaultdict(list)
    for index, cluster in enumerate(clusters):
        for asked in (chosen, restore):
            ids = {asked[claim.record] for claim in cluster if asked and claim.record in asked}
            if len(ids) == 1:
                wanted[index].extend(ids)
                break
    taken = {ids[0]: index for index, ids in sorted(wanted.items(), key=lambda item: seniority[item[0]], reverse=True)}
    keeps: dict[int, list[str]] = defaultdict(list)
    went: dict[str, list[int]] = {}
    for golden, places in _whereabouts(current, place).items():
        best = max(places, key=lambda index: (places[index], _reverse(seniority, index)))
        went[golden] = [best, *sorted((i for i in places if i != best), key=lambda i: seniority[i])]
        keeps[taken.get(golden, best)].append(golden)
    result = Assignment()
    used: set[str] = set(taken)
    order = sorted(range(len(clusters)), key=lambda index: seniority[index])
    ids: dict[int, str] = {index: golden for golden, index in taken.items()}
    for index in order:
        if index not in ids and (mine := [golden for golden in keeps[index] if golden not in used]):
            ids[index] = min(mine, key=lambda golden: (issued[golden].seniority, golden))
            used.add(ids[index])
    for index in order:
        if index not in ids:
            ids[index] = _new_id(entity, clusters[index], issued, used, result)
            used.add(ids[index])
    result.ids = [ids[index] for index in range(len(clusters))]
    for golden in sorted(set(current.values()) - used):
        if golden in went:
            result.redirects[golden] = list(dict.fromkeys(ids[index] for index in went[golden]))
        else:
            result.retired.append(golden)
    return result


def _whereabouts(current: Mapping[int, str], place: Mapping[int, int]) -> dict[str, Counter[int]]:
    """For every golden record, how many of its live members are in which cluster."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for record, golden in current.items():
        if record in place:
            found[golden][place[record]] += 1
    return found


def _reverse(seniority: Sequence[tuple[int, str, str, str, int]], index: int) -> int:
    """Rank so that the most senior cluster compares largest."""
    return -sorted(range(len(seniority)), key=lambda i: seniority[i]).index(index) if len(seniority) > 1 else 0


def _new_id(
    entity: str, cluster: Sequence[Claimant], issued: Mapping[str, Issued], used: set[str], result: Assignment
) -> str:
    """The founder's former id when it is free again, else its next one."""
    founder = min(cluster, key=Claimant.seniority)
    counter = 0
    while True:
        golden = mint(entity, founder, counter)
        if golden not in used and (golden not in issued or issued[golden].state in ("redirected", "retired")):
            result.founders[golden] = founder
            return golden
        counter += 1
