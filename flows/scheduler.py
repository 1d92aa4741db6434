"""Runs flows on their schedules inside one process, with APScheduler; the only place that knows it.

It only triggers: whether a flow runs is decided by its lease. At the start everything runs once in order, then every
flow by its own `every` or `cron`. A tick that is missed because the flow still runs is not made up for twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from flows.config import Flow, IngestFlow
from flows.hub import Hub
from flows.runner import Options, ordered, run_flow
from goldbridge import log
from goldbridge.errors import AlreadyRunning, GoldbridgeError, Mark, Misconfigured

WORKERS = 4


class Scheduler:
    """Starts with `run`, which returns after `stop` once the flows under way have committed their page."""

    def __init__(self, hub: Hub, *, at_start: bool = True) -> None:
        """Raises `Misconfigured` FLW060 for a cron expression that is none."""
        self._hub = hub
        self._at_start = at_start
        self._stopped = threading.Event()
        self._log = log.get("scheduler")
        zone = hub.project.settings.zone_info
        self._scheduler = BackgroundScheduler(
            timezone=zone,
            executors={"default": ThreadPoolExecutor(WORKERS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name in ordered(hub):
            self._schedule(hub.flow(name), zone)

    @property
    def jobs(self) -> list[str]:
        """The names of what is scheduled, sorted."""
        return sorted(job.id for job in self._scheduler.get_jobs())

    def _schedule(self, flow: Flow, zone: Any) -> None:
        trigger = self._trigger(flow, zone)
        if trigger is not None:
            self._scheduler.add_job(self._run, trigger, args=[flow.name, None], id=flow.name, name=flow.name)
        if isinstance(flow, IngestFlow) and flow.full_compare:
            full = self._cron(flow, "full_compare", flow.full_compare, zone)
            name = f"{flow.name}:full_compare"
            self._scheduler.add_job(self._run, full, args=[flow.name, Options(full=True)], id=name, name=name)

    def _trigger(self, flow: Flow, zone: Any) -> Any:
        if flow.every is not None:
            return IntervalTrigger(seconds=max(1, int(flow.every.total_seconds())), timezone=zone)
        return self._cron(flow, "cron", flow.cron, zone) if flow.cron else None

    def _cron(self, flow: Flow, key: str, text: str, zone: Any) -> CronTrigger:
        try:
            return CronTrigger.from_crontab(text, timezone=zone)
        except ValueError as error:
            message = f"'{text}' is no cron expression ({error}); write five fields, e.g. 0 3 * * 0"
            raise Misconfigured.one("FLW060", message, self._hub.mark(flow, key)) from None

    def _run(self, name: str, options: Options | None) -> None:
        """One tick; an error is logged and the next tick tries again, so that one broken flow stops no other."""
        if self._stopped.is_set():
            return
        try:
            run_flow(self._hub, name, options=options)
        except AlreadyRunning as error:
            self._log.info("tick left out", flow=name, reason=error.message)
        except GoldbridgeError as error:
            self._log.error("flow stopped", flow=name, code=error.code, reason=str(error))
        except Exception as error:
            self._log.error("flow failed", flow=name, reason=f"{type(error).__name__}: {error}")

    def _all_once(self) -> None:
        for name in ordered(self._hub):
            self._run(name, None)

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Keep running until `stop`."""
        self._scheduler.start()
        self._log.info("serving", flows=len(self.jobs))
        ready()
        try:
            if self._at_start:
                self._all_once()
            self._stopped.wait()
        finally:
            self._stopped.set()
            self._scheduler.shutdown(wait=True)

    def stop(self) -> None:
        """Take no more ticks; what is under way finishes its flow."""
        self._stopped.set()


def not_scheduled(hub: Hub) -> list[tuple[str, Mark]]:
    """Enabled flows that no schedule runs, for a warning."""
    return [
        (name, hub.mark(hub.flow(name)))
        for name in ordered(hub)
        if hub.flow(name).every is None and hub.flow(name).cron is None
    ]
