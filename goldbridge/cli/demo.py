"""`goldbridge demo`: the whole job once, on a simulated landscape, measured against the truth behind it."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import sandbox
from goldbridge.clock import SYSTEM

if TYPE_CHECKING:
    from flows.runner import Result
    from goldbridge.cli.demo_figures import Figures

STAGES = {"ingest": "read", "master": "match", "enrich": "enrich", "publish": "publish", "sync": "contracts",
          "reconcile": "reconcile", "quality": "quality"}  # fmt: skip
FATES = ("read", "applied", "unchanged", "filtered", "dead", "pending")


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    customers: Annotated[
        int, typer.Option("--customers", min=10, max=1_000_000, help="Companies in the world.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same world, same result.")] = 1,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the demo's project is written (made anew).")
    ] = Path(".goldbridge/demo"),
    truth_out: Annotated[
        Path | None, typer.Option("--truth-out", metavar="F", help="Write source key -> true company as JSON.")
    ] = None,
    golden_out: Annotated[
        Path | None, typer.Option("--golden-out", metavar="F", help="Write source key -> golden id as JSON.")
    ] = None,
    erp: Annotated[str, typer.Option("--erp", help="What the ERP is: sql, or a kingdee account book.")] = "sql",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on the last line.")] = False,
) -> int:
    """Run everything: read four systems, match, complete, publish to the new CRM, reconcile; then all of it again."""
    import httpx

    from flows.hub import Hub
    from goldbridge import log
    from goldbridge.cli.demo_figures import measure
    from goldbridge.settings.project import load_project
    from mdm.verify import violations

    if erp not in ("sql", "kingdee"):
        raise typer.BadParameter("say sql or kingdee", param_hint="--erp")
    env = "sandbox" if erp == "sql" else erp
    started = SYSTEM.monotonic()
    project_dir = _fresh_project(directory)
    log.configure(quiet=True)
    stages: dict[str, float] = {}
    with _sandbox(project_dir, customers, seed, stages) as url:
        truth: dict[str, Any] = httpx.get(f"{url}/_control/truth", timeout=60).json()
        with Hub(load_project(project_dir, env)) as hub:
            first = _run_all(hub, stages)
            second = _run_all(hub, {}, quiet=True)
            with hub.store.read() as conn:
                broken = violations(conn, hub.project.model)
                figures = measure(conn, truth, hub.project)
    _write_map(truth_out, figures.truth)
    _write_map(golden_out, figures.golden)
    summary = _summary(customers, seed, figures, first, second, broken, stages, SYSTEM.monotonic() - started)
    _print(summary, first, figures, project_dir, env)
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    return 0 if summary["reconciliation"]["ok"] and not broken else 1


def _fresh_project(directory: Path) -> Path:
    """An empty project made of the shipped templates; an earlier demo in the same place is replaced."""
    from goldbridge.cli.project import template_files, template_root
    from goldbridge.settings.project import STATE_FOLDER

    project = directory.resolve()
    if project.exists():
        if any(project.iterdir()) and not (project / ".demo").exists():
            raise typer.BadParameter(f"{directory} exists and is no demo; choose another folder", param_hint="--dir")
        before = sandbox.running(project / STATE_FOLDER)
        if before is not None:
            sandbox.stop(before.pid)
        shutil.rmtree(project)
    root = template_root()
    for path in template_files(root):
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
    (project / ".demo").touch()
    (project / STATE_FOLDER).mkdir(mode=0o700)
    return project


@contextmanager
def _sandbox(project: Path, customers: int, seed: int, stages: dict[str, float]) -> Iterator[str]:
    _say(f"Starting a pretend landscape of {customers} companies (seed {seed}): legacy CRM, ERP, OA, new CRM, "
         f"map, registry; vendors' rate limits are switched to roomy.")  # fmt: skip
    before = SYSTEM.monotonic()
    state = project / ".goldbridge"
    started = sandbox.start(state, customers=customers, seed=seed, port=0)
    stages["sandbox"] = SYSTEM.monotonic() - before
    try:
        yield started.url
    finally:
        sandbox.stop(started.pid)


def _run_all(hub: Any, stages: dict[str, float], *, quiet: bool = False) -> list[Result]:
    from flows.runner import ordered, run_flow
    from goldbridge.cli.watch import watching

    results = []
    _say("Running the flows again: nothing has changed, so nothing may be written." if quiet else "Running the flows:")
    for name in ordered(hub):
        before = SYSTEM.monotonic()
        with watching(name) as progress:
            result = run_flow(hub, name, progress)
        took = SYSTEM.monotonic() - before
        stage = STAGES[result.kind]
        stages[stage] = stages.get(stage, 0.0) + took
        results.append(result)
        if not quiet:
            _say(f"  {name:<20} {_fates(result)}  {took:5.1f} s")
    return results


def _fates(result: Result) -> str:
    return "  ".join(f"{fate} {getattr(result.counters, fate):>6}" for fate in FATES)


def _summary(
    customers: int,
    seed: int,
    figures: Figures,
    first: list[Result],
    second: list[Result],
    broken: list[str],
    stages: dict[str, float],
    wall_s: float,
) -> dict[str, Any]:
    reports = [report for result in first for report in result.detail.get("reports", [])]
    again = [report for result in second for report in result.detail.get("reports", [])]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "customers": customers,
        "seed": seed,
        "golden": figures.goldens,
        "pairs": figures.pairs,
        "filled_points": figures.filled_points,
        "filled_right": figures.filled_right,
        "published": sum(result.counters.other.get("target_writes", 0) for result in first),
        "reconciliation": {
            "ok": all(report["ok"] for report in [*reports, *again]),
            "differences": sum(report["differences"] for report in [*reports, *again]),
        },
        "invariants": {"violations": len(broken), "first": broken[:3]},
        "rerun": {
            "target_writes": sum(result.counters.other.get("target_writes", 0) for result in second),
            "versions": sum(result.counters.other.get("golden_versions", 0) for result in second),
        },
        "tasks": figures.tasks,
        "dead_letters": sum(result.counters.dead for result in first),
        "stages": {name: round(seconds, 2) for name, seconds in stages.items()},
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "wall_s": round(wall_s, 2),
        "peak_mb": round(usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), 1),
    }


def _print(summary: dict[str, Any], first: list[Result], figures: Figures, project: Path, env: str) -> None:
    from goldbridge.cli.reconcile import told_report

    golden, pairs, again = summary["golden"], summary["pairs"], summary["rerun"]
    roles = ", ".join(f"{number} {role}" for role, number in golden["roles"].items())
    filled = ", ".join(f"{name} {number}" for name, number in figures.filled.items())
    share = summary["filled_right"] / summary["filled_points"] if summary["filled_points"] else 0.0
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in summary["stages"].items())
    rerun = "wrote nothing to any target and made no new version"
    if again["target_writes"] or again["versions"]:
        rerun = f"wrote {again['target_writes']} rows and made {again['versions']} versions: this should not be"
    broken = summary["invariants"]
    invariants = f"{broken['violations']} violations, e.g. {broken['first'][0]}" if broken["violations"] else "all hold"
    _say(f"""
Golden records   {golden["party"]} parties: {roles}
                 {golden["contact"]} contacts, {golden["contract"]} contracts
Matching         precision {pairs["precision"]:.4f}, recall {pairs["recall"]:.4f}, F1 {pairs["f1"]:.4f}
                 over {pairs["true"]} true pairs; {summary["tasks"]} questions wait for a steward
Filled in        {summary["filled_points"]} values nobody typed, {summary["filled_right"]} right ({share:.1%}): {filled}
Published        {summary["published"]} rows written to the new CRM, {summary["dead_letters"]} dead letters""")
    for result in first:
        for report in result.detail.get("reports", []):
            _say(f"Reconciled       {told_report(report)}")
    _say(f"""Second run       {rerun}
Invariants       {invariants}
Time             {stages}
                 {summary["wall_s"]:.1f} s in all, {summary["cpu_s"]:.1f} s of CPU, {summary["peak_mb"]:.0f} MB""")
    example = figures.example
    _say(f"""
What to try next, in {project}:
  cd {project}
  goldbridge --env {env} tasks                 questions that wait for a steward
  goldbridge --env {env} golden show {example}   one company, and where each value came from
  goldbridge --env {env} status                what every flow did
  goldbridge preview legacy_crm.account --env {env}   a mapping, before and after
  goldbridge --env {env} sandbox up            the landscape again, to run flows against""")


def _write_map(path: Path | None, content: dict[str, str]) -> None:
    if path is not None:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    typer.echo(text)
