"""`goldbridge golden qualify`: a steward moves a role of a company on in its process."""

from __future__ import annotations

from typing import Annotated

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import ID, JSON, REASON, _find, _written
from goldbridge.cli.steward_act import DRY, VIEW, _do


def register(golden: typer.Typer) -> None:
    golden.command("qualify")(qualify)


def qualify(
    ctx: typer.Context,
    id: ID,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="A role with a process, such as dealer.")],
    move: Annotated[str, typer.Argument(metavar="MOVE", help="A move of config/qualification.yaml, such as approve.")],
    document: Annotated[
        list[str] | None, typer.Option("--document", help="NAME=WHERE of a document that the move asks for.")
    ] = None,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Move a role of a company on in its process: approve, reject, restore."""
    from mdm.qualification import FIELD
    from mdm.steward.qualifying import Qualify

    named = {}
    for text in document or ():
        name, equals, where = text.partition("=")
        if not equals or not name.strip() or not where.strip():
            raise typer.BadParameter(f"'{text}' is not NAME=WHERE", param_hint="--document")
        named[name.strip()] = where.strip()
    with open_hub(ctx) as hub, hub.store.begin() as conn:
        found = _find(conn, id, follow=False)
        status = _do(hub, conn, found.entity, Qualify(found.id, role, move, named), dry_run, view, reason, as_json)
        if not (dry_run or as_json):
            state = (_find(conn, _written(found)).values.get(FIELD) or {}).get(role, "")
            typer.echo(f"{role} of {_written(found)} is {state}")
    return status
