"""`goldbridge systems`: which systems there are, and whether each lets itself be used now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session
from goldbridge.cli.explain import remedy
from goldbridge.records.hint import did_you_mean

if TYPE_CHECKING:
    from flows.system import Examined

LIMIT_S = 30.0


def register(app: typer.Typer) -> None:
    systems = typer.Typer(no_args_is_help=True, help="List the systems, and try whether they can be used.")
    systems.command("list")(list_systems)
    systems.command("test")(try_systems)
    app.add_typer(systems, name="systems")


def list_systems(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False
) -> int:
    """List the systems of config/sources.yaml, and what flows want of them; none of them is asked anything."""
    from flows.system import listed

    found = listed(session(ctx).load())
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return 0
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    table = Table(
        "system", "connector", "address", "offers", "read by", "written by", "writes", box=None, pad_edge=False
    )
    for one in found:
        readers = [*one.read_by, *one.asked_by]
        cells = (one.problem or one.address, ", ".join([*one.streams, *one.questions]), ", ".join(readers))
        table.add_row(one.system, one.connector, *cells, ", ".join(one.written_by), one.writes)
    make_console().print(table, markup=False, highlight=False)
    return 0


def try_systems(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="These systems; else all.")] = None,
    limit_s: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds for each system; all are tried at once.")
    ] = LIMIT_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Try whether systems can be reached, let us in, and may be read and written; nothing is written.

    Exit status 2 when an engineer must act, 1 when a system merely cannot be reached now. Each system is signed in to
    anew and asked for one row of every stream; a look-up is asked one question, which its vendor may bill.
    """
    from flows.system import examine

    project = session(ctx).load()
    for name in names or ():
        if name not in project.sources:
            hint = did_you_mean(name, project.sources)
            raise typer.BadParameter(f"there is no system '{name}'{hint}", param_hint="NAME")
    found = examine(project, list(dict.fromkeys(names or project.sources)), limit_s=limit_s)
    if as_json:
        typer.echo(json.dumps([_as_dict(one) for one in found], ensure_ascii=False))
    else:
        _print(found)
    return max((one.status for one in found), default=0)


def _as_dict(one: Examined) -> dict[str, Any]:
    checks = [
        check._asdict() | {"remedy": remedy(check.code) if check.outcome in ("failed", "unreachable") else ""}
        for check in one.checks
    ]
    return {"system": one.system, "connector": one.connector, "ok": one.status == 0, "checks": checks}


def _print(found: list[Examined]) -> None:
    """A line per check; below a system what to do about what is wrong with it."""
    for one in found:
        typer.echo(f"{one.system} ({one.connector})")
        codes: dict[str, None] = {}
        for check in one.checks:
            said = " ".join(part for part in (check.code, check.message) if part)
            typer.echo(f"  {check.outcome:<11}  {check.step}{': ' if said else ''}{said}")
            if check.code and check.outcome in ("failed", "unreachable"):
                codes[check.code] = None
        for code in codes:
            typer.echo(f"  -> {code}: {remedy(code)} (`goldbridge explain {code}`)")
