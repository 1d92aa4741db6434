"""`goldbridge discover`: what a system holds, before anything is mapped; values are shown masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session

if TYPE_CHECKING:
    from rich.console import Console

    from flows.discover import Discovered, System
    from goldbridge.mapping.profile import Column

ROWS = 200
_OTHERS = 40


def register(app: typer.Typer) -> None:
    app.command("discover")(discover)


def discover(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A system of config/sources.yaml.")],
    stream: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="One stream or object; else all streams.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="How many rows of each to look at.")] = ROWS,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Show what a system holds: its streams, their fields, how full they are, and masked samples; nothing is stored.

    Exit status 1 when the system would not show something. Objects that are not configured are listed where the system
    can list them; name one to see its fields.
    """
    from flows.discover import Discovery, System

    project = session(ctx).load()
    with Discovery(project, name, rows) as discovery:
        if stream is None:
            found = discovery.system()
        else:
            found = System(name, project.sources[name].connector, [discovery.one(stream)])
    if as_json:
        typer.echo(json.dumps(_as_dict(found), ensure_ascii=False))
    else:
        from goldbridge.cli.watch import console

        _print(console(), found)
    return 1 if found.refused or any(each.refused for each in found.streams) else 0


def _as_dict(found: System) -> dict[str, Any]:
    return {
        "system": found.name,
        "connector": found.connector,
        "streams": [_stream_dict(each) for each in found.streams],
        "not_configured": found.others,
        "unseen": found.unseen,
    }


def _stream_dict(each: Discovered) -> dict[str, Any]:
    return {
        "name": each.name,
        "called": each.called,
        "configured": each.configured,
        "rows": each.rows,
        "key": each.key,
        "cursor": each.cursor,
        "fields": [_field_dict(column) for column in each.columns],
        "unseen": each.unseen,
    }


def _field_dict(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": column.declared.label,
        "type": column.type,
        "declared": bool(column.declared.type),
        "filled": round(column.rate, 4),
        "distinct": column.distinct,
        "looks_like": column.looks_like,
        "options": dict(column.declared.options),
        "refers": column.declared.refers,
        "samples": column.samples(),
    }


def _print(console: Console, found: System) -> None:
    console.print(f"{found.name} ({found.connector})", markup=False, highlight=False)
    for each in found.streams:
        console.print()
        console.print(_title(each), markup=False, highlight=False)
        _print_fields(console, each)
        for unseen in each.unseen:
            console.print(f"  not seen: {unseen}", markup=False, highlight=False)
    if found.others:
        shown = ", ".join(found.others[:_OTHERS])
        more = f", and {len(found.others) - _OTHERS} more (--json lists all)" if len(found.others) > _OTHERS else ""
        console.print()
        console.print(f"not configured: {shown}{more}", markup=False, highlight=False)
    for unseen in found.unseen:
        console.print(f"not seen: {unseen}", markup=False, highlight=False)


def _title(each: Discovered) -> str:
    called = f" ({each.called})" if each.called and each.called != each.name else ""
    state = "" if each.configured else ", not configured"
    said = " looks like " if not each.configured else " "
    key = f", key{said}{each.key}" if each.key else ", no key found"
    cursor = f", cursor{said}{each.cursor}" if each.cursor else ""
    return f"{each.name}{called}: {each.rows} rows seen{state}{key}{cursor}"


def _print_fields(console: Console, each: Discovered) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("field", "type", "filled", "distinct", "looks like", "samples", box=None, pad_edge=False)
    for column in each.columns:
        label = f" {column.declared.label}" if column.declared.label else ""
        mark = " *" if column.name == each.key else " >" if column.name == each.cursor else ""
        filled = f"{column.rate:.0%}" if column.seen else ""
        samples = ", ".join(column.samples())
        cells = (
            f"{column.name}{mark}{label}",
            column.type,
            filled,
            str(column.distinct or ""),
            column.looks_like,
            samples,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
