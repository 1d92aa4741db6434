"""`goldbridge webhook`: try a webhook out with an event of one's own, and look at what came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from goldbridge.cli import session
from goldbridge.records.hint import did_you_mean

if TYPE_CHECKING:
    from connectors.webhook import Webhook
    from goldbridge.settings.project import Project

NAME = Annotated[str, typer.Argument(metavar="NAME", help="The webhook as sources.yaml names it.")]


def register(app: typer.Typer) -> None:
    webhook = typer.Typer(no_args_is_help=True, help="Try a webhook out, and see what came.")
    webhook.command("send")(send)
    webhook.command("list")(list_doors)
    app.add_typer(webhook, name="webhook")


def send(
    ctx: typer.Context,
    name: NAME,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The event's body; - reads standard input.")],
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="NAME:VALUE", help="Send this header too.")
    ] = None,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Send it here; else to this machine.")] = "",
) -> int:
    """Sign an event as the sender would, and send it to the running `goldbridge serve`; exit status 1 when refused."""
    from flows.receiving import send as deliver

    try:
        content = typer.get_binary_stream("stdin").read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None
    further = dict(_split(one) for one in header or ())
    answer = deliver(_webhook(session(ctx).load(), name), content, further, url)
    typer.echo(f"{answer.status}: {answer.said}")
    return 0 if answer.status == 200 else 1


def _split(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"'{text}' is not a header; write NAME:VALUE", param_hint="--header")
    return name.strip().lower(), value.strip()


def _webhook(project: Project, name: str) -> Webhook:
    from flows.glance import Spending
    from flows.receiving import webhooks
    from flows.wiring import Connections
    from goldbridge.clock import SYSTEM

    known = webhooks(project)
    if name not in known:
        raise typer.BadParameter(f"there is no webhook '{name}'{did_you_mean(name, known)}", param_hint="NAME")
    return cast("Webhook", Connections(project, Spending(project, SYSTEM), SYSTEM).get(name))


def list_doors(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False
) -> int:
    """List the webhooks: what waits for a flow, what came last, and what was refused how often."""
    from dataclasses import asdict

    from flows.hub import Hub
    from flows.status import doors
    from goldbridge.cli.flow import told_door

    with Hub(session(ctx).load()) as hub, hub.store.read() as conn:
        found = doors(hub, conn)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        typer.echo("\n".join(map(told_door, found)) or "config/sources.yaml has no webhook")
    return 0
