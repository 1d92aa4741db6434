"""A real Tryton server for tests, in an environment of its own.

Tryton is GPL and needs other versions of things than we do: it is installed beside us, under the user's cache, started
as a program and never imported. The database is built once and copied for each server. Where it cannot be installed,
`ready` says why, and the tests are skipped with that sentence.
"""

from __future__ import annotations

import base64
import csv
import fcntl
import itertools
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

SERIES = "8.2"
DATABASE = "gb"
USER, PASSWORD = "admin", "tryton-sandbox-word"
_REQUIREMENTS = (f"trytond=={SERIES}.*", f"trytond-party=={SERIES}.*")
_START_S = 120.0


class NotInstalled(Exception):
    """Tryton cannot be had on this machine; the message says why."""


def home() -> Path:
    """Where the environment and the template database live between runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "goldbridge" / f"tryton-{SERIES}"


def ready() -> Path:
    """The folder with a working environment (`env`) and a built database (`template.sqlite`); made on first use.

    Raises `NotInstalled`. Safe to call from several processes at once: the first one builds, the others wait.
    """
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "env" / "ready").exists():
                _install(folder / "env")
            if not (folder / "template.sqlite").exists():
                _build(folder)
    except (OSError, subprocess.SubprocessError) as error:
        text = (getattr(error, "stderr", "") or str(error)).strip()
        raise NotInstalled(f"no Tryton {SERIES} to test against: {text[-400:]}") from None
    return folder


def _install(env: Path) -> None:
    shutil.rmtree(env, ignore_errors=True)
    python = str(env / "bin" / "python")
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(env)])
        _run([uv, "pip", "install", "--quiet", "--python", python, *_REQUIREMENTS])
    else:
        _run([sys.executable, "-m", "venv", str(env)])
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_REQUIREMENTS])
    (env / "ready").touch()


def _build(folder: Path) -> None:
    """An empty file first, or the server says that the database does not exist."""
    work = folder / "build"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / f"{DATABASE}.sqlite").touch()
    (work / "password").write_text(PASSWORD)
    conf = _configure(work, 0)
    admin = [str(folder / "env" / "bin" / "trytond-admin"), "-c", str(conf), "-d", DATABASE]
    steps = ["-u", "party", "--activate-dependencies", "--email", "admin@example.invalid"]
    _run([*admin, *steps], TRYTONPASSFILE=str(work / "password"))
    (work / f"{DATABASE}.sqlite").rename(folder / "template.sqlite")
    shutil.rmtree(work)


def _configure(folder: Path, port: int) -> Path:
    conf = folder / "trytond.conf"
    conf.write_text(f"[database]\nuri = sqlite:///\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n")
    return conf


def _run(command: Sequence[str], **environment: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.run(list(command), check=True, capture_output=True, text=True, timeout=600, env={**clean, **environment})


class TrytonServer:
    """A server with a fresh copy of the database, for the length of a `with`; also speaks to it as a person would."""

    def __init__(self, folder: Path) -> None:
        """`folder`: an empty folder for the database and the configuration of this one server."""
        self._ready = ready()
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.database = DATABASE
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self._session = ""

    def __enter__(self) -> TrytonServer:
        shutil.copy(self._ready / "template.sqlite", self._folder / f"{DATABASE}.sqlite")
        conf = _configure(self._folder, self._port)
        command = [str(self._ready / "env" / "bin" / "trytond"), "-c", str(conf), "-d", DATABASE]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self._lines: list[str] = []
        listening = threading.Event()
        self._reader = threading.Thread(target=self._follow, args=(listening,), daemon=True)
        self._reader.start()
        if not listening.wait(_START_S) or self._process.poll() is not None:
            self.__exit__(None, None, None)
            raise RuntimeError("the Tryton server did not start: " + "".join(self._lines[-20:]))
        return self

    def _follow(self, listening: threading.Event) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines = [*self._lines[-200:], line]
            if "Running on" in line:
                listening.set()
        listening.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        self._http.close()

    def login(self) -> None:
        params = [USER, {"password": PASSWORD}, "en"]
        answer = self._post({"id": 1, "method": "common.db.login", "params": params})
        self._session = base64.b64encode(f"{USER}:{answer[0]}:{answer[1]}".encode()).decode()

    def call(self, method: str, *params: Any) -> Any:
        """What a person at the screen causes, e.g. `call("party.party.write", [7], {"name": "x"})`."""
        if not self._session:
            self.login()
        return self._post({"id": 1, "method": f"model.{method}", "params": [*params, {"active_test": False}]})

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"authorization": f"Session {self._session}"} if self._session else {}
        answer = self._http.post(f"/{DATABASE}/rpc/", json=body, headers=headers).raise_for_status().json()
        if "error" in answer:
            raise RuntimeError(str(answer["error"]))
        return answer["result"]

    def forget_sessions(self) -> None:
        """All sessions end, as when an administrator closes them."""
        self.login()
        with self._database() as conn:
            conn.execute("DELETE FROM ir_session")
            conn.commit()
        self._session = ""

    def bar(self, login: str) -> None:
        """As many wrong passwords as the server puts up with, without the growing pauses between them."""
        with self._database() as conn:
            attempt = (datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), login)
            for _ in range(6):
                conn.execute("INSERT INTO res_user_login_attempt (create_date, login) VALUES (?, ?)", attempt)
            conn.commit()

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        conn = sqlite3.connect(self._folder / f"{DATABASE}.sqlite", timeout=30)
        try:
            yield conn
        finally:
            conn.close()

    def load(self, path: Path, count: int, *, batch: int = 500) -> list[int]:
        """Create `count` parties from a CSV file with the columns lei, country, legal_name; returns their ids.

        The LEI becomes an identifier without a type, the country code the city line of the address, since a fresh
        database knows no countries. The code is left to Tryton's own sequence.
        """
        ids: list[int] = []
        with path.open(encoding="utf-8", newline="") as file:
            rows = itertools.islice(csv.DictReader(file), count)
            while part := list(itertools.islice(rows, batch)):
                ids += self.call("party.party.create", [_party(row) for row in part])
        return ids


def _party(row: dict[str, str]) -> dict[str, Any]:
    return {
        "name": row["legal_name"],
        "identifiers": [["create", [{"code": row["lei"]}]]],
        "addresses": [["create", [{"city": row["country"]}]]],
    }
