"""`goldbridge rules ...`: what edited rules would change, before they change it; accept it case by case, or take it
back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import open_hub

if TYPE_CHECKING:
    from flows.hub import Hub
    from flows.rule_change import Change
    from goldbridge.settings.document import Document

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
LIMIT = Annotated[int, typer.Option("--limit", min=1, help="How many cases to print.")]
REV = Annotated[int | None, typer.Argument(metavar="[REV]", help="A simulated revision; else the newest.")]
_MATCHING = frozenset({"block", "compare", "veto", "bands", "limits"})


def register(app: typer.Typer) -> None:
    rules = typer.Typer(no_args_is_help=True, help="Review a change of matching or survivorship rules.")
    rules.command("diff")(diff)
    rules.command("show")(show)
    rules.command("accept")(accept)
    rules.command("activate")(activate)
    rules.command("rollback")(rollback)
    app.add_typer(rules, name="rules")


def diff(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Matching or survivorship rules; else both files of the project."),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Count how common values are anew, also under the same rules.")
    ] = False,
    limit: LIMIT = 20,
    as_json: JSON = False,
) -> int:
    """Simulate rules that are not in force: which golden records would merge, part, or change their values.

    Nothing changes; the result is kept as a revision that can be accepted. Exit status 1 when something would change.
    """
    from flows.desk import actor
    from flows.rule_change import diff as compare

    matching, survivorship = _documents(file)
    with open_hub(ctx) as hub:
        change = compare(hub, actor(), matching=matching, survivorship=survivorship, statistics=statistics)
        if change is None:
            typer.echo("{}" if as_json else "the rules in force are the ones that are asked for")
            return 0
        _print(hub, change, limit, as_json)
    return 1 if change.cases and any(True for _ in change.every()) else 0


def _documents(file: Path | None) -> tuple[Document | None, Document | None]:
    """The file as (matching, survivorship): what its sections speak of says which one it is."""
    if file is None:
        return None, None
    from goldbridge.settings.yaml import read

    found = read(file, str(file))
    sections = [part for part in (found.data or {}).values() if isinstance(part, dict)]
    words = {key for part in sections for key in part}
    return (found, None) if words and words <= _MATCHING else (None, found)


def show(ctx: typer.Context, rev: REV = None, limit: LIMIT = 20, as_json: JSON = False) -> int:
    """A simulated change and how far it was accepted."""
    from flows.rule_change import load

    with open_hub(ctx) as hub:
        with hub.store.read() as conn:
            change = load(conn, rev)
        _print(hub, change, limit, as_json)
    return 0


def accept(
    ctx: typer.Context,
    rev: REV = None,
    cases: Annotated[
        str, typer.Option("--clusters", metavar="N,N-M", help="Only these cases; the others stay as they are.")
    ] = "",
    limit: LIMIT = 20,
    as_json: JSON = False,
) -> int:
    """Put a simulated revision in force and let its cases change; again: the rest, or what an interruption left."""
    from flows.desk import actor
    from flows.rule_review import accept as let_in

    numbers = _numbers(cases) if cases else None
    with open_hub(ctx) as hub:
        _print(hub, let_in(hub, actor(), rev, numbers), limit, as_json)
    return 0


def activate(ctx: typer.Context, rev: REV = None, limit: LIMIT = 20, as_json: JSON = False) -> int:
    """Put a simulated revision in force with every case held: values follow it, who belongs together stays."""
    from flows.desk import actor
    from flows.rule_review import activate as put_in_force

    with open_hub(ctx) as hub:
        _print(hub, put_in_force(hub, actor(), rev), limit, as_json)
    return 0


def rollback(ctx: typer.Context, limit: LIMIT = 20, as_json: JSON = False) -> int:
    """Take the newest change of rules back; memberships, ids and values return."""
    from flows.desk import actor
    from flows.rule_review import rollback as take_back

    with open_hub(ctx) as hub:
        _print(hub, take_back(hub, actor()), limit, as_json)
    return 0


def _numbers(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise typer.BadParameter(
                f"'{part}' is no case; write 3 or 5-9, with commas between", param_hint="--clusters"
            )
        found.update(range(int(low), int(high or low) + 1))
    return found


def _print(hub: Hub, change: Change, limit: int, as_json: bool) -> None:
    from goldbridge.cli.rule_lines import as_dict, told

    with hub.store.read() as conn:
        if as_json:
            typer.echo(json.dumps(as_dict(conn, change), ensure_ascii=False))
            return
        for line in told(conn, change, limit):
            typer.echo(line)
