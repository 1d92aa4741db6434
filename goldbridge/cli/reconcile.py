"""`goldbridge reconcile` and `diff`: read targets back, say what differs, and write the report that somebody signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from goldbridge.cli import session

if TYPE_CHECKING:
    from flows.hub import Hub
    from flows.runner import Result


def register(app: typer.Typer) -> None:
    app.command("reconcile")(reconcile)
    app.command("diff")(diff)


def reconcile(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[FLOW]", help="A reconcile flow; all of them by default.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page to sign, and the same as FILE.json beside it."),
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="The language of --report.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Read targets back and compare them with the golden records; exit status 1 when they differ."""
    from flows.config import ReconcileFlow
    from flows.hub import Hub
    from flows.runner import ordered, run_flow
    from goldbridge.cli.watch import watching

    if report is not None and report.suffix != ".html":
        raise typer.BadParameter(f"{report} does not end in .html", param_hint="--report")
    results: list[Result] = []
    with Hub(session(ctx).load()) as hub:
        names = [name] if name else [n for n in ordered(hub) if isinstance(hub.flow(n), ReconcileFlow)]
        for each in names:
            with watching(each) as progress:
                results.append(run_flow(hub, each, progress))
        told = [one for result in results for one in result.detail.get("reports", [])]
        if report is not None:
            from goldbridge.cli import reconcile_report

            reconcile_report.write(report, _signed(hub, results), lang)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for one in told:
            typer.echo(told_report(one))
        if report is not None:
            typer.echo(f"report: {report}, {report.with_suffix('.json')}")
    return 0 if all(one["ok"] for one in told) else 1


def diff(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FLOW", help="A publish or sync flow.")],
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many differences are told; all are counted.")
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Where a flow's target differs from what its golden records ask for, field by field; writes nothing; exit status 1
    when it does."""
    from flows.hub import Hub
    from flows.reconcile import compare, feed_of
    from goldbridge.cli.watch import watching

    with Hub(session(ctx).load()) as hub:
        flow = hub.flow(name)
        feed = feed_of(hub, flow, hub.mark(flow))
        with watching(name) as progress:
            report, _, completeness = compare(hub.store, [feed], progress=progress, limit=limit)
    told = report.as_json()
    if as_json:
        typer.echo(json.dumps({"flow": name, "completeness": completeness, **told}, ensure_ascii=False))
    else:
        typer.echo("\n".join(_told_diff(told, completeness)))
    return 0 if report.ok else 1


def _told_diff(report: dict[str, Any], completeness: str) -> Iterator[str]:
    kinds = report["kinds"]
    counts = [
        (kinds.get("missing", 0), "to create"),
        (report["changed"], f"with other values ({kinds.get('field', 0)} fields)"),
        (kinds.get("extra", 0), "that nobody asks for"),
        (kinds.get("double", 0), "there twice"),
        (report["waiting"], "waiting for another record"),
    ]
    said = ", ".join(f"{number} {what}" for number, what in counts if number) or "agrees"
    yield f"{report['object']}: {report['expected']} rows wanted, {report['found']} there: {said}"
    if completeness != "proven":
        yield f"  {completeness}"
    for one in report["shown"]:
        behind = f" ({', '.join(one['records'])})" if one["records"] else ""
        match one["kind"]:
            case "missing":
                yield f"  + {one['external_id']}{behind}"
            case "field":
                change = f"{one['field']}: {one['found']!r} -> {one['expected']!r}"
                yield f"  ~ {one['external_id']} {one['key']} {change}{behind}"
            case "extra" | "double":
                yield f"  ? {one['external_id']} {one['key']} {one['kind']}{behind}"


def told_report(report: dict[str, Any]) -> str:
    """A reconciled object in a line, and its differences below it."""
    sums = "".join(f", sum({name}) {one['found']}" for name, one in report["sums"].items())
    verdict = "agrees" if report["ok"] else f"{report['differences']} differences"
    lines = [f"{report['object']}: {report['found']} of {report['expected']} rows{sums}: {verdict}"]
    for d in report["shown"]:
        where = " ".join(part for part in (d["external_id"], d["key"], d["field"]) if part)
        lines.append(f"  {d['kind']}: {where}: expected {d['expected']!r}, found {d['found']!r}")
    return "\n".join(lines)


def _signed(hub: Hub, results: list[Result]) -> dict[str, Any]:
    """What the report says: the runs, and every object with the page on which its system shows a record to people."""
    from goldbridge.clock import iso

    runs = [
        {"flow": one.flow, "run": one.run, "completeness": one.completeness, "objects": one.detail.get("reports", [])}
        for one in results
    ]
    systems = {report["object"].partition(".")[0] for run in runs for report in run["objects"]}
    pages = {name: hub.connections.get(name).config.page for name in sorted(systems)}
    return {
        "project": hub.project.root.name,
        "made_at": iso(hub.store.clock.now()),
        "ok": all(report["ok"] for run in runs for report in run["objects"]),
        "pages": {name: page for name, page in pages.items() if page},
        "runs": runs,
    }
