"""`goldbridge tasks` and `goldbridge golden ...`: what stewards see and decide, from the keyboard."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import golden_store, session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.hub import Hub
    from goldbridge.state.golden import Golden
    from mdm.steward import Decided, Steward

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
REASON = Annotated[str, typer.Option("--reason", "-m", help="Why; kept with the decision.")]
ID = Annotated[str, typer.Argument(metavar="ID", help="A golden id, or SYSTEM.STREAM/KEY of a record.")]


def register(app: typer.Typer) -> None:
    app.command("tasks")(tasks)
    golden = typer.Typer(no_args_is_help=True, help="Look at golden records, merge, split and undo.")
    golden.command("show")(show)
    golden.command("merge")(merge)
    golden.command("split")(split)
    golden.command("undo")(undo)
    golden_store.add_to(golden)
    from goldbridge.cli import golden_history, golden_pin

    golden_pin.register(golden)
    golden_history.register(golden)
    app.add_typer(golden, name="golden")


def tasks(
    ctx: typer.Context,
    number: Annotated[int | None, typer.Argument(metavar="[TASK]", help="Show or answer this one.")] = None,
    answer: Annotated[str | None, typer.Argument(metavar="[same|different|unsure]", help="The judgement.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list.")] = 20,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """List the questions that wait for a steward, look at one, or answer it."""
    from goldbridge.state import task

    if answer is not None and answer not in ("same", "different", "unsure"):
        raise typer.BadParameter("answer same, different or unsure", param_hint="ANSWER")
    with _hub(ctx) as hub:
        if number is None:
            with hub.store.read() as conn:
                found = task.list_tasks(conn, limit=limit)
                total = sum(n for (_, _, state), n in task.count(conn).items() if state == "open")
            _list(found, total, as_json)
            return 0
        with hub.store.read() as conn:
            asked = task.load(conn, [number]).get(number)
        if asked is None:
            raise typer.BadParameter(f"there is no task {number}", param_hint="TASK")
        if answer is None:
            _print_task(hub, asked, as_json)
            return 0
        from mdm.steward import answer as settle
        from mdm.steward import question

        with hub.store.begin() as conn:
            asked = question(conn, number)
            decided = settle(conn, _who(hub, conn, asked.entity), number, answer, reason=reason)
        _told(decided, as_json)
    return 0


def _list(found: list[Any], total: int, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([item._asdict() for item in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("nothing waits for a steward")
        return
    for item in found:
        labels = item.payload.get("labels") or []
        names = "  |  ".join(f"{one['name']} ({one['source']}/{one['key']})" for one in labels)
        bits = f"{item.payload.get('weight', 0) / 10_000:+.1f} bits"
        typer.echo(f"{item.id:>5}  {item.kind:<12} {bits:>11}  {item.payload.get('reason', '')}: {names}")
    if total > len(found):
        typer.echo(f"... and {total - len(found)} more (--limit)")
    typer.echo("answer with: goldbridge tasks NUMBER same|different|unsure")


def _print_task(hub: Hub, asked: Any, as_json: bool) -> None:
    from goldbridge.state import landing

    with hub.store.read() as conn:
        records = landing.load(conn, asked.subject)
    sides = [records[id] for id in asked.subject if id in records]
    if as_json:
        shown = {**asked._asdict(), "records": [_as_dict(record) for record in sides]}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    table = Table("field", *(f"{r.system}.{r.stream}/{r.key}" for r in sides), title=f"task {asked.id}: {asked.kind}")
    fields = list(dict.fromkeys(name for record in sides for name in record.canonical or {}))
    for name in fields:
        cells = [_plain((record.canonical or {}).get(name)) for record in sides]
        style = "" if len(set(cells)) == 1 else "bold"
        table.add_row(name, *cells, style=style)
    console = make_console()
    console.print(table)
    weight = asked.payload.get("weight", 0) / 10_000
    console.print(
        f"{weight:+.2f} bits; {asked.payload.get('reason', '')}; vetoes: {asked.payload.get('vetoes') or 'none'}"
    )
    for comparison, level, part in asked.payload.get("parts") or []:
        console.print(f"  {part / 10_000:+7.2f}  {comparison}: {level}", markup=False, highlight=False)


def show(ctx: typer.Context, id: ID, as_json: JSON = False) -> int:
    """One golden record: its values, which source each came from and why, and its records."""
    from goldbridge.state import crosswalk, landing

    with _hub(ctx) as hub, hub.store.read() as conn:
        record = _find(conn, id)
        members = crosswalk.members(conn, [record.id]).get(record.id, [])
        records = landing.load(conn, members)
    names = {r.id: f"{r.system}.{r.stream}/{r.key}" for r in records.values()}
    written = _written(record)
    if as_json:
        shown = {
            "id": written, "entity": record.entity, "state": record.state, "version": record.version,
            "values": record.values,
            "lineage": {name: _lineage(line, names) for name, line in record.lineage.items()},
            "records": [_as_dict(records[id]) for id in members],
        }  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return 0
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    console = make_console()
    console.print(f"{written}  {record.entity}, {record.state}, version {record.version}", highlight=False)
    table = Table("field", "value", "from", "because", box=None, pad_edge=False)
    for name, value in record.values.items():
        line = _lineage(record.lineage.get(name) or {}, names)
        table.add_row(name, _plain(value), _plain(line.get("from", "")), _because(line))
    console.print(table)
    console.print("\nrecords:")
    for one in members:
        r = records[one]
        console.print(f"  {names[one]}  {_plain((r.canonical or {}).get('name'))}", highlight=False, markup=False)
    return 0


def _lineage(line: Any, names: dict[int, str]) -> dict[str, Any]:
    """Lineage with record numbers replaced by what people know them by."""
    if not isinstance(line, dict):
        return {}
    found: dict[str, Any] = {"rule": line.get("rule", "")}
    if "record" in line:
        found["from"] = names.get(line["record"], str(line["record"]))
    if "items" in line:
        found["from"] = sorted({names.get(id, str(id)) for item in line["items"] for id in item})
    if "completed_by" in line:
        found["completed_by"] = {part: names.get(id, str(id)) for part, id in line["completed_by"].items()}
    if "challengers" in line:
        found["challengers"] = [names.get(id, str(id)) for id in line["challengers"]]
    return {**found, **{flag: line[flag] for flag in ("inferred", "invalid", "override") if flag in line}}


def _because(line: dict[str, Any]) -> str:
    parts = [str(line.get("rule", "")).replace("_", " ")]
    if line.get("challengers"):
        parts.append(f"{len(line['challengers'])} say otherwise")
    if line.get("completed_by"):
        parts.append(f"completed by {', '.join(sorted(set(line['completed_by'].values())))}")
    parts += [flag for flag in ("inferred", "invalid") if line.get(flag)]
    return "; ".join(parts)


def merge(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID ID...", help="Golden ids, or SYSTEM.STREAM/KEY.")],
    survivor: Annotated[str | None, typer.Option("--survivor", metavar="ID", help="Whose id survives.")] = None,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that golden records are one and the same."""
    from mdm.steward import merge as join

    with _hub(ctx) as hub, hub.store.begin() as conn:
        found = [_find(conn, id, follow=False) for id in ids]
        keep = _find(conn, survivor, follow=False).id if survivor else None
        _one_entity(found)
        decided = join(conn, _who(hub, conn, found[0].entity), [g.id for g in found], reason=reason, survivor=keep)
    _told(decided, as_json)
    return 0


def split(
    ctx: typer.Context,
    id: ID,
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Who leaves, as SYSTEM.STREAM/KEY.")],
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say that some records of a golden record are another company."""
    from mdm.steward import split as cut

    with _hub(ctx) as hub, hub.store.begin() as conn:
        record = _find(conn, id, follow=False)
        leaving = [_record(conn, text) for text in records]
        decided = cut(conn, _who(hub, conn, record.entity), record.id, leaving, reason=reason)
    _told(decided, as_json)
    return 0


def undo(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="DECISION", help="The number that merge, split or tasks told.")],
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Take a decision back; every id and value returns to where it was."""
    from goldbridge.state import decision, golden
    from mdm.steward import in_force
    from mdm.steward import undo as take_back

    with _hub(ctx) as hub, hub.store.begin() as conn:
        if number not in decision.load(conn, [number]):
            raise typer.BadParameter(f"there is no decision {number}", param_hint="DECISION")
        made = in_force(conn, number)
        touched = [int(id) for id in made.base_versions]
        heads = golden.load(conn, touched)
        entity = heads[touched[0]].entity if touched and touched[0] in heads else "party"
        decided = take_back(conn, _who(hub, conn, entity), number, reason=reason)
    _told(decided, as_json)
    return 0


@contextmanager
def _hub(ctx: typer.Context) -> Iterator[Hub]:
    from flows.hub import Hub

    with Hub(session(ctx).load()) as hub:
        yield hub


def _who(hub: Hub, conn: Connection, entity: str) -> Steward:
    from flows.master import rules_in_force
    from goldbridge.state.audit import Audit
    from goldbridge.state.vault import derive
    from mdm.steward import Steward

    core = rules_in_force(conn, hub.project, hub.survivorship, entity)
    return Steward(getpass.getuser(), core, Audit(derive(hub.key, "audit")))


def _find(conn: Connection, text: str, *, follow: bool = True) -> Golden:
    """A golden record by its id or by one of its records.

    Redirects are followed for who looks, not for who decides: an id that was merged away is not what was meant.
    """
    from goldbridge.state import crosswalk, golden
    from mdm.identity import read_id

    if "/" in text:
        source, _, key = text.partition("/")
        system, _, stream = source.partition(".")
        number = crosswalk.resolve_keys(conn, system, stream, [key], closed=True).get(key)
    else:
        try:
            asked = read_id(text)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="ID") from None
        way = golden.resolve(conn, [asked] if follow else []).get(asked)
        if way is not None and len(way.ids) > 1:
            heirs = ", ".join(_written(g) for g in golden.load(conn, way.ids).values())
            raise typer.BadParameter(f"{text} was split; its records are now in {heirs}", param_hint="ID")
        number = way.ids[0] if way is not None and way.ids else asked
    found = golden.load(conn, [number]) if number is not None else {}
    if number is None or number not in found:
        raise typer.BadParameter(f"there is no golden record for '{text}'", param_hint="ID")
    return found[number]


def _record(conn: Connection, text: str) -> int:
    from goldbridge.state import landing

    source, slash, key = text.partition("/")
    system, _, stream = source.partition(".")
    found = landing.find(conn, system, stream, [key]) if slash else {}
    if key not in found:
        raise typer.BadParameter(f"there is no record '{text}'; write SYSTEM.STREAM/KEY", param_hint="RECORD")
    return found[key]


def _one_entity(found: list[Golden]) -> None:
    if len({record.entity for record in found}) > 1:
        raise typer.BadParameter("these golden records are of different entities", param_hint="ID")


def _told(decided: Decided | None, as_json: bool) -> None:
    if decided is None:
        typer.echo("{}" if as_json else "closed without a decision")
        return
    outcome = decided.outcome
    if as_json:
        typer.echo(json.dumps({"decision": decided.decision, "moved": outcome.moved, "versions": outcome.versions}))
        return
    typer.echo(
        f"decision {decided.decision}: {outcome.moved} memberships moved, {outcome.versions} golden versions; "
        f"take it back with: goldbridge golden undo {decided.decision}"
    )


def _written(record: Golden) -> str:
    from mdm.identity import write_id

    return write_id(record.entity, record.id)


def _as_dict(record: Any) -> dict[str, Any]:
    return {
        "source": f"{record.system}.{record.stream}", "key": record.key, "state": record.state,
        "event_at": record.event_at, "values": record.canonical, "notes": record.notes,
    }  # fmt: skip


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and value.get("line"):
        return " ".join(str(value[part]) for part in ("line", "region", "point") if value.get(part))
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part not in (None, ""))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
