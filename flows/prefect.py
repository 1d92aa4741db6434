"""Puts the flows of a project on a Prefect server: a deployment per schedule, run by workers or by this process.

Prefect's place in the house is to trigger and to show. What it is given is the name of a project and of a flow; the
work is `flows.prefect_job`, found by its module path, so that any worker with the same environment can run it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import DeploymentApplyError, RunnerDeployment
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.runner import Runner
from prefect.schedules import Cron, Interval
from prefect.schedules import Schedule as Timetable
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType
from prefect.workers.process import ProcessWorker

from flows.config import Flow, IngestFlow, order
from flows.prefect_job import run_goldbridge
from flows.schedule import Schedule, schedules
from goldbridge import __version__
from goldbridge.errors import Halt, Mark, Misconfigured
from goldbridge.log import redact
from goldbridge.settings.project import Project

POOL = "goldbridge"
WORKERS = 4
"""Flows at a time when this process serves them."""

_SINCE = 2020
_PAGE = 200


class Deployed(NamedTuple):
    """What now stands on the server, as `project/flow`; `paused`: deployments of flows that there are no more."""

    names: list[str]
    paused: list[str]


def deploy(project: Project, flows: Mapping[str, Flow], pool: str = POOL) -> Deployed:
    """Create or update one deployment per enabled flow (and one per full compare) in a process work pool.

    Raises `Misconfigured` FLW060, FLW080 without a server's address and FLW082 for a pool of another type, `Halt`
    FLW081 when the server does not answer and FLW083 when it refuses.
    """
    made = _deployments(project, flows)
    with _server() as client:
        _ensure_pool(client, pool)
        for one in made:
            one.apply(work_pool_name=pool)
        return Deployed([one.full_name for one in made], _pause_others(client, made))


def serve(project: Project, flows: Mapping[str, Flow], ready: Callable[[list[str]], None]) -> signal.Signals:
    """Deploy, and run what comes due in processes started by this one, until a signal says stop; returns the signal.

    `ready` is given the deployments' names. At the end the flows under way stop after their page, and Prefect pauses
    the deployments. Raises like `deploy`.
    """
    made = _deployments(project, flows)
    with _server() as client:
        _pause_others(client, made)
        return asyncio.run(_serve(made, ready))


async def _serve(made: list[RunnerDeployment], ready: Callable[[list[str]], None]) -> signal.Signals:
    runner = Runner(limit=WORKERS, pause_on_shutdown=True)
    for one in made:
        await runner.aadd_deployment(one)
    working = asyncio.create_task(runner.start())
    while not runner.started:
        if working.done():
            working.result()
        await asyncio.sleep(0.05)
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):  # after the runner has set its own, which leaves its children behind
        asyncio.get_running_loop().add_signal_handler(number, told.put_nowait, number)
    ready([one.full_name for one in made])
    waiting = asyncio.create_task(told.get())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        working.result()
        raise Halt("FLW081", "Prefect's runner ended by itself; what it logged above says why")
    await runner.astop()
    await asyncio.gather(working, return_exceptions=True)
    return waiting.result()


def named(project: Project) -> str:
    """What the project is called on the server: its folder, and its environment."""
    return f"{project.root.name}@{project.env}" if project.env else project.root.name


def _deployments(project: Project, flows: Mapping[str, Flow]) -> list[RunnerDeployment]:
    """Every enabled flow, on its schedule or none; the full compare on one of its own, so that neither crowds out the
    other."""
    timed = {one.name: one for one in schedules(project, flows)}
    job = run_goldbridge.with_options(name=named(project))
    made: list[RunnerDeployment] = []
    for flow in order(flows.values()):
        if not flow.enabled:
            continue
        for full in (False, True) if isinstance(flow, IngestFlow) and flow.full_compare else (False,):
            wanted = Schedule(flow.name, full=full)
            made.append(_deployment(project, job, flow, wanted.name, timed.get(wanted.name), full))
    return made


def _deployment(
    project: Project, job: Any, flow: Flow, name: str, timed: Schedule | None, full: bool
) -> RunnerDeployment:
    deployment: RunnerDeployment = job.to_deployment(
        name=name,
        description=f"{flow.kind}, full compare" if full else flow.kind,
        schedules=[_timetable(timed, project)] if timed else [],
        parameters={"project": str(project.root), "env": project.env, "flow": flow.name, "full": full},
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        tags=["goldbridge"],
        version=__version__,
        version_type="prefect:simple",
        paused=False,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return deployment


def _timetable(timed: Schedule, project: Project) -> Timetable:
    """Intervals count from a fixed date, so that deploying again does not shift them."""
    zone = project.settings.zone
    if timed.cron is not None:
        return Cron(timed.cron.text, timezone=zone)
    assert timed.every is not None
    anchor = datetime(_SINCE, 1, 1, tzinfo=project.settings.zone_info)
    return Interval(timed.every, anchor_date=anchor, timezone=zone)


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    try:
        found = client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        return
    if found.type != "process":
        message = f"work pool '{name}' is of type {found.type}; name a process pool, or one that does not exist yet"
        raise Misconfigured.one("FLW082", message, Mark("--pool"))


def _pause_others(client: SyncPrefectClient, made: list[RunnerDeployment]) -> list[str]:
    """Pause deployments of this project that are not among these; a flow that was taken out must not go on running."""
    wanted = {one.name for one in made}
    project = {one.flow_name for one in made if one.flow_name}
    paused: list[str] = []
    found = True
    offset = 0
    while found and project:
        filter = FlowFilter(name=FlowFilterName(any_=sorted(project)))
        known = client.read_deployments(flow_filter=filter, limit=_PAGE, offset=offset)
        for one in known:
            if one.name not in wanted and not one.paused:
                client.pause_deployment(one.id)
                paused.append(one.name)
        found, offset = len(known) == _PAGE, offset + _PAGE
    return sorted(paused)


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    """A client of the configured server; Prefect would quietly start one of its own, which schedules nothing."""
    url = PREFECT_API_URL.value()
    if not url:
        raise Misconfigured.one(
            "FLW080",
            "no Prefect server is named; start one with `prefect server start` and set "
            "PREFECT_API_URL=http://127.0.0.1:4200/api here and where the workers run",
            Mark("PREFECT_API_URL"),
        )
    shown = redact(str(url))
    with ExitStack() as stack:
        try:
            client = stack.enter_context(get_client(sync_client=True))
        except (httpx.HTTPError, RuntimeError) as error:  # it asks for the server's version, and wraps what happens
            raise Halt("FLW081", f"no usable Prefect server at {shown}: {_reason(error)}") from error
        try:
            yield client
        except (PrefectHTTPStatusError, DeploymentApplyError) as error:
            raise Halt("FLW083", f"the Prefect server at {shown} refused: {_reason(error)}") from error
        except httpx.HTTPError as error:
            raise Halt("FLW081", f"no usable Prefect server at {shown}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What went wrong in a line: the server's own words where it has some, never a request with its headers."""
    cause = error if isinstance(error, httpx.HTTPStatusError) else error.__cause__ or error
    if isinstance(cause, httpx.HTTPStatusError):
        answer = cause.response
        try:
            said = answer.json().get("detail", "")
        except (ValueError, AttributeError):
            said = ""
        return redact(f"HTTP {answer.status_code} {answer.reason_phrase}{f': {said}' if said else ''}")
    return redact(str(cause).strip() or type(cause).__name__).splitlines()[0]
