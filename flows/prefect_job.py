"""What a Prefect worker runs: one flow of one project, by the same `run_flow` as everywhere else.

Prefect triggers, shows and keeps the record; the lease decides. One task per run, never one per record. Parameters name
a project and a flow and carry no secret: those come from the worker's own environment. Nothing escapes as an exception,
because Prefect would log it with its traceback before anybody could take the secrets out.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow as prefect_flow
from prefect import get_run_logger
from prefect import task as prefect_task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.states import Cancelled, Completed, Failed

from flows.hub import Hub
from flows.runner import FATES, Options, Result, run_flow
from flows.stop import CODE, StoppableClock
from flows.turn import taken_care_of
from goldbridge import log
from goldbridge.clock import Clock
from goldbridge.errors import AlreadyRunning, GoldbridgeError
from goldbridge.ports import Progress
from goldbridge.settings.project import load_project

T = TypeVar("T")

AGAIN_S, PATIENCE_S = 15.0, 3600.0
"""How often, and for how long, a full compare asks for its turn; an ordinary run comes again by itself."""

PROGRESS_S = 10.0


@prefect_flow(name="goldbridge", flow_run_name="{flow}", persist_result=False, retries=0)
def run_goldbridge(project: str, flow: str, env: str | None = None, full: bool = False) -> State[Any]:
    """Run one flow of the project in this folder; `full` makes it a full compare."""
    logger = get_run_logger()
    try:
        loaded = load_project(Path(project), env)
        log.configure(json=loaded.settings.log.format == "json")
        clock = StoppableClock()
        with Hub(loaded, clock) as hub:
            kind = hub.flow(flow).kind
            ended: list[State[Any]] = []

            @prefect_task(name=f"{kind} {flow}", task_run_name=f"{kind} {flow}", cache_policy=NO_CACHE, retries=0)
            def stage() -> State[Any]:
                ended.append(_ending(lambda: _stoppable(clock, lambda: _run(hub, flow, full, _Lines(clock, logger)))))
                return _fresh(ended[0])

            stage(return_state=True)
            return ended[0]
    except GoldbridgeError as error:
        return Failed(message=log.redact(str(error)))


def _run(hub: Hub, name: str, full: bool, progress: Progress) -> Result:
    """Run the flow; a full compare that finds it at other work waits for its turn."""
    since, patience = hub.clock.now(), hub.clock.monotonic() + PATIENCE_S
    while True:
        try:
            return run_flow(hub, name, progress, Options(full=full))
        except AlreadyRunning:
            if not full or hub.clock.monotonic() > patience or taken_care_of(hub.store, name, full=full, since=since):
                raise
        hub.clock.wait(AGAIN_S)


def _stoppable(clock: StoppableClock, work: Callable[[], T]) -> T:
    """Work in a thread of its own: this one hears Prefect's signal, passes it on, and waits for the page under way."""
    with ThreadPoolExecutor(1, thread_name_prefix="run") as pool:
        future = pool.submit(work)
        try:
            return future.result()
        except TerminationSignal:
            clock.stop("Prefect")
            raise


def _ending(work: Callable[[], Result]) -> State[Any]:
    """How a run ends, as Prefect's state with our message."""
    logger = get_run_logger()
    try:
        result = work()
    except AlreadyRunning as error:
        return Cancelled(message=error.message)
    except GoldbridgeError as error:
        message = log.redact(str(error))
        return Cancelled(message=message) if error.code == CODE else Failed(message=message)
    except Exception as error:
        logger.error("%s", log.redact("".join(traceback.format_exception(error))))
        return Failed(message=log.redact(f"unexpected {type(error).__name__}: {error}"))
    message = told(result)
    logger.info("%s", message)
    _keep_artifact(result, message)
    return Completed(message=message, name="Needs a person" if result.needs_person else "Completed")


def _fresh(state: State[Any]) -> State[Any]:
    """The same once more: Prefect ties a state to the run that returned it."""
    return State(type=state.type, name=state.name, message=state.message)


def told(result: Result) -> str:
    """One line on a run: `3 read = 2 applied + 1 dead letters; 2 golden created`."""
    fates = [
        f"{number} {'dead letters' if fate == 'dead' else fate}"
        for fate, number in result.counters.fates().items()
        if number
    ]
    parts = [f"{result.counters.read} read" + (f" = {' + '.join(fates)}" if fates else "")]
    parts += [f"{number} {name.replace('_', ' ')}" for name, number in sorted(result.counters.other.items())]
    parts += [text for text in (result.completeness, result.message) if text]
    return log.redact("; ".join(parts))


def artifact(result: Result) -> str:
    """The counters and the verdicts as Markdown; numbers only, since records stay in our own state."""
    rows = [("read", result.counters.read), *((fate, getattr(result.counters, fate)) for fate in FATES)]
    rows += sorted(result.counters.other.items())
    lines = [f"**{result.kind} `{result.flow}`**, run {result.run}", "", "| counter | records |", "|---|---:|"]
    lines += [f"| {name.replace('_', ' ')} | {number} |" for name, number in rows]
    lines += ["", f"Completeness: {result.completeness}"] if result.completeness else []
    lines += ["", result.message] if result.message else []
    for report in result.detail.get("reports", []):
        verdict = "agrees" if report["ok"] else f"{report['differences']} differences"
        lines += ["", f"`{report['object']}`: {report['found']} of {report['expected']} rows, {verdict}"]
    return log.redact("\n".join(lines))


def _keep_artifact(result: Result, message: str) -> None:
    """Numbers on a page are not worth a failed run."""
    key = "goldbridge-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in result.flow.lower())
    try:
        create_markdown_artifact(artifact(result), key=key, description=message)
    except Exception as error:
        get_run_logger().warning("%s", log.redact(f"no artifact: {type(error).__name__}: {error}"))


class _Lines:
    """Progress as a line in Prefect's log now and then."""

    def __init__(self, clock: Clock, logger: Any) -> None:
        self._clock, self._logger = clock, logger
        self._done, self._said_at = 0, clock.monotonic()

    def advance(self, done: int, total: int | None = None) -> None:
        self._done += done
        if self._clock.monotonic() - self._said_at >= PROGRESS_S:
            self._said_at = self._clock.monotonic()
            self._logger.info("%d%s so far", self._done, f" of {total}" if total else "")
