"""`goldbridge tasks` and `goldbridge golden ...`: what stewards see and decide, from the keyboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import golden_store, open_hub

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from goldbridge.state.golden import Golden

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
REASON = Annotated[str, typer.Option("--reason", "-m", help="Why; kept with the decision.")]
SEEN = Annotated[
    int | None, typer.Option("--seen", metavar="VERSION", help="Refuse if the task is another than this version.")
]
ID = Annotated[str, typer.Argument(metavar="ID", help="A golden id, or SYSTEM.STREAM/KEY of a record.")]

AS_OF = Annotated[
    str, typer.Option("--as-of", metavar="TIME", help="As it was known then: a day (its end) or a moment.")
]
TRUE_AT = Annotated[
    str, typer.Option("--true-at", metavar="TIME", help="As it was true then in the sources, by all that is known now.")
]
SEES = Annotated[
    list[str] | None,
    typer.Option(
        "--sees", metavar="LABEL", help="For a reader who sees only systems of this `visibility`; repeatable."
    ),
]


def register(app: typer.Typer) -> None:
    from goldbridge.cli import (
        golden_erase,
        golden_history,
        golden_pin,
        golden_qualify,
        golden_tree,
        steward_act,
        steward_task,
    )

    steward_task.register(app)
    golden = typer.Typer(no_args_is_help=True, help="Look at golden records, merge, split, pin and undo.")
    golden.command("show")(show)
    steward_act.add_to(golden)
    golden_store.add_to(golden)
    golden_pin.register(golden)
    golden_qualify.register(golden)
    golden_history.register(golden)
    golden_tree.register(golden)
    golden_erase.register(golden)
    app.add_typer(golden, name="golden")


def show(
    ctx: typer.Context, id: ID, as_of: AS_OF = "", true_at: TRUE_AT = "", sees: SEES = None, as_json: JSON = False
) -> int:
    """One golden record: its values, which source each came from and why, its records, and what it is related to."""
    from goldbridge.cli.golden_tree import print_relations, relations
    from goldbridge.state import crosswalk, landing

    with open_hub(ctx) as hub, hub.store.read() as conn:
        if as_of or true_at or sees:
            from goldbridge.cli.golden_history import show_otherwise

            return show_otherwise(hub, conn, id, as_of, true_at, sees or [], as_json)
        record = _find(conn, id)
        members = crosswalk.members(conn, [record.id]).get(record.id, [])
        records = landing.load(conn, members)
        related = relations(conn, record, members)
    names = {r.id: f"{r.system}.{r.stream}/{r.key}" for r in records.values()}
    written = _written(record)
    if as_json:
        shown = {
            "id": written, "entity": record.entity, "state": record.state, "version": record.version,
            "values": record.values,
            "lineage": {name: _lineage(line, names) for name, line in record.lineage.items()},
            "records": [_as_dict(records[id]) for id in members],
            "relations": related,
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
    print_relations(related)
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
    return {**found, **{flag: line[flag] for flag in _FLAGS if flag in line}}


_FLAGS = ("inferred", "invalid", "override", "fallback", "cleared", "group", "pinned", "hidden")


def _because(line: dict[str, Any]) -> str:
    parts = [str(line.get("rule", "")).replace("_", " ")]
    if line.get("challengers"):
        parts.append(f"{len(line['challengers'])} say otherwise")
    if line.get("completed_by"):
        parts.append(f"completed by {', '.join(sorted(set(line['completed_by'].values())))}")
    parts += [flag for flag in ("inferred", "invalid", "cleared") if line.get(flag)]
    parts += [f"{line['fallback']} is silent"] if line.get("fallback") else []
    parts += [f"{flag}: {', '.join(line[flag])}" for flag in ("pinned", "hidden") if line.get(flag)]
    return "; ".join(parts)


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
