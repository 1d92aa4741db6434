"""`goldbridge mapping suggest`: a first mapping file for a stream, made from what is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured

ROWS = 200


def suggest(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME.OBJECT", help="A system and its stream, e.g. erp.partner.")],
    entity: Annotated[
        str | None, typer.Option("--entity", metavar="NAME", help="What its records are; told by itself when left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write here; else to the screen.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="How many rows to look at.")] = ROWS,
    words: Annotated[
        Path | None, typer.Option("--words", metavar="FILE", help="Words of your own beside those that are shipped.")
    ] = None,
) -> int:
    """Write a first mapping of a stream from its fields and a sample of its rows; nothing is stored.

    Every rule says how sure it is and why; what could not be told is left to you, as a comment. The file loads and its
    examples, which hold no real values, pass.
    """
    from flows.discover import Discovery
    from goldbridge.mapping.suggest import suggest as make
    from goldbridge.mapping.words import load

    project = session(ctx).load()
    lists = load(words)
    system, _, stream = name.partition(".")
    if not stream:
        raise typer.BadParameter("write it as SYSTEM.STREAM, e.g. legacy_crm.account", param_hint="NAME.OBJECT")
    if out is not None and os.path.lexists(out):
        message = "the file exists and is not overwritten; move it away, or name another with --out"
        raise Misconfigured.one("MAP053", message, Mark(str(out)))
    with Discovery(project, system, rows) as discovery:
        made = make(discovery.seen(stream), project.model, lists, discovery.known(lists), entity)
    if out is None:
        typer.echo(made.text, nl=False)
        return 0
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x", encoding="utf-8") as file:
            file.write(made.text)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise Misconfigured.one("CFG003", f"cannot be written: {reason}", Mark(str(out))) from None
    filled = len({rule.target.split(".")[0] for rule in made.rules})
    typer.echo(f"{out}: {made.entity} ({made.sure}); {filled} fields, {len(made.left)} source fields not placed")
    typer.echo(f"next: read it, then `goldbridge mapping test {name}` and `goldbridge preview {name}`")
    return 0
