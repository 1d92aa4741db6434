"""What several sides of a two-way flow say about one record, brought to one word per field, or to a question.

A three-way merge: the base of a side is what its row showed when it last agreed with the golden record, whoever wrote
it; a field that a side shows differently since is its word. One word is everybody's: all records that claim the field
claim it from now on, so that no survivorship rule and no older claim brings the old value back. Of two different words
the owner's counts, or a steward decides and every side keeps its own until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from flows.dispute import disputed, put
from flows.echo import EDITED
from flows.running import Running
from flows.side import Meaning, Sides
from goldbridge.state import crosswalk, decision, delivery, golden, landing, override
from goldbridge.state.delivery import Settlement
from goldbridge.state.golden import Golden, GoldenVersion
from goldbridge.state.landing import Record
from goldbridge.state.outbox import Event

REPEATS, HOPS = 3, 6
"""After so many changes of sides in a row two rules fight: sooner when a value comes back, later when it is always
new. People who edit in turn do not say the same two things three times within a day."""

FIGHT_WITHIN = timedelta(days=1)
_UNSENT = frozenset({"ready", "parked", "dead"})

Words = dict[str, Any]
"""Place -> what it says."""


@dataclass(slots=True)
class Edit:
    """What people changed on one row since the sides last agreed: field -> what stood there, if it was not ours."""

    fields: set[str] = field(default_factory=set)
    was: dict[str, Any] = field(default_factory=dict)
    version: int = 0


def edits_of(events: Iterable[Event]) -> dict[int, Edit]:
    """Record -> its edits; the first of several tells what stood there before all of them."""
    found: dict[int, Edit] = {}
    for event in events:
        if event.event != EDITED or not isinstance(event.detail, dict):
            continue
        edit = found.setdefault(event.subject, Edit(version=event.detail["version"]))
        for name in event.detail["fields"]:
            if name not in edit.fields:
                edit.fields.add(name)
                if name in event.detail["was"]:
                    edit.was[name] = event.detail["was"][name]
    return found


class Agreement:
    """One page of edits, settled on one connection."""

    def __init__(self, conn: Connection, run: Running, sides: Sides, edits: Mapping[int, Edit]) -> None:
        self.conn, self.run, self.sides, self.edits = conn, run, sides, edits
        self.plan = sides.plan
        self.meaning = Meaning(conn)
        homes = crosswalk.golden_of(conn, edits)
        self.heads = golden.load(conn, set(homes.values()))
        self.rows = sides.rows(conn, self.heads)
        self.said = sides.said(row for rows in self.rows.values() for row in rows if row.id in edits)
        self.disputes = disputed(conn, self.heads)
        self.claims: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, dict[str, Any]] = {}
        self.over: set[int] = set()
        self._pasts: dict[int, list[GoldenVersion]] = {}

    def settle(self) -> int:
        """Settle every edited field; returns how many fields were merged."""
        merged = 0
        asked: dict[int, dict[str, Any]] = {}
        for home, head in sorted(self.heads.items()):
            rows = self.rows.get(home, [])
            fields = {name for row in rows if row.id in self.edits for name in self.edits[row.id].fields}
            for name in sorted(fields & self.plan.carried):
                merged += self._field(head, rows, name, asked)
        self.keep()
        self._overtake()
        self.run.count(questions=put(self.conn, self.run.flow, self.heads, asked, self._flat()))
        override.retire(self.conn, self.over)
        return merged

    def _same(self, a: Any, b: Any) -> bool:
        return self.meaning(a) == self.meaning(b)

    def _flat(self) -> list[Record]:
        return [row for rows in self.rows.values() for row in rows]

    def _field(self, head: Golden, rows: Sequence[Record], name: str, asked: dict[int, dict[str, Any]]) -> int:
        now = head.values.get(name)
        words: Words = {}
        unread: list[str] = []
        for row in rows:
            if row.id in self.edits and name in self.edits[row.id].fields:
                words[self.sides.place(row)] = self.said[row.id].values.get(name)
                if why := self.said[row.id].unread(name):
                    unread.append(f"{self.sides.place(row)}: {why}")
        held = self.disputes.get(head.id, {})
        edited = dict(words)
        if name in held:
            words = {**held[name]["said"], **words}
        else:
            words = {**self._undelivered(head, rows, name, words), **words}
        movers = sorted(edited, key=self.plan.flow.sync.between.index)
        note = self._hop(rows, name, movers, edited)
        if unread and (name not in self.plan.strict or self.plan.owner.get(name) in movers):
            reason, winner = "; ".join(unread), ""
        elif name not in self.plan.strict and (fight := self._fight(name, note)):
            reason, winner = fight, ""
            words.setdefault(note["against"], now)
        else:
            winner, reason = self._winner(name, words, now)
        if reason:
            base = held[name]["base"] if name in held else self._base(head, rows, name, now)
            asked.setdefault(head.id, dict(held))[name] = {"base": base, "said": words, "reason": reason}
            self._claim(rows, name, base, {"by": "", "at": self.run.started_at}, movers)
            return 0
        if name in held:
            asked.setdefault(head.id, dict(held)).pop(name, None)
        value = words[winner] if winner else now
        if winner not in edited or len({self.meaning(word) for word in words.values()}) > 1:
            self.run.count(overruled=1)
        self._claim(rows, name, value, {**note, "by": winner or note["by"]}, movers)
        self._unpin(rows, name)
        return 1

    def _undelivered(self, head: Golden, rows: Sequence[Record], name: str, words: Words) -> Words:
        """The word of another side that the golden record holds and an edited row had not been told yet."""
        now = head.values.get(name)
        for row in rows:
            edit = self.edits.get(row.id)
            if edit is None or name not in edit.fields or self._same(self._stood(head, edit, name), now):
                continue
            author = self._author(rows, name, now)
            if author and author not in words:
                return {author: now}
        return {}

    def _stood(self, head: Golden, edit: Edit, name: str) -> Any:
        """What a row last agreed to: what it showed itself, or what the golden record said when we wrote it."""
        if name in edit.was:
            return edit.was[name]
        value = None
        if head.id not in self._pasts:
            self._pasts[head.id] = golden.history(self.conn, head.id)
        for version in self._pasts[head.id]:
            if version.version > edit.version:
                break
            value = version.values.get(name, None if name in version.unset else value)
        return value

    def _base(self, head: Golden, rows: Sequence[Record], name: str, now: Any) -> Any:
        """The last common state: what the rows that were edited stood on."""
        for row in rows:
            edit = self.edits.get(row.id)
            if edit is not None and name in edit.fields:
                return self._stood(head, edit, name)
        return now

    def _author(self, rows: Sequence[Record], name: str, value: Any) -> str:
        """The side whose word the golden record holds; empty when it is no side's."""
        claiming = [row for row in rows if self._same((row.canonical or {}).get(name), value)]
        by = [str(note["by"]) for row in claiming if (note := row.notes.get(name) or {}).get("by")]
        return by[0] if by else self.sides.place(claiming[0]) if claiming else ""

    def _winner(self, name: str, words: Words, now: Any) -> tuple[str, str]:
        """Whose word counts, or why a steward has to say; no winner and no reason: what was agreed stands."""
        owner = self.plan.owner.get(name, "")
        if name in self.plan.strict:
            return (owner if owner in words else ""), ""
        if len({self.meaning(word) for word in words.values()}) == 1:
            return min(words, key=self.plan.flow.sync.between.index), ""
        if self.plan.flow.conflict == "merge":
            return (owner if owner in words else min(words, key=self.plan.flow.sync.between.index)), ""
        return "", f"{' and '.join(sorted(words))} say different things"

    # Fights

    def _hop(self, rows: Sequence[Record], name: str, movers: Sequence[str], words: Words) -> dict[str, Any]:
        """The note that travels with a word: who said it, against whom, and how often it has changed sides in a row."""
        at = self.run.started_at
        held = [note for row in rows if (note := row.notes.get(name) or {}).get("by") and note.get("at")]
        last = max(held, key=lambda note: str(note["at"]), default=None)
        seen = [self.meaning(words[place])[:12] for place in movers]
        fresh = {"by": movers[0], "against": "", "hops": 0, "back": 0, "words": seen, "at": at}
        if last is None or last["by"] in movers or _later(str(last["at"]), at) > FIGHT_WITHIN:
            return fresh
        back = int(last.get("back", 0)) + any(word in last.get("words", ()) for word in seen)
        known = [*last.get("words", ()), *seen][-HOPS:]
        return {**fresh, "against": last["by"], "hops": int(last.get("hops", 0)) + 1, "back": back, "words": known}

    def _fight(self, name: str, note: Mapping[str, Any]) -> str:
        """The two rules that write over each other, where they do; empty otherwise."""
        if note["hops"] < REPEATS or (note["back"] < REPEATS - 1 and note["hops"] < HOPS):
            return ""
        by, against = sorted((note["by"], note["against"]), key=self.plan.flow.sync.between.index)
        rules = " and ".join(f"{place} ({self.sides.get(place).mapping.mark(name)})" for place in (by, against))
        said = f"{rules} keep writing over each other in '{name}'"
        self.run.count(fights=1)
        self.run.message = "; ".join(filter(None, (self.run.message, said)))
        self.run.log.warning("two rules fight", field=name, rules=rules)
        return said

    # Claims

    def _claim(
        self, rows: Sequence[Record], name: str, value: Any, note: Mapping[str, Any], movers: Collection[str]
    ) -> None:
        """Every record that claims the field claims this value from now on."""
        quality: Mapping[str, Any] = next(
            (row.notes[name] for row in rows if self.sides.place(row) == note["by"] and name in row.notes), {}
        )
        kept = {key: said for key, said in quality.items() if key == "invalid"}
        for row in rows:
            claims = self.claims.setdefault(row.id, dict(row.canonical or {}))
            if name in claims or self.sides.place(row) in movers:
                claims[name] = value
                self.notes.setdefault(row.id, dict(row.notes))[name] = {**kept, **note}

    def _unpin(self, rows: Sequence[Record], name: str) -> None:
        """A newer word ends what a steward chose between the older ones."""
        pins = [pin for pin in decision.active_overrides(self.conn, [row.id for row in rows]) if pin.field == name]
        made = decision.load(self.conn, {pin.decision for pin in pins if pin.decision is not None})
        self.over |= {pin.id for pin in pins if pin.decision in made and made[pin.decision].kind == "choose"}

    def _overtake(self) -> None:
        """What waits to be written to a row that was edited since was decided on what the row showed before."""
        for side in self.sides:
            homes = [
                home
                for home, rows in self.rows.items()
                if any(row.id in self.edits and self.sides.place(row) == side.place for row in rows)
            ]
            queued = delivery.of_subjects(self.conn, side.ref.system, side.ref.stream, homes)
            waiting = [item for items in queued.values() for item in items if item.state in _UNSENT]
            delivery.settle(self.conn, [Settlement(item.id, "superseded") for item in waiting])

    def keep(self) -> None:
        """Save the claims that changed."""
        rows = {row.id: row for row in self._flat()}
        for side in self.sides:
            mine = [id for id in self.claims if self.sides.place(rows[id]) == side.place]
            changes = [change for change in landing.again(self.conn, mine) if change.before is not None]
            for change in changes:
                assert change.before is not None
                change.fate = change.before.fate
                change.canonical = self.claims[change.id]
                change.notes = self.notes.get(change.id) or rows[change.id].notes
            landing.save(self.conn, side.ref, changes, self.run.id, mapping_rev=side.mapping.revision)
            self.run.file(self.conn, side.ref.entity, [change.id for change in changes])


def meet(conn: Connection, run: Running, sides: Sides, records: Collection[int]) -> int:
    """Rows that meet for the first time have no common state: the owner's word counts, else what survived.

    Returns how many golden records are to be looked at again. What the rows show is noted, so that the next difference
    is somebody's edit.
    """
    heads = golden.load(conn, set(crosswalk.golden_of(conn, records).values()))
    agreement = Agreement(conn, run, sides, {})
    agreement.rows = sides.rows(conn, heads)
    said = sides.said(row for rows in agreement.rows.values() for row in rows)
    for home, head in sorted(heads.items()):
        rows = agreement.rows.get(home, [])
        fresh = sides.seed(conn, head, rows)
        if not fresh or len(rows) < 2:
            continue
        for name in sorted(sides.plan.carried & fresh):
            words = {sides.place(row): word for row in rows if _says(word := said[row.id].values.get(name))}
            if len({agreement.meaning(word) for word in words.values()}) > 1:
                owner = sides.plan.owner.get(name, "")
                value = words.get(owner, head.values.get(name))
                by = owner if owner in words else ""
                agreement._claim(rows, name, value, {"by": by, "at": run.started_at}, list(words))
                run.count(met=1)
    agreement.keep()
    return len(agreement.claims)


def _later(before: str, after: str) -> timedelta:
    return datetime.fromisoformat(after) - datetime.fromisoformat(before)


def _says(value: Any) -> bool:
    return value not in (None, "", [], {})
