"""What to do with a tick that finds its flow already running."""

from __future__ import annotations

from datetime import datetime, timedelta

from goldbridge.state import run as runs
from goldbridge.state.engine import Store

SAME_TICK = timedelta(seconds=5)
"""Two hubs on one state fire at the same moment, give or take."""

_NEWEST = 50


def taken_care_of(store: Store, flow: str, *, full: bool, since: datetime) -> bool:
    """Whether another run does, or did, the work of a tick that came at `since`.

    One that started with the tick does (two hubs, one schedule), and so does a full compare that ended after it; a full
    compare stands for any other run. A run under way that started earlier does not: it may have read past what the tick
    is for, or have died with its lease not yet run out.
    """
    with store.read() as conn:
        known = runs.list_runs(conn, flow=flow, states=("done", "running"), limit=_NEWEST)
    for run in known:
        if run.kind != "full_compare" and (full or run.kind != "live"):
            continue
        if datetime.fromisoformat(run.started_at) >= since - SAME_TICK:
            return True
        if full and run.state == "done" and datetime.fromisoformat(run.ended_at) >= since:
            return True
    return False
