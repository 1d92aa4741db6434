"""`goldbridge sandbox up | down | status`: the pretend landscape as a process beside the project.

The simulators are a program of their own, started here and steered over HTTP. What the project needs to reach them
(addresses and pretend secrets) is written as the environment `sandbox` under .goldbridge/, never into the YAML; for a
project whose ERP is the Kingdee account book, as the environment `kingdee`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from goldbridge.cli import session
from goldbridge.clock import SYSTEM
from goldbridge.errors import AlreadyRunning, Halt

FOLDER = "sandbox"
STARTUP_S = 180.0
STOP_S = 10.0


def register(app: typer.Typer) -> None:
    sandbox = typer.Typer(no_args_is_help=True, help="A pretend landscape on loopback to learn and rehearse with.")
    sandbox.command("up")(up)
    sandbox.command("down")(down)
    sandbox.command("status")(status)
    app.add_typer(sandbox, name="sandbox")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running landscape: its process, and the addresses and counts it told when it was ready."""

    pid: int
    url: str
    told: dict[str, Any]


def up(
    ctx: typer.Context,
    customers: Annotated[int, typer.Option("--customers", min=1, max=1_000_000, help="Companies in the world.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same world.")] = 1,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Loopback port; 0 takes a free one.")] = 18400,
    limits: Annotated[str, typer.Option("--limits", help="roomy, or sheet: each vendor's real rate limits.")] = "roomy",
) -> int:
    """Start the landscape; it runs until `goldbridge sandbox down`."""
    if limits not in ("roomy", "sheet"):
        raise typer.BadParameter("say roomy or sheet", param_hint="--limits")
    project = session(ctx).load()
    found = running(project.state_dir)
    if found is not None:
        raise AlreadyRunning("SBX002", f"a sandbox runs already (pid {found.pid}); `goldbridge sandbox down` stops it")
    level: Literal["roomy", "sheet"] = "sheet" if limits == "sheet" else "roomy"
    started = start(project.state_dir, customers=customers, seed=seed, port=port, limits=level)
    typer.echo(f"sandbox runs at {started.url} (pid {started.pid}) over a world of {customers} companies, seed {seed}")
    typer.echo("use it with: goldbridge --env sandbox run --all")
    return 0


def down(ctx: typer.Context) -> int:
    """Stop the landscape."""
    found = running(session(ctx).load().state_dir)
    if found is None:
        typer.echo("no sandbox runs here")
        return 0
    stop(found.pid)
    typer.echo("sandbox stopped")
    return 0


def status(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> int:
    """Say whether a landscape runs, where, and what was asked of it."""
    import httpx

    found = running(session(ctx).load().state_dir)
    if found is None:
        typer.echo("{}" if as_json else "no sandbox runs here")
        return 1
    stats = httpx.get(f"{found.url}/_control/stats", timeout=10).json()
    shown = {"url": found.url, "pid": found.pid, "stats": stats}
    typer.echo(json.dumps(shown) if as_json else f"{found.url} (pid {found.pid})\n{json.dumps(stats, indent=2)}")
    return 0


def start(
    state_dir: Path, *, customers: int, seed: int, port: int, limits: Literal["roomy", "sheet"] = "roomy"
) -> Sandbox:
    """Start the simulators, wait until they answer, and write the environment `sandbox`.

    Raises `Halt` SBX001 with the program's own words when it does not come up.
    """
    folder = state_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    errors = folder / "simulators.log"
    command = [
        sys.executable, "-m", "goldbridge.simulators", "--port", str(port), "--customers", str(customers),
        "--seed", str(seed), "--dir", str(folder), "--limits", limits,
    ]  # fmt: skip
    with errors.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    told = _ready(process, errors)
    found = Sandbox(process.pid, told["url"], told)
    (folder / "sandbox.json").write_text(json.dumps({"pid": found.pid, "url": found.url, "told": told}))
    _write_environment(state_dir, found.url, limits)
    return found


def _ready(process: subprocess.Popen[bytes], errors: Path) -> dict[str, Any]:
    """The line that the simulators print when they serve."""
    assert process.stdout is not None
    deadline = SYSTEM.monotonic() + STARTUP_S
    while SYSTEM.monotonic() < deadline:
        line = process.stdout.readline()
        if line.startswith(b"{"):
            told: dict[str, Any] = json.loads(line)
            return told
        if not line and process.poll() is not None:
            break
    process.kill()
    said = errors.read_text(errors="replace").strip().splitlines()
    raise Halt("SBX001", f"the sandbox did not start: {said[-1] if said else 'no word from it'}")


SECRETS = {
    "FXIAOKE_SECRET": "fx-sandbox-app-secret",
    "FXIAOKE_CODE": "fx-sandbox-permanent-code",
    "DINGTALK_SECRET": "ding-sandbox-secret",
    "AMAP_KEY": "amap-sandbox-key",
    "QICHACHA_KEY": "qcc-sandbox-key",
    "QICHACHA_SECRET": "qcc-sandbox-secret",
    "KINGDEE_SECRET": "kd-sandbox-app-secret",
}
"""The pretend systems' pretend secrets."""


ERPS: dict[str, dict[str, str]] = {"sandbox": {}, "kingdee": {"erp": "kingdee/k3cloud"}}
"""The environments that the sandbox makes, and where the ERP of each is reached; a database has no address here."""


ROOMY = "budget: {calls: 100000, per_s: 1, daily: 100000000}"
"""What our side may call when the simulators' limits are switched to roomy too."""


def _write_environment(state_dir: Path, url: str, limits: str) -> None:
    folder = state_dir / FOLDER
    secrets = {
        **SECRETS,
        "LEGACY_CRM_URL": f"sqlite:///{folder / 'legacy_crm.sqlite'}",
        "ERP_URL": f"sqlite:///{folder / 'erp.sqlite'}",
    }
    _write(folder / "secrets.env", "".join(f"{name}={value}\n" for name, value in secrets.items()))
    paths = {"oa": "dingtalk", "new_crm": "fxiaoke", "map": "amap", "registry": "qichacha"}
    (state_dir / "env").mkdir(mode=0o700, exist_ok=True)
    for environment, erp in ERPS.items():
        lines = ["# Written by `goldbridge sandbox up`.", "settings: {secrets_file: .goldbridge/sandbox/secrets.env}"]
        lines.append("sources:")
        budget = f", {ROOMY}" if limits == "roomy" else ""
        lines += [f"  {name}: {{base_url: {url}/{path}{budget}}}" for name, path in {**paths, **erp}.items()]
        _write(state_dir / "env" / f"{environment}.yaml", "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> None:
    """A file that only its owner reads, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def running(state_dir: Path) -> Sandbox | None:
    """The sandbox of this project, when its process lives."""
    path = state_dir / FOLDER / "sandbox.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    if not _alive(kept["pid"]):
        return None
    return Sandbox(kept["pid"], kept["url"], kept["told"])


def _alive(pid: int) -> bool:
    """Whether the process lives and is still our program (numbers are reused)."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    line = Path(f"/proc/{pid}/cmdline")
    return not line.exists() or b"goldbridge.simulators" in line.read_bytes()


def stop(pid: int) -> None:
    """Ask the simulators to end; insist when they do not."""
    try:
        os.kill(pid, signal.SIGTERM)
        deadline = SYSTEM.monotonic() + STOP_S
        while SYSTEM.monotonic() < deadline:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                if not _alive(pid):
                    return
            SYSTEM.wait(0.05)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
