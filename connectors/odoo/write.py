"""Writes a batch of one model through `load`: a record and its external id in one transaction, texts as in a file.

A row that is wrong keeps all others of its call out; it is told by its place, taken out, and the others are sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import RawRow, Write, WriteResult
from connectors.odoo.config import OdooConfig
from connectors.odoo.read import LINKS, ModelReader
from connectors.odoo.rpc import Rpc
from connectors.odoo.shape import EXTERNAL, Shape, text
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry

_OWN = ("id", ".id", "write_date", EXTERNAL)


@dataclass(slots=True)
class _Item:
    """One write on its way."""

    write: Write
    row: RawRow | None
    linked: bool = False

    @property
    def key(self) -> str | None:
        return str(self.row["id"]) if self.row else self.write.key


class ModelWriter:
    """Writes one batch; made for it and thrown away."""

    def __init__(self, rpc: Rpc, shape: Shape, reader: ModelReader, config: OdooConfig, where: str) -> None:
        self._rpc, self._shape, self._reader, self._config, self._where = rpc, shape, reader, config, where
        self._settled: dict[str, WriteResult] = {}
        self._touched = False  # whether anything was, or may have been, written

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Rows in use by our id; an archived one counts as gone."""
        links = self._reader.links(external_ids)
        rows = self._reader.by_ids(sorted(set(links.values())))
        return {ours: rows[key] for ours, key in links.items() if key in rows and rows[key].get("active") is not False}

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole target is raised while nothing was written yet."""
        self._shape.check(sorted({name for write in batch for name in self._values(write)}))
        once = {write.external_id: write for write in reversed(batch)}
        items = self._items(list(reversed(once.values())))
        try:
            self._archive([item for item in items if item.write.op == "deactivate"])
            self._load_groups([item for item in items if item.write.op != "deactivate"])
        except (Halt, Misconfigured, Retry) as error:
            if not self._touched:
                raise
            for item in items:
                if item.write.external_id not in self._settled:
                    self._fail([item], "retry", error)
        return [
            self._settled.pop(write.external_id)
            if write.external_id in self._settled
            else WriteResult(write.external_id, "retry", message="an earlier write of this batch has the same id")
            for write in batch
        ]

    def _items(self, writes: Sequence[Write]) -> list[_Item]:
        """The writes with the rows they are about: by key when that is known, by our external id otherwise."""
        links = self._reader.links([write.external_id for write in writes])
        keys = {int(write.key) for write in writes if write.key and write.key.isdigit()} | set(links.values())
        rows = self._reader.by_ids(sorted(keys)) if keys else {}
        found = []
        for write in writes:
            own = rows.get(int(write.key)) if write.key and write.key.isdigit() else None
            row = own or rows.get(links.get(write.external_id, 0))
            found.append(_Item(write, row, row is not None and links.get(write.external_id) == row["id"]))
        return found

    def _values(self, write: Write) -> dict[str, Any]:
        return {name: value for name, value in write.values.items() if name not in _OWN}

    # Archiving

    def _archive(self, items: Sequence[_Item]) -> None:
        """In one call; when one is refused nothing was done, so each is tried alone."""
        live = []
        for item in items:
            if item.row is None or item.row.get("active") is False:
                self._done(item)
            else:
                live.append(item)
        if live and "active" not in self._shape.kinds():
            for item in live:
                said = f"{self._where} {item.write.external_id}: this model cannot be archived; cancel it in Odoo"
                self._settle(item, WriteResult(item.write.external_id, "rejected", item.key, "CON306", said))
            return
        if live:
            self._archive_now(live)

    def _archive_now(self, items: Sequence[_Item]) -> None:
        ids = [int(item.key or 0) for item in items]
        try:
            self._change("write", {"vals": {"active": False}}, ids, self._about(items))
        except OutcomeUnknown as error:
            self._fail(items, "unknown", error)
        except Reject as error:
            if len(items) == 1:
                self._fail(items, "rejected", error)
            for item in items if len(items) > 1 else ():
                self._archive_now([item])
        else:
            for item in items:
                self._done(item)

    # Creating and changing

    def _load_groups(self, items: Sequence[_Item]) -> None:
        """Records that set the same fields travel together."""
        groups: dict[tuple[str, ...], list[_Item]] = {}
        for item in items:
            if item.row is None and item.write.op == "update":
                said = f"{self._where} {item.write.external_id}: no record has this id any more; create it anew"
                self._settle(item, WriteResult(item.write.external_id, "rejected", code="CON308", message=said))
                continue
            if item.row is not None and not item.linked and not self._link(item):
                continue
            groups.setdefault(tuple(self._sent(item)), []).append(item)
        for names, group in groups.items():
            self._load(names, group)

    def _sent(self, item: _Item) -> dict[str, Any]:
        values = self._values(item.write)
        if item.row is not None and item.row.get("active") is False:
            values["active"] = True  # what returns is in use again
        return values

    def _link(self, item: _Item) -> bool:
        """Give a record that was typed by hand (or written for another one) our external id; whether it went well."""
        ours = item.write.external_id
        names = {"module": self._config.module, "name": ours, "model": self._shape.model.model}
        values = {**names, "res_id": int(item.key or 0)}
        try:
            self._change("create", {"vals_list": [values]}, None, f"external id of {ours}", model=LINKS)
        except OutcomeUnknown as error:
            self._fail([item], "unknown", error)
        except Reject as error:
            self._fail([item], "rejected", error)
        else:
            return True
        return False

    def _load(self, names: tuple[str, ...], items: Sequence[_Item]) -> None:
        rows = []
        for item in items:
            ours = f"{self._config.module}.{item.write.external_id}"
            rows.append([ours, *(text(self._sent(item)[name]) for name in names)])
        data = {"fields": ["id", *names], "data": rows}
        try:
            answer = self._change("load", data, None, self._about(items))
        except OutcomeUnknown as error:
            return self._fail(items, "unknown", error)
        except Reject as error:
            if len(items) == 1:
                return self._fail(items, "rejected", error)
            for item in items:
                self._load(names, [item])
            return None
        ids = answer.get("ids") if isinstance(answer, dict) else None
        if isinstance(ids, list) and len(ids) == len(items):
            for item, key in zip(items, ids, strict=True):
                self._done(item, str(key))
            return None
        return self._refused(names, items, answer.get("messages") or () if isinstance(answer, dict) else ())

    def _refused(self, names: tuple[str, ...], items: Sequence[_Item], messages: Sequence[Any]) -> None:
        """Nothing of the call was kept: settle the rows that are named, send the others again."""
        wrong: set[int] = set()
        for message in messages:
            at = message.get("record")
            if message.get("type") != "error" or not isinstance(at, int) or not 0 <= at < len(items) or at in wrong:
                continue
            wrong.add(at)
            ours = items[at].write.external_id
            said = " ".join(f"{self._where} {ours}: {message.get('message')}".split())
            field = str(message["field"]) if message.get("field") else None
            self._settle(items[at], WriteResult(ours, "rejected", items[at].key, "CON302", said, field))
        rest = [item for at, item in enumerate(items) if at not in wrong]
        if wrong and rest:
            self._load(names, rest)
        elif not wrong and len(items) > 1:
            for item in items:
                self._load(names, [item])
        elif not wrong:
            said = f"{self._where} {items[0].write.external_id}: refused without a reason"
            self._settle(items[0], WriteResult(items[0].write.external_id, "rejected", items[0].key, "CON302", said))

    def _change(
        self, method: str, named: dict[str, Any], ids: Sequence[int] | None, about: str, model: str = ""
    ) -> Any:
        try:
            found = self._rpc.call(model or self._shape.model.model, method, named, ids=ids, write=True, about=about)
        except OutcomeUnknown:
            self._touched = True
            raise
        self._touched = True
        return found

    # Settling

    def _settle(self, item: _Item, result: WriteResult) -> None:
        self._settled[item.write.external_id] = result

    def _done(self, item: _Item, key: str | None = None) -> None:
        self._settle(item, WriteResult(item.write.external_id, "written", key or item.key))

    def _fail(self, items: Sequence[_Item], outcome: Any, error: GoldbridgeError) -> None:
        for item in items:
            ours = item.write.external_id
            self._settle(item, WriteResult(ours, outcome, item.key, error.code, error.message))

    def _about(self, items: Sequence[_Item]) -> str:
        name = self._where.partition(" ")[2]
        return f"{name} {items[0].write.external_id}" if len(items) == 1 else f"{name}: {len(items)} records"
