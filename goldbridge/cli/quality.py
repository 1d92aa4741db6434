"""`goldbridge quality`: how good the data of each source is, how that changed, and which records need work most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.hub import Hub
    from mdm.quality import Measure, Share
    from mdm.quality_rule import QualityRule

_STEP = 0.0005
"""Changes that the table would round to nothing are not shown."""


def register(app: typer.Typer) -> None:
    app.command("quality")(quality)


def quality(
    ctx: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="[ENTITY]", help="Whose records.")] = "party",
    worst: Annotated[int, typer.Option("--worst", min=0, help="List so many of the worst records.")] = 0,
    source: Annotated[str, typer.Option("--source", help="Only this system or SYSTEM.STREAM.")] = "",
    history: Annotated[int, typer.Option("--history", min=0, help="Show so many earlier measures.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Measure the data of every source by the rules of config/quality.yaml; nothing is stored.

    Exit status 1 when a source keeps a rule less often than `at_least`. Flows of kind `quality` measure on a schedule;
    what differs from the last of those is shown in points.
    """
    from flows.hub import Hub
    from flows.quality import earlier, measure, rules_of, too_low
    from mdm.quality import within

    project = session(ctx).load()
    rules = rules_of(project).get(entity)
    if not rules:
        named = ", ".join(rules_of(project)) or "none"
        raise typer.BadParameter(
            f"config/quality.yaml has no rules for '{entity}'; it has: {named}", param_hint="ENTITY"
        )
    with Hub(project) as hub:
        found = measure(hub.store, entity, rules, worst=worst, of=source)
        with hub.store.read() as conn:
            past = earlier(conn, list(hub.flows.values()), entity)
    low = [(rule, where, share) for rule, where, share in too_low(rules, found) if within(where, source)]
    if as_json:
        typer.echo(json.dumps(_as_json(found, rules, past[: max(history, 1)], source), ensure_ascii=False))
    else:
        _print(hub, found, rules, past, source, history)
        for rule, where, share in low:
            typer.echo(f"{where}: {rule.name} is {share:.1%}, at least {rule.at_least:.1%} is wanted")
    return 1 if low else 0


def _as_json(
    found: Measure, rules: Sequence[QualityRule], past: Sequence[tuple[str, Mapping[str, Any]]], source: str
) -> dict[str, Any]:
    from flows.quality import sources
    from mdm.quality import within

    return {
        "entity": found.entity,
        "sources": {
            where: {
                "records": found.records[where],
                "score": _share(found.scores.get(where)),
                "duplicates": found.duplicates(where),
                "rules": {rule.name: _share(found.shares[rule.name].get(where)) for rule in rules},
            }
            for where in sources(found)
            if within(where, source)
        },
        "rules": {rule.name: {"dimension": rule.dimension, "weight": rule.weight} for rule in rules},
        "worst": [poor._asdict() for poor in found.worst],
        "earlier": [{"at": at, **report} for at, report in past],
    }


def _share(share: Share | None) -> float | None:
    return None if share is None or share.value is None else round(share.value, 6)


def _print(
    hub: Hub,
    found: Measure,
    rules: Sequence[QualityRule],
    past: Sequence[tuple[str, Mapping[str, Any]]],
    source: str,
    history: int,
) -> None:
    from rich.table import Table

    from flows.quality import share_of, sources
    from goldbridge.cli.watch import console as make_console
    from mdm.identity import write_id
    from mdm.quality import Share, within

    console = make_console()
    shown = [where for where in sources(found) if within(where, source)]
    last = past[0][1] if past else {}
    table = Table("rule", "dimension", *shown, box=None, pad_edge=False)
    for rule in rules:
        cells = [_cell(found.shares[rule.name].get(where), share_of(last, rule.name, where)) for where in shown]
        table.add_row(rule.label or rule.name, rule.dimension, *cells)
    scores = {where: Share(*last.get("scores", {}).get(where, (0, 0))) for where in shown}
    table.add_section()
    table.add_row("score", "", *(_cell(found.scores.get(where), scores[where]) for where in shown), style="bold")
    table.add_row("records", "", *(f"{found.records[where]:,}" for where in shown))
    table.add_row("duplicates", "", *(_percent(found.duplicates(where)) for where in shown))
    console.print(table)
    if past:
        console.print(f"changes since {past[0][0][:16]}, in points", style="dim", highlight=False)
    for at, report in past[:history]:
        parts = [f"{where} {_percent(Share(*report.get('scores', {}).get(where, (0, 0))).value)}" for where in shown]
        console.print(f"{at[:16]}  {', '.join(parts)}", highlight=False)
    for poor in found.worst:
        where = f"{poor.source}/{poor.key}"
        id = write_id(found.entity, poor.golden)
        console.print(f"{poor.score:5.0%}  {where}  {id}  {', '.join(poor.broken)}", markup=False, highlight=False)


def _cell(share: Share | None, before: Share) -> str:
    if share is None or share.value is None:
        return ""
    change = 0.0 if before.value is None else share.value - before.value
    moved = f" ({change * 100:+.1f})" if abs(change) >= _STEP else ""
    return f"{_percent(share.value)}{moved}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
