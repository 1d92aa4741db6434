"""`goldbridge tasks ...`: the stewards' queue, from the keyboard."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from goldbridge.cli import open_hub
from goldbridge.cli.steward import JSON, REASON, SEEN, _as_dict, _find, _plain
from goldbridge.cli.steward_choice import choose, words
from goldbridge.cli.steward_told import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from flows.hub import Hub
    from goldbridge.state.task import Task
    from mdm.steward import Steward

TASK = Annotated[int, typer.Argument(metavar="TASK", help="Its number.")]
TASKS = Annotated[list[int], typer.Argument(metavar="TASK...", help="Their numbers.")]
LANE = Annotated[
    str,
    typer.Option("--lane", "--queue", metavar="NAME", help="One lane only: `goldbridge tasks lanes` lists them."),
]
KIND = Annotated[list[str] | None, typer.Option("--kind", metavar="KIND", help="Of this kind only; repeat it.")]
ENTITY = Annotated[str, typer.Option("--entity", metavar="NAME", help="About this entity only.")]
LIMIT = Annotated[int, typer.Option("--limit", min=1, help="How many to list.")]
ANSWERS = ("same", "different", "unsure")


class Queue(TyperGroup):
    """`tasks`, `tasks 12` and `tasks 12 same` beside `tasks assign 12`: a first word that is a number is a task."""

    own = "list"

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != self.own]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        words = self._words(args)
        if (words and not words[0].isdigit()) or {"--help", "-h"} & set(args[:1]):
            return super().make_context(info_name, args, parent, **extra)
        name = self.own if not words else "show" if len(words) == 1 else "answer"
        return self.commands[name].make_context(info_name, args, parent, **extra)

    def _words(self, args: list[str]) -> list[str]:
        """What stands there beside the options and their values."""
        valued = {
            name
            for command in (self.commands[each] for each in (self.own, "show", "answer"))
            for param in command.params
            if param.param_type_name == "option" and not getattr(param, "is_flag", False)
            for name in param.opts
        }
        words, skip = [], False
        for arg in args:
            if skip:
                skip = False
            elif arg.startswith("-") and arg != "-":
                skip = arg in valued
            else:
                words.append(arg)
        return words


def register(app: typer.Typer) -> None:
    queue = typer.Typer(cls=Queue, help="The questions that wait for a steward: look at them, answer, hand on.")
    commands: dict[str, Callable[..., int]] = {
        "list": listed, "next": next_one, "show": show, "answer": answer, "choose": choose, "lanes": lanes,
        "assign": assign, "unassign": unassign, "due": due, "defer": defer, "resume": resume, "comment": comment,
        "approve": approve, "reject": reject, "bulk": bulk, "close": close, "leave": leave,
    }  # fmt: skip
    for name, command in commands.items():
        queue.command(name)(command)
    app.add_typer(queue, name="tasks")


def listed(
    ctx: typer.Context,
    lane: LANE = "",
    kind: KIND = None,
    entity: ENTITY = "",
    mine: Annotated[bool, typer.Option("--mine", help="Only those assigned to me.")] = False,
    assignee: Annotated[str | None, typer.Option("--assignee", metavar="NAME", help="Only this person's.")] = None,
    pool: Annotated[bool, typer.Option("--pool", help="Only those that nobody has taken.")] = False,
    priority: Annotated[int | None, typer.Option("--priority", help="Only of this priority or higher.")] = None,
    due_by: Annotated[str, typer.Option("--due", metavar="DATE", help="Only those due by the end of a day.")] = "",
    deferred: Annotated[bool, typer.Option("--deferred", help="Those that were put aside.")] = False,
    limit: LIMIT = 20,
    as_json: JSON = False,
) -> int:
    """List the questions that wait for a steward, those that cost most when left alone first."""
    from flows.desk import actor
    from goldbridge.state import task
    from mdm.steward import queue

    person = actor() if mine else "" if pool else assignee
    with open_hub(ctx) as hub, hub.store.read() as conn:
        which = _which(lane, kind, entity) | {
            "assignee": person, "priority": priority, "due_by": _day_end(hub, due_by) if due_by else "",
            "states": ("deferred",) if deferred else task.OPEN,
        }  # fmt: skip
        found = task.list_tasks(conn, limit=limit, **which)
        more = len(task.list_tasks(conn, limit=10_000, offset=limit, **which)) if len(found) == limit else 0
        by_lane = queue.lanes(conn)
    if as_json:
        typer.echo(json.dumps([{**one._asdict(), "lane": _lane(one)} for one in found], ensure_ascii=False))
        return 0
    if not found:
        typer.echo(
            "nothing waits for a steward" if not by_lane else "nothing fits; `goldbridge tasks lanes` has the rest"
        )
        return 0
    for one in found:
        typer.echo(_line(one))
    if more:
        typer.echo(f"... and {more} more (--limit)")
    typer.echo("look at one with: goldbridge tasks NUMBER; answer with: goldbridge tasks NUMBER same|different|unsure")
    if any(one.payload.get("sides") for one in found):
        typer.echo("where a side is asked for, answer with its id: goldbridge tasks NUMBER ID")
    return 0


def _which(lane: str, kind: list[str] | None, entity: str) -> dict[str, Any]:
    from goldbridge.records.hint import did_you_mean
    from mdm.lane import LANES, kinds

    if lane and lane not in LANES:
        raise typer.BadParameter(f"there is no lane '{lane}'{did_you_mean(lane, LANES)}", param_hint="--lane")
    place = (lane, kinds(lane)) if lane else None
    return {"lane": place, "kinds": kind or (), "entity": entity}


def _lane(one: Task) -> str:
    from mdm.lane import lane

    return lane(one.kind, str(one.payload.get("reason", ""))) if one.queue == "default" else one.queue


def _line(one: Task) -> str:
    labels = one.payload.get("labels") or []
    names = "  |  ".join(f"{each['name']} ({each['source']}/{each['key']})" for each in labels[:3])
    weight = one.payload.get("weight")
    bits = f"{weight / 10_000:+.1f} bits" if weight is not None else ""
    notes = "".join(f"  [{each}]" for each in (one.assignee, f"due {one.due_at[:10]}" if one.due_at else "") if each)
    return f"{one.id:>5}  {_lane(one):<9} {bits:>11}  {one.payload.get('reason', '')}: {names}{notes}"


def lanes(ctx: typer.Context, as_json: JSON = False) -> int:
    """How many questions wait in each lane, and what a lane is."""
    from mdm.lane import LANES
    from mdm.steward import queue

    with open_hub(ctx) as hub, hub.store.read() as conn:
        found = queue.lanes(conn)
    if as_json:
        typer.echo(json.dumps(found))
    elif not found:
        typer.echo("nothing waits for a steward")
    else:
        for name, number in found.items():
            typer.echo(f"{number:>6}  {name:<10} {LANES.get(name, '')}")
    return 0


def next_one(
    ctx: typer.Context,
    lane: LANE = "",
    kind: KIND = None,
    entity: ENTITY = "",
    as_json: JSON = False,
) -> int:
    """The question that costs most when left alone, of mine and of those that nobody has taken."""
    from flows.desk import actor
    from goldbridge.state import task

    with open_hub(ctx) as hub, hub.store.read() as conn:
        which = _which(lane, kind, entity)
        found = [one for name in (actor(), "") for one in task.list_tasks(conn, assignee=name, limit=1, **which)]
    if not found:
        typer.echo("null" if as_json else "nothing waits for you")
        return 0
    return show(ctx, found[0].id, as_json)


def show(ctx: typer.Context, number: TASK, as_json: JSON = False) -> int:
    """One question: the records side by side, the evidence, what was said, and the view to decide on."""
    from goldbridge.state import crosswalk, landing, task
    from mdm.steward.view import view_of, write_view

    with open_hub(ctx) as hub, hub.store.read() as conn:
        asked = task.load(conn, [number]).get(number)
        if asked is None:
            raise typer.BadParameter(f"there is no task {number}", param_hint="TASK")
        records = landing.load(conn, asked.subject)
        said = task.comments(conn, number)
        homes = crosswalk.golden_of(conn, asked.subject)
        view = write_view(view_of(conn, set(homes.values())))
    sides = [records[id] for id in asked.subject if id in records]
    if as_json:
        more = {"lane": _lane(asked), "view": view, "comments": [each._asdict() for each in said]}
        shown = {**asked._asdict(), **more, "records": [_as_dict(record) for record in sides]}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return 0
    _print(asked, sides)
    for each in said:
        typer.echo(f"{each.at[:16].replace('T', ' ')} {each.author}: {each.text}")
    if asked.state in task.CLOSED:
        typer.echo(f"closed: {asked.resolution}")
    return 0


def _print(asked: Task, sides: list[Any]) -> None:
    asked = asked._replace(payload=asked.payload or {})  # of an erased record nothing is left to show
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    table = Table("field", *(f"{r.system}.{r.stream}/{r.key}" for r in sides), title=f"task {asked.id}: {asked.kind}")
    for name in dict.fromkeys(name for record in sides for name in record.canonical or {}):
        cells = [_plain((record.canonical or {}).get(name)) for record in sides]
        table.add_row(name, *cells, style="" if len(set(cells)) == 1 else "bold")
    console = make_console()
    if sides:
        console.print(table)
    else:
        console.print(f"task {asked.id}: {asked.kind}", markup=False)
    weight = asked.payload.get("weight")
    vetoes = f"; vetoes: {asked.payload.get('vetoes') or 'none'}"
    console.print(
        f"{asked.payload.get('reason', '')}"
        if weight is None
        else f"{weight / 10_000:+.2f} bits; {asked.payload.get('reason', '')}{vetoes}",
        markup=False,
    )
    for side in asked.payload.get("sides") or []:
        console.print(f"  {side['golden']}  {side['name'] or ''}  ({', '.join(side['records'])})", markup=False)
    words(asked.payload, lambda text: console.print(text, markup=False, highlight=False))
    for comparison, level, part in asked.payload.get("parts") or []:
        console.print(f"  {part / 10_000:+7.2f}  {comparison}: {level}", markup=False, highlight=False)


def answer(
    ctx: typer.Context,
    number: TASK,
    judgement: Annotated[
        str, typer.Argument(metavar="same|different|unsure|ID", help="The judgement; the side, where one is asked for.")
    ],
    seen: SEEN = None,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Answer a question: same joins, different keeps apart for good, unsure closes it undecided.

    To a question on which side a child belongs the answer is the golden record (or one of its records) of that side.
    """
    from flows.desk import Desk
    from mdm.child import KIND as SIDE
    from mdm.steward import answer as settle
    from mdm.steward import question
    from mdm.steward.placing import put, side_of

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        asked = _known(conn, number)
        if asked.kind == SIDE and judgement not in ANSWERS:
            side = _find(conn, judgement, follow=False).id
            who = Desk(hub)(conn, side_of(conn, number).entity)
            return told(put(conn, who, number, side, reason=reason, version=seen), as_json)
        if asked.kind == SIDE:
            ids = ", ".join(one["golden"] for one in asked.payload["sides"])
            raise typer.BadParameter(f"task {number} asks for a side; answer with one of {ids}", param_hint="ANSWER")
        if judgement not in ANSWERS:
            raise typer.BadParameter("answer same, different or unsure", param_hint="ANSWER")
        asked = question(conn, number)
        decided = settle(conn, Desk(hub)(conn, asked.entity), number, judgement, reason=reason, version=seen)
    return told(decided, as_json)


def _known(conn: Connection, number: int) -> Task:
    from goldbridge.state import task

    found = task.load(conn, [number]).get(number)
    if found is None:
        raise typer.BadParameter(f"there is no task {number}", param_hint="TASK")
    return found


def assign(
    ctx: typer.Context,
    numbers: TASKS,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="To whom; else to me.")] = "",
    as_json: JSON = False,
) -> int:
    """Take questions, or give them to somebody."""
    from flows.desk import actor
    from mdm.steward import queue

    name = to or actor()
    return _each(ctx, numbers, lambda conn, who, n: queue.assign(conn, who, n, name), f"assigned to {name}", as_json)


def unassign(ctx: typer.Context, numbers: TASKS, as_json: JSON = False) -> int:
    """Give questions back to the pool."""
    from mdm.steward import queue

    return _each(ctx, numbers, lambda conn, who, n: queue.assign(conn, who, n, ""), "back in the pool", as_json)


def due(
    ctx: typer.Context,
    number: TASK,
    day: Annotated[str, typer.Argument(metavar="DATE|never", help="A day, e.g. 2026-12-31, or never.")],
    as_json: JSON = False,
) -> int:
    """Say until when a question is to be answered."""
    from mdm.steward import queue

    with open_hub(ctx) as hub:
        at = "" if day == "never" else _day_end(hub, day)
    return _each(ctx, [number], lambda conn, who, n: queue.due(conn, who, n, at), f"due {day}", as_json)


def defer(
    ctx: typer.Context,
    numbers: TASKS,
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The day on which they come back.")],
    as_json: JSON = False,
) -> int:
    """Put questions aside until a day. They come back earlier when their evidence changes."""
    from mdm.steward import queue

    with open_hub(ctx) as hub:
        at = _day_start(hub, until)
    return _each(ctx, numbers, lambda conn, who, n: queue.defer(conn, who, n, at), f"put aside until {until}", as_json)


def resume(ctx: typer.Context, numbers: TASKS, as_json: JSON = False) -> int:
    """Take questions up again that were put aside."""
    from mdm.steward import queue

    return _each(ctx, numbers, queue.resume, "open again", as_json)


def comment(
    ctx: typer.Context,
    number: TASK,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    as_json: JSON = False,
) -> int:
    """Say something about a question; whoever looks at it reads it."""
    from mdm.steward import queue

    return _each(ctx, [number], lambda conn, who, n: queue.comment(conn, who, n, text), "noted", as_json)


def close(ctx: typer.Context, numbers: TASKS, reason: REASON = "", as_json: JSON = False) -> int:
    """Lay aside what only told something, such as a decision that was returned."""
    from mdm.steward import queue

    return _each(ctx, numbers, lambda conn, who, n: queue.close(conn, who, n, reason=reason), "closed", as_json)


def _each(
    ctx: typer.Context, numbers: list[int], act: Callable[[Connection, Steward, int], Any], done: str, as_json: bool
) -> int:
    """Do the same to each of these tasks, all or none."""
    from flows.desk import Desk
    from mdm.steward import queue

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        desk = Desk(hub)
        for number in numbers:
            act(conn, desk(conn, queue.open_one(conn, number).entity), number)
    shown = ", ".join(map(str, numbers))
    typer.echo(json.dumps({"tasks": numbers, "done": done}) if as_json else f"{shown}: {done}")
    return 0


def approve(ctx: typer.Context, number: TASK, reason: REASON = "", as_json: JSON = False) -> int:
    """Approve what somebody else proposed; it is applied now, or returned when what it is about has changed.

    Exit status 1 when it was returned.
    """
    from flows.desk import Desk
    from mdm.steward import Returned
    from mdm.steward import approve as confirm
    from mdm.steward.approving import proposed

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        asked, _ = proposed(conn, number)
        done = confirm(conn, Desk(hub)(conn, asked.entity), number, reason=reason)
    if not isinstance(done, Returned):
        return told(done, as_json)
    if as_json:
        typer.echo(json.dumps({"decision": done.decision, "returned": done.changed, "task": done.task}))
    else:
        typer.echo(f"decision {done.decision} was returned to its author (task {done.task}): {'; '.join(done.changed)}")
    return 1


def reject(ctx: typer.Context, number: TASK, reason: REASON = "", as_json: JSON = False) -> int:
    """Refuse what was proposed; its author takes it back the same way."""
    from flows.desk import Desk
    from mdm.steward import reject as refuse
    from mdm.steward.approving import proposed

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        asked, _ = proposed(conn, number)
        made = refuse(conn, Desk(hub)(conn, asked.entity), number, reason=reason)
    typer.echo(json.dumps({"decision": made, "state": "refused"}) if as_json else f"decision {made} is refused")
    return 0


def bulk(
    ctx: typer.Context,
    judgement: Annotated[str, typer.Argument(metavar="same|different|unsure", help="The answer to all of them.")],
    lane: LANE = "",
    kind: KIND = None,
    entity: ENTITY = "",
    min_weight: Annotated[
        float | None, typer.Option("--min-weight", metavar="BITS", help="Only with this much evidence or more.")
    ] = None,
    max_weight: Annotated[
        float | None, typer.Option("--max-weight", metavar="BITS", help="Only with this much evidence or less.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Numbers of tasks, one a line; - is stdin.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and answer none.")] = False,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Give many questions the same answer. Each is a decision of its own, with an undo of its own.

    What cannot be decided is told, and keeps nothing else from being decided; exit status 1 then.
    """
    from flows.desk import Desk
    from mdm.steward.bulk import answer_all

    if judgement not in ANSWERS:
        raise typer.BadParameter("answer same, different or unsure", param_hint="ANSWER")
    if file is None and not (lane or kind or min_weight is not None or max_weight is not None):
        raise typer.BadParameter("say which: --lane, --kind, --min-weight or --file", param_hint="--lane")
    with open_hub(ctx) as hub:
        numbers = _numbers(file) if file else _chosen(hub, _which(lane, kind, entity), min_weight, max_weight, limit)
        if dry_run:
            typer.echo(json.dumps(numbers) if as_json else f"{len(numbers)}: {', '.join(map(str, numbers))}")
            return 0
        done = failed = 0
        for item in answer_all(hub.store, Desk(hub), numbers, judgement, reason=reason):
            done, failed = done + item.done, failed + (not item.done)
            if as_json:
                shown = {"task": item.task, "decision": item.decision, "approval": item.approval}
                typer.echo(json.dumps(shown | ({} if item.done else {"code": item.code, "message": item.message})))
            elif not item.done:
                typer.echo(f"{item.task:>5}  {item.code} {item.message}")
            else:
                waits = f", waits for a second person (task {item.approval})" if item.approval else ""
                typer.echo(f"{item.task:>5}  {f'decision {item.decision}' if item.decision else 'closed'}{waits}")
    if not as_json:
        typer.echo(f"{done} answered, {failed} not")
    return 1 if failed else 0


def _chosen(hub: Hub, which: dict[str, Any], least: float | None, most: float | None, limit: int) -> list[int]:
    from mdm.steward import queue

    low, high = (None if bits is None else round(bits * 10_000) for bits in (least, most))
    from mdm.review import KIND as PAIR
    from mdm.review import WEAK

    kinds = which["kinds"] or (PAIR, WEAK)
    with hub.store.read() as conn:
        return [one.id for one in queue.weighing(conn, {**which, "kinds": kinds}, low, high, limit)]


def _numbers(file: Path) -> list[int]:
    from goldbridge.errors import Mark, Misconfigured

    where = "stdin" if str(file) == "-" else str(file)
    try:
        text = sys.stdin.read() if where == "stdin" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured.one("CFG090", f"cannot be read: {error}", Mark(where)) from error
    found = []
    for line, said in enumerate(text.splitlines(), 1):
        if not said.strip() or said.lstrip().startswith("#"):
            continue
        if not said.split()[0].isdigit():
            raise Misconfigured.one("CFG090", "expected the number of a task", Mark(where, line, 1))
        found.append(int(said.split()[0]))
    return found


def leave(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who left.")],
    entity: Annotated[str, typer.Option("--entity", metavar="NAME", help="Under whose rules it is noted.")] = "party",
    as_json: JSON = False,
) -> int:
    """Somebody left: their open questions return to the pool, their decisions stay in force under their name."""
    from flows.desk import Desk
    from mdm.steward import queue

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        number = queue.leave(conn, Desk(hub)(conn, entity), name)
    typer.echo(json.dumps({"returned": number}) if as_json else f"{number} questions are back in the pool")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no day; write it as 2026-12-31", param_hint="DATE") from None


def _day_start(hub: Hub, text: str) -> str:
    from goldbridge.clock import iso

    return iso(datetime.combine(_day(text), time(), hub.project.settings.zone_info).astimezone(UTC))


def _day_end(hub: Hub, text: str) -> str:
    from goldbridge.clock import iso

    return iso(datetime.combine(_day(text), time.max, hub.project.settings.zone_info).astimezone(UTC))
