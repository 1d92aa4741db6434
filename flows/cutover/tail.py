"""The tail watch: what somebody still wrote on the side that was closed, record by record, with who did it.

While frozen, every record that reads anew was written by somebody, since flows write nothing there. After the flip our
own writes come back from the old system too: then only rows that show something else than we wrote are somebody's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from flows.cutover.config import Cutover, Wave
from flows.cutover.phase import Phase
from flows.echo import EDITED
from goldbridge.ports import Json
from goldbridge.state import crosswalk, cutover, landing, ledger, outbox, ownership
from goldbridge.state.landing import Record

BATCH = 5000


class Intrusion(NamedTuple):
    """One record that was written although its side is closed. `at` is when, `by` who, as the system says."""

    system: str
    stream: str
    key: str
    what: str
    at: str
    by: str

    def as_json(self) -> dict[str, Json]:
        return dict(self._asdict())


def intrusions(conn: Connection, plan: Cutover, wave: Wave, state: cutover.Wave) -> list[Intrusion]:
    """Every write to the old system since the freeze that is about this wave, by stream and key."""
    if not state.frozen_row and state.phase < Phase.FREEZE:
        return []
    found = dict(cutover.written_since(conn, plan.old, wave.entities, state.frozen_row))
    found |= _events(conn, plan.old, wave.entities, state.frozen_seq)
    found = _of_wave(conn, wave, found)
    records = landing.load(conn, found, raw=True)
    if state.phase >= Phase.FLIP:
        ours = _ours(conn, records)
        found = {id: what for id, what in found.items() if what == EDITED or id not in ours}
    user = plan.settings.freeze.user or ""
    told = [
        Intrusion(one.system, one.stream, one.key, found[id], one.event_at, str((one.raw or {}).get(user) or ""))
        for id, one in records.items()
        if id in found
    ]
    return sorted(told)


def _events(conn: Connection, system: str, entities: Collection[str], seq: int) -> dict[int, str]:
    found: dict[int, str] = {}
    while events := outbox.read(conn, seq, kind="record", entities=entities, system=system, limit=BATCH):
        for event in events:
            found[event.subject] = EDITED if EDITED in (event.event, found.get(event.subject)) else event.event
        seq = events[-1].seq
    return found


def _of_wave(conn: Connection, wave: Wave, found: dict[int, str]) -> dict[int, str]:
    """Those of this wave, and those of which nobody can say yet: they are told for each."""
    homes = crosswalk.golden_of(conn, found)
    waves = ownership.waves_of(conn, set(homes.values()))
    return {id: what for id, what in found.items() if waves.get(homes.get(id, -1), wave.name) == wave.name}


def _ours(conn: Connection, records: Mapping[int, Record]) -> set[int]:
    """Those of these records whose rows we have written to."""
    keys: dict[tuple[str, str], list[str]] = {}
    for one in records.values():
        keys.setdefault((one.system, one.stream), []).append(one.key)
    written = {place: ledger.load(conn, *place, some).keys() for place, some in keys.items()}
    return {id for id, one in records.items() if one.key in written[one.system, one.stream]}
