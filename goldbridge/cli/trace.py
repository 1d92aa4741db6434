"""`goldbridge trace`: one record's whole way, each step with its rule and its time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import session
from goldbridge.records.hint import did_you_mean

if TYPE_CHECKING:
    from flows.trace import Trace
    from goldbridge.settings.project import Project


def register(app: typer.Typer) -> None:
    app.command("trace")(trace)


def trace(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A system, SYSTEM.STREAM, or SYSTEM.STREAM/KEY.")],
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="The record's key in its system.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """One record's whole way: landed, mapped, matched, golden, delivered, set aside; each step with its rule and time.

    It shows the record's values, which may be personal data. Only the state is asked, no system.
    """
    project = session(ctx).load()
    place, key = (system, key) if key is not None else _parted(system)
    name, _, stream = place.partition(".")
    found = _find(project, name, stream, key)
    if found is None:
        hint = "" if name in project.sources else f"; there is no system '{name}'{did_you_mean(name, project.sources)}"
        raise typer.BadParameter(f"nothing is known of '{key}' in {place}{hint}", param_hint="KEY")
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return 0
    from goldbridge.cli.trace_lines import told

    for line in told(found):
        typer.echo(line)
    return 0


def _parted(text: str) -> tuple[str, str]:
    place, slash, key = text.partition("/")
    if not slash or not key:
        raise typer.BadParameter("write SYSTEM KEY, SYSTEM.STREAM KEY or SYSTEM.STREAM/KEY", param_hint="KEY")
    return place, key


def _find(project: Project, system: str, stream: str, key: str) -> Trace | None:
    """The record's trace; looking must not make a state where there is none."""
    url = project.settings.state_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return None
    from flows.hub import Hub
    from flows.trace import streams_with
    from flows.trace import trace as follow

    with Hub(project) as hub, hub.store.read() as conn:
        streams = [stream] if stream else streams_with(conn, system, key)
        if len(streams) > 1:
            known = " and ".join(f"{system}.{name}" for name in streams)
            raise typer.BadParameter(f"'{key}' is in {known}; say which", param_hint="SYSTEM")
        return follow(hub, conn, system, streams[0], key) if streams else None
