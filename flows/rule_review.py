"""Lets a simulated change of rules in, case by case, and takes it back.

`activate` puts it in force in one transaction that holds every case as it stands; `accept` lets cases go, some in each
transaction, so that a process that dies is simply started again. What is applied is compared with what was simulated,
and refused when it differs (G14). `rollback` returns memberships, ids and values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from flows import rules
from flows.hub import Hub
from flows.master import CONSUMER, place
from flows.quiet import quiet
from flows.rule_change import Change, load
from flows.running import Running
from goldbridge.errors import Halt, Reject
from goldbridge.ports import Json
from goldbridge.state import crosswalk, cursor, decision, outbox, ruleset
from goldbridge.state.audit import Audit
from goldbridge.state.ruleset import Ruleset
from goldbridge.state.vault import derive
from mdm import rebuild
from mdm.core import Core
from mdm.resolution import Outcome, resolve
from mdm.simulation import Case, hold

BATCH = 200
"""Cases per transaction."""


def accept(hub: Hub, who: str, rev: int | None = None, numbers: Collection[int] | None = None) -> Change:
    """Let these cases (all when None) change as simulated, putting the revision in force first; again: the rest.

    Raises `Reject` MDM042 for a number that is none of its cases, and whatever `activate` raises.
    """
    with quiet(hub, "rules") as run:
        with hub.store.read() as conn:
            change = load(conn, rev)
        known = {case.number for _, case in change.every()}
        if unknown := sorted(set(numbers or ()) - known):
            raise Reject(
                "MDM042", f"revision {change.rev} has no case {unknown[0]}; it has 1 to {max(known, default=0)}"
            )
        _activate(hub, run, change, who)
        for name in change.entities:
            waiting = [c for c in change.cases[name] if c.state in ("waiting", "held")]
            chosen = [c for c in waiting if numbers is None or c.number in numbers or c.kind == "kept"]
            _carry_out(hub, run, change, name, chosen, who)
    return change


def activate(hub: Hub, who: str, rev: int | None = None) -> Change:
    """Put a revision in force with every case held as it stands: values follow the new rules, memberships wait.

    Raises `Reject` MDM043 when the state moved on since it was simulated, or it is in force or was taken back.
    """
    return accept(hub, who, rev, ())


def _activate(hub: Hub, run: Running, change: Change, who: str) -> None:
    """The one transaction in which the rules change: index, holds, revision, cursors."""
    with run.page() as conn:
        active = ruleset.active(conn)
        assert active is not None
        if active.rev == change.rev and change.state == "active":
            return
        _unmoved(conn, active, change)
        new = ruleset.load(conn, change.rev)
        for name in change.entities:
            other = _go_over(hub, run, conn, name, active, new)
            for case in change.cases[name]:
                if case.kind != "kept":
                    hold(conn, other, case.records, change.author)
                    case.state = "held"
        ruleset.activate(conn, change.rev, who)
        change.state = "active"
        _note(hub, conn, change, who, "rules:activate", {"base": change.base_rev})


def _unmoved(conn: Connection, active: Ruleset, change: Change) -> None:
    said = f"revision {change.rev}"
    if change.state != "simulated":
        raise Reject("MDM043", f"{said} is {change.state}; simulate the files again: goldbridge rules diff")
    if active.rev != change.base_rev:
        raise Reject(
            "MDM043", f"{said} was compared with revision {change.base_rev}, and {active.rev} is in force; "
            "compare again: goldbridge rules diff",
        )  # fmt: skip
    if broken := change.counts.get("overridden", 0):
        raise Halt("MDM044", f"{said} would override {broken} decisions, which no rules may; keep the state, report it")
    events = outbox.head(conn) - change.watermark
    if events or ruleset.newest_decision(conn) != change.decisions:
        what = f"{events} events" if events else "a decision"
        raise Reject(
            "MDM043", f"{said} was simulated {what} ago, and the state moved on; compare again: goldbridge rules diff"
        )


def _go_over(hub: Hub, run: Running, conn: Connection, name: str, today: Ruleset, other: Ruleset) -> Core:
    """An entity's rules under another revision; its edges and the place of its master flows are theirs from now on."""
    before = rules.core_of(hub.project, today, name, hub.survivorship)
    after = rules.core_of(hub.project, other, name, hub.survivorship)
    if before.rev != after.rev:
        _reindex(conn, after)
        _go_on_from(conn, before, after, run.id)
    return after


def _reindex(conn: Connection, core: Core) -> None:
    for batch in rebuild.batches(conn, core.entity.name):
        rebuild.renew(conn, core, batch)


def _go_on_from(conn: Connection, today: Core, other: Core, run: int) -> None:
    """What was mastered under the rules of today needs no mastering under the others: it is simulated and held."""
    for tail in ("", ":parents"):
        at = cursor.load(conn, CONSUMER, f"{place(today)}{tail}")
        held = cursor.load(conn, CONSUMER, f"{place(other)}{tail}")
        if at is not None and at.value and not cursor.behind(held, at.value, ""):
            cursor.advance(conn, CONSUMER, at.value, "", run, partition=f"{place(other)}{tail}")


def _carry_out(hub: Hub, run: Running, change: Change, name: str, chosen: Sequence[Case], who: str) -> None:
    """Let go of these cases, some per transaction; values of what stays held follow the new rules too."""
    with run.page() as conn:
        core = rules.core_of(hub.project, ruleset.load(conn, change.rev), name, hub.survivorship)
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        with run.page() as conn:
            _release(conn, change, [case for case in batch if case.kind != "kept"])
            _resolve(conn, core, batch, run, f"rules:{change.rev}")
            _as_simulated(conn, change, name, batch)
            for case in batch:
                case.state = "accepted"
            _note(hub, conn, change, who, "rules:accept", {"cases": [case.number for case in batch]})
    left = [case for case in change.cases[name] if case.state == "held"]
    for start in range(0, len(left), BATCH):
        with run.page() as conn:
            _resolve(conn, core, left[start : start + BATCH], run, f"rules:{change.rev}")


def _resolve(conn: Connection, core: Core, cases: Sequence[Case], run: Running, cause: str, **how: Any) -> None:
    outcome = Outcome()
    for case in cases:
        seeds = [id for id in case.records if id not in outcome.touched]
        if seeds:
            outcome.add(resolve(conn, core, seeds, cause, run.id, **how))
    run.count(moved=outcome.moved, golden_versions=outcome.versions)


def _release(conn: Connection, change: Change, cases: Sequence[Case]) -> None:
    records = {id for case in cases for id in case.records}
    mine = [one.id for one in decision.active_assertions(conn, records) if one.author == change.author]
    decision.revoke_assertions(conn, mine, by=None)


def _as_simulated(conn: Connection, change: Change, name: str, cases: Sequence[Case]) -> None:
    """G14: raises `Halt` MDM044 when what was applied is not what was simulated, unless the state moved on since."""
    if _moved_on(conn, change, name):
        return
    wanted = {id: golden for case in cases for golden, ids in case.after.items() for id in ids}
    found = crosswalk.golden_of(conn, wanted)
    for case in cases:
        if any(found.get(id) != wanted.get(id) for id in case.records):
            raise Halt(
                "MDM044",
                f"case {case.number} of revision {change.rev} would not become what was simulated; none of its batch "
                "was kept. That is a bug: keep the state and report it",
            )


def _moved_on(conn: Connection, change: Change, name: str) -> bool:
    """Whether anything was landed or decided since the simulation that may have changed its cases."""
    if ruleset.newest_decision(conn) != change.decisions:
        return True
    return bool(outbox.read(conn, change.watermark, kind="record", entities=[name], limit=1))


def rollback(hub: Hub, who: str) -> Change:
    """Put the revision before the newest change in force again; memberships, ids and values return.

    A rollback that was interrupted goes on where it stopped. Raises `Reject` MDM041 when there is nothing to take back.
    """
    with quiet(hub, "rules") as run:
        with run.page() as conn:
            change = load(conn)
            active = ruleset.active(conn)
            assert active is not None
            if change.state == "active" and active.rev == change.rev:
                _take_back(hub, run, conn, change, active, who)
            elif change.state != "rolling back":
                raise Reject(
                    "MDM041", f"no change of rules is there to take back: revision {change.rev} is {change.state}"
                )
        for name in change.entities:
            with run.page() as conn:
                core = rules.core_of(hub.project, ruleset.load(conn, change.base_rev), name, hub.survivorship)
            _return(run, core, change, name)
        with run.page() as conn:
            change.state = "rolled back"
            for _, case in change.every():
                case.state = "rolled back"
            _note(hub, conn, change, who, "rules:rolled back", {})
    return change


def _take_back(hub: Hub, run: Running, conn: Connection, change: Change, active: Ruleset, who: str) -> None:
    base = ruleset.load(conn, change.base_rev)
    holds = [one.id for one in decision.active_assertions(conn) if one.author == change.author]
    decision.revoke_assertions(conn, holds, by=None)
    for name in change.entities:
        _go_over(hub, run, conn, name, active, base)
    ruleset.activate(conn, base.rev, who)
    change.state = "rolling back"
    _note(hub, conn, change, who, "rules:rollback", {"to": base.rev})


def _return(run: Running, core: Core, change: Change, name: str) -> None:
    """Resolve everything under the earlier rules; records of cases get back the ids they had."""
    had = {id: golden for case in change.cases[name] for golden, ids in case.before.items() for id in ids}
    outcome = Outcome()
    for start in range(0, len(change.cases[name]), BATCH):
        with run.page() as conn:
            for case in change.cases[name][start : start + BATCH]:
                mine = {id: had[id] for id in case.records if id in had}
                outcome.add(resolve(conn, core, case.records, "rules:rollback", run.id, restore=mine))
    with run.store.read() as conn:
        batches = list(rebuild.batches(conn, name))
    for batch in batches:
        with run.page() as conn:
            outcome.add(rebuild.resolve_again(conn, core, batch, outcome.touched, run.id))


def _note(hub: Hub, conn: Connection, change: Change, who: str, what: str, detail: Mapping[str, Json]) -> None:
    """Keep how far the change is, and who did it."""
    ruleset.keep_progress(conn, change.simulation, change.as_json())
    Audit(derive(hub.key, "audit")).append(conn, who, what, f"ruleset:{change.rev}", dict(detail))
