"""Makes all golden records anew: in their place, in a state beside, or beside only to compare (`verify --deep`)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from flows import rules
from flows.hub import Hub
from flows.quiet import quiet
from goldbridge.state import copy
from goldbridge.state.engine import Store, open_store
from mdm import export
from mdm import rebuild as again
from mdm.core import Core
from mdm.resolution import Outcome


class Made(NamedTuple):
    """How much was gone over, and how much of it was wrong."""

    records: int
    clusters: int
    moved: int
    versions: int


def rebuild(hub: Hub) -> Made:
    """Renew the index and every golden record in their place, some per transaction; started again it does the same.

    The index is whole at every commit, so that a process that dies leaves nothing half. Raises `AlreadyRunning` STA010
    while a flow masters.
    """
    outcome = Outcome()
    with quiet(hub, "rebuild") as run:
        for core in _cores(hub):
            entity = core.entity.name
            with hub.store.read() as conn:
                batches = list(again.batches(conn, entity))
            if core.matching is not None:
                for batch in batches:
                    with run.page() as conn:
                        run.count(edges=again.renew(conn, core, batch))
            for batch in batches:
                with run.page() as conn:
                    outcome.add(again.resolve_again(conn, core, batch, outcome.touched, run.id))
        run.count(moved=outcome.moved, golden_versions=outcome.versions)
    return _made(outcome)


def rebuild_into(hub: Hub, file: Path) -> Made:
    """Make everything in a new state, with the log of what sources and stewards said."""
    made = open_store(f"sqlite:///{file}", hub.clock)
    try:
        return _made(_beside(hub, made, log=True))
    finally:
        made.close()


def deviations(hub: Hub, limit: int = 10) -> list[str]:
    """How the golden records differ from those made anew beside, the first differences as sentences (G7)."""
    with tempfile.TemporaryDirectory(prefix="goldbridge-") as folder:
        made = open_store(f"sqlite:///{Path(folder) / 'state.sqlite'}", hub.clock)
        try:
            _beside(hub, made)
            entities = list(hub.project.model.entities)
            with hub.store.read() as stored, made.read() as anew:
                found = export.differences(export.lines(stored, entities), export.lines(anew, entities), limit)
        finally:
            made.close()
    return [f"G7 {one}" for one in found]


def _beside(hub: Hub, made: Store, *, log: bool = False) -> Outcome:
    with hub.store.read() as stored, made.begin() as anew:
        copy.copy_given(stored, anew, log=log)
        return again.everything(anew, _cores(hub))


def _cores(hub: Hub) -> list[Core]:
    with hub.store.read() as conn:
        found = rules.cores(conn, hub.project, hub.survivorship)
    return [found[e.name] for e in again.parents_first(hub.project.model.entities) if e.name in found]


def _made(outcome: Outcome) -> Made:
    return Made(outcome.records, outcome.clusters, outcome.moved, outcome.versions)
