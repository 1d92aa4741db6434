"""Sources of any size for the benchmarks of reading: a database, a file, and two servers in a process of their own.

`python -m benchmarks.source RECORDS` serves both until it is ended. The servers keep no rows: a page is made from the
numbers that were asked for, so that what is measured is the reader.
"""

from __future__ import annotations

import csv
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.landing import row

FIELDS = tuple(row(0, 0))
STREAM = "account"
_KEY = re.compile(r"CUST_ID gt '([^']*)'")
_PROPERTIES = "".join(f'<Property Name="{name}" Type="Edm.String" />' for name in FIELDS)
_METADATA = f"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>
<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="crm">
<EntityType Name="Account"><Key><PropertyRef Name="CUST_ID" /></Key>{_PROPERTIES}</EntityType>
<EntityContainer Name="all"><EntitySet Name="account" EntityType="crm.Account" /></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def _rows(first: int, count: int, records: int) -> list[dict[str, object]]:
    return [row(number, 0) for number in range(first, min(first + count, records))]


def _after(key: str) -> int:
    return int(key.removeprefix("C")) + 1 if key else 0


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    records = 0

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/rest/account":
            found = _rows(_after(query.get("after", "")), int(query["limit"]), self.records)
            self._answer(orjson.dumps({"rows": found, "more": bool(found)}), "application/json")
        elif parts.path == "/odata/$metadata":
            self._answer(_METADATA.encode(), "application/xml")
        else:
            key = _KEY.search(query.get("$filter", ""))
            found = _rows(_after(key[1] if key else ""), int(query.get("$top", "500")), self.records)
            self._answer(orjson.dumps({"value": found}), "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


def _serve(records: int) -> None:
    _Pages.records = records
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


@contextmanager
def source(kind: str, records: int, folder: Path) -> Iterator[dict[str, Any]]:
    """The entry of sources.yaml for a source with so many records, as long as the block lasts."""
    if kind == "sql":
        yield _database(folder / f"{records}.sqlite", records)
    elif kind == "file":
        yield _file(folder / f"{records}.csv", records)
    else:
        command = [sys.executable, "-m", "benchmarks.source", str(records)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            yield (_rest if kind == "rest" else _odata)(url)
            server.terminate()


def _database(path: Path, records: int) -> dict[str, Any]:
    with sqlite3.connect(path) as conn:
        columns = ", ".join(f"{name} TEXT" for name in FIELDS[1:])
        conn.execute(f"CREATE TABLE account ({FIELDS[0]} TEXT PRIMARY KEY, {columns})")
        places = ", ".join("?" * len(FIELDS))
        made = (tuple(row(number, 0).values()) for number in range(records))
        conn.executemany(f"INSERT INTO account VALUES ({places})", made)
        conn.execute("CREATE INDEX account_at ON account (UPDATED_AT, CUST_ID)")
    conn.close()
    streams = {STREAM: {"table": "account", "key": FIELDS[0], "cursor": "UPDATED_AT"}}
    return {"connector": "sql", "url": f"sqlite:///{path}", "zone": "Asia/Shanghai", "streams": streams}


def _file(path: Path, records: int) -> dict[str, Any]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        numbers = iter(range(records))
        while part := list(islice(numbers, 1000)):
            writer.writerows(_values(part))
    os.utime(path, (0, 0))  # nobody writes it any more
    return {"connector": "file", "root": str(path.parent), "streams": {STREAM: {"path": path.name, "key": FIELDS[0]}}}


def _values(numbers: Sequence[int]) -> Iterator[list[object]]:
    return (list(row(number, 0).values()) for number in numbers)


def _rest(url: str) -> dict[str, Any]:
    read = {
        "path": "/account",
        "params": {"after": "{after_tie}", "limit": "{limit}"},
        "rows": "rows",
        "paging": "keyset",
        "more": "more",
    }
    streams = {STREAM: {"key": FIELDS[0], "read": read}}
    budget = {"calls": 1_000_000, "per_s": 1}
    return {"connector": "rest", "base_url": f"{url}/rest", "page_size": 500, "budget": budget, "streams": streams}


def _odata(url: str) -> dict[str, Any]:
    budget = {"calls": 1_000_000, "per_s": 1}
    streams = {STREAM: {"key": FIELDS[0]}}
    return {"connector": "odata", "base_url": f"{url}/odata", "page_size": 500, "budget": budget, "streams": streams}


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
