"""`goldbridge golden qualify`: a steward moves a role of a company on in its process."""

from __future__ import annotations

from typing import Annotated

import typer

from goldbridge.cli.steward import ID, JSON, REASON, _find, _hub, _written
from goldbridge.cli.steward_act import VIEW
from goldbridge.cli.steward_told import told


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
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Move a role of a company on in its process: approve, reject, restore."""
    from flows.desk import Desk
    from mdm.qualification import FIELD
    from mdm.steward.act import decide
    from mdm.steward.qualifying import Qualify
    from mdm.steward.view import read_view

    named = {}
    for text in document or ():
        name, equals, where = text.partition("=")
        if not equals or not name.strip() or not where.strip():
            raise typer.BadParameter(f"'{text}' is not NAME=WHERE", param_hint="--document")
        named[name.strip()] = where.strip()
    with _hub(ctx) as hub:
        with hub.store.begin() as conn:
            found = _find(conn, id, follow=False)
            act, seen = Qualify(found.id, role, move, named), read_view(view) if view else None
            decided = decide(conn, Desk(hub)(conn, found.entity), act, reason=reason, seen=seen)
        with hub.store.read() as conn:
            after = _find(conn, _written(found))
    state = (after.values.get(FIELD) or {}).get(role, "")
    if not as_json and not decided.approval:
        typer.echo(f"{role} of {_written(found)} is {state}")
    return told(decided, as_json)
