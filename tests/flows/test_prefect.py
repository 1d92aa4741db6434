"""Flows on a real Prefect server: deployed, fired by its own scheduler, run by a worker, landed in our state."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given

from flows.config import compile_flows
from flows.cron import Cron, parse_cron
from flows.runner import Result
from flows.schedule import Schedule
from flows.scheduler import trigger
from goldbridge.clock import SYSTEM
from goldbridge.errors import Halt, Misconfigured
from goldbridge.settings.project import load_project
from goldbridge.state import landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from goldbridge.state.run import Counters
from tests.flows.bench import Bench, row
from tests.flows.test_cron import MINUTES, crons, subsets

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
BUDGET_S = 120.0
"""For the way from nothing to a finished scheduled run, on a busy machine."""

UNUSED = ("CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "EVENT_LOGGER", "EVENT_PERSISTER", "FOREMAN", "LATE_RUNS",
          "PAUSE_EXPIRATIONS", "REPOSSESSOR", "TASK_RUN_RECORDER", "TRIGGERS")  # fmt: skip
pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def until(what: Callable[[], Any], within_s: float = BUDGET_S) -> Any:
    """Wait until it is so, and say what it is; fail when it does not become so."""
    end = SYSTEM.monotonic() + within_s
    while not (found := what()):
        assert SYSTEM.monotonic() < end, "it did not happen in time"
        SYSTEM.wait(0.2)
    return found


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of every Prefect process here: a home of its own, nothing told to anybody."""
    home = tmp_path_factory.mktemp("prefect")
    ours = {
        "PREFECT_HOME": str(home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false", "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "2", "PYTHONPATH": str(ROOT),
        # What a schedule, a worker and a run do without; they would keep a core busy for as long as the server lives.
        **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in UNUSED},
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name)
        for name, value in ours.items():
            patch.setenv(name, value)
        yield dict(os.environ)


@contextmanager
def started(environ: dict[str, str], log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with everything it starts in a group of its own, which is killed at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environ, cwd="/", stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


class Server:
    """A running Prefect server, asked over its API."""

    def __init__(self, url: str, environ: dict[str, str]) -> None:
        self.environ = {**environ, "PREFECT_API_URL": url}
        self._http = httpx.Client(base_url=url, timeout=30)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask again while it answers 503, which says "my SQLite file is locked just now, nothing was done"."""

        def served() -> httpx.Response | None:
            answer = self._http.request(method, path, json=body)
            return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

        answer = until(served)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> Any:
        return self.ask("GET", f"/deployments/name/{name}")

    def finished(self, deployment: str, *states: str) -> list[Any]:
        """Flow runs of a deployment in these states."""
        wanted = {
            "deployments": {"id": {"any_": [self.deployment(deployment)["id"]]}},
            "flow_runs": {"state": {"type": {"any_": list(states)}}},
        }
        found: list[Any] = self.ask("POST", "/flow_runs/filter", wanted)
        return found

    def run(self, deployment: str, *states: str) -> Any:
        """Ask for a run now, and wait for its end in one of these states."""
        made = self.ask("POST", f"/deployments/{self.deployment(deployment)['id']}/create_flow_run", {})
        path = f"/flow_runs/{made['id']}"
        return until(lambda: next((run for run in [self.ask("GET", path)] if run["state_type"] in states), None))


@pytest.fixture(scope="module")
def server(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "server.log"
    command = (str(PROGRAMS / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with started(environ, log, *command) as process:
        found = Server(f"http://127.0.0.1:{port}/api", environ)

        def healthy() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return found.ask("GET", "/health") is True
            except httpx.HTTPError:
                return False

        until(healthy)
        yield found


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str) -> Bench:
    bench = Bench(tmp_path / "project", sqlite_url, SYSTEM)
    bench.put("crm", row("1", "杭州甲机械有限公司"), row("2", None))
    bench.edit(
        "flows.yaml",
        "crm: {ingest: crm.account}",
        'crm: {ingest: crm.account, every: 5 s, full_compare: "0 3 * * 0"}',
    )
    bench.edit("flows.yaml", "after: [crm, erp]}", 'after: [crm, erp], cron: "30 2 * * mon-fri"}')
    return bench


def goldbridge(bench: Bench, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "goldbridge", *arguments, "--project", str(bench.root)],
        env=environ, capture_output=True, text=True, check=False, timeout=BUDGET_S,
    )  # fmt: skip


def landed(url: str) -> int:
    store = open_store(url, migrate=False)
    try:
        with store.read() as conn:
            return sum(1 for _ in landing.scan_all(conn))
    finally:
        store.close()


def test_a_scheduled_run_fires_and_lands_our_data(
    server: Server, bench: Bench, sqlite_url: str, tmp_path: Path
) -> None:
    done = goldbridge(bench, server.environ, "deploy", "--pool", "bench")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "deployed project/crm",
        "deployed project/crm:full_compare",
        "deployed project/erp",
        "deployed project/parties",
        "start a worker, with the secrets of this project in its environment:",
        "  prefect worker start --pool bench --type process",
    ]
    made = {name: server.deployment(f"project/{name}") for name in ("crm", "crm:full_compare", "erp", "parties")}
    assert {name: one["schedules"] and one["schedules"][0]["schedule"] for name, one in made.items()} == {
        "crm": {"interval": 5.0, "anchor_date": "2020-01-01T00:00:00+08:00", "timezone": "Asia/Shanghai"},
        "crm:full_compare": {"cron": "0 3 * * 0", "timezone": "Asia/Shanghai", "day_or": True},
        "erp": [],
        "parties": {"cron": "30 2 * * 1,2,3,4,5", "timezone": "Asia/Shanghai", "day_or": True},
    }
    for name, one in made.items():
        flow, full = name.removesuffix(":full_compare"), name.endswith(":full_compare")
        assert one["parameters"] == {"project": str(bench.root), "env": None, "flow": flow, "full": full}
        assert one["entrypoint"] == "flows.prefect_job.run_goldbridge"
        assert one["global_concurrency_limit"]["limit"] == 1
        assert one["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert one["work_pool_name"] == "bench"

    worker = (str(PROGRAMS / "prefect"), "worker", "start", "--pool", "bench", "--type", "process")
    with started(server.environ, tmp_path / "worker.log", *worker):
        run = until(lambda: server.finished("project/crm", "COMPLETED"))[-1]
        assert run["auto_scheduled"] is True
        # One of the two rows has no name: a dead letter, and somebody has to look at it.
        assert run["state"]["name"] == "Needs a person"
        fates = r"2 read = 1 (applied|unchanged) \+ 1 dead letters; proven"
        assert re.fullmatch(fates, run["state"]["message"])
        assert landed(sqlite_url) == 2
        server.ask("POST", f"/deployments/{made['crm']['id']}/pause_deployment")  # once has shown it
        pages = server.ask("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": ["goldbridge-crm"]}}})
        assert "| dead | 1 |" in pages[0]["data"]

        busy_run_is_cancelled(server, sqlite_url)
        halted_run_fails_with_our_message(server, bench)
    everything_known(tmp_path, server, bench)


def busy_run_is_cancelled(server: Server, url: str) -> None:
    store = open_store(url, migrate=False)
    with store.begin() as conn:
        lease = runs.acquire(conn, "erp", holder="elsewhere:1:x", ttl_s=BUDGET_S)
    run = server.run("project/erp", "CANCELLED", "COMPLETED", "FAILED", "CRASHED")
    with store.begin() as conn:
        runs.release(conn, lease)
    store.close()
    assert run["state_type"] == "CANCELLED"
    assert run["state"]["message"].startswith("flow erp is already running by elsewhere:1:x since ")


def halted_run_fails_with_our_message(server: Server, bench: Bench) -> None:
    bench.edit("config/secrets.env", "ERP_URL=", "ERP_ADDRESS=")
    run = server.run("project/erp", "CANCELLED", "COMPLETED", "FAILED", "CRASHED")
    assert run["state_type"] == "FAILED"
    assert run["state"]["message"].startswith("config/sources.yaml:")
    assert ": CFG007 secret ERP_URL is not set" in run["state"]["message"]


def everything_known(tmp_path: Path, server: Server, bench: Bench) -> None:
    """No secret reached the server or a log: the addresses of the sources are secrets here."""
    said = (tmp_path / "worker.log").read_bytes()
    said += (Path(server.environ["PREFECT_HOME"]) / "prefect.db").read_bytes()
    for system in ("crm", "erp"):
        assert f"sqlite:///{bench.database(system)}".encode() not in said


def deploy(server: Server, bench: Bench, pool: str = "goldbridge") -> Any:
    """What `goldbridge deploy` does, in this process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.prefect import deploy as put

    project = load_project(bench.root)
    with temporary_settings({PREFECT_API_URL: server.environ["PREFECT_API_URL"]}):
        return put(project, compile_flows(project), pool)


def test_deploying_again_follows_the_file(server: Server, bench: Bench) -> None:
    assert deploy(server, bench).paused == []
    bench.edit("flows.yaml", "every: 5 s, full_compare", "full_compare")
    bench.edit("flows.yaml", 'cron: "30 2 * * mon-fri"', "enabled: false")
    done = goldbridge(bench, server.environ, "deploy", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "names": ["project/crm", "project/crm:full_compare", "project/erp"],
        "paused": ["parties"],
        "pool": "goldbridge",
        "worker": "prefect worker start --pool goldbridge --type process",
    }
    assert server.deployment("project/crm")["schedules"] == []
    assert server.deployment("project/parties")["paused"] is True
    bench.edit("flows.yaml", "enabled: false", "enabled: true")
    assert deploy(server, bench).paused == []
    assert server.deployment("project/parties")["paused"] is False


def test_served_without_a_worker_until_a_signal_ends_it(
    server: Server, bench: Bench, sqlite_url: str, tmp_path: Path
) -> None:
    bench.edit("flows.yaml", "every: 5 s, full_compare", "every: 7 s, full_compare")
    (bench.root / "config/env").mkdir()
    (bench.root / "config/env/prod.yaml").write_text("settings: {zone: Asia/Shanghai}\n", encoding="utf-8")
    command = (sys.executable, "-m", "goldbridge", "deploy", "--serve", "--env", "prod", "--project", str(bench.root))
    with started(server.environ, tmp_path / "serve.log", *command) as serve:
        until(lambda: "serving project@prod/crm, " in (tmp_path / "serve.log").read_text())
        (run, *_) = until(lambda: server.finished("project@prod/crm", "COMPLETED"))
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(60) == 143, (tmp_path / "serve.log").read_text()
    assert run["auto_scheduled"] is True
    assert run["parameters"]["env"] == "prod"
    assert landed(sqlite_url) == 2
    assert server.deployment("project@prod/crm")["paused"] is True


def test_flw082_a_pool_of_another_type_is_refused(server: Server, bench: Bench) -> None:
    server.ask("POST", "/work_pools/", {"name": "cloudy", "type": "kubernetes"})
    with pytest.raises(Misconfigured) as caught:
        deploy(server, bench, "cloudy")
    assert str(caught.value).startswith("--pool: FLW082 work pool 'cloudy' is of type kubernetes; name a process pool")


def test_flw083_a_name_the_server_refuses(server: Server, bench: Bench) -> None:
    with pytest.raises(Halt) as caught:
        deploy(server, bench, "prefect-agent")  # the server keeps this beginning for itself
    assert str(caught.value) == (
        f"FLW083 the Prefect server at {server.environ['PREFECT_API_URL']} refused: "
        "HTTP 403 Forbidden: Work pools starting with 'Prefect' are reserved for internal use."
    )


def test_flw081_nobody_answers(environ: dict[str, str], bench: Bench) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = Server(f"http://127.0.0.1:{held.getsockname()[1]}/api", environ)
        with pytest.raises(Halt) as caught:
            deploy(nobody, bench)
    url = nobody.environ["PREFECT_API_URL"]
    assert str(caught.value).startswith(f"FLW081 no usable Prefect server at {url}: ")


def test_flw080_no_server_is_named(environ: dict[str, str], bench: Bench) -> None:
    done = goldbridge(bench, environ, "deploy")
    assert done.returncode == 2
    assert done.stderr.startswith("PREFECT_API_URL: FLW080 no Prefect server is named; start one with `prefect server")


def test_a_command_that_needs_no_prefect_does_not_load_it(environ: dict[str, str], bench: Bench) -> None:
    code = (
        "import sys; from goldbridge.cli import main; "
        f"assert main(['run', 'erp', '--project', {str(bench.root)!r}]) == 0; "
        "import goldbridge.cli.deploy, flows.scheduler; sys.exit('prefect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def result(**detail: Any) -> Result:
    counters = Counters(read=3, applied=1, unchanged=1, dead=1, other={"golden_created": 1})
    return Result("crm", "ingest", 7, counters, "proven", "", detail)


@pytest.mark.usefixtures("environ")
def test_a_run_in_a_line() -> None:
    from flows.prefect_job import told

    assert told(result()) == "3 read = 1 applied + 1 unchanged + 1 dead letters; 1 golden created; proven"


@pytest.mark.usefixtures("environ")
def test_an_artifact_holds_numbers_and_no_values() -> None:
    from flows.prefect_job import artifact

    difference = {"kind": "field", "external_id": "P1", "field": "tel", "expected": "+8657187654321", "found": ""}
    report = {"object": "new_crm.AccountObj", "ok": False, "expected": 2, "found": 1, "differences": 1,
              "shown": [difference]}  # fmt: skip
    page = artifact(result(reports=[report]))
    assert "| applied | 1 |" in page
    assert "`new_crm.AccountObj`: 1 of 2 rows, 1 differences" in page
    assert "57187654321" not in page


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("text", ["0 3 * * 0", "0 3 1 * mon", "*/20 8-10 * * mon-fri", "0 0 */2 * 1", "30 2 29 2 *"])
def test_prefect_fires_when_the_embedded_scheduler_does(text: str) -> None:
    agree(parse_cron(text), datetime(2026, 3, 1, 8, 7, tzinfo=UTC))


@pytest.mark.usefixtures("environ")
@given(subsets, MINUTES)
def test_both_schedulers_read_every_cron_the_same(values: tuple[tuple[int, ...], ...], minutes: int) -> None:
    cron = crons(values)
    if cron is not None:
        agree(cron, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def agree(cron: Cron, after: datetime) -> None:
    from prefect._vendor.croniter import croniter

    ours = trigger(Schedule("crm", cron=cron), UTC).get_next_fire_time(None, after + timedelta(seconds=1))
    assert croniter(cron.text, after, day_or=True).get_next(datetime) == ours
