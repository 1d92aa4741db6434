"""`goldbridge golden export|rebuild|verify`: the golden records as a whole, compared, checked and made anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import open_hub

if TYPE_CHECKING:
    from flows.hub import Hub

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def add_to(golden: typer.Typer) -> None:
    """These commands beside those of a steward."""
    golden.command("export")(export)
    golden.command("rebuild")(rebuild)
    golden.command("verify")(verify)


def export(
    ctx: typer.Context,
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Without versions, numbers and times: what can be compared.")
    ] = True,
    entity: Annotated[list[str] | None, typer.Option("--entity", metavar="NAME", help="Only these; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; else the screen.")] = None,
) -> int:
    """Every golden record as JSON lines: its id, its records, its values and where they come from, its parents.

    The same records give the same text on every database. It shows values, which may be personal data.
    """
    from mdm.export import lines

    with open_hub(ctx) as hub, hub.store.read() as conn:
        wanted = _entities(hub, entity)
        target = out.open("w", encoding="utf-8") if out is not None else sys.stdout
        try:
            for line in lines(conn, wanted):
                target.write(f"{line}\n")
        finally:
            if out is not None:
                target.close()
    return 0


def _entities(hub: Hub, names: list[str] | None) -> list[str]:
    from goldbridge.records.hint import did_you_mean

    known = hub.project.model.entities
    for name in names or ():
        if name not in known:
            hint = did_you_mean(name, known)
            raise typer.BadParameter(f"the model has no entity '{name}'{hint}", param_hint="--entity")
    return list(names or known)


def rebuild(
    ctx: typer.Context,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FILE", help="Make them in a new SQLite file beside the state.")
    ] = None,
    as_json: JSON = False,
) -> int:
    """Make all golden records anew from what was landed, decided and put in force; ids stay.

    Where the state is right nothing is written. Exit status 1 when something was wrong.
    """
    from flows.rebuild import rebuild as make_anew
    from flows.rebuild import rebuild_into

    with open_hub(ctx) as hub:
        if into is not None:
            if into.exists():
                raise typer.BadParameter(f"{into} exists already", param_hint="--into")
            made = rebuild_into(hub, into)
        else:
            made = make_anew(hub)
    if as_json:
        typer.echo(json.dumps(made._asdict(), ensure_ascii=False))
    elif into is not None:
        typer.echo(f"{made.records:,} records, {made.clusters:,} golden records made in {into}")
    else:
        typer.echo(
            f"{made.records:,} records, {made.clusters:,} golden records made anew: {made.moved:,} memberships and "
            f"{made.versions:,} golden records were wrong"
            if made.moved or made.versions
            else f"{made.records:,} records, {made.clusters:,} golden records made anew; nothing was wrong"
        )
    return 1 if into is None and (made.moved or made.versions) else 0


def verify(
    ctx: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Make all golden records anew beside the state, and compare.")
    ] = False,
    as_json: JSON = False,
) -> int:
    """Check the invariants of the golden store and the audit; exit status 1 when one is broken."""
    from flows.rebuild import deviations
    from goldbridge.state.audit import Audit
    from goldbridge.state.vault import derive
    from mdm.verify import violations

    with open_hub(ctx) as hub:
        with hub.store.read() as conn:
            broken = violations(conn, hub.project.model, Audit(derive(hub.key, "audit")))
        if deep:
            broken += deviations(hub)
    if as_json:
        typer.echo(json.dumps(broken, ensure_ascii=False))
    else:
        for line in broken:
            typer.echo(line)
        typer.echo(f"{len(broken)} violations" if broken else "every invariant holds")
    return 1 if broken else 0
