"""When each flow runs, as flows.yaml says it; the same for every runner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from flows.config import Flow, IngestFlow, order
from flows.cron import Cron, parse_cron
from goldbridge.errors import Mark, Problems
from goldbridge.settings.project import Project


class Schedule(NamedTuple):
    """One schedule of one flow: `every` or `cron`. `full` is the full compare of an ingest flow."""

    flow: str
    every: timedelta | None = None
    cron: Cron | None = None
    full: bool = False

    @property
    def name(self) -> str:
        return f"{self.flow}:full_compare" if self.full else self.flow


def schedules(project: Project, flows: Mapping[str, Flow]) -> list[Schedule]:
    """Every schedule of the enabled flows, predecessors first.

    Raises `Misconfigured` with a FLW060 for each cron expression that is none.
    """
    found: list[Schedule] = []
    problems = Problems()

    def cron(flow: Flow, key: str, text: str) -> Cron | None:
        try:
            return parse_cron(text)
        except ValueError as error:
            message = f"'{text}' is no cron expression: {error}; write five fields, e.g. 0 3 * * 0"
            problems.note(project.flows.mark("flows", flow.name, key), "FLW060", message)
            return None

    for flow in order(flows.values()):
        if not flow.enabled:
            continue
        if flow.every is not None:
            found.append(Schedule(flow.name, every=max(flow.every, timedelta(seconds=1))))
        elif flow.cron is not None and (at := cron(flow, "cron", flow.cron)):
            found.append(Schedule(flow.name, cron=at))
        if isinstance(flow, IngestFlow) and flow.full_compare and (at := cron(flow, "full_compare", flow.full_compare)):
            found.append(Schedule(flow.name, cron=at, full=True))
    problems.raise_any()
    return found


def unscheduled(project: Project, flows: Mapping[str, Flow]) -> list[tuple[str, Mark]]:
    """Enabled flows that no schedule runs, for a warning."""
    return [
        (flow.name, project.flows.key_mark("flows", flow.name))
        for flow in flows.values()
        if flow.enabled and flow.every is None and flow.cron is None
    ]
