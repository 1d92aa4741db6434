"""`goldbridge mapping test` runs the examples in mappings, `mapping suggest` writes a first one from what is there,
`mapping copy` takes a ready-made one, and `goldbridge preview` shows a mapping on real rows."""

from __future__ import annotations

import json
from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session
from goldbridge.cli.library import copy
from goldbridge.cli.suggest import suggest
from goldbridge.errors import Mark, Misconfigured, Problems, Reject

if TYPE_CHECKING:
    from rich.console import Console

    from goldbridge.mapping import Batch, Mapping
    from goldbridge.settings.project import Project


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Work on mappings.", no_args_is_help=True)
    group.command("test")(run_examples)
    group.command("suggest")(suggest)
    group.command("copy")(copy)
    group.callback()(_group)
    app.add_typer(group, name="mapping")
    app.command("preview")(preview)


def _group() -> None:
    """Work on mappings."""


def run_examples(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A mapping, or a system for all of its mappings; else all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array of results.")] = False,
) -> int:
    """Run the examples in mapping files; exit status 2 when one fails."""
    from goldbridge.mapping.catalogue import names_like, try_examples

    project = session(ctx).load()
    tested = try_examples(project, names_like(project, name))
    problems = Problems(dict.fromkeys(problem for one in tested for problem in one.problems))
    if as_json:
        shown = [
            {"mapping": one.name, "examples": one.examples, "problems": [str(problem) for problem in one.problems]}
            for one in tested
        ]
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return 2 if problems else 0
    for one in tested:
        count = f"{one.examples} example{'' if one.examples == 1 else 's'}" if one.examples else "no examples"
        typer.echo(f"{'FAIL' if one.problems else 'ok  '}  {one.name}: {count}")
    problems.raise_any()
    return 0


def preview(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="MAPPING", help="A mapping, e.g. legacy_crm.account.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many records.")] = 5,
    stream: Annotated[
        str | None, typer.Option("--from", metavar="STREAM", help="Read this stream; else the mapping's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array of records.")] = False,
) -> int:
    """Show records before and after a mapping; nothing is stored or written."""
    from goldbridge.mapping.catalogue import compile_named

    project = session(ctx).load()
    mapping = compile_named(project, name)
    rows = golden_rows(project, mapping, limit) if mapping.is_out else _stream_rows(project, stream or name, limit)
    batch = mapping.apply(rows)
    if as_json:
        records = [_as_json(mapping, rows[at], batch, at) for at in range(len(rows))]
        typer.echo(json.dumps(records, ensure_ascii=False))
        return 0
    from rich.console import Console

    show(Console(), mapping, rows, batch)
    return 0


def _stream_rows(project: Project, stream: str, limit: int) -> Sequence[Map[str, Any]]:
    from flows.wiring import sample_rows

    return sample_rows(project, stream, limit)


def golden_rows(project: Project, mapping: Mapping, limit: int) -> list[dict[str, Any]]:
    """Golden records as a flow hands them to an out mapping, from the project's state; keys that a flow would look up
    in the target stand as `(key in AccountObj)`."""
    from pathlib import Path

    from goldbridge.state import golden
    from goldbridge.state.engine import open_store
    from mdm.identity import write_id

    url = project.settings.state_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        message = f"there are no golden records yet to preview '{mapping.name}' on; run the flows that make them first"
        raise Misconfigured.one("MAP032", message, mapping.key_mark)
    store = open_store(url, state_dir=project.state_dir)
    try:
        with store.read() as conn:
            found = golden.scan(conn, mapping.source, limit=limit)
    finally:
        store.close()
    rows = [{**record.values, "id": write_id(mapping.source, record.id)} for record in found]
    for row in rows:
        for field in sorted(set(mapping.resolve_from.values())):
            if isinstance(row.get(field), dict):
                wanted = [mapping.resolves[name] for name, read in mapping.resolve_from.items() if read == field]
                row[field] = {wanted_object: f"(key in {wanted_object})" for wanted_object in wanted}
    return rows


def show(console: Console, mapping: Mapping, rows: Sequence[Map[str, Any]], batch: Batch) -> None:
    """Each record as a table: what a field was made from, what it became, and what was noted."""
    from rich.table import Table
    from rich.text import Text

    for at, row in enumerate(rows):
        key = row.get(mapping.key or "id", "")
        fate = batch.fates[at]
        told = "dead letter" if fate == "dead" else fate
        table = Table("field", "before", "after", "note", box=None, pad_edge=False, title_justify="left")
        table.title = Text(f"{at + 1}. {key}: {told}", style="bold")
        error = batch.errors.get(at)
        for field in mapping.fields if fate != "filtered" else ():
            after = "" if fate == "dead" else _text(_at(batch.values[at] or {}, field))
            note = (batch.notes[at] or {}).get(field)
            flawed = error is not None and error.field == field
            said = _reason(error) if flawed and error is not None else _text(note) if note else ""
            table.add_row(
                field, Text(_before(mapping, row, field)), Text(after), Text(said), style="red" if flawed else None
            )
        console.print(table)
        if error is not None:
            console.print(Text(f"   {error.mark}: {error}" if error.mark else f"   {error}", style="red"))
        console.print()
    counts = {fate: batch.fates.count(fate) for fate in ("applied", "filtered", "dead")}
    dead = f"{counts['dead']} dead letter{'' if counts['dead'] == 1 else 's'}"
    console.print(f"{len(rows)} read: {counts['applied']} applied, {counts['filtered']} filtered, {dead}")


def _reason(error: Reject) -> str:
    return error.message.partition(": ")[2] or error.message


def _before(mapping: Mapping, row: Map[str, Any], field: str) -> str:
    """What the field is made from: the value alone for one source field, names and values for several."""
    given = mapping.given(row, field)
    if len(mapping.inputs(field)) == 1 and len(given) == 1:
        return _text(next(iter(given.values())))
    return "\n".join(f"{name}: {_text(value)}" for name, value in given.items())


_MOST = 80


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = value
    else:
        text = "" if value is _NOTHING else "null" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


_NOTHING: Any = object()


def _at(values: Map[str, Any], name: str) -> Any:
    value: Any = values
    if name in values:
        return values[name]
    for part in name.split("."):
        value = value.get(part, _NOTHING) if isinstance(value, dict) else _NOTHING
    return value


def _as_json(mapping: Mapping, row: Map[str, Any], batch: Batch, at: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "key": row.get(mapping.key or "id"),
        "fate": batch.fates[at],
        "before": dict(row),
        "after": batch.values[at],
        "notes": batch.notes[at] or {},
    }
    error = batch.errors.get(at)
    if error is not None:
        mark = error.mark or Mark("")
        shown["error"] = {
            "code": error.code,
            "field": error.field,
            "message": error.message,
            "file": mark.file,
            "line": mark.line,
            "column": mark.column,
        }
    return shown
