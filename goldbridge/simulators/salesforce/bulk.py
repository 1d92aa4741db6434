"""Bulk API 2.0 query jobs: created, polled, fetched as CSV in parts.

Rows are those of the moment when the job was created. The locator of the last part is the text `null`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from goldbridge.simulators.kit import Answer, Call, Refused, json_answer
from goldbridge.simulators.salesforce.org import Org, Row
from goldbridge.simulators.salesforce.question import Questions, csv_moment, csv_value
from goldbridge.simulators.salesforce.schema import COMPOUND
from goldbridge.simulators.salesforce.soql import Query, parse

KEPT_MS = 7 * 86_400_000


@dataclass(slots=True)
class _Job:
    key: str
    query: Query
    operation: str
    rows: list[Row]
    created_ms: int
    polls: int
    state: str = "UploadComplete"
    error: str = ""


class Jobs:
    """Query jobs; `polls` answers say that a job is in progress, objects in `unsupported` fail."""

    def __init__(self, org: Org, questions: Questions, *, polls: int, unsupported: frozenset[str]) -> None:
        self._org, self._questions, self._polls, self._unsupported = org, questions, polls, unsupported
        self._jobs: dict[str, _Job] = {}
        self._made = 0

    def create(self, call: Call) -> Answer:
        body = call.json
        if body.get("operation") not in ("query", "queryAll"):
            raise Refused("INVALIDJOB", f"Invalid operation: {body.get('operation')}", 400)
        query = parse(str(body.get("query", "")), self._org.objects)
        fields = self._org.objects[query.object_name].fields
        compound = [name for name in query.fields if fields[name].kind in COMPOUND]
        if compound or query.count:
            raise Refused(
                "API_ERROR", f"Selecting {', '.join(compound) or 'COUNT()'} not supported by the Bulk API", 400
            )
        self._made += 1
        key = f"750AA{self._made:010d}AAA"
        table = self._org.tables[query.object_name]
        ids = self._questions.run(query, deleted=body["operation"] == "queryAll")
        job = _Job(
            key, query, body["operation"], [dict(table[each]) for each in ids], self._org.clock.now_ms(), self._polls
        )
        if query.object_name in self._unsupported:
            job.error = f"Entity '{query.object_name}' is not supported by the Bulk API."
        self._jobs[key] = job
        return json_answer(self._shown(job))

    def status(self, call: Call) -> Answer:
        job = self._job(call)
        if job.state in ("UploadComplete", "InProgress"):
            job.polls -= 1
            job.state = "InProgress" if job.polls >= 0 else "Failed" if job.error else "JobComplete"
        return json_answer(self._shown(job))

    def results(self, call: Call) -> Answer:
        job = self._job(call)
        if job.state != "JobComplete":
            raise Refused("INVALIDJOBSTATE", f"results are not there in state {job.state}", 400)
        locator = call.query.get("locator", "")
        if locator and not locator.startswith("MT"):
            raise Refused("INVALID_LOCATOR", "invalid locator", 400)
        start = int(locator[2:]) if locator else 0
        stop = min(start + int(call.query.get("maxRecords", "50000")), len(job.rows))
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(job.query.fields)
        fields = self._org.objects[job.query.object_name].fields
        for row in job.rows[start:stop]:
            writer.writerow(
                csv_moment(row[name])
                if fields[name].kind == "datetime" and row[name] is not None
                else csv_value(row[name])
                for name in job.query.fields
            )
        following = f"MT{stop}" if stop < len(job.rows) else "null"
        headers = (
            (b"sforce-locator", following.encode()),
            (b"sforce-numberofrecords", str(stop - start).encode()),
        )
        return Answer(200, out.getvalue().encode(), b"text/csv; charset=UTF-8", headers)

    def remove(self, call: Call) -> Answer:
        del self._jobs[self._job(call).key]
        return Answer(204, b"")

    def abort(self, call: Call) -> Answer:
        job = self._job(call)
        job.state = str(call.json.get("state", job.state))
        return json_answer(self._shown(job))

    def _job(self, call: Call) -> _Job:
        job = self._jobs.get(call.params["job"])
        if job is None or self._org.clock.now_ms() - job.created_ms > KEPT_MS:
            raise Refused("NOT_FOUND", "The requested resource does not exist", 404)
        return job

    def _shown(self, job: _Job) -> dict[str, Any]:
        return {
            "id": job.key,
            "operation": job.operation,
            "object": job.query.object_name,
            "state": job.state,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
            "concurrencyMode": "Parallel",
            "numberRecordsProcessed": len(job.rows) if job.state == "JobComplete" else 0,
            **({"errorMessage": job.error} if job.state == "Failed" else {}),
        }
