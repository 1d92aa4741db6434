"""The project of this folder at work: real commands in processes of their own, as at a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from goldbridge.state import crosswalk, delivery, landing
from goldbridge.state.engine import open_store
from goldbridge.state.tables import flow_lease
from tests.tryton_server import PASSWORD, TrytonServer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class ProjectAtWork:
    """A copy of the project that reads one Tryton server and one folder, with its state in one database."""

    def __init__(self, root: Path, server: TrytonServer, folder: Path, state_url: str) -> None:
        self.root, self.state_url = root, state_url
        shutil.copytree(HERE / "project", root)
        (root / "config/env").mkdir()
        place = json.dumps({"sources": {"sources": {"erp": {"base_url": server.url}}}})
        (root / "config/env/here.yaml").write_text(place, encoding="utf-8")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GOLDBRIDGE_")},
            "GOLDBRIDGE_STATE_URL": state_url,
            "TRYTON_PASSWORD": PASSWORD,
            "SALES_FOLDER": str(folder),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that is left running."""
        command = [sys.executable, "-m", "goldbridge", "--project", str(self.root), "--env", "here", *arguments]
        return subprocess.Popen(
            command, env=self._environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def command(self, *arguments: str, status: int = 0) -> Any:
        """What a command says as JSON; its exit status must be `status`."""
        with self.start(*arguments, "--json") as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == status, f"{arguments} ended with {process.returncode}:\n{out[-2000:]}{err[-2000:]}"
        assert PASSWORD not in out + err
        return json.loads(out)

    def run(self, *flows: str) -> dict[str, dict[str, Any]]:
        """Flow -> its result, of a run in which nothing needed a person."""
        return {result["flow"]: result for result in self.command("run", *flows)}

    def memberships(self) -> dict[tuple[str, str], int]:
        """(system, key) -> golden id, of every record that a source gave us."""
        store = open_store(self.state_url)
        try:
            with store.read() as conn:
                records = {each.id: (each.system, each.key) for each in landing.scan_all(conn, entity="party")}
                return {records[id]: home for id, home in crosswalk.golden_of(conn, list(records)).items()}
        finally:
            store.close()

    def let_leases_expire(self) -> int:
        """As if a minute had gone by since a process died; returns how many writes it left without an answer."""
        store = open_store(self.state_url)
        try:
            with store.begin() as conn:
                conn.execute(flow_lease.update().values(expires_ms=0))
                return sum(number for (_, _, state), number in delivery.count(conn).items() if state == "inflight")
        finally:
            store.close()
