"""`goldbridge dead ...` and `goldbridge state ...`: what was set aside and why, and whose the state is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session
from goldbridge.cli.replay import replay

if TYPE_CHECKING:
    from goldbridge.settings.project import Project
    from goldbridge.state.dead import DeadLetter
    from goldbridge.state.engine import Store

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
FLOW = Annotated[str, typer.Option("--flow", metavar="FLOW", help="Of this flow only.")]


def register(app: typer.Typer) -> None:
    dead = typer.Typer(no_args_is_help=True, help="Look at records that were set aside, and let them go again.")
    dead.command("list")(list_letters)
    dead.command("show")(show)
    dead.command("replay")(replay)
    app.add_typer(dead, name="dead")
    state = typer.Typer(no_args_is_help=True, help="Say whose the state is, and drop what cannot be read.")
    state.command("adopt")(adopt)
    state.command("forget")(forget)
    app.add_typer(state, name="state")


def list_letters(
    ctx: typer.Context,
    flow: FLOW = "",
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="With this error code only.")] = "",
    groups: Annotated[bool, typer.Option("--groups", help="Count by cause instead of listing records.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list.")] = 20,
    as_json: JSON = False,
) -> int:
    """List records that were set aside, each with its reason; exit status 1 when there are any."""
    from goldbridge.state import dead

    with opened(ctx) as store:
        if store is None:
            typer.echo("[]" if as_json else "no dead letters")
            return 0
        with store.read() as conn:
            causes = dead.groups(conn, flow, code=code)
            found = [] if groups else dead.list_letters(conn, flow=flow, code=code, limit=limit)
    total = sum(number for *_, number in causes)
    if groups:
        _print_groups(causes, as_json)
    elif as_json:
        typer.echo(json.dumps([_as_dict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{one.id:>6}  {one.code}  {_where(one)}  {one.message}{_again(one)}")
        if total > len(found):
            typer.echo(f"... and {total - len(found)} more (--limit, or --groups to see the causes)")
        if not total:
            typer.echo("no dead letters")
    return 1 if total else 0


def _print_groups(causes: list[tuple[str, str, str, int]], as_json: bool) -> None:
    if as_json:
        named = ("cause", "code", "example", "count")
        typer.echo(json.dumps([dict(zip(named, cause, strict=True)) for cause in causes], ensure_ascii=False))
        return
    for _, code, message, number in causes:
        typer.echo(f"{number:>6}  {code}  {message}")
    if not causes:
        typer.echo("no dead letters")


def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number that `dead list` shows.")],
    payload: Annotated[
        bool, typer.Option("--payload", help="Show the record's values too; they may be personal data.")
    ] = False,
    as_json: JSON = False,
) -> int:
    """Show one record that was set aside: where, why, by which rule, and the shape of its payload."""
    from goldbridge.state import dead

    with opened(ctx) as store:
        found = None
        if store is not None:
            with store.read() as conn:
                found = dead.load(conn, [number]).get(number)
    if found is None:
        raise typer.BadParameter(f"there is no dead letter {number}; it may have applied since", param_hint="NUMBER")
    if not payload:
        found = found._replace(
            payload_src=dead.redacted(found.payload_src, found.field),
            payload_out=dead.redacted(found.payload_out, found.field),
        )
    if as_json:
        typer.echo(json.dumps(_as_dict(found), ensure_ascii=False))
        return 0
    typer.echo(f"{found.code} {found.message}")
    lines: dict[str, Any] = {"record": _where(found), "flow": f"{found.flow} (run {found.run})", "stage": found.stage}
    lines |= {
        "field": found.field,
        "rule": found.rule,
        "first": found.first_at,
        "last": f"{found.last_at}{_again(found)}",
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"  {name:<7} {value}")
    for name, value in (("read", found.payload_src), ("written", found.payload_out)):
        if value is not None:
            typer.echo(
                f"  {name:<7} {json.dumps(value, ensure_ascii=False, indent=2).replace(chr(10), chr(10) + ' ' * 10)}"
            )
    typer.echo(f"`goldbridge explain {found.code}` says what to do")
    return 0


def _where(one: DeadLetter) -> str:
    return f"{one.system} {one.stream} {one.key}"


def _again(one: DeadLetter) -> str:
    return f" ({one.attempts} times)" if one.attempts > 1 else ""


def _as_dict(one: DeadLetter) -> dict[str, Any]:
    return one._asdict() | {"rule": str(one.rule) if one.rule else None}


def adopt(ctx: typer.Context) -> int:
    """Make a copied state a state of its own; targets are read back before anything is written to them."""
    with opened(ctx, adopt=True) as store:
        if store is None:
            typer.echo("there is no state here yet; nothing to adopt")
            return 0
        instance, _ = store.identity()
        typer.echo(f"this state is its own now ({instance}); targets are read back before they are written to")
    return 0


def forget(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system as sources.yaml names it.")],
) -> int:
    """Drop the tokens and quotas kept for a system, as when the key they were sealed with is lost."""
    from goldbridge.state.vault import forget as drop

    project = session(ctx).load()
    if system not in project.sources:
        from goldbridge.records.hint import did_you_mean

        hint = did_you_mean(system, project.sources)
        raise typer.BadParameter(f"there is no system '{system}'{hint}", param_hint="SYSTEM")
    with opened(ctx, project) as store:
        number = drop(store, system) if store is not None else 0
    typer.echo(f"forgot {number} {'entry' if number == 1 else 'entries'} of {system}")
    return 0


@contextmanager
def opened(ctx: typer.Context, project: Project | None = None, *, adopt: bool = False) -> Iterator[Store | None]:
    """The project's state, or None when there is none yet: looking must not make one."""
    from goldbridge.state.engine import open_store

    project = project or session(ctx).load()
    path = project.state_dir / "state.sqlite"
    url = project.settings.state_url or f"sqlite:///{path}"
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        yield None
        return
    store = open_store(url, state_dir=project.state_dir, adopt=adopt)
    try:
        yield store
    finally:
        store.close()
