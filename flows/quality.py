"""Quality: measures every source and the golden records by the rules of config/quality.yaml, and remembers it per run.

A measure reads and writes nothing but its own run, so that it may be taken at any time beside everything else; earlier
runs are what it is compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from flows.config import Flow, QualityFlow
from flows.running import Running
from goldbridge.ports import Progress
from goldbridge.settings.project import Project
from goldbridge.state import crosswalk, golden, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from mdm.quality import GOLDEN, Measure, Meter, Share
from mdm.quality_rule import QualityRule, compile_quality

PAGE = 1000
_DONE: tuple[runs.RunState, ...] = ("done",)
Rules = Mapping[str, Sequence[QualityRule]]


def rules_of(project: Project) -> Rules:
    """Entity -> its rules; raises `Misconfigured` as `compile_quality` does."""
    return compile_quality(project.quality, project.model, project.sources)


def quality(run: Running, rules: Rules, entities: Sequence[str]) -> None:
    """Measure these entities; what a source is below the share that its rule wants is said and needs a person."""
    reports = []
    for entity in entities:
        found = measure(run.store, entity, rules[entity], progress=run.progress)
        below = [
            {"rule": rule.name, "source": source, "share": round(share, 4), "at_least": rule.at_least}
            for rule, source, share in too_low(rules[entity], found)
        ]
        reports.append({**found.as_json(), "below": below, "ok": not below})
        run.count(measured=sum(found.records.values()), below=len(below))
        for one in below:
            run.log.warning("quality below what is wanted", entity=entity, **one)
    run.detail["quality"] = reports


def measure(
    store: Store,
    entity: str,
    rules: Sequence[QualityRule],
    *,
    worst: int = 0,
    of: str = "",
    progress: Progress | None = None,
) -> Measure:
    """One pass over the active golden records and the live records behind them, a page per transaction.

    The `worst` records are of all sources, or of those within `of`.
    """
    meter = Meter(entity, rules, store.clock.now(), worst=worst, of=of)
    after = -1
    while True:
        with store.read() as conn:
            page = golden.scan(conn, entity, after=after, limit=PAGE, lineage=False)
            members = crosswalk.members(conn, [one.id for one in page])
            records = landing.load(conn, [id for some in members.values() for id in some])
        if not page:
            return meter.measure()
        for one in page:
            own = [records[id] for id in members.get(one.id, ()) if id in records]
            meter.see(one, [record for record in own if record.state == "live" and record.canonical is not None])
        after = page[-1].id
        if progress is not None:
            progress.advance(len(page))


def too_low(rules: Sequence[QualityRule], found: Measure) -> Iterator[tuple[QualityRule, str, float]]:
    """(rule, source, share) wherever a source keeps a rule less often than the rule wants; golden records too."""
    for rule in rules:
        for source, share in sorted(found.shares[rule.name].items()):
            if rule.at_least is not None and share.value is not None and share.value < rule.at_least:
                yield rule, source, share.value


def earlier(
    conn: Connection, flows: Collection[Flow], entity: str, limit: int = 30
) -> list[tuple[str, dict[str, Any]]]:
    """(when, measure as `Measure.as_json`) of the runs that measured an entity, newest first."""
    found = []
    for flow in flows:
        if isinstance(flow, QualityFlow) and entity in flow.quality:
            for run in runs.list_runs(conn, flow=flow.name, states=_DONE, limit=limit):
                reports = run.detail.get("quality", []) if isinstance(run.detail, dict) else []
                found += [(run.ended_at, report) for report in reports if report.get("entity") == entity]
    return sorted(found, key=lambda each: each[0], reverse=True)[:limit]


def share_of(report: Mapping[str, Any], rule: str, source: str) -> Share:
    """A rule's share in a remembered measure; nobody asked when it did not have the rule or the source."""
    return Share(*report.get("rules", {}).get(rule, {}).get(source, (0, 0)))


def sources(found: Measure) -> list[str]:
    """The sources by name, the golden records last."""
    return [*sorted(source for source in found.records if source != GOLDEN), *([GOLDEN] if found.records else [])]
