"""`goldbridge dead replay`: records that were set aside go again, by today's rules."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import report, session
from goldbridge.cli.stop import stoppable
from goldbridge.errors import AlreadyRunning

if TYPE_CHECKING:
    from flows.replay import Replayed

SHOWN = 20
"""Letters told one by one; the others are counted."""


def replay(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FLOW|NUMBER]...", help="Flows, or numbers that `dead list` shows.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Of every flow.")] = False,
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="With this error code only.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of them; takes no lease and keeps nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Let records that were set aside go again, by today's rules; exit status 1 when some are still dead letters.

    What could not be mapped is mapped again from the row that was landed; a write that was refused is decided again and
    sent by the flow's next run. What was overtaken by a newer version is dropped. Safe to repeat.
    """
    from flows.hub import Hub
    from flows.replay import prepare
    from goldbridge.cli.watch import watching

    if bool(names) == everything and not (code and not names):
        raise typer.BadParameter("name flows or numbers, or say --all or --code CODE", param_hint="[FLOW|NUMBER]...")
    state = session(ctx)
    numbers = {int(name) for name in names or () if name.isdecimal()}
    flows = [name for name in names or () if not name.isdecimal()]
    done: list[Replayed] = []
    busy: list[AlreadyRunning] = []
    with stoppable(state) as told_to, Hub(state.load(), told_to.clock) as hub:
        for work in prepare(hub, flows=flows, ids=numbers, code=code):
            try:
                with watching(work.flow) as progress:
                    done += work.run(progress, dry=dry_run)
            except AlreadyRunning as error:
                busy.append(error)  # the letters of the other flows need not wait for this one
    gone = sorted(numbers - {one.id for one in done}) if not busy else []
    if as_json:
        letters = [one._asdict() for one in done]
        typer.echo(
            json.dumps({"dry_run": dry_run, **_counted(done), "gone": gone, "letters": letters}, ensure_ascii=False)
        )
    else:
        _print(done, dry_run)
        for number in gone:
            wanted = f" with code {code}" if code else ""
            typer.echo(f"{number}: there is no such dead letter{wanted}; it may have applied since")
    for other in busy:
        report(other, state)
    return 75 if busy else 1 if any(one.fate == "dead" for one in done) else 0


def _counted(letters: list[Replayed]) -> dict[str, int]:
    from flows.replay import FATES

    found = Counter(one.fate for one in letters)
    return {fate: found[fate] for fate in FATES}


def _print(done: list[Replayed], dry_run: bool) -> None:
    if not done:
        typer.echo("no dead letters to replay")
        return
    by_flow: dict[str, list[Replayed]] = {}
    for one in done:
        by_flow.setdefault(one.flow, []).append(one)
    for flow, letters in by_flow.items():
        fates = _counted(letters)
        told = ", ".join(f"{n} {'still dead' if fate == 'dead' else fate}" for fate, n in fates.items() if n)
        many = f"{len(letters)} dead letter{'' if len(letters) == 1 else 's'}"
        typer.echo(f"{flow}: {many}: {'would be ' if dry_run else ''}{told}")
        worth = sorted((one for one in letters if one.message), key=lambda one: one.fate != "dead")
        for one in worth[:SHOWN]:
            place = f"{one.system} {one.stream} {one.key}"
            said = f"{one.code}  " if one.code else f"{one.fate}: "
            typer.echo(f"{one.id:>6}  {said}{place}  {one.message}")
        if len(worth) > SHOWN:
            typer.echo(f"... and {len(worth) - SHOWN} more (--json, or `goldbridge dead list --flow {flow}`)")
