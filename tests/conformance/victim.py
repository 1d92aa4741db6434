"""A process that is killed: `python -m tests.conformance.victim` reads jobs and works each in a child of its own.

A job lands one stream through the very code that flows use. Everything is imported once, here; a child is forked for
each job, so that a hundred deaths cost little. `die_at` counts what the child asks of its database: at that statement
or commit it kills itself with SIGKILL, as the kernel does, with no chance to tidy up.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import event

import flows.ingest
from connectors.base import Context, Reader
from flows.ingest import ingest
from flows.running import running
from flows.wiring import find_kind
from goldbridge import log
from goldbridge.clock import SYSTEM
from goldbridge.errors import Mark
from goldbridge.http import HttpFactory
from goldbridge.mapping import compile_mapping
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from goldbridge.state.engine import Store, open_store

ROWS_IN_A_TRANSACTION = 6
FLOW = "landing"
_MODEL = compile_model(read("entities: {party: {fields: {name: {type: text}}}}", "config/model.yaml"))


class _KeptTokens:
    """Tokens in a folder: a refresh token that was rotated must outlive whoever rotated it."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def load(self, system: str, name: str) -> Any:
        path = self._folder / f"{system}.{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def save(self, system: str, name: str, value: Any) -> None:
        (self._folder / "new").write_text(json.dumps(value))
        (self._folder / "new").rename(self._folder / f"{system}.{name}.json")


def main() -> None:
    """One line of JSON in, one line out: the child's exit status, and what it counted when it lived."""
    log.configure(quiet=True)
    flows.ingest.PAGE = ROWS_IN_A_TRANSACTION
    print("ready", flush=True)
    for line in sys.stdin:
        out, into = os.pipe()
        child = os.fork()
        if not child:
            os.close(out)
            _work(json.loads(line), into)
        os.close(into)
        with os.fdopen(out) as said:
            counted = said.read()
        _, status = os.waitpid(child, 0)
        told = {
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "status": os.waitstatus_to_exitcode(status),
        }
        print(json.dumps({**told, **json.loads(counted or "{}")}), flush=True)


def _work(job: dict[str, Any], into: int) -> NoReturn:
    status = 1
    try:
        store = open_store(job["state"])
        ticks = _ticking(store, job["die_at"])
        counters = _land(job, store)
        store.close()
        with os.fdopen(into, "w") as out:
            out.write(json.dumps({"ticks": len(ticks), **counters}))
        status = 0
    except Exception as error:
        with os.fdopen(into, "w") as out:
            out.write(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    finally:
        os._exit(status)


def _ticking(store: Store, die_at: int | None) -> list[None]:
    ticks: list[None] = []

    def tick(*_: Any) -> None:
        ticks.append(None)
        if len(ticks) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "before_cursor_execute", tick)
    event.listen(store.engine, "commit", tick)
    return ticks


def _land(job: dict[str, Any], store: Store) -> dict[str, Any]:
    kind = find_kind(job["kind"], Mark("config/sources.yaml"))
    config = kind.config_model.model_validate(job["entry"])
    reader = kind(config, Context("crm", HttpFactory(SYSTEM), _KeptTokens(job["tokens"]), SYSTEM))
    assert isinstance(reader, Reader)
    stream = reader.streams[job["stream"]]
    text = f"mapping: crm.{stream.name}\ntarget: party\nkey: {stream.key}\nfields: {{name: {{from: {stream.key}}}}}\n"
    mapping = compile_mapping(read(text, "mappings/crm/x.yaml"), _MODEL, zone="Asia/Shanghai")
    with running(store, FLOW, "live", "test") as run:
        ingest(run, reader, stream, mapping, zone="Asia/Shanghai")
    reader.close()
    return {"read": run.counters.read, "applied": run.counters.fates()["applied"], "completeness": run.completeness}


if __name__ == "__main__":
    main()
