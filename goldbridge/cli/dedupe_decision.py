"""`goldbridge dedupe train --from-decisions`: what the decisions of stewards say about a project's matching rules.

The result is a proposal beside the rules in force, never a change of them: whoever takes it over edits
config/matching.yaml, and the next master run makes a new revision of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from goldbridge.cli.dedupe_config import show
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from dedupe.choose import Thresholds
    from dedupe.learn import Learned
    from dedupe.price import Trust
    from goldbridge.cli import Session
    from goldbridge.settings.project import Project
    from mdm.taught import Taught

NAME = "matching.proposed.yaml"


def propose(
    state: Session, entity: str, save: Path | None, force: bool, costs: tuple[float | None, float | None]
) -> dict[str, Any]:
    """The report, and the proposal written when there is one.

    Raises `Misconfigured` DED034 for a place where nothing may be written, `Halt` FLW035 before the first master run.
    """
    from dedupe import price
    from dedupe.learn import learn
    from flows.hub import Hub
    from flows.master import rules_in_force
    from goldbridge.records.hint import did_you_mean
    from mdm.taught import taught

    with Hub(state.load()) as hub:
        if entity not in hub.project.model.entities:
            hint = did_you_mean(entity, hub.project.model.entities)
            raise typer.BadParameter(f"the model has no entity '{entity}'{hint}", param_hint="--from-decisions")
        target = _target(state.root(), save, force)
        with hub.store.read() as conn:
            core = rules_in_force(conn, hub.project, hub.survivorship, entity)
            lesson = taught(conn, core)
        learned = learn(lesson.start, lesson.examples)
        believed = price.trusted(learned)
        bands = price.bands(learned.belief.model.even, lesson.before, believed, *costs)
        report = _report(entity, lesson, learned, bands, believed)
        if (bands.auto, bands.review) != (lesson.before.auto, lesson.before.review):
            _write(target, hub.project, entity, bands, report)
            report["config"] = str(target)
    return report


def _target(root: Path, save: Path | None, force: bool) -> Path:
    from goldbridge.cli import dedupe_result
    from goldbridge.settings.project import FILES

    rules = root / FILES["matching"].path
    target = save or root / NAME
    if target.exists() and rules.exists() and target.samefile(rules):
        message = "holds the rules in force; a proposal stands beside them, choose another --save-config"
        raise Misconfigured.one("DED034", message, Mark(str(target)))
    return dedupe_result.place([rules], target, force)


def _report(
    entity: str, lesson: Taught, learned: Learned, bands: Thresholds, believed: Trust
) -> dict[str, Any]:  # fmt: skip
    from dedupe import price
    from goldbridge.cli import dedupe_train

    same = int(lesson.examples.same.sum())
    count = len(lesson.examples.same)
    return {
        "entity": entity,
        "labels": {"standing": count, "same": same, "different": count - same, "unsure": 0},
        "vetoed": lesson.vetoed,
        "gone": lesson.gone,
        "contradictions": [],
        "lost": [],
        **dedupe_train.verdict(learned),
        "bands_bits": dedupe_train.in_bits(bands),
        "bands_before_bits": dedupe_train.in_bits(lesson.before),
        "believed": believed._asdict(),
        "costs_minutes": {
            "wrong_merge": round(price.minutes(bands.auto - bands.even), 1),
            "missed": round(price.minutes(bands.even - bands.review), 1),
        },
        "auto_band": {"tested": 0, "right": 0, "at_least": 0.0},
        "wrong_in_auto": [],
        "duplicates": None,
        "metrics": None,
        "config": None,
    }


def _write(target: Path, project: Project, entity: str, bands: Thresholds, report: dict[str, Any]) -> None:
    """The project's matching rules as they stand, but for the bands of this entity."""
    import yaml

    from goldbridge.cli import dedupe_train
    from goldbridge.cli import table as csv_table

    written = project.matching.data if project.matching is not None else None
    rules = dict(written) if isinstance(written, dict) else {}
    section = dict(rules.get(entity) or {})
    section["bands"] = {**(section.get("bands") or {}), "auto": show(bands.auto), "review": show(bands.review)}
    rules[entity] = section
    head = [
        f"Proposed by `goldbridge dedupe train --from-decisions {entity}`; not in force.",
        "To take it over, put its bands into config/matching.yaml: the next master run makes a new revision.",
        *dedupe_train.lines(report),
    ]
    text = yaml.safe_dump(rules, allow_unicode=True, sort_keys=False, width=120)
    with csv_table.replacing(target) as out:
        out.write("".join(f"# {line}\n" for line in head).encode() + b"\n" + text.encode())
