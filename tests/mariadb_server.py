"""A real MariaDB for tests: the server of the distribution, with data of its own in a temporary folder.

It stands for MySQL too: neither Debian nor a package index offers a MySQL server as cheaply. Where `mariadbd` is not
installed, `program` says so, and the tests are skipped with that sentence.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql

_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")
_START_S = 60.0
_SCRIPTS = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
USER, PASSWORD = "hub", "the-word-of-mariadb"
_OPTIONS = (
    "--no-defaults", "--skip-log-bin", "--skip-name-resolve", "--default-time-zone=+08:00", "--log-warnings=1",
    # Nothing here outlives the session, and the machine is small.
    "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M",
    "--performance-schema=off", "--innodb-doublewrite=0", "--innodb-flush-method=nosync",
)  # fmt: skip


class NotInstalled(Exception):
    """MariaDB cannot be had on this machine; the message says why."""


def program() -> str:
    """The path of the server; raises `NotInstalled`."""
    found = shutil.which("mariadbd", path=os.pathsep.join((os.environ.get("PATH", ""), *_PLACES)))
    if not found:
        raise NotInstalled("no MariaDB to test against: apt-get install mariadb-server-core")
    return found


class MariadbServer:
    """A server for the length of a `with`, on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        """`folder`: an empty folder for the data and the socket."""
        self._program, self._folder = program(), folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> MariadbServer:
        data = self._folder / "data"
        (data / "mysql").mkdir(parents=True)
        owner = ["--user=root"] if os.geteuid() == 0 else []
        command = [self._program, *_OPTIONS, *owner, f"--datadir={data}", f"--socket={self._folder / 's'}"]
        self._bootstrap(command)
        command += [f"--port={self.port}", "--bind-address=127.0.0.1", f"--pid-file={self._folder / 'pid'}"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self._lines: list[str] = []
        ready = threading.Event()
        self._reader = threading.Thread(target=self._follow, args=(ready,), daemon=True)
        self._reader.start()
        if not ready.wait(_START_S) or self._process.poll() is not None:
            self.__exit__(None, None, None)
            raise RuntimeError("the MariaDB server did not start: " + "".join(self._lines[-20:]))
        return self

    def _bootstrap(self, command: list[str]) -> None:
        """The system tables and one user, as `mariadb-install-db` makes them, without its help texts and time zones."""
        share = next(
            (path for path in (Path("/usr/share/mysql"), Path("/usr/share/mariadb")) if (path / _SCRIPTS[0]).exists()),
            None,
        )
        if share is None:
            raise NotInstalled("no MariaDB to test against: its system tables are not installed (mariadb-server-core)")
        script = "USE mysql;\n" + "".join((share / name).read_text(encoding="utf-8") for name in _SCRIPTS)
        script += (
            f"\nFLUSH PRIVILEGES;\nCREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )
        done = subprocess.run(
            [*command, "--bootstrap", "--skip-networking"],
            input=script, capture_output=True, text=True, timeout=_START_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"MariaDB's system tables could not be made: {done.stderr[-2000:]}")

    def _follow(self, ready: threading.Event) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines = [*self._lines[-200:], line]
            if "ready for connections" in line:
                ready.set()
        ready.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def url(self, database: str = "", *, user: str = USER, password: str = PASSWORD, port: int = 0) -> str:
        return f"mysql://{user}:{password}@127.0.0.1:{port or self.port}/{database}"

    def open(self, database: str | None = None) -> pymysql.Connection[Any]:
        """A connection of an administrator."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, database=database, autocommit=True
        )
