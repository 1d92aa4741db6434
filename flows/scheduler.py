"""Runs flows on their schedules inside one process, with APScheduler; the only place that knows it.

It only triggers: whether a flow runs is decided by its lease. At the start everything runs once in order, then every
flow by its own `every` or `cron`. A tick that is missed because its own run still goes on is not made up for; one that
finds the flow at other work (a full compare meets the ordinary run) comes again soon.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from flows.cron import Cron
from flows.hub import Hub
from flows.runner import Options, ordered, run_flow
from flows.schedule import Schedule, schedules
from flows.stop import StoppableClock, Stopped
from flows.turn import SAME_TICK, taken_care_of
from goldbridge import log
from goldbridge.errors import AlreadyRunning, GoldbridgeError, Mark, Misconfigured
from goldbridge.state import run as runs

WORKERS = 4
"""Flows at a time; further ones wait for their turn."""

AGAIN_S = 15.0
"""When a tick comes again that found its flow at other work."""

ONCE_MORE_S = 1.0
"""When a flow that was woken while it ran is tried again."""

GRACE_S = 60.0
"""How long a stop waits for the pages under way; longer than one call of another system may take."""

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HISTORY = 10_000
_library_log = logging.getLogger("flows.scheduler.library")
_library_log.setLevel(logging.ERROR)  # what it warns of is said by us, by the name of the flow


class Scheduler:
    """`run` returns after the hub's clock was told to stop, once the flows under way have committed their page."""

    def __init__(self, hub: Hub, clock: StoppableClock, *, at_start: bool = True, grace_s: float = GRACE_S) -> None:
        """`clock` is the hub's own.

        Raises `Misconfigured` FLW060 for a cron expression that is none, FLW062 when nothing is scheduled.
        """
        self._hub, self._clock = hub, clock
        self._at_start, self._grace_s = at_start, grace_s
        self._log = log.get("scheduler")
        self._under_way: set[str] = set()
        self._put_off: dict[str, datetime] = {}
        self._woken: dict[str, float] = {}
        self._idle = threading.Condition()
        self._begun = threading.Event()
        self._gate = threading.Lock()  # a scheduler that is resumed while it is shut down would run for ever
        self._schedules = schedules(hub.project, hub.flows)
        self.stopped: list[Stopped] = []
        if not self._schedules:
            message = "no enabled flow has `every` or `cron`, so there is nothing to serve; give one to a flow"
            raise Misconfigured.one("FLW062", message, Mark("flows.yaml"))
        zone = hub.project.settings.zone_info
        self._scheduler = BackgroundScheduler(
            timezone=zone,
            logger=_library_log,
            executors={"default": ThreadPoolExecutor(WORKERS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._left_out, EVENT_JOB_MAX_INSTANCES)
        for one in self._schedules:
            self._scheduler.add_job(self._run, trigger(one, zone), args=[one], id=one.name, name=one.name)

    @property
    def jobs(self) -> list[str]:
        """The names of what is scheduled, sorted."""
        return sorted(one.name for one in self._schedules)

    def run(self, ready: Callable[[], None] = lambda: None) -> list[str]:
        """Keep running until the clock is told to stop.

        Returns the flows that did not reach the end of their page in time; a process that ends now anyhow loses nothing
        but that page. Those that did are in `stopped`, each with where it stopped.
        """
        self._connect()
        self._scheduler.start(paused=True)
        threading.Thread(target=self._begin, name="first-round", daemon=True).start()
        self._log.info("serving", schedules=len(self._schedules))
        ready()
        try:
            self._clock.until_stopped()
        finally:
            self._clock.stop("its process")
            with self._gate:
                self._scheduler.shutdown(wait=False)
        with self._idle:
            self._idle.wait_for(lambda: not self._under_way, timeout=self._grace_s)
            return sorted(self._under_way)

    def early(self, flows: Sequence[str], seconds: float) -> None:
        """Something came for these flows: they run after so many seconds, and once more when they run already.

        A flow without a schedule runs for this alone. Before the first round is over they wait for its end.
        """
        for name in flows:
            self._woken.setdefault(name, seconds)
        if self._begun.is_set():
            self._wake()

    def _wake(self) -> None:
        for name, seconds in list(self._woken.items()):
            if self._clock.stopped:
                return
            if self._scheduler.get_job(name) is not None:
                self._soon(Schedule(name), seconds)
            else:
                at = self._clock.now() + timedelta(seconds=seconds)
                once = {"args": [Schedule(name)], "id": name, "name": name, "replace_existing": True}
                self._scheduler.add_job(self._run, DateTrigger(at), **once)

    def _connect(self) -> None:
        """Make the connectors here, in one thread: two flows that start together would make one each."""
        for name in self._hub.project.sources:
            try:
                self._hub.connections.get(name)
            except GoldbridgeError as error:
                self._log.debug("not connected; a flow that needs it will say so", system=name, reason=str(error))

    def _begin(self) -> None:
        """Everything once in order, then the schedules; ticks that came meanwhile come once, now."""
        if self._at_start:
            for name in ordered(self._hub):
                self._run(Schedule(name))
        for one in self._schedules:
            if one.full and self._overdue(one):
                self._soon(one, 0.0)
        with self._gate:
            if not self._clock.stopped:
                self._scheduler.resume()
        self._begun.set()
        self._wake()

    def _overdue(self, one: Schedule) -> bool:
        """Whether a full compare came due while nobody served, or was begun and cut short."""
        with self._hub.store.read() as conn:
            known = runs.list_runs(conn, flow=one.flow, limit=_HISTORY)
        compared = [run for run in known if run.kind == "full_compare"]
        done = next((run for run in compared if run.state == "done"), None)
        if done is None:
            return bool(compared)
        due: datetime | None = trigger(one, self._scheduler.timezone).get_next_fire_time(
            None, datetime.fromisoformat(done.started_at)
        )
        return due is not None and due <= self._clock.now()

    def _run(self, one: Schedule) -> None:
        """One tick; an error is logged and the next tick tries again, so that one broken flow stops no other."""
        if self._clock.stopped:
            return
        with self._counted(one.name):
            came = self._put_off.pop(one.name, None)
            # A run that began just before what woke this flow may not have met it, so it does not stand for this one.
            woken = self._woken.pop(one.name, None) is not None
            since = came or self._clock.now() + (SAME_TICK if woken else timedelta())
            try:
                if came is not None and self._taken_care_of(one, came):
                    return
                run_flow(self._hub, one.flow, options=Options(full=one.full))
            except Stopped as error:
                self.stopped.append(error)
            except AlreadyRunning as error:
                if not self._taken_care_of(one, since):
                    if came is None:
                        self._log.info("tick put off", flow=one.name, reason=error.message, again_s=AGAIN_S)
                    self._put_off[one.name] = since
                    self._soon(one, AGAIN_S)
            except GoldbridgeError as error:
                self._log.error("flow halted", flow=one.name, code=error.code, reason=str(error))
            except Exception as error:
                self._log.exception("flow failed", flow=one.name, reason=f"{type(error).__name__}: {error}")

    def _taken_care_of(self, one: Schedule, since: datetime) -> bool:
        taken = taken_care_of(self._hub.store, one.flow, full=one.full, since=since)
        if taken:
            self._log.info("tick left out", flow=one.name, reason="another run does its work")
        return taken

    def _soon(self, one: Schedule, seconds: float) -> None:
        """Bring the next tick forward; never put one off that comes earlier."""
        at = self._clock.now() + timedelta(seconds=seconds)
        job = self._scheduler.get_job(one.name)
        if job is not None and (job.next_run_time is None or job.next_run_time > at):
            with suppress(JobLookupError):  # it ran for the last time meanwhile, or all is being shut down
                job.modify(next_run_time=at)

    def _left_out(self, event: JobSubmissionEvent) -> None:
        if event.job_id in self._woken:
            self._woken[event.job_id] = ONCE_MORE_S
            self._wake()
            return
        self._log.info("tick left out", flow=event.job_id, reason="its last run still goes on")

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        with self._idle:
            self._under_way.add(name)
        try:
            yield
        finally:
            with self._idle:
                self._under_way.discard(name)
                self._idle.notify_all()


def trigger(one: Schedule, zone: Any) -> BaseTrigger:
    """The library's trigger of a schedule, in the project's time zone."""
    if one.cron is None:
        assert one.every is not None
        return IntervalTrigger(seconds=one.every.total_seconds(), timezone=zone)
    if not one.cron.either_day:
        return _cron(one.cron, zone, days=one.cron.days, weekdays=one.cron.weekdays)
    return OrTrigger([_cron(one.cron, zone, days=one.cron.days), _cron(one.cron, zone, weekdays=one.cron.weekdays)])


def _cron(cron: Cron, zone: Any, *, days: tuple[int, ...] = (), weekdays: tuple[int, ...] = ()) -> CronTrigger:
    return CronTrigger(
        minute=_listed(cron.minutes),
        hour=_listed(cron.hours),
        month=_listed(cron.months),
        day=_listed(days) if days else "*",
        day_of_week=",".join(_WEEKDAYS[day] for day in weekdays) if weekdays else "*",  # by name: it counts otherwise
        timezone=zone,
    )


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))
