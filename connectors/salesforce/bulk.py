"""Large reads: a Bulk query job, fetched as CSV in parts.

Its rows come in no order that a cursor could stand for, so a position says which job and which part comes next and
keeps the cursor the run started from; a run that was killed goes on with the same job, which the server keeps for a
week. Values are given the types that the REST answers have, so that a row is the same whichever way it came.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple

from connectors.base import Page, Position, RawRow
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.moment import EPOCH
from connectors.salesforce.schema import Field
from connectors.salesforce.walk import STAMP, condition, select
from goldbridge.clock import Clock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.ports import Json

_UNSUPPORTED = "not supported by the Bulk API"
_REPEATS = 3
_POLL_S, _LONGEST_POLL_S = 2.0, 30.0
_MARK = "~"  # sorts behind every Id
_WHOLE, _UNQUOTED = "int", frozenset({"boolean", "int"})


class Unsupported(Exception):
    """Bulk does not know this object or this question: read it the other way."""


class Part(NamedTuple):
    """Where a job was left: parts delivered, the job, the window's end, and the locator of the next part."""

    number: int
    job: str
    end: str
    locator: str

    def at(self, base: str) -> Position:
        return Position(base, f"{_MARK}{self.number:06d}{_MARK}{self.job}{_MARK}{self.end}{_MARK}{self.locator}")


def part_of(start: Position | None) -> Part | None:
    """The part that a position stands for, if it is one of a Bulk read."""
    if start is None or not start.tie.startswith(_MARK):
        return None
    _, number, job, end, locator = start.tie.split(_MARK, 4)
    return Part(int(number), job, end, locator)


class BulkReader:
    """Reads windows of one connection through query jobs."""

    def __init__(self, client: SalesforceClient, config: SalesforceConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock

    def count(self, name: str, start: Position | None, end: str) -> int:
        """How many rows a window has."""
        soql = f"SELECT COUNT() FROM {name} WHERE {condition(start, end)}"  # noqa: S608 - the names are our settings, the values are quoted
        return int(self._client.query(soql, about=name, deleted=self._deleted).unwrap("totalSize"))

    def read(
        self, name: str, fields: Mapping[str, Field], chosen: Sequence[str], start: Position | None, end: str
    ) -> Generator[Page, None, str]:
        """Yields the parts of one window; returns why they may not be all of it. May raise `Unsupported` first."""
        base = start.cursor if start else EPOCH
        part = part_of(start)
        if part is None or not self._alive(name, part.job):
            job = self._create(name, chosen, None if part else start, base, end)
            part = Part(part.number if part else 0, job, end, "")
        announced = self._wait(name, part.job)
        first, came = not part.locator, 0
        while True:
            rows, following = self._fetch(name, fields, part)
            came += len(rows)
            part = part._replace(number=part.number + 1, locator=following)
            if not following:
                yield Page(rows)
                break
            yield Page(rows, part.at(base))
        if first and came != announced:
            return f"{came} of {announced} rows of {name} came out of Bulk job {part.job}"
        return ""

    @property
    def _deleted(self) -> bool:
        return self._config.deletes == "flag"

    def _create(self, name: str, chosen: Sequence[str], start: Position | None, base: str, end: str) -> str:
        where = condition(start, end) if start else f"{STAMP} > {base} AND {STAMP} <= {end}"
        job = {
            "operation": "queryAll" if self._deleted else "query",
            "query": select(
                name, chosen, where, ordered=False
            ),  # an order would keep the server from splitting the work
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            reply = self._client.ask("POST", self._client.path("/jobs/query"), json=job, about=f"{name} Bulk")
        except Halt as error:
            if _UNSUPPORTED in error.message:
                raise Unsupported from None
            raise
        return str(reply.unwrap("id"))

    def _alive(self, name: str, job: str) -> bool:
        """Whether the server still keeps a job of an earlier run."""
        try:
            state = self._status(name, job)["state"]
        except Misconfigured as error:
            if "NOT_FOUND" in error.message:
                return False
            raise
        return state not in ("Failed", "Aborted")

    def _status(self, name: str, job: str) -> Mapping[str, Json]:
        reply = self._client.ask("GET", self._client.path(f"/jobs/query/{job}"), about=f"{name} Bulk job {job}")
        reply.unwrap("state")
        found: Mapping[str, Json] = reply.data
        return found

    def _wait(self, name: str, job: str) -> int:
        """Until the job is complete; how many rows it has."""
        until, pause_s = self._clock.monotonic() + self._config.bulk_wait_s, _POLL_S
        where = f"{self._client.system} {name}: Bulk job {job}"
        while True:
            status = self._status(name, job)
            match status["state"]:
                case "JobComplete":
                    return int(status.get("numberRecordsProcessed") or 0)
                case "Failed" | "Aborted" as state:
                    why = str(status.get("errorMessage") or "no reason given")
                    if _UNSUPPORTED in why:
                        raise Unsupported
                    raise Halt("CON200", f"{where} ended as {state}: {why[:200]}")
            if self._clock.monotonic() + pause_s > until:
                raise Retry("CON201", f"{where} is not done after {self._config.bulk_wait_s:.0f} s", after_s=pause_s)
            self._clock.wait(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)

    def _fetch(self, name: str, fields: Mapping[str, Field], part: Part) -> tuple[list[RawRow], str]:
        """One part and the locator of the next, empty at the end; a part that was cut is fetched again."""
        params = {"maxRecords": str(self._config.bulk_page)} | ({"locator": part.locator} if part.locator else {})
        about, path = f"{name} Bulk job {part.job}", self._client.path(f"/jobs/query/{part.job}/results")
        accept = {"accept": "text/csv"}
        for _ in range(_REPEATS):
            reply = self._client.ask("GET", path, params=params, headers=accept, about=about, as_text=True)
            rows = _rows(str(reply.data or ""), fields)
            if rows is not None and reply.headers.get("sforce-numberofrecords") == str(len(rows)):
                locator = reply.headers.get("sforce-locator", "")
                return rows, "" if locator == "null" else locator
        raise Retry("CON006", f"{self._client.system} {about}: a part of the result came cut {_REPEATS} times")


def _rows(whole: str, fields: Mapping[str, Field]) -> list[RawRow] | None:
    """The rows of a CSV with their types; None when a line has not as many values as the header."""
    lines = csv.reader(io.StringIO(whole, newline=""))
    header = next(lines, None)
    if header is None:
        return None
    kinds = [fields[name].kind if name in fields else "" for name in header]
    rows = []
    for line in lines:
        if len(line) != len(header):
            return None
        values = zip(header, kinds, line, strict=True)
        rows.append({name: _value(kind, value) for name, kind, value in values})
    return rows


def _value(kind: str, value: str) -> Json:
    """A value as the REST answer has it; empty text and null look the same here, and null is what REST says."""
    if value == "":
        return None
    if kind == "boolean":
        return value == "true"
    if kind == _WHOLE:
        return int(value)
    if kind == "datetime" and value.endswith("Z"):
        return value[:-1] + "+0000"
    return value
