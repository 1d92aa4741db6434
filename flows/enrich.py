"""Enrich: asks maps and registries what golden records lack, and lands the answers as records of their own.

An answer is a source record like any other: it is mapped, it has lineage, it can be outranked and it can be removed.
An answer about one record (a geocoded address) is anchored to that record and follows it; an answer that names a
company (a registry's face) is matched like every record, and so also ties other spellings together. Every question is
asked once: answers are cached with their date, negative ones too. A look-up that is down or used up never stops the
records themselves; it is left alone for the rest of the run, which says so, and asked again by the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from connectors.base import Answer, Lookup
from flows.ingest import keep
from flows.running import Running
from goldbridge.clock import iso
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.mapping import Mapping as FieldMapping
from goldbridge.records.model import Entity
from goldbridge.state import cache, crosswalk, golden, landing
from goldbridge.state.cache import CachedAnswer
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.text.fold import match_form
from goldbridge.text.organisation import parse_organisation

BATCH = 200

PATIENCE = 3
"""Calls in a row that did not get through, after which a look-up counts as down."""

DOWN = frozenset({"CON001", "CON002", "CON003", "CON006"})
"""What concerns the look-up as a whole; other trouble is that of one question, and the next may fare better."""


@dataclass(frozen=True, slots=True)
class Question:
    """One look-up to ask about one golden record; `anchor` is the record whose value is asked about."""

    golden: int
    anchor: int
    terms: Mapping[str, str]

    @property
    def name(self) -> str:
        return cache.terms_hash(self.terms)


def enrich(
    run: Running, lookup: Lookup[Any], asked: str, mapping: FieldMapping, entity: Entity, max_age: timedelta
) -> None:
    """Ask about every active golden record that lacks something this look-up can tell.

    Counts each question: applied (an answer landed), unchanged (known from the cache), filtered (no answer, or one
    that does not fit), pending (the look-up could not be asked now).
    """
    not_before = iso(run.store.clock.now() - max_age)
    after = 0
    trouble = Trouble()
    while True:
        with run.store.read() as conn:
            batch = golden.scan(conn, entity.name, after=after, limit=BATCH)
            if not batch:
                break
            after = batch[-1].id
            answered = set() if _is_about_a_value(mapping) else _answered(conn, lookup, batch, not_before)
            names = lookup.questions[asked]
            unasked = [record for record in batch if record.id not in answered]
            questions = [q for record in unasked if (q := _question(record, names, mapping)) is not None]
            known = cache.load(conn, lookup.context.system, asked, [q.terms for q in questions], not_before=not_before)
        fresh = {q.name: q for q in questions if q.name not in known}
        answers = _ask(lookup, asked, list(fresh.values()), iso(run.store.clock.now()), trouble)
        with run.page() as conn:
            cache.save(conn, lookup.context.system, asked, list(answers.values()))
            _land(conn, run, lookup, mapping, batch, questions, {**known, **answers}, set(known))
        run.progress.advance(len(batch))
    if said := trouble.told():
        run.message = "; ".join(filter(None, (run.message, said)))
        run.log.warning("look-up did not answer", system=lookup.context.system, reason=said)


@dataclass(slots=True)
class Trouble:
    """Why questions stay open: `parked` when the look-up is not to be asked any more in this run."""

    parked: Halt | Retry | None = None
    first: Retry | None = None
    open: int = 0
    in_a_row: int = 0

    def note(self, error: Halt | Retry, questions: int = 1) -> None:
        """Count what got no answer; it parks the look-up that refuses to be asked, or is down."""
        self.open += questions
        if isinstance(error, Halt):
            self.parked = self.parked or error
            return
        self.first = self.first or error
        self.in_a_row = self.in_a_row + 1 if error.code in DOWN else 0
        if self.in_a_row >= PATIENCE:
            self.parked = self.parked or error

    def told(self) -> str:
        """What the run says about it; empty when every question was answered."""
        if self.parked is not None:
            return f"{self.parked}; the next run asks what is open"
        if self.first is None:
            return ""
        many = f"{self.open} questions wait" if self.open > 1 else "one question waits"
        return f"{many} for the next run: {self.first}"


def _answered(conn: Connection, lookup: Lookup[Any], batch: Sequence[Golden], not_before: str) -> set[int]:
    """Golden records that have an answer of this look-up among their records already, and a recent one."""
    members = crosswalk.members(conn, [record.id for record in batch])
    records = landing.origins(conn, {id for ids in members.values() for id in ids})
    return {
        home
        for home, ids in members.items()
        if any(records[id].system == lookup.context.system and records[id].received_at >= not_before for id in ids)
    }


def _question(record: Golden, names: Sequence[str], mapping: FieldMapping) -> Question | None:
    """What to ask about a golden record; None when it lacks nothing the answer could fill, or has nothing to go by."""
    if all(_has(record, field) for field in mapping.fields if field not in ("updated_at", "role")):
        return None
    values = record.values
    address = values.get("address") if isinstance(values.get("address"), dict) else {}
    lines = {name: line for name, line in record.lineage.items() if isinstance(line, dict)}
    code = values.get("credit_code", "")
    valid = code and "invalid" not in lines.get("credit_code", {})
    offers: dict[str, tuple[str, str]] = {
        "keyword": (code, "credit_code") if valid else (values.get("name", ""), "name"),
        "name": (values.get("name", ""), "name"),
        "credit_code": (code if valid else "", "credit_code"),
        "address": (address.get("line", "") if address else "", "address"),
        "city": (_city(address or {}), "address"),
    }
    said = {name: offers[name] for name in names if name in offers}
    main = said.get(names[0])
    if main is None or not main[0]:
        return None
    anchor = lines.get(main[1], {}).get("record") or record.founder
    return Question(record.id, anchor, {name: value for name, (value, _) in said.items() if value})


def _city(address: Mapping[str, Any]) -> str:
    return str(address.get("city") or "")


def _has(record: Golden, field: str) -> bool:
    """Whether a golden record has a value there; dotted names reach into groups."""
    value: Any = record.values
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value not in (None, "", [])


def _ask(
    lookup: Lookup[Any], asked: str, questions: Sequence[Question], at: str, trouble: Trouble
) -> dict[str, CachedAnswer]:
    """Ask side by side, as many in one call as the look-up takes.

    A refused question is an answer, one that got no answer stays open for the next run.
    """
    found: dict[str, CachedAnswer] = {}

    def some(batch: Sequence[Question]) -> None:
        if trouble.parked:
            return
        outcomes = lookup.ask_many(asked, [question.terms for question in batch])
        unanswered = [outcome for outcome in outcomes if isinstance(outcome, Retry | Halt)]
        for error in dict.fromkeys(unanswered):  # one call that failed counts once, however many it asked
            trouble.note(error, sum(outcome is error for outcome in unanswered))
        if len(unanswered) < len(batch):
            trouble.in_a_row = 0
        for question, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Retry | Halt):
                continue
            answer = Answer(False, asked, reason=outcome.message) if isinstance(outcome, Reject) else outcome
            found[question.name] = CachedAnswer(
                question.terms, answer.found, answer.stream, answer.key, answer.row, answer.reason, at
            )

    size = lookup.batch(asked)
    batches = [questions[start : start + size] for start in range(0, len(questions), size)]
    with ThreadPoolExecutor(lookup.config.threads, thread_name_prefix=f"ask-{lookup.context.system}") as pool:
        list(pool.map(some, batches))
    return {name: found[name] for name in sorted(found)}


def _land(
    conn: Connection,
    run: Running,
    lookup: Lookup[Any],
    mapping: FieldMapping,
    batch: Sequence[Golden],
    questions: Sequence[Question],
    answers: Mapping[str, CachedAnswer],
    known: set[str],
) -> None:
    goldens = {record.id: record for record in batch}
    said = _mapped(mapping, answers)
    fates: dict[str, int] = {}
    anchored: list[tuple[Question, CachedAnswer]] = []
    named: dict[str, CachedAnswer] = {}
    for question in questions:
        answer = answers.get(question.name)
        if answer is None:
            fate = "pending"
        elif not answer.found or not fits(goldens[question.golden], answer, said[question.name], mapping):
            fate = "filtered"
        else:
            fate = "unchanged" if question.name in known else "applied"
            if _is_about_a_value(mapping):
                anchored.append((question, answer))
            else:
                named[answer.key] = answer
        fates[fate] = fates.get(fate, 0) + 1
    run.counters.add(fates)
    ref_stream = next(iter(answers.values())).stream if answers else ""
    if named:
        ref = StreamRef(lookup.context.system, ref_stream, mapping.target)
        compared = landing.changed(
            conn, ref, [Arrival(key, named[key].row) for key in sorted(named)], mapping_rev=mapping.revision
        )
        keep(conn, run, ref, mapping, compared.changes)
    if anchored:
        _land_anchored(conn, run, StreamRef(lookup.context.system, ref_stream, mapping.target), mapping, anchored)


def _mapped(mapping: FieldMapping, answers: Mapping[str, CachedAnswer]) -> dict[str, Mapping[str, Any]]:
    """What each answer says in canonical terms; nothing for one that says nothing or cannot be mapped."""
    found = [name for name, answer in answers.items() if answer.found]
    values = mapping.apply([answers[name].row for name in found]).values
    return {name: {} for name in answers} | {name: values[at] or {} for at, name in enumerate(found)}


def _is_about_a_value(mapping: FieldMapping) -> bool:
    """Whether the answer describes one value of a record (such as its address) rather than naming an organisation."""
    return "name" not in mapping.fields


def _land_anchored(
    conn: Connection,
    run: Running,
    ref: StreamRef,
    mapping: FieldMapping,
    anchored: Sequence[tuple[Question, CachedAnswer]],
) -> None:
    records = landing.load(conn, {q.anchor for q, _ in anchored})
    arrivals, anchors = [], {}
    for question, answer in anchored:
        record = records[question.anchor]
        key = f"{record.system}.{record.stream}/{record.key}"
        arrivals.append(Arrival(key, answer.row))
        anchors[key] = record.id
    compared = landing.changed(conn, ref, arrivals, mapping_rev=mapping.revision)
    result = mapping.apply([change.raw for change in compared.changes])
    for index, change in enumerate(compared.changes):
        change.anchor = anchors[change.key]
        change.fate = result.fates[index]
        change.canonical, change.notes = result.values[index], result.notes[index]
    landing.save(conn, ref, compared.changes, run.id, mapping_rev=mapping.revision)


def fits(record: Golden, answer: CachedAnswer, said: Mapping[str, Any], mapping: FieldMapping) -> bool:
    """Whether an answer is about this golden record; a namesake or a mistyped code must not complete it.

    An answer that names an organisation must carry the name we know (now or formerly), or at least its brand when it
    was found by a valid credit code; a region named on both sides must not contradict.
    """
    if _is_about_a_value(mapping):
        return True
    names = [said.get("name"), *(said.get("former_names") or [])]
    ours = [record.values.get("name"), *(record.values.get("former_names") or [])]
    forms = {match_form(name) for name in names if name}
    if forms & {match_form(name) for name in ours if name}:
        return True
    if answer.terms.get("keyword") != said.get("credit_code"):
        return False
    theirs = [parse_organisation(name) for name in names if name]
    mine = [parse_organisation(name) for name in ours if name]
    return any(a.brand and b.brand and (a.brand in b.brand or b.brand in a.brand) for a in theirs for b in mine)
