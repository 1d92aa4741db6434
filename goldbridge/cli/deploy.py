"""`goldbridge deploy`: hands the flows to a Prefect server, which then triggers them."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer

from goldbridge.cli import session


def register(app: typer.Typer) -> None:
    app.command("deploy")(deploy)


def deploy(
    ctx: typer.Context,
    pool: Annotated[str, typer.Option("--pool", metavar="NAME", help="Work pool; made when missing.")] = "goldbridge",
    here: Annotated[
        bool, typer.Option("--serve", help="Run what comes due in this process, with no pool and no worker.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was deployed as JSON.")] = False,
) -> int:
    """Put every enabled flow on a Prefect server, on its schedule; PREFECT_API_URL says where it is."""
    from flows.config import compile_flows

    project = session(ctx).load()
    flows = compile_flows(project)
    from flows.prefect import deploy as put
    from flows.prefect import serve

    if here:

        def ready(names: list[str]) -> None:
            typer.echo(f"serving {', '.join(names)}; Ctrl-C stops", err=True)

        return 128 + serve(project, flows, ready)
    deployed = put(project, flows, pool)
    worker = f"prefect worker start --pool {shlex.quote(pool)} --type process"
    if as_json:
        typer.echo(json.dumps({**deployed._asdict(), "pool": pool, "worker": worker}, ensure_ascii=False))
        return 0
    for name in deployed.names:
        typer.echo(f"deployed {name}")
    for name in deployed.paused:
        typer.echo(f"paused   {name}: there is no such flow any more, or it is disabled")
    typer.echo(f"start a worker, with the secrets of this project in its environment:\n  {worker}")
    return 0
