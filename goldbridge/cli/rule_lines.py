"""A change of rules as people read it: what it does in figures, then case by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from goldbridge.state import landing
from goldbridge.state.document import dump
from mdm.identity import write_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.rule_change import Change
    from mdm.simulation import Case

_FIGURES = {
    "kept": "stay as they are", "merged": "groups would merge", "split": "would be split",
    "moved": "groups would exchange records", "values_changed": "would get other values",
    "published": "rows in target systems are touched", "held": "are held by a decision",
    "overridden": "decisions would be overridden",
}  # fmt: skip


def told(conn: Connection, change: Change, limit: int) -> Iterator[str]:
    """The change as lines; at most `limit` cases."""
    names = _names(conn, change)
    yield f"revision {change.rev} compared with {change.base_rev}: {', '.join(change.entities)}; {change.state}"
    for kind, words in _FIGURES.items():
        if change.counts.get(kind) or kind in ("kept", "overridden"):
            yield f"{change.counts.get(kind, 0):>9,}  {words}"
    shown = [(entity, case) for entity, case in change.every() if case.kind != "kept" or case.values]
    for entity, case in shown[:limit]:
        yield ""
        yield from _case(entity, case, names)
    if len(shown) > limit:
        yield f"\n... and {len(shown) - limit} more (--limit)"
    for one in [held for entity in change.entities for held in change.held[entity]][:limit]:
        verb = "would part" if one.judgement == "same" else "would join"
        yield (
            f"held by decision {one.decision}: the rules alone {verb} {names.get(one.a, one.a)} and "
            f"{names.get(one.b, one.b)}{', as those of today do not' if one.newly else ''}"
        )
    if change.state == "simulated":
        yield f"\nlet it in with: goldbridge rules accept {change.rev}"
    elif change.state == "active":
        waiting = sum(case.state == "held" for _, case in change.every())
        yield f"\n{waiting} cases are held as they stand; take all of it back with: goldbridge rules rollback"


def _case(entity: str, case: Case, names: Mapping[int, str]) -> Iterator[str]:
    where = f"; published as {', '.join(case.published)}" if case.published else ""
    yield f"{case.number:>5}  {case.kind}, {case.state}{where}"
    if case.kind == "kept":
        yield f"       {write_id(entity, min(case.before))}"
    else:
        for word, side in (("now", case.before), ("then", case.after)):
            for id, records in sorted(side.items()):
                shown = ", ".join(names.get(record, str(record)) for record in records)
                yield f"       {word:<4} {write_id(entity, id)}: {shown}"
    for id, fields in sorted(case.values.items()):
        for field, (before, after) in fields.items():
            yield f"       {write_id(entity, id)} {field}: {_short(before)} -> {_short(after)}"


def as_dict(conn: Connection, change: Change) -> dict[str, Any]:
    """The whole change for a program."""
    names = _names(conn, change)
    return {
        "revision": change.rev, "base": change.base_rev, "state": change.state, "watermark": change.watermark,
        "counts": dict(change.counts),
        "cases": [
            {
                "number": case.number, "entity": entity, "kind": case.kind, "state": case.state,
                "before": _side(entity, case.before, names), "after": _side(entity, case.after, names),
                "values": {write_id(entity, id): fields for id, fields in sorted(case.values.items())},
                "published": case.published,
            }
            for entity, case in change.every()
        ],
        "held": [
            {
                "decision": one.decision, "judgement": one.judgement, "newly": one.newly,
                "records": [names.get(one.a, str(one.a)), names.get(one.b, str(one.b))],
            }
            for entity in change.entities for one in change.held[entity]
        ],
    }  # fmt: skip


def _side(entity: str, side: Mapping[int, list[int]], names: Mapping[int, str]) -> dict[str, list[str]]:
    return {write_id(entity, id): [names.get(one, str(one)) for one in ids] for id, ids in sorted(side.items())}


def _names(conn: Connection, change: Change) -> dict[int, str]:
    records = {id for _, case in change.every() for id in case.records}
    return landing.names(conn, records | {id for held in change.held.values() for one in held for id in (one.a, one.b)})


def _short(value: Any) -> str:
    text = dump(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
