"""`goldbridge tasks choose`: which of two systems is right about a field that people edited in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import JSON, REASON, SEEN, _plain
from goldbridge.cli.steward_told import told

if TYPE_CHECKING:
    from collections.abc import Callable

TASK = Annotated[int, typer.Argument(metavar="TASK", help="Its number.")]


def choose(
    ctx: typer.Context,
    number: TASK,
    side: Annotated[
        str, typer.Argument(metavar="SYSTEM", help="The system that is right, or =VALUE where none of them is.")
    ],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="FIELD=SYSTEM", help="Another system is right about this field; repeat it."),
    ] = None,
    seen: SEEN = None,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say which system is right where people edited the same field in both; the others are told with the next run."""
    from flows.desk import Desk
    from goldbridge.state import task
    from mdm.steward.choosing import asked_of
    from mdm.steward.choosing import choose as settle

    others = dict(_parts(one) for one in fields or ())
    with open_hub(ctx) as hub, hub.store.begin() as conn:
        if number not in task.load(conn, [number]):
            raise typer.BadParameter(f"there is no task {number}", param_hint="TASK")
        asked = asked_of(conn, number)
        decided = settle(conn, Desk(hub)(conn, asked.entity), number, side, others=others, reason=reason, version=seen)
    return told(decided, as_json)


def _parts(text: str) -> tuple[str, str]:
    name, mark, side = text.partition("=")
    if not (name and mark and side):
        raise typer.BadParameter(f"'{text}' is not FIELD=SYSTEM", param_hint="--field")
    return name, side


def words(payload: Any, say: Callable[[str], None]) -> None:
    """Every word of a question about what two systems say, and what they agreed on last."""
    for name, said in payload.get("fields", {}).items():
        say(f"{name}: {_plain(said['base']) or 'nothing'} was agreed on last")
        for place, word in sorted(said["said"].items()):
            say(f"  {place} says {_plain(word) or 'nothing'}")
