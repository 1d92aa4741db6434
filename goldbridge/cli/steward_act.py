"""`goldbridge golden merge|split|move|same|different|undo|why`: what a steward decides, and sees before deciding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import ID, JSON, REASON, _find, _one_entity, _record
from goldbridge.cli.steward_told import print_preview, told

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.hub import Hub
    from goldbridge.state.landing import Record
    from mdm.steward.act import Act

RECORD = Annotated[str, typer.Argument(metavar="RECORD", help="A record, as SYSTEM.STREAM/KEY.")]
DRY = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, before and after, and decide nothing.")]
VIEW = Annotated[
    str,
    typer.Option("--view", metavar="VIEW", help="Refuse if anything has changed since --dry-run printed this view."),
]


def add_to(golden: typer.Typer) -> None:
    """These commands beside those that only look."""
    for command in (merge, split, move, same, different, undo, why):
        golden.command(command.__name__)(command)


def merge(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID ID...", help="Golden ids, or SYSTEM.STREAM/KEY.")],
    survivor: Annotated[str | None, typer.Option("--survivor", metavar="ID", help="Whose id survives.")] = None,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that golden records are one and the same."""
    from mdm.steward.joining import Merge

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        found = [_find(conn, id, follow=False) for id in ids]
        keep = _find(conn, survivor, follow=False).id if survivor else None
        _one_entity(found)
        return _do(hub, conn, found[0].entity, Merge([g.id for g in found], keep), dry_run, view, reason, as_json)


def split(
    ctx: typer.Context,
    id: ID,
    records: Annotated[
        list[str],
        typer.Argument(metavar="RECORD... [+ RECORD...]", help="Who leaves, as SYSTEM.STREAM/KEY; + begins another."),
    ],
    with_group: Annotated[
        bool, typer.Option("--with-group", help="Take along what came together with them in the last merge.")
    ] = False,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that some records of a golden record are another company, or several others: groups are parted by a +."""
    from mdm.steward.parting import Split, companions

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        record = _find(conn, id, follow=False)
        groups = [[_record(conn, text) for text in group] for group in _groups(records)]
        alone = groups
        if with_group:
            groups = [
                sorted({m for one in group for m in (one, *companions(conn, record.id, one))}) for group in groups
            ]
        status = _do(hub, conn, record.entity, Split(record.id, groups), dry_run, view, reason, as_json)
        if not (with_group or dry_run or as_json):
            _offer(conn, alone)
    return status


def _groups(records: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for text in records:
        if text == "+":
            groups.append([])
        else:
            groups[-1].append(text)
    return groups


def _offer(conn: Connection, groups: list[list[int]]) -> None:
    """Name those that had come together with who left, and stayed (E29)."""
    from mdm.steward.desk import names
    from mdm.steward.parting import left_behind

    gone = {one for group in groups for one in group}
    stayed = sorted({mate for one in gone for mate in left_behind(conn, one)} - gone)
    if stayed:
        shown = ", ".join(sorted(names(conn, stayed).values()))
        typer.echo(
            f"{shown} had come together with what left, and stayed; undo and add --with-group to take them along"
        )


def move(
    ctx: typer.Context,
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Who moves, as SYSTEM.STREAM/KEY.")],
    to: Annotated[str, typer.Option("--to", metavar="ID", help="The golden record that they belong to.")],
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that records of one golden record belong to another."""
    from mdm.steward.parting import Move

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        target = _find(conn, to, follow=False)
        act = Move([_record(conn, text) for text in records], target.id)
        return _do(hub, conn, target.entity, act, dry_run, view, reason, as_json)


def same(
    ctx: typer.Context,
    a: RECORD,
    b: RECORD,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that two records are one. It binds the records, whatever golden records they come to be in."""
    from mdm.steward.joining import Same

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        one, other = _two(conn, a, b)
        return _do(hub, conn, one.entity, Same(one.id, other.id), dry_run, view, reason, as_json)


def different(
    ctx: typer.Context,
    a: RECORD,
    b: RECORD,
    until_evidence_changes: Annotated[
        bool,
        typer.Option("--until-evidence-changes", help="Ask again when what they are matched on is another."),
    ] = False,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that two records are not one. It binds the records, whatever is edited in them."""
    from mdm.steward.parting import Different

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        one, other = _two(conn, a, b)
        act = Different(one.id, other.id, until_evidence_changes)
        return _do(hub, conn, one.entity, act, dry_run, view, reason, as_json)


def undo(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="DECISION", help="The number that merge, split or tasks told.")],
    stack: Annotated[
        bool, typer.Option("--stack", help="Take back the later decisions that build on it as well, newest first.")
    ] = False,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Take a decision back; every id and value returns to where it was."""
    from mdm.steward.undoing import Undo, entity_of

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        entity = entity_of(conn, number)
        if not entity:
            raise typer.BadParameter(f"there is no decision {number}", param_hint="DECISION")
        if not stack:
            return _do(hub, conn, entity, Undo(number), dry_run, view, reason, as_json)
        return _undo_stack(hub, conn, entity, number, dry_run, reason, as_json)


def _undo_stack(hub: Hub, conn: Connection, entity: str, number: int, dry_run: bool, reason: str, as_json: bool) -> int:
    from flows.desk import Desk
    from mdm.steward import stack, undo_stack

    if dry_run:
        wanted = stack(conn, number)
        typer.echo(
            json.dumps(wanted) if as_json else f"would be taken back, in this order: {', '.join(map(str, wanted))}"
        )
        return 0
    done = undo_stack(conn, Desk(hub)(conn, entity), number, reason=reason)
    if as_json:
        typer.echo(json.dumps([{"decision": each.decision, "approval": each.approval} for each in done]))
        return 0
    for each in done:
        told(each, as_json=False)
    return 0


def why(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(metavar="ID", help="A golden id, or SYSTEM.STREAM/KEY of a record.")],
    b: Annotated[str, typer.Argument(metavar="[ID]", help="Another; else each record of the first, one by one.")] = "",
    as_json: JSON = False,
) -> int:
    """Why two are together or apart: which field weighs what, by which key they met, what was said, in sentences.

    Also of two that no question was ever asked about. Of two golden records the pair that is most alike is told.
    """
    from flows.desk import Desk
    from mdm.steward.explanation import pairs
    from mdm.steward.explanation import why as explain

    with open_hub(ctx) as hub, hub.store.read() as conn:
        left, right = _records(conn, a), _records(conn, b) if b else []
        entities = {record.entity for record in (*left, *right)}
        if len(entities) > 1:
            raise typer.BadParameter("these are records of different entities", param_hint="ID")
        who = Desk(hub)(conn, entities.pop())
        chosen = pairs(conn, who, [r.id for r in left], [r.id for r in right])
        found = [explain(conn, who, one, other) for one, other in chosen]
    if as_json:
        typer.echo(json.dumps(found if not b else found[0], ensure_ascii=False))
        return 0
    if not found:
        typer.echo("it has one record only; nothing was joined")
    for index, one in enumerate(found):
        if index:
            typer.echo("")
        typer.echo(one["sentences"][0])
        for sentence in one["sentences"][1:]:
            typer.echo(f"  {sentence}")
    return 0


def _records(conn: Connection, text: str) -> list[Record]:
    """A record, or the live records of a golden record."""
    from goldbridge.state import landing
    from mdm.steward.desk import own_records

    if "/" in text:
        number = _record(conn, text)
        return [landing.load(conn, [number])[number]]
    record = _find(conn, text)
    found = own_records(conn, [record.id])[record.id]
    if not found:
        raise typer.BadParameter(f"{text} has no living record", param_hint="ID")
    return found


def _two(conn: Connection, a: str, b: str) -> tuple[Record, Record]:
    from goldbridge.state import landing

    numbers = [_record(conn, text) for text in (a, b)]
    records = landing.load(conn, numbers)
    one, other = (records[number] for number in numbers)
    if one.entity != other.entity:
        raise typer.BadParameter("these are records of different entities", param_hint="RECORD")
    return one, other


def _do(hub: Hub, conn: Connection, entity: str, act: Act, dry_run: bool, view: str, reason: str, as_json: bool) -> int:
    """Decide, or show what deciding would do."""
    from flows.desk import Desk
    from mdm.steward.act import decide
    from mdm.steward.preview import preview
    from mdm.steward.view import read_view

    who = Desk(hub)(conn, entity)
    if not dry_run:
        return told(decide(conn, who, act, reason=reason, seen=read_view(view) if view else None), as_json)
    shown: dict[str, Any] = preview(conn, who, act, reason=reason)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        print_preview(shown)
    return 0
