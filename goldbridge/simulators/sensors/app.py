"""A pretend Sensors Analytics (神策): import, dry run, and SQL over the users.

Success is weak: the import answers 200 to whatever it could unpack, and drops what is bad later; `project.dropped` is
the import log. What was imported shows in a query only after `lag_s`. Cooperative faults played here: phantom, partial
(the last `rows` records of a batch are dropped), trim (property `field` is dropped), poison (a batch that holds `key`
is refused with 400).
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
from collections.abc import Iterable
from typing import Any

import orjson

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, text_answer
from goldbridge.simulators.sensors.project import Bad, Project

PROJECT = "gb_demo"
TOKEN = "sensors-sandbox-token"  # noqa: S105 - a fixed, obviously fake word
SECRET = "sensors-sandbox-api-secret"  # noqa: S105 - a fixed, obviously fake word
_SQL = re.compile(r"SELECT (\*|[\w$, ]+) FROM users WHERE (\w+) IN \(([^)]*)\)", re.IGNORECASE)


class Sensors(Simulator):
    """One project; `lag_s` until an import shows in queries."""

    name = "sensors"

    def __init__(
        self, *, clock: SimClock | None = None, limits: str = "roomy", seed: int = 0, lag_s: float = 0.0
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.project = Project(self.clock.now_ms)
        self._lag_s = lag_s

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/sa", self._import)
        yield Endpoint("POST", "/debug", self._debug)
        yield Endpoint("POST", "/api/sql/query", self._query)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return text_answer(message or f"error {code}", status or int(code), "text/plain;charset=utf-8")

    def _import(self, call: Call) -> Answer:
        self._admit(call, TOKEN)
        records = _records(call)
        poison = call.fault("poison")
        if poison and any(poison.key in orjson.dumps(record).decode() for record in records):
            raise Refused("400", "the data cannot be read")
        if partial := call.fault("partial"):
            records = records[: -partial.rows]
        if not call.fault("phantom"):
            for record in records:
                if trim := call.fault("trim"):
                    record.get("properties", {}).pop(trim.field, None)
                self.counters.writes += 1
                self.project.take(record)
        return Answer(200, b"", b"text/plain")

    def _debug(self, call: Call) -> Answer:
        """Says what is wrong; stores only without `Dry-Run: true`."""
        self._admit(call, TOKEN)
        records = _records(call)
        for record in records:
            try:
                self.project.check(record)
            except Bad as error:
                raise Refused("400", str(error)) from None
        if call.headers.get("dry-run") != "true":
            for record in records:
                self.project.take(record)
        return text_answer("ok", content_type="text/plain")

    def _query(self, call: Call) -> Answer:
        """One line of JSON per user; only the last import but the lag shows."""
        self._admit(call, SECRET)
        found = _SQL.fullmatch(call.form.get("q", "").strip())
        if not found or found[2] not in ("first_id", "second_id") or call.form.get("format") != "json":
            raise Refused("400", "SQL error")
        login, until = found[2] == "second_id", self.clock.now_ms() - int(self._lag_s * 1000)
        lines = []
        for id in re.findall(r"'([^']*)'", found[3]):
            row = self.project.profiles.get((login, id))
            if row is not None and self.project.changed_ms[login, id] <= until:
                lines.append(orjson.dumps({found[2]: id, **row}).decode())
        return text_answer("\n".join(lines), content_type="application/x-ndjson")

    def _admit(self, call: Call, token: str) -> None:
        if call.query.get("token") != token:
            raise Refused("401", "token is wrong")
        if call.query.get("project") != PROJECT:
            raise Refused("404", "no such project")


def _records(call: Call) -> list[Any]:
    """`data` or `data_list`: Base64 over gzip over JSON."""
    form = call.form
    packed = form.get("data_list") or form.get("data")
    if not packed:
        raise Refused("400", "no data")
    try:
        raw = base64.b64decode(packed, validate=True)
        data = orjson.loads(gzip.decompress(raw) if form.get("gzip") == "1" else raw)
    except (binascii.Error, OSError, EOFError, orjson.JSONDecodeError):
        raise Refused("400", "the data cannot be unpacked") from None
    if "data_list" in form and not isinstance(data, list):
        raise Refused("400", "data_list is a list")
    return data if isinstance(data, list) else [data]
