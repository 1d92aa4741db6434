"""`goldbridge dedupe train FILE`: learns weights and bands from labels, and says honestly whether they help.

What is learned goes into a file that `goldbridge dedupe --config` reads; nothing else changes. With `--from-decisions`
the labels are what stewards decided about a project's records, and the result is a proposal for config/matching.yaml:
the rules in force are never touched.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import dedupe_lesson as shared
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from dedupe.choose import Thresholds
    from dedupe.label import Label
    from dedupe.learn import Learned
    from dedupe.price import Trust
    from dedupe.table.resolution import Resolution, Wish
    from goldbridge.cli.dedupe_lesson import Lesson
    from goldbridge.cli.dedupe_verdict import Lost


def train(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE [FILE]]", help="The table that was labelled, or two.")
    ] = None,
    labels: shared.LABELS = None,
    save_config: Annotated[
        Path | None, typer.Option("--save-config", metavar="FILE", help="Where to; else FILE.trained.yaml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was learned before.")] = False,
    wrong_merge: Annotated[
        float | None,
        typer.Option(
            "--wrong-merge", metavar="MINUTES", min=2.0, help="What a wrong merge costs, a question costing one minute."
        ),
    ] = None,
    missed: Annotated[
        float | None, typer.Option("--missed", metavar="MINUTES", min=2.0, help="What a missed duplicate costs.")
    ] = None,
    truth: Annotated[
        str | None, typer.Option("--truth", metavar="COL|FILE", help="As for `dedupe`: measures before and after.")
    ] = None,
    from_decisions: Annotated[
        str | None,
        typer.Option(
            "--from-decisions", metavar="ENTITY", help="Learn from what stewards of this project decided, e.g. party."
        ),
    ] = None,
    columns: shared.COLUMNS = None,
    mapped: shared.MAP = None,
    id_column: shared.ID = None,
    source_column: shared.SOURCE = None,
    many: shared.MANY = False,
    config: shared.CONFIG = None,
    sheet: shared.SHEET = None,
    encoding: shared.ENCODING = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    """Learn weights and bands from the answers to `dedupe label`, and say whether they help.

    Exit status 1 when labels contradict each other: a person has to settle that.
    """
    from goldbridge import log
    from goldbridge.cli import session

    state = session(ctx)
    log.configure(json=state.log_json, verbose=state.verbose)
    if from_decisions is not None:
        if files:
            raise typer.BadParameter("decisions are about a project's records, not about a file", param_hint="FILE")
        from goldbridge.cli import dedupe_decision

        report = dedupe_decision.propose(state, from_decisions, save_config, force, (wrong_merge, missed))
    else:
        if not files:
            raise typer.BadParameter("name the table that was labelled, or say --from-decisions", param_hint="FILE")
        told = shared.Told(
            files, columns or (), mapped or (), id_column, source_column, many, config, sheet, encoding, truth
        )  # fmt: skip
        report = _train(told, labels, save_config, force, (wrong_merge, missed))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in lines(report):
            typer.echo(line)
    return 1 if report["contradictions"] else 0


def _train(
    told: shared.Told, labels: Path | None, save: Path | None, force: bool, costs: tuple[float | None, float | None]
) -> dict[str, Any]:
    from goldbridge.cli import dedupe_config, dedupe_result, dedupe_verdict

    target = save or shared.beside(told.files, ".trained.yaml")
    dedupe_result.place(told.files, target, force)
    file = labels or shared.beside(told.files, ".labels.csv")
    if not dedupe_verdict.read(file):
        message = f"no labels to learn from; make some with: goldbridge dedupe label {told.files[0]}"
        raise Misconfigured.one("DED047", message, Mark(str(file)))
    lesson = shared.begin(told, labels)
    said, lost = lesson.labels()
    learned = lesson.course.learn()
    bands, believed = _bands(lesson, learned, costs)
    wish = _wish(lesson, learned, bands)
    after = _again(lesson, wish) if wish != lesson.given.said.wish else lesson.found
    report = _report(lesson, learned, bands, believed, said, lost, after)
    head = list(lines({**report, "config": None, "metrics": None}))
    asked = lesson.given.said._replace(wish=wish)
    dedupe_config.save(target, lesson.given.table, lesson.given.guesses, after, asked, head)
    report["config"] = str(target)
    return report


def _bands(lesson: Lesson, learned: Learned, costs: tuple[float | None, float | None]) -> tuple[Thresholds, Trust]:
    """The proposed bands, and how much of the odds labels let us believe."""
    from dedupe import price

    believed = price.trusted(learned)
    return price.bands(learned.belief.model.even, lesson.course.before, believed, *costs), believed


def _wish(lesson: Lesson, learned: Learned, bands: Thresholds) -> Wish:
    """What the next run is told: nothing new where nothing was learned."""
    from dedupe.learn import KEPT, WEIGHTS

    before = lesson.given.said.wish
    if learned.choice == KEPT and bands == lesson.course.before:
        return before
    names = [each.name for each in lesson.found.model.rules.comparisons] if lesson.found.model else []
    weights = dict(zip(names, learned.belief.model.weights, strict=False)) if learned.choice == WEIGHTS else {}
    return before._replace(auto=bands.auto, review=bands.review, guess=bands.even, weights=weights)


def _again(lesson: Lesson, wish: Wish) -> Resolution:
    from goldbridge.cli import dedupe_table
    from goldbridge.cli.watch import watching

    given = lesson.given
    with watching(f"dedupe {given.table.file.name}") as progress:
        return dedupe_table.resolve(
            given.table, given.guesses, given.sources, one_to_one=not given.said.many, progress=progress, wish=wish
        )[0]


def _report(
    lesson: Lesson, learned: Learned, bands: Thresholds, believed: Trust, said: Sequence[Label], lost: Sequence[Lost],
    after: Resolution,
) -> dict[str, Any]:  # fmt: skip
    from dedupe import choose, price
    from dedupe.learn import certain
    from goldbridge.cli.dedupe_edges import exact

    course, names = lesson.course, lesson.given.names
    tested, right = course.tested(learned.belief, bands)
    first, first_right = course.tested(certain(course.start), course.before)
    counts = Counter(each.verdict for each in course.settled.counted)
    report: dict[str, Any] = {
        "labels": {"file": str(lesson.file), "standing": len(said), "same": counts["same"],
                   "different": counts["different"], "unsure": len(course.settled.unsure)},
        "contradictions": shared.contradicted(lesson, course.settled.contradictions),
        "lost": [each._asdict() for each in lost],
        **verdict(learned),
        "bands_bits": in_bits(bands),
        "bands_before_bits": in_bits(course.before),
        "believed": believed._asdict(),
        "costs_minutes": {
            "wrong_merge": round(price.minutes(bands.auto - bands.even), 1),
            "missed": round(price.minutes(bands.even - bands.review), 1),
        },
        "auto_band": {"tested": tested, "right": right, "at_least": round(choose.at_least(right, tested), 4),
                      "tested_before": first, "right_before": first_right},
        "change": round(course.standing.change, 4),
        "weights_bits": _weights(lesson, learned),
        "duplicates": {"before": _duplicates(lesson.found), "after": _duplicates(after)},
        "wrong_in_auto": [
            [names[each.a], names[each.b], exact(course.match(each.a, each.b).weight)]
            for each in course.settled.counted
            if each.why == choose.AUTO and each.verdict == "different"
        ],
        "metrics": None,
    }  # fmt: skip
    if lesson.given.truth is not None:
        from goldbridge.cli import dedupe_truth

        report["metrics"] = {
            when: dedupe_truth.measure(names, lesson.given.truth, found, lesson.given.sources)
            for when, found in (("before", lesson.found), ("after", after))
        }
    return report


def verdict(learned: Learned) -> dict[str, Any]:
    """How each way to use the labels did on those that were held out."""
    return {
        "choice": learned.choice,
        "proven": learned.proven,
        "reason": learned.reason,
        "trials": [
            {"way": trial.name, "surprise_bits": round(trial.surprise, 2), "wrong": trial.wrong,
             "gain_bits": round(trial.gain, 2), "error_bits": round(trial.error, 2)}
            for trial in learned.trials
        ],
    }  # fmt: skip


def in_bits(bands: Thresholds) -> dict[str, float]:
    from goldbridge.cli.dedupe_explain import number

    return {"auto": number(bands.auto), "guess": number(bands.even), "review": number(bands.review)}


def _weights(lesson: Lesson, learned: Learned) -> dict[str, dict[str, list[float]]]:
    """Per column and level: bits before and after, where weights moved."""
    from dedupe.grade import KINDS
    from goldbridge.cli.dedupe_explain import number

    if learned.choice != "weights" or lesson.found.model is None:
        return {}
    tables = zip(lesson.course.start.weights, learned.belief.model.weights, strict=True)
    return {
        each.name: {
            level: [number(old), number(new)]
            for level, old, new in zip(KINDS[each.kind].labels, before, after, strict=True)
        }
        for each, (before, after) in zip(lesson.found.model.rules.comparisons, tables, strict=True)
    }


def _duplicates(found: Resolution) -> dict[str, int]:
    size = len(found.labels)
    return {
        "guess": size - len(set(found.labels)),
        "auto": size - len(set(found.auto_labels)),
        "questions": int(found.questions().sum()),
    }


_DOES = {
    "kept": "the weights and the threshold stay as they were without labels",
    "threshold": "the threshold moves, the weights stay",
    "weights": "the weights and the threshold move",
}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """The report for people."""
    labels = told["labels"]
    yield (
        f"{labels['standing']} labels: {labels['same']} same and {labels['different']} different count, "
        f"{labels['unsure']} unsure"
    )
    for each in told["contradictions"]:
        yield f"contradiction: {each}"
    for each in told["lost"]:
        yield f"line {each['line']}: {each['record']} is {each['why']}; its label is left aside"
    because = f"; {told['reason']}" if told["reason"] else ""
    yield f"{'labels help' if told['proven'] else 'labels do not help for certain'}: {_DOES[told['choice']]}{because}"
    for trial in told["trials"]:
        name = {"kept": "without labels", "threshold": "the threshold moved", "weights": "the weights moved"}
        gain = (
            "" if trial["way"] == "kept" else f", {trial['gain_bits']:+.1f} bits better (± {trial['error_bits']:.1f})"
        )
        yield (
            f"  on labels held out, {name[trial['way']]}: {trial['wrong']} wrong, {trial['surprise_bits']:.1f} bits of "
            f"surprise{gain}"
        )
    yield from _bands_lines(told)
    if told.get("vetoed"):
        yield f"{told['vetoed']} more are kept apart by a veto, which no weight overrides: they teach nothing here"
    if told.get("gone"):
        yield f"{told['gone']} decisions are about records that are no longer there"
    if told["duplicates"]:
        before, after = told["duplicates"]["before"], told["duplicates"]["after"]
        yield (
            f"duplicates by the best guess: {before['guess']} before, {after['guess']} after; without a steward: "
            f"{before['auto']} before, {after['auto']} after; questions: {before['questions']} before, "
            f"{after['questions']} after"
        )
    if told["metrics"]:
        for when in ("before", "after"):
            found = told["metrics"][when]
            yield (
                f"{when}: precision {found['precision']:.4f}  recall {found['recall']:.4f}  F1 {found['f1']:.4f}; "
                f"without a steward: precision {found['auto']['precision']:.4f}  recall {found['auto']['recall']:.4f}"
            )
    if told["config"]:
        yield f"{told['config']}"
    elif "entity" in told:
        yield "nothing to propose: the bands stay as they are"


def _bands_lines(told: dict[str, Any]) -> Iterator[str]:
    bands, before, costs = told["bands_bits"], told["bands_before_bits"], told["costs_minutes"]
    yield (
        f"bands: auto {bands['auto']:.4f}, guess {bands['guess']:.4f}, review {bands['review']:.4f} "
        f"(before: {before['auto']:.4f}, {before['guess']:.4f}, {before['review']:.4f}); right where a wrong merge "
        f"costs {costs['wrong_merge']:,.0f} and a missed duplicate {costs['missed']:,.0f} times the minute of a "
        "question"
    )
    least = min(told["believed"].values())
    if least < 1:
        yield f"the weights claim more than blindly drawn labels bear out: only {least:.0%} of it is believed"
    band = told["auto_band"]
    if band["tested"]:
        yield (
            f"what joins unasked: {band['right']} of {band['tested']} drawn blindly are right, so at least "
            f"{band['at_least']:.1%} of it with 95 % certainty"
        )
    else:
        yield "what joins unasked was not tested: no label was drawn from it blindly"
    for left, right, bits in told["wrong_in_auto"]:
        yield f"  said to be different: {left} and {right}, {bits} bits"
