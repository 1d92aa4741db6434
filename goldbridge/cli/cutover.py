"""`goldbridge cutover ...`: move a programme's waves from the old system to the new one, phase by phase, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import open_hub, session
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from flows.cutover.outcome import Outcome

JSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
WAVE = Annotated[str, typer.Argument(metavar="WAVE", help="A wave of config/cutover.yaml.")]
REASON = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the evidence.")]
PHRASE = Annotated[
    str, typer.Option("--phrase", metavar="TEXT", help="The words that the command asks for before what is final.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Move a programme from the old system to the new one, and back.")
    for command in (plan, rehearse, status, advance, hold, release, waive, confirm, abort, rollback, evidence):
        group.command(command.__name__)(command)
    app.add_typer(group, name="cutover")


def plan(ctx: typer.Context, as_json: JSON = False) -> int:
    """What happens in which phase: who may write, which flows carry, which gates are asked."""
    from flows.cutover.office import control_of
    from flows.cutover.office import plan as tell

    with open_hub(ctx) as hub:
        found = tell(control_of(hub))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return 0
    typer.echo(f"{found['cutover']}: {found['from']} -> {found['to']} (file {found['fingerprint']})")
    for wave in found["waves"]:
        typer.echo(
            f"\n{wave['wave']}: {', '.join(wave['entities'])}" + (f" where {wave['where']}" if wave["where"] else "")
        )
        for entity, flows in wave["brought_by"].items():
            back = ", ".join(wave["taken_back_by"][entity]) or "nothing"
            typer.echo(f"  {entity}: brought by {', '.join(flows)}; taken back by {back}")
        for phase in wave["phases"]:
            owner = " and ".join(phase["owner"]) or "nobody"
            copies = ", ".join(phase["copies_to"]) or "nowhere"
            typer.echo(f"  {phase['phase']}: {owner} may write, copies go to {copies}; {phase['purpose']}")
            for gate in phase["gates"]:
                typer.echo(f"    to leave: {gate}")
    for step in found["steps"]:
        typer.echo(f"step {step['name']}: by a {step['by']}")
    typer.echo(
        "the way back is open until the last phase"
        if found["way_back"]
        else "the flip is final: there is no `rollback`"
    )
    return 0


def status(
    ctx: typer.Context,
    waves: Annotated[list[str] | None, typer.Argument(metavar="[WAVE]...", help="Waves; all by default.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Ask for fresh numbers, or only for what is stored.")
    ] = True,
    as_json: JSON = False,
) -> int:
    """Where each wave stands, what is half done, and which gates hold; exit status 1 when one waits for a person."""
    from flows.cutover.office import control_of
    from flows.cutover.office import status as tell

    with open_hub(ctx) as hub:
        found = tell(control_of(hub), list(waves or ()), measure=measure)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for wave in found:
            typer.echo("\n".join(told_wave(wave)))
    waits = [one for one in found if one["half_done"] or one["held"] or not all(gate["met"] for gate in one["gates"])]
    return 1 if waits else 0


def told_wave(wave: dict[str, Any]) -> list[str]:
    """A wave in lines."""
    since = f"since {wave['since'][:19]}" if wave["since"] else "not begun"
    lines = [f"{wave['wave']}: {wave['phase']}, {since}"]
    lines += [f"  half done: {wave['half_done']}; the same command goes on"] if wave["half_done"] else []
    lines += [f"  held: {wave['held']}"] if wave["held"] else []
    lines += ["  the file changed since it was rehearsed"] if wave["changed_since_rehearsal"] else []
    for entity, one in wave["owners"].items():
        owner, copies = " and ".join(one["owner"]) or "nobody", ", ".join(one["copies_to"]) or "nowhere"
        records = wave["records"].get(entity, 0)
        lines.append(f"  {entity}: {owner} may write, copies go to {copies} (epoch {one['epoch']}, {records} records)")
    for step in wave["steps"]:
        lines.append(f"  step {step['name']}: {step['state']}" + (f" ({step['note']})" if step["note"] else ""))
    lines += _gates(wave["gates"])
    return [*lines, *_behind(wave["behind"])]


def _gates(gates: list[dict[str, Any]]) -> list[str]:
    lines = []
    for number, gate in enumerate(gates, 1):
        numbers = ", ".join(f"{name} {value}" for name, value in gate["numbers"].items() if value is not None)
        word = "waived" if gate["waived"] else "holds" if gate["met"] else gate["why"]
        lines.append(f"  gate {number}: {gate['gate']}: {word}" + (f" ({numbers})" if numbers else ""))
    return lines


def _behind(behind: dict[str, Any]) -> list[str]:
    """The records behind the numbers, the first of them."""
    lines = []
    for name, found in behind.items():
        if not isinstance(found, list):
            lines.append(f"  {name}: {found}")
            continue
        shown = (" ".join(str(value) for value in one.values() if value != "") for one in found[:20])
        lines += [f"  {name}: {words}" for words in shown]
        if len(found) > 20:
            lines.append(f"  {name}: and {len(found) - 20} more; --json lists them")
    return lines


def _print(outcome: Outcome, as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps(outcome.as_json(), ensure_ascii=False))
    else:
        found = outcome.as_json()
        typer.echo(f"{outcome.wave}: {outcome.message}")
        for line in [*(f"  {each}" for each in outcome.did), *_gates(found["gates"]), *_behind(outcome.behind)]:
            typer.echo(line)
        if outcome.waits:
            typer.echo(f"  waits: {outcome.waits}")
    return 1 if outcome.needs_person else 0


def advance(
    ctx: typer.Context,
    wave: WAVE,
    to: Annotated[
        str, typer.Option("--to", metavar="PHASE", help="The phase to reach: safe to repeat, one phase at a time.")
    ] = "",
    carry: Annotated[
        bool, typer.Option("--carry", help="Frozen: carry over what was written after the freeze, and freeze anew.")
    ] = False,
    phrase: PHRASE = "",
    as_json: JSON = False,
) -> int:
    """Leave the phase when every gate holds, or go on with what is half done; exit status 1 when it stays."""
    from flows.cutover.office import control_of

    with open_hub(ctx) as hub:
        return _print(control_of(hub).advance(wave, to=to, phrase=phrase, carry=carry), as_json)


def rehearse(
    ctx: typer.Context,
    wave: WAVE,
    seed: Annotated[int, typer.Option("--seed", help="Which rows are edited on both sides.")] = 1,
    edits: Annotated[int, typer.Option("--edits", min=0, help="How many rows, per side.")] = 20,
    as_json: JSON = False,
) -> int:
    """Run the same file against --env NAME: load, edits, freeze, flip, edits, rollback, second flip, each timed.

    A pass pins the file: one that changed since is refused. Exit status 1 when it did not reach its end.
    """
    from flows.cutover.office import control_of
    from flows.cutover.rehearsal import rehearse as play
    from flows.hub import Hub
    from goldbridge.settings.project import load_project

    sandbox = session(ctx).load()
    with Hub(load_project(sandbox.root)) as hub:
        report = play(control_of(hub), sandbox, wave, hub.clock, seed=seed, edits=edits)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for line in told_rehearsal(report.as_json()):
            typer.echo(line)
    return 0 if report.passed else 1


def told_rehearsal(report: dict[str, Any]) -> list[str]:
    """A rehearsal in lines."""
    verdict = "passed" if report["passed"] else f"stopped at {report['stopped']}"
    lines = [f"{report['wave']}: rehearsed in {report['env']}: {verdict}"]
    lines += [f"  {name}: {seconds:g} s" for name, seconds in report["seconds"].items()]
    lines += [f"  edits in the {side} system: {number}" for side, number in report["edits"].items()]
    if report["rollback_s"] is not None:
        lines.append(f"  rollback: {report['rollback_s']:g} s of {report['budget_s']:g} s")
    lines += [f"  {gate['phase']}: {gate['gate']}: {gate['why']}" for gate in report["gates"] if not gate["met"]]
    return [*lines, *_behind(report["behind"]), f"  not rehearsed: {', '.join(report['not_rehearsed'])}"]


def hold(ctx: typer.Context, wave: WAVE, reason: REASON, as_json: JSON = False) -> int:
    """Let nothing move a wave until it is released; a rollback may."""
    from flows.cutover.office import control_of

    with open_hub(ctx) as hub:
        return _print(control_of(hub).hold(wave, reason), as_json)


def release(ctx: typer.Context, wave: WAVE, as_json: JSON = False) -> int:
    """Let a held wave go on."""
    from flows.cutover.office import control_of

    with open_hub(ctx) as hub:
        return _print(control_of(hub).release(wave), as_json)


def waive(
    ctx: typer.Context,
    wave: WAVE,
    gate: Annotated[str, typer.Argument(metavar="GATE", help="Its number in `status`, or its text.")],
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who answers for it.")],
    reason: REASON,
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day on which it counts, in UTC.")],
    as_json: JSON = False,
) -> int:
    """Let a gate of today's phase pass until a day, when it says `|| waived`."""
    from datetime import UTC, date, datetime, time, timedelta

    from flows.cutover.office import control_of
    from goldbridge.clock import iso

    try:
        end = datetime.combine(date.fromisoformat(until) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"'{until}' is no date; write 2026-03-31", param_hint="--until") from None
    with open_hub(ctx) as hub:
        return _print(control_of(hub).waive(wave, gate, owner=owner, reason=reason, until=iso(end)), as_json)


def confirm(
    ctx: typer.Context,
    wave: WAVE,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The external step that waits.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done; it goes into the evidence.")] = "",
    as_json: JSON = False,
) -> int:
    """Say that an external step was done by hand; on the way back, that it was undone."""
    from flows.cutover.office import control_of
    from flows.cutover.step import confirm as settle

    with open_hub(ctx) as hub:
        return _print(settle(control_of(hub), wave, step, note), as_json)


def abort(ctx: typer.Context, wave: WAVE, reason: REASON, as_json: JSON = False) -> int:
    """Stop before the flip: back to following the old system, or to the draft."""
    from flows.cutover.office import control_of

    with open_hub(ctx) as hub:
        return _print(control_of(hub).abort(wave, reason), as_json)


def evidence(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write evidence.json and evidence.html there.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="Prove a bundle instead; needs no state.")
    ] = None,
    as_json: JSON = False,
) -> int:
    """Every decision with its numbers and who took it, as a chain of digests; proven before it is written."""
    from flows.cutover.evidence import bundle, page
    from flows.cutover.evidence import verify as prove

    if verify is not None:
        number = prove(_read(verify))
        typer.echo(json.dumps({"events": number}) if as_json else f"{verify}: {number} events proven")
        return 0
    from flows.cutover.office import control_of

    with open_hub(ctx) as hub:
        found = bundle(control_of(hub))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
        return 0
    _write(out, {"evidence.json": f"{text}\n", "evidence.html": page(found)})
    told = {"events": len(found["events"]), "seal": found["seal"], "folder": str(out)}
    typer.echo(json.dumps(told) if as_json else f"{out}: {told['events']} events, seal {told['seal']}")
    return 0


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise Misconfigured.one("CFG003", f"cannot be read: {reason}", Mark(str(file))) from None


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured.one("CFG003", f"cannot be written: {error.strerror}", Mark(str(folder))) from None


def rollback(ctx: typer.Context, wave: WAVE, reason: REASON = "", phrase: PHRASE = "", as_json: JSON = False) -> int:
    """Go back after the flip; exit status 1 while the old system lacks a write, which is then listed."""
    from flows.cutover.office import control_of
    from flows.cutover.rollback import rollback as go_back

    with open_hub(ctx) as hub:
        return _print(go_back(control_of(hub), wave, reason=reason, phrase=phrase), as_json)
