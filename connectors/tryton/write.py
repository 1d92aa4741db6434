"""Writes parties: new ones in one call, known ones one by one with the timestamp of the row they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.tryton.party import MODEL, commands, single
from connectors.tryton.read import Parties
from connectors.tryton.rpc import CHANGED, Rpc
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured, OutcomeUnknown, Reject, Retry

_NOT_OURS = frozenset(("id", "code", "_timestamp", "write_date", "create_date"))


class PartyWriter:
    """Writes one batch."""

    def __init__(self, rpc: Rpc, parties: Parties, system: str) -> None:
        self._rpc, self._parties, self._system = rpc, parties, system
        self._places: dict[tuple[str, str], int] = {}

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole target is raised while nothing was written yet."""
        self._check_fields(batch)
        current = self._current(batch)
        results: list[WriteResult] = []
        new = [write for write in batch if write.external_id not in current and write.op == "create"]
        try:
            results += self._create(new)
            for write in batch:
                if write.external_id in current or write.op != "create":
                    results.append(self._settle(write, current.get(write.external_id)))
        except (Halt, Misconfigured, Retry) as error:
            if not any(result.outcome in ("written", "unknown") for result in results):
                raise
            done = {result.external_id for result in results}
            results += [_failed(write, "retry", error) for write in batch if write.external_id not in done]
        return results

    def _current(self, batch: Sequence[Write]) -> dict[str, RawRow]:
        """The parties as they are now, by our external id: found by their id when it is known, by code otherwise."""
        by_key = {write.key: write.external_id for write in batch if write.key}
        rows = self._parties.by_ids([int(key) for key in by_key]) if by_key else []
        current = {by_key[str(row["id"])]: row for row in rows}
        missing = [write.external_id for write in batch if write.external_id not in current]
        return self._parties.by_codes(missing) | current

    def _create(self, new: Sequence[Write]) -> list[WriteResult]:
        """All in one transaction; when one is refused none was created, so each is tried alone."""
        if not new:
            return []
        results: list[WriteResult] = []
        ready: list[tuple[Write, dict[str, Any]]] = []
        for write in new:
            try:
                values = commands(self._values(write), None, self._place)
                ready.append((write, {**values, "code": write.external_id}))
            except Reject as error:
                results.append(_failed(write, "rejected", error))
        if not ready:
            return results
        about = ready[0][0].external_id if len(ready) == 1 else f"{len(ready)} new parties"
        try:
            keys = self._rpc.change(f"{MODEL}.create", [values for _, values in ready], about=about)
        except OutcomeUnknown as error:
            return results + [_failed(write, "unknown", error) for write, _ in ready]
        except Reject as error:
            if len(ready) > 1:
                return results + [result for write, _ in ready for result in self._create([write])]
            write = ready[0][0]
            holder = self._parties.by_codes([write.external_id]).get(write.external_id)
            # The code is our external id: whoever holds it is this record, created by a try whose answer was lost.
            return [*results, self._settle(write, holder) if holder else _failed(write, "rejected", error)]
        if len(keys) != len(ready):
            return results + [WriteResult(write.external_id, "unknown") for write, _ in ready]
        return results + [
            WriteResult(write.external_id, "written", key=str(key)) for (write, _), key in zip(ready, keys, strict=True)
        ]

    def _settle(self, write: Write, row: RawRow | None) -> WriteResult:
        """Change a party that is there; nothing is sent when it shows the values already."""
        if row is None:
            if write.op == "deactivate":
                return WriteResult(write.external_id, "written", message="nothing to deactivate")
            text = f"{self._system} party {write.external_id}: no party has this code or id any more; create it anew"
            return WriteResult(write.external_id, "rejected", code="CON098", message=text)
        key = str(row["id"])
        try:
            values = {"active": False} if write.op == "deactivate" else self._values(write)
            sent = commands(values, row, self._place)  # the code stays: Tryton's sequence may own it
            if sent:
                stamp = str(write.values.get("_timestamp") or row["_timestamp"])
                self._rpc.change(
                    f"{MODEL}.write",
                    [row["id"]],
                    sent,
                    about=f"party {write.external_id}",
                    timestamps={f"{MODEL},{key}": stamp},
                )
        except OutcomeUnknown as error:
            return _failed(write, "unknown", error, key)
        except Reject as error:
            if CHANGED not in error.message:
                return _failed(write, "rejected", error, key)
            text = (
                f"{self._system} party {write.external_id} was changed by somebody else in the meantime; read it again"
            )
            return WriteResult(write.external_id, "retry", key, "CON093", text)
        return WriteResult(write.external_id, "written", key)

    def _values(self, write: Write) -> dict[str, Any]:
        return {name: value for name, value in write.values.items() if name not in _NOT_OURS}

    def _check_fields(self, batch: Sequence[Write]) -> None:
        names = {name for write in batch for name in write.values if name not in _NOT_OURS and not single(name)}
        unknown = sorted(names - self._fields.keys()) if names else []
        if unknown:
            close = get_close_matches(unknown[0], self._fields, 1)
            hint = (
                f"did you mean '{close[0]}'?"
                if close
                else "see docs/systems/tryton.md for the names that can be written"
            )
            raise Misconfigured.one(
                "CON096",
                f"{self._system}: a party has no field '{unknown[0]}'; {hint}",
                Mark("config/sources.yaml"),
            )

    @cached_property
    def _fields(self) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = self._rpc.ask(f"{MODEL}.fields_get", [], 0, about="fields of party.party")
        return fields

    def _place(self, model: str, code: str) -> int:
        if (model, code) not in self._places:
            found = self._rpc.ask(f"{model}.search", [["code", "=", code]], 0, 1, None, about=f"{model} {code}")
            if not found:
                kind = model.removeprefix("country.")
                text = (
                    f"Tryton knows no {kind} '{code}'; import its countries (trytond_import_countries) or leave it out"
                )
                raise Reject("CON097", text, field=kind)
            self._places[model, code] = found[0]
        return self._places[model, code]


def _failed(write: Write, outcome: Any, error: GoldbridgeError, key: str | None = None) -> WriteResult:
    field = error.field if isinstance(error, Reject) else None
    return WriteResult(write.external_id, outcome, key or write.key, error.code, error.message, field)
