"""Writes records with one result each: found by our external id first, so that a repeated create is an update.

OData knows no idempotency key. A record is looked up by the property that holds our id before it is created, many at a
time, and that look-up also brings the ETag that a change has to show. A lost answer is unknown and is read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol
from urllib.parse import quote

from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Problems, Reject, Retry
from goldbridge.http.odata import batch
from goldbridge.http.odata.fault import GONE, STALE
from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Service, key_of
from goldbridge.http.odata.value import ETAG, encode, literal, plain
from goldbridge.ports import Json

_ASKED_AT_ONCE = 20  # a filter of so many comparisons stays far below the 8 kB that URLs may have
_NAMED = re.compile(r"\w+='")
_NOT_OURS = (ETAG, "@key")


class Change(Protocol):
    """One record to write, as connectors know it."""

    @property
    def op(self) -> Literal["create", "update", "deactivate"]: ...
    @property
    def external_id(self) -> str: ...
    @property
    def values(self) -> Mapping[str, Json]: ...
    @property
    def key(self) -> str | None: ...


class Outcome(NamedTuple):
    """What became of one record: the fields of a connector's `WriteResult`, in their order."""

    external_id: str
    outcome: Literal["written", "rejected", "retry", "unknown"]
    key: str | None = None
    code: str = ""
    message: str = ""
    field: str | None = None


@dataclass(frozen=True)
class Target:
    """How one set is written. `deactivate` holds the values that mean so; without any, `delete` says if DELETE may be
    sent. `lock` is what a change shows: the record's ETag, `*`, or nothing. `batch` sends changes in one call."""

    external_id: str
    deactivate: Mapping[str, Json] = field(default_factory=dict)
    delete: bool = False
    lock: Literal["etag", "force", "none"] = "etag"
    method: Literal["PATCH", "MERGE"] = "PATCH"
    batch: bool = False
    select: str = ""
    readonly: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)


class RecordWriter:
    """Writes one set of a service; a system that finds its records otherwise overrides `current` and `operation`."""

    def __init__(self, service: Service, of: EntitySet, target: Target) -> None:
        self.service, self.of, self.target = service, of, target

    def write(self, changes: Sequence[Change]) -> list[Outcome]:
        """One outcome per change. What concerns the whole target is raised, but only while nothing was written yet."""
        self._check(changes)
        current = self.current(changes)
        guard, ready, seen = Guard(), [], set[str]()
        for change in changes:
            if change.external_id in seen:
                message = "an earlier write of this batch has the same id"
                guard.results.append(Outcome(change.external_id, "retry", message=message))
                continue
            seen.add(change.external_id)
            operation = guard.prepared(change, lambda change=change: self.operation(change, current))  # type: ignore[misc]
            if operation is not None:
                headers = {**self.target.headers, **operation.headers}
                ready.append((change, replace(operation, headers=headers)))
        if self.target.batch and len(ready) > 1:
            self._send_all(ready, guard)
        else:
            for change, operation in ready:
                guard.settle(change, lambda c=change, o=operation: self._send_one(c, o))  # type: ignore[misc]
        return guard.finished()

    def read_back(self, external_ids: Sequence[str]) -> dict[str, dict[str, Json]]:
        """Records by our external id, asked for in batches; of several with one id the first by key counts."""
        wanted = sorted({one for one in external_ids if one})
        return self._find(self.target.external_id, wanted)

    # Before

    def _check(self, changes: Sequence[Change]) -> None:
        """Names the properties that the set does not have, or that cannot be written, before anything is sent."""
        self.service.check(self.of.name, [self.target.external_id], "external_id")
        problems = Problems()
        for name in sorted({name for change in changes for name in change.values if not self._reference(name)}):
            if name in self.target.readonly:
                message = f"{self.service.system} {self.of.name}: '{name}' is kept by the system and cannot be written"
                problems.note(self.service.reads.mark, "CON126", message)
                continue
            try:
                self.service.check(self.of.name, [name], "the mapping")
            except Misconfigured as error:
                problems.extend(error.problems)
        problems.raise_any()

    def _reference(self, name: str) -> bool:
        """Whether a name is no property: links to other records, children of a deep insert, what is not ours."""
        return name in _NOT_OURS or "@odata.bind" in name or name in self.of.navigations

    def current(self, changes: Sequence[Change]) -> dict[str, dict[str, Json]]:
        """The records as they are now, by our external id: those whose key we know by it, when their ETag is needed."""
        unknown = [change.external_id for change in changes if change.key is None]
        found = self.read_back(unknown)
        if self.target.lock == "etag" and len(self.of.keys) == 1:
            held = {change.key: change.external_id for change in changes if change.key is not None}
            rows = self._find(self.of.keys[0], sorted(held))
            found |= {held[key]: row for key, row in rows.items()}
        return found

    def _find(self, name: str, wanted: Sequence[str]) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            asked = wanted[start : start + _ASKED_AT_ONCE]
            kind, version = self.of.kinds[name], self.service.version
            options = {
                "$filter": " or ".join(f"{name} eq {literal(one, kind, version)}" for one in asked),
                "$orderby": ",".join(self.of.keys),
                "$select": self.target.select,
            }
            path = self.service.path(self.of.name, options)
            while path:
                feed = self.service.feed(self.of.name, path)
                for row in feed.rows:
                    found.setdefault(plain(row.get(name)), row)
                path = feed.next
        return {one: found[one] for one in wanted if one in found}

    def operation(self, change: Change, current: Mapping[str, dict[str, Json]]) -> batch.Operation | Outcome:
        """What to send for one record, or its outcome when there is nothing to send."""
        row = current.get(change.external_id)
        key, about = self._key(change, row), f"{self.of.name} {change.external_id}"
        if change.op == "deactivate":
            return self._deactivation(change, key, row, about)
        values = self.encoded({**change.values, self.target.external_id: change.external_id}, about)
        if key is not None:
            for name in self.of.keys:
                values.pop(name, None)
            return batch.Operation(self.target.method, self.entity(key), values, self._lock(row), about)
        if change.op == "update":
            message = f"{self.service.system} {about}: no record carries this external id any more; create it anew"
            return Outcome(change.external_id, "rejected", code="CON132", message=message)
        return batch.Operation("POST", self.of.name, values, {}, about)

    def _key(self, change: Change, row: Mapping[str, Json] | None) -> str | None:
        if change.key is not None:
            return change.key
        if row is None:
            return None
        return plain(row.get("@key") if len(self.of.keys) > 1 else row.get(self.of.keys[0]))

    def _deactivation(
        self, change: Change, key: str | None, row: Mapping[str, Json] | None, about: str
    ) -> batch.Operation | Outcome:
        if key is None:
            return Outcome(change.external_id, "written", message="nothing to deactivate")
        if self.target.deactivate:
            values = self.encoded(self.target.deactivate, about)
            return batch.Operation(self.target.method, self.entity(key), values, self._lock(row), about)
        if self.target.delete:
            return batch.Operation("DELETE", self.entity(key), None, self._lock(row), about)
        message = f"{self.service.system} {about}: nothing says how a record is deactivated here; set deactivate"
        return Outcome(change.external_id, "rejected", key, "CON133", message)

    def encoded(self, values: Mapping[str, Json], about: str) -> dict[str, Json]:
        """The values as the body wants them; raises `Reject` CON134 with the property that does not fit."""
        found: dict[str, Json] = {}
        for name, value in values.items():
            if name in _NOT_OURS:
                continue
            kind = self.of.kinds.get(name, "")
            try:
                found[name] = encode(value, kind, self.service.version)
            except ValueError as error:
                message = f"{self.service.system} {about}: {name} ({kind}): {error}"
                raise Reject("CON134", message, field=name) from None
        return found

    def _lock(self, row: Mapping[str, Json] | None) -> dict[str, str]:
        if self.target.lock == "none":
            return {}
        etag = str(row.get(ETAG) or "") if row and self.target.lock == "etag" else ""
        return {"If-Match": etag or "*"}

    def entity(self, key: str) -> str:
        """The address of a record, relative to the service root."""
        if len(self.of.keys) == 1:
            key = literal(key, self.of.kinds[self.of.keys[0]], self.service.version)
        shown = quote(key, safe="'=,:$-")
        return f"{self.of.name}({shown})"

    # After

    def _send_one(self, change: Change, operation: batch.Operation) -> Outcome:
        headers = dict(operation.headers)
        method = operation.method
        if method == "MERGE":
            method, headers = "POST", {**headers, "X-HTTP-Method": "MERGE"}
        reply = self.service.change(method, operation.path, operation.body, about=operation.about, headers=headers)
        return self._written(change, batch.Result(reply.status, reply.headers, reply.data))

    def _send_all(self, ready: Sequence[tuple[Change, batch.Operation]], guard: Guard) -> None:
        try:
            results = batch.send(self.service, [operation for _, operation in ready])
        except Reject as error:  # one value spoils the whole text: each is tried alone
            if error.code != "CON017":
                raise
            for change, operation in ready:
                guard.settle(change, lambda c=change, o=operation: self._send_one(c, o))  # type: ignore[misc]
            return
        except OutcomeUnknown as error:
            guard.results += [_failed(change, "unknown", error) for change, _ in ready]
            return
        for (change, _), result in zip(ready, results, strict=True):
            guard.settle(change, lambda c=change, r=result: self._written(c, _good(r)))  # type: ignore[misc]

    def _written(self, change: Change, result: batch.Result) -> Outcome:
        if change.key is not None:
            return Outcome(change.external_id, "written", change.key)
        key = self._told(result)
        if not key:
            found = self.read_back([change.external_id]).get(change.external_id)
            key = self._key(change, found) or ""
        if not key and change.op != "deactivate":
            message = f"{self.service.system} {self.of.name} {change.external_id}: written, but it is not found yet"
            return Outcome(change.external_id, "unknown", code="CON135", message=message)
        return Outcome(change.external_id, "written", key or None)

    def _told(self, result: batch.Result) -> str:
        """The key in an answer: in its record, or in the address it names."""
        body = result.body.get("d", result.body) if isinstance(result.body, dict) else None
        if isinstance(body, dict) and all(name in body for name in self.of.keys):
            row = self.service.rows(self.of, [body])[0]
            return plain(row.get("@key") if len(self.of.keys) > 1 else row.get(self.of.keys[0]))
        address = result.headers.get("odata-entityid") or result.headers.get("location") or ""
        found = key_of(address) if address.endswith(")") else ""
        return "" if len(self.of.keys) == 1 and _NAMED.match(found) else found  # an alternate key is not the key


def _good(result: batch.Result | GoldbridgeError) -> batch.Result:
    if isinstance(result, GoldbridgeError):
        raise result
    return result


class Guard:
    """Turns errors into outcomes; after one that concerns the whole target the rest of the batch is not sent."""

    def __init__(self) -> None:
        self.results: list[Outcome] = []
        self._broken: Halt | Misconfigured | None = None

    def prepared(self, change: Change, work: Callable[[], batch.Operation | Outcome]) -> batch.Operation | None:
        """What is to be sent; None when the outcome is known already."""
        try:
            made = work()
        except Reject as error:
            self.results.append(_failed(change, "rejected", error))
            return None
        if isinstance(made, Outcome):
            self.results.append(made)
            return None
        return made

    def settle(self, change: Change, work: Callable[[], Outcome]) -> None:
        if self._broken is not None:
            self.results.append(_failed(change, "retry", self._broken))
            return
        try:
            self.results.append(work())
        except OutcomeUnknown as error:
            self.results.append(_failed(change, "unknown", error))
        except Reject as error:
            self.results.append(_refused(change, error))
        except Retry as error:
            self.results.append(_failed(change, "retry", error))
        except (Halt, Misconfigured) as error:
            self._broken = error
            self.results.append(_failed(change, "retry", error))

    def finished(self) -> list[Outcome]:
        """All outcomes; raises what broke the target when nothing was written."""
        if self._broken is not None and all(result.outcome == "retry" for result in self.results):
            raise self._broken
        return self.results


def _refused(change: Change, error: Reject) -> Outcome:
    """A refused change: a stale ETag asks for another try, a record that is gone has nothing left to deactivate."""
    if STALE in error.message:
        return Outcome(change.external_id, "retry", change.key, "CON136", error.message)
    if GONE in error.message:
        if change.op == "deactivate":
            return Outcome(change.external_id, "written", change.key, message="nothing to deactivate")
        return Outcome(change.external_id, "rejected", change.key, "CON132", error.message)
    return _failed(change, "rejected", error)


def _failed(change: Change, outcome: Literal["rejected", "retry", "unknown"], error: GoldbridgeError) -> Outcome:
    field_name = error.field if isinstance(error, Reject) else None
    return Outcome(change.external_id, outcome, change.key, error.code, error.message, field_name)
