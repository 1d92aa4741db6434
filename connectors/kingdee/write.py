"""Writes a batch of one form: looked up, un-audited where needed, saved, submitted, audited - a call each for all.

The internal id decides whether a save creates or changes, so a record is looked up first: by its id when that is known,
by our id otherwise. A run that died between two steps is repeated from the look-up on and ends in the same place; only
a record that got as far as it should counts as written when it is read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.config import KingdeeForm
from connectors.kingdee.model import holds, names, nested, plain, replaces_lines
from connectors.kingdee.outcome import Outcome, Refusal, by_id, by_place
from connectors.kingdee.read import FormReader
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry

_FINISHED = {"save": "ABCD", "submit": "BC", "audit": "C"}
_STEPS = {"save": (), "submit": ("Submit",), "audit": ("Submit", "Audit")}
_PROGRAM = "response_error"


@dataclass(slots=True)
class _Item:
    """One write on its way."""

    write: Write
    row: RawRow | None
    key: str
    model: dict[str, Any] = field(default_factory=dict)


class FormWriter:
    """Writes one batch; made for it and thrown away."""

    def __init__(self, client: KingdeeClient, form: KingdeeForm, reader: FormReader, where: str) -> None:
        self._client, self._form, self._reader, self._where = client, form, reader, where
        self._settled: dict[str, WriteResult] = {}
        self._touched = False  # whether anything was, or may have been, written

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Rows by our id that are in use and got as far as a written record should."""
        found: dict[str, RawRow] = {}
        for row in self._reader.find(self._ours, external_ids):
            if row.get(self._form.flag) != "B" and str(row["FDocumentStatus"]) in _FINISHED[self._form.life_cycle]:
                found.setdefault(str(row[self._ours]), row)
        return found

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole target is raised while nothing was written yet."""
        items = self._items(batch)
        try:
            self._deactivate([item for item in items if item.write.op == "deactivate"])
            self._change([item for item in items if item.write.op != "deactivate"])
        except (Halt, Misconfigured, Retry) as error:
            if not self._touched:
                raise
            for item in items:
                if item.write.external_id not in self._settled:
                    self._fail(item, "retry", error)
        return [
            self._settled.pop(write.external_id)
            if write.external_id in self._settled
            else WriteResult(write.external_id, "retry", message="an earlier write of this batch has the same id")
            for write in batch
        ]

    @property
    def _ours(self) -> str:
        return self._form.external_id or self._form.number

    # What is there already

    def _items(self, batch: Sequence[Write]) -> list[_Item]:
        once = {write.external_id: write for write in reversed(batch)}
        writes = list(reversed(once.values()))
        shown = sorted({name for write in writes if write.op != "deactivate" for name in plain(self._values(write))})
        by_key = {
            str(row[self._form.key]): row
            for row in self._reader.find(self._form.key, [write.key for write in writes if write.key], shown)
        }
        others = [write.external_id for write in writes if write.key not in by_key]
        by_ours: dict[str, RawRow] = {}
        for row in self._reader.find(self._ours, others, shown) if others else ():
            by_ours.setdefault(str(row[self._ours]), row)
        items = []
        for write in writes:
            found = by_key.get(write.key or "") or by_ours.get(write.external_id)
            items.append(_Item(write, found, str(found[self._form.key]) if found else ""))
        return items

    def _values(self, write: Write) -> dict[str, Any]:
        """What is sent: the id and (where it holds our id) the number are ours to decide."""
        own = (self._form.key, self._ours)
        values = {name: value for name, value in write.values.items() if name not in own}
        if self._form.external_id:
            values[self._form.external_id] = write.external_id
        return values

    # Steps

    def _deactivate(self, items: Sequence[_Item]) -> None:
        live = []
        for item in items:
            if item.row is None or item.row.get(self._form.flag) == "B":
                self._settle(item, WriteResult(item.write.external_id, "written", item.key or None))
            else:
                live.append(item)
        for item in self._operated(live, self._form.deactivate):
            self._settle(item, WriteResult(item.write.external_id, "written", item.key))

    def _change(self, items: Sequence[_Item]) -> None:
        fresh: list[_Item] = []
        audited: list[_Item] = []
        ready: list[_Item] = []
        asleep: list[_Item] = []
        for item in items:
            status = str(item.row["FDocumentStatus"]) if item.row else ""
            same = item.row is not None and holds(item.row, self._values(item.write))
            if item.row is None:
                (fresh.append(item) if item.write.op == "create" else self._gone(item))
            elif item.row.get(self._form.flag) == "B" and self._form.deactivate == "Forbid":
                asleep.append(item)
            elif same and status in _FINISHED[self._form.life_cycle]:
                self._settle(item, WriteResult(item.write.external_id, "written", item.key))
            elif status == "B" and same:
                ready.append(item)
            elif status == "B" or (status == "C" and not self._form.reopen):
                self._closed(item, status)
            else:
                (audited if status == "C" else fresh).append(item)
        for item in self._operated(asleep, "Enable"):
            (audited if str((item.row or {})["FDocumentStatus"]) == "C" else fresh).append(item)
        saved = self._saved([*fresh, *self._moved(audited, "UnAudit", "CON162")])
        steps = _STEPS[self._form.life_cycle]
        if "Submit" in steps:
            saved = self._moved(saved, "Submit", "CON166")
        if "Audit" in steps:
            saved = self._moved([*saved, *ready], "Audit", "CON166")
        for item in saved:
            self._settle(item, WriteResult(item.write.external_id, "written", item.key))

    def _saved(self, items: Sequence[_Item]) -> list[_Item]:
        """Records that set the same fields travel together: the fields to be changed are named once per call."""
        groups: dict[tuple[Any, ...], list[_Item]] = {}
        for item in items:
            item.model = nested(self._values(item.write))
            if item.key:
                item.model = {self._form.key: int(item.key), **item.model}
            elif not self._form.external_id:
                item.model = {self._form.number: item.write.external_id, **item.model}
            groups.setdefault((bool(item.key), *names(item.model), replaces_lines(item.model)), []).append(item)
        return [item for group in groups.values() for item in self._save(group)]

    def _save(self, items: Sequence[_Item], *, last: bool = False) -> list[_Item]:
        first = items[0]
        data = {
            "IsDeleteEntry": "true" if replaces_lines(first.model) else "false",
            "NeedUpDateFields": names(first.model) if first.key else [],
            "Model": [item.model for item in items],
        }
        try:
            outcome = by_place(self._client.change("BatchSave", self._form.form, data, about=self._about(items)))
        except OutcomeUnknown as error:
            if _PROGRAM in error.message:
                return self._saved_after_fault(items, error, last)
            return self._none(items, "unknown", error)
        except Reject as error:
            return self._none(items, "rejected", error)
        return self._split(items, outcome, "CON162")

    def _saved_after_fault(self, items: Sequence[_Item], error: OutcomeUnknown, last: bool) -> list[_Item]:
        """The server's program failed on this batch: what is there now was saved, the rest goes alone, once more."""
        there = {
            str(row[self._ours]): row for row in self._reader.find(self._ours, [i.write.external_id for i in items])
        }
        done: list[_Item] = []
        for item in items:
            row = there.get(item.write.external_id) if not item.key else None
            if row is not None:
                item.key = str(row[self._form.key])
                done.append(item)
            elif last:
                refusal = Refusal(error.message)
                self._settle(item, refusal.result(item.write.external_id, item.key or None, self._where))
            else:
                done += self._save([item], last=len(items) == 1)
        return done

    def _moved(self, items: Sequence[_Item], verb: str, code: str) -> list[_Item]:
        if not items:
            return []
        asked = [item.key for item in items]
        try:
            response = self._client.change(verb, self._form.form, {"Ids": ",".join(asked)}, about=self._about(items))
        except OutcomeUnknown as error:
            return self._none(items, "unknown", error)
        except Reject as error:
            return self._none(items, "rejected", error)
        return self._split(items, by_id(response, asked), code)

    def _operated(self, items: Sequence[_Item], operation: str) -> list[_Item]:
        if not items:
            return []
        asked, data = [item.key for item in items], {"Ids": ",".join(item.key for item in items)}
        try:
            response = self._client.operate(operation, self._form.form, data, about=self._about(items))
        except OutcomeUnknown as error:
            return self._none(items, "unknown", error)
        except Reject as error:
            return self._none(items, "rejected", error)
        return self._split(items, by_id(response, asked), "CON162")

    def _split(self, items: Sequence[_Item], outcome: Outcome, code: str) -> list[_Item]:
        """The items that were done; the others are settled here."""
        done: list[_Item] = []
        for at, item in enumerate(items):
            if at in outcome.done:
                item.key = outcome.done[at]
                done.append(item)
            elif at in outcome.refused:
                refusal, key = outcome.refused[at], item.key or None
                self._settle(item, refusal.result(item.write.external_id, key, self._where, code))
            else:
                text = f"{self._where} {item.write.external_id}: the answer does not mention this record"
                self._settle(item, WriteResult(item.write.external_id, "unknown", item.key or None, "CON005", text))
        self._touched = self._touched or bool(done)
        return done

    # Settling

    def _settle(self, item: _Item, result: WriteResult) -> None:
        self._settled[item.write.external_id] = result

    def _fail(self, item: _Item, outcome: Any, error: GoldbridgeError) -> None:
        result = WriteResult(item.write.external_id, outcome, item.key or None, error.code, error.message)
        self._settle(item, result)

    def _none(self, items: Sequence[_Item], outcome: Any, error: GoldbridgeError) -> list[_Item]:
        for item in items:
            self._fail(item, outcome, error)
        self._touched = self._touched or outcome == "unknown"
        return []

    def _gone(self, item: _Item) -> None:
        text = f"{self._where} {item.write.external_id}: no record has this id or number any more; create it anew"
        self._settle(item, WriteResult(item.write.external_id, "rejected", code="CON165", message=text))

    def _closed(self, item: _Item, status: str) -> None:
        why = "is in approval" if status == "B" else "is audited, and `reopen` is off"
        text = f"{self._where} {item.write.external_id}: the record {why}, so it cannot be changed now; replay it later"
        self._settle(item, WriteResult(item.write.external_id, "rejected", item.key, "CON167", text))

    def _about(self, items: Sequence[_Item]) -> str:
        name = self._where.partition(" ")[2]
        return f"{name} {items[0].write.external_id}" if len(items) == 1 else f"{name}: {len(items)} records"
