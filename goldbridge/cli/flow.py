"""`goldbridge run`, `backfill`, `status`, `serve`: running flows and looking at what became of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import report, session
from goldbridge.cli.stop import stoppable

if TYPE_CHECKING:
    from flows.runner import Result
    from flows.status import Door

FATES = ("read", "applied", "unchanged", "filtered", "dead", "pending")


def register(app: typer.Typer) -> None:
    app.command("run")(run)
    app.command("backfill")(backfill)
    app.command("status")(status)
    app.command("serve")(serve)


def run(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FLOW]...", help="Flows, in this order.")] = None,
    all_flows: Annotated[bool, typer.Option("--all", help="Every enabled flow, predecessors first.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read everything and find deletes, not only changes.")] = False,
    allow_deletes: Annotated[
        bool, typer.Option("--allow-deletes", help="Let a full compare delete more than the brake lets pass.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array of results.")] = False,
) -> int:
    """Run flows now; exit status 1 when something needs a person. Ctrl-C is safe, and the same command resumes."""
    from flows.hub import Hub
    from flows.runner import Options, ordered, run_flow
    from goldbridge.cli.watch import watching

    if bool(names) == all_flows:
        raise typer.BadParameter("name flows, or say --all", param_hint="FLOW")
    results: list[Result] = []
    with stoppable(session(ctx)) as told_to, Hub(session(ctx).load(), told_to.clock) as hub:
        wanted = ordered(hub) if all_flows else list(names or ())
        for name in wanted:
            hub.flow(name)
        for name in wanted:
            with watching(name) as progress:
                results.append(run_flow(hub, name, progress, Options(full=full, allow_deletes=allow_deletes)))
            if not as_json:
                typer.echo(told(results[-1]))
    if as_json:
        typer.echo(json.dumps([result.as_json() for result in results], ensure_ascii=False))
    return 1 if any(result.needs_person for result in results) else 0


def told(result: Result) -> str:
    """One line on a finished run: the fates add up to what was read."""
    counters = result.counters
    fates = ", ".join(
        f"{getattr(counters, fate)} {'dead letters' if fate == 'dead' else fate}"
        for fate in FATES[1:]
        if getattr(counters, fate)
    )
    others = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in sorted(counters.other.items()))
    parts = [f"{result.flow}: {counters.read} read" + (f" = {fates}" if fates else "")]
    parts += [others] if others else []
    parts += [result.completeness] if result.completeness else []
    parts += [result.message] if result.message else []
    return "; ".join(parts)


def backfill(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FLOW", help="An ingest or sync flow.")],
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, e.g. 2025-01-01.")],
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, inclusive.")],
    days: Annotated[int, typer.Option("--chunk-days", min=1, help="Days per chunk: what a restart repeats.")] = 31,
    restart: Annotated[bool, typer.Option("--restart", help="Forget an earlier backfill of this flow.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> int:
    """Read a range of dates again, chunk by chunk; Ctrl-C is safe, and the same command resumes."""
    from flows.backfill import backfill as work
    from flows.hub import Hub
    from goldbridge.cli.watch import watching

    with (
        stoppable(session(ctx)) as told_to,
        Hub(session(ctx).load(), told_to.clock) as hub,
        watching(f"backfill {name}") as progress,
    ):
        result = work(hub, name, start, until, days, restart=restart, progress=progress)
    typer.echo(json.dumps(result.as_json(), ensure_ascii=False) if as_json else told(result))
    return 1 if result.needs_person else 0


def status(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """What every flow did last, what waits, and what needs a person."""
    from flows.hub import Hub
    from flows.status import overview

    with Hub(session(ctx).load()) as hub:
        seen = overview(hub)
    if as_json:
        typer.echo(json.dumps(seen.as_json(), ensure_ascii=False))
        return 0
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    table = Table("flow", "state", "ended", *FATES, "completeness", box=None, pad_edge=False)
    for line in seen.flows:
        table.add_row(
            line.flow, line.state, line.ended_at[:19], *(str(line.counters.get(fate, "")) for fate in FATES),
            line.completeness,
        )  # fmt: skip
    console = make_console()
    console.print(table)
    console.print(
        f"\n{seen.goldens} golden records, {seen.tasks} open tasks, {seen.dead} dead letters, "
        f"{seen.waiting} writes waiting"
    )
    for door in seen.inbox:
        console.print(told_door(door), markup=False, highlight=False)
    return 0


def told_door(door: Door) -> str:
    """What happened at the door of a webhook, in a line."""
    waits = ", ".join(f"{number} {stream}" for stream, number in door.waiting.items())
    counts = ", ".join(f"{number} {what}" for what, number in door.counts.items())
    parts = [f"{door.system}: {f'waiting: {waits}' if waits else 'nothing waits'}"]
    parts += [f"{door.unclaimed} that no stream and no hint takes"] if door.unclaimed else []
    parts += [f"last event {door.last_at[:19]}"] if door.last_at else ["no event yet"]
    return "; ".join([*parts, counts] if counts else parts)


def serve(
    ctx: typer.Context,
    at_start: Annotated[
        bool, typer.Option("--at-start/--no-at-start", help="Run every flow once in order before the schedules.")
    ] = True,
) -> int:
    """Keep running the flows on their schedules, in this process, until it is told to stop."""
    with stoppable(session(ctx)) as told_to:
        from flows.hub import Hub
        from flows.receiving import Receiving
        from flows.schedule import unscheduled
        from flows.scheduler import Scheduler

        state = session(ctx)
        with Hub(state.load(), told_to.clock) as hub:
            hub.store.claim()
            scheduler = Scheduler(hub, told_to.clock, at_start=at_start)
            for name, mark in unscheduled(hub.project, hub.flows):
                when = "only at the start" if at_start else "not at all"
                typer.echo(f"{mark}: flow '{name}' has neither `every` nor `cron`; it runs {when}", err=True)
            with Receiving(hub, scheduler.early) as receiving:

                def ready() -> None:
                    for address in receiving.addresses:
                        typer.echo(f"receiving at {address}", err=True)
                    receiving.catch_up()
                    typer.echo(f"serving {len(scheduler.jobs)} schedules", err=True)

                try:
                    late = scheduler.run(ready)
                except KeyboardInterrupt:
                    told_to.end_now()
            for stopped in scheduler.stopped:
                report(stopped, state)
            if late:
                typer.echo(f"did not reach the end of their page: {', '.join(late)}; the next run repeats it", err=True)
                told_to.end_now()
            typer.echo("stopped", err=True)
    return told_to.status()
