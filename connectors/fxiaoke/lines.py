"""Lines of a record: products of an order, the split of a payment, items of a quote.

A value whose name is an object of the tenant and no field (`SalesOrderProductObj: [{...}, {...}]`) holds the record's
lines. They are created with it in one call. Each line carries an id of its own, that of the record and its place unless
the mapping gives one, by which later writes find it: a line is changed, added or invalidated, never doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.base import RawRow, Write
from connectors.fxiaoke.client import FxiaokeClient, condition, path
from connectors.fxiaoke.config import FxiaokeConfig
from connectors.fxiaoke.describe import Field, Schema
from goldbridge.errors import Mark, Misconfigured, OutcomeUnknown, Retry
from goldbridge.ports import Json

Rows = Mapping[str, list[dict[str, Json]]]
Encode = Callable[[str, Mapping[str, Json], str], dict[str, Json]]


class Lines:
    """Finds the lines in what is to be written, and keeps them in step with the record."""

    def __init__(self, client: FxiaokeClient, schema: Schema, config: FxiaokeConfig, encode: Encode) -> None:
        self._client, self._schema, self._config, self._encode = client, schema, config, encode

    def objects(self, name: str, batch: Sequence[Write]) -> frozenset[str]:
        """Names among the values that stand for lines; their fields are looked up and checked here, too."""
        lists = {key for write in batch for key, value in write.values.items() if isinstance(value, list)}
        if lists:
            lists -= self._schema.fields(name).keys()
        if lists:
            lists &= set(self._schema.objects())
        for child in sorted(lists):
            self._parent(name, child)
            wanted = {key for write in batch for line in _given(write, child) for key in line}
            self._schema.check_fields(child, sorted(wanted), self._config.external_id)
        return frozenset(lists)

    def of(self, write: Write, children: frozenset[str], about: str) -> Rows:
        """The lines of one record, encoded, each with its id."""
        return {
            child: [
                self._encode(child, {self._external: f"{write.external_id}/{place}", **line}, f"{about} line {place}")
                for place, line in enumerate(_given(write, child), start=1)
            ]
            for child in sorted(children & write.values.keys())
        }

    def keep(self, name: str, key: str, lines: Rows, about: str) -> None:
        """Bring the lines of a record that exists to what they should be.

        A lost answer becomes `Retry`: lines are found by their ids, so that doing it all again is harmless, while the
        record alone could not tell whether they were written.
        """
        try:
            for child, rows in lines.items():
                self._keep(name, key, child, rows, about)
        except OutcomeUnknown as error:
            raise Retry(error.code, error.message) from None

    @property
    def _external(self) -> str:
        return self._config.external_id

    def _keep(self, name: str, key: str, child: str, rows: list[dict[str, Json]], about: str) -> None:
        parent, fields = self._parent(name, child), self._schema.fields(child)
        there = {str(row.get(self._external)): row for row in self._there(child, parent.name, key)}
        for row in rows:
            found = there.pop(str(row[self._external]), None)
            if found is None:
                data: dict[str, Json] = {"dataObjectApiName": child, parent.name: key, **row}
                self._client.change(path(child, "create"), {"object_data": data}, about=about)
            elif any(not fields[field].same(found.get(field), value) for field, value in row.items()):
                data = {"_id": found["_id"], "dataObjectApiName": child, **row}
                self._client.change(path(child, "update"), {"object_data": data}, about=about)
        for external_id, row in there.items():
            if external_id not in ("", "None"):  # lines that people added are theirs
                gone = {"dataObjectApiName": child, "object_data_id": row["_id"]}
                self._client.change(path(child, "invalid"), gone, about=about)

    def _parent(self, name: str, child: str) -> Field:
        """The field of a line that points to its record."""
        fields = [field for field in self._schema.fields(child).values() if field.target == name]
        fields.sort(key=lambda field: field.kind != "master_detail")
        if not fields:
            where = f"{self._client.http.system} {child}"
            message = f"{where}: the object has no field that points to {name}, so it cannot hold its lines"
            raise Misconfigured.one("CON041", message, Mark(f"{self._client.http.system}.{name}"))
        return fields[0]

    def _there(self, child: str, field: str, key: str) -> list[RawRow]:
        found: list[RawRow] = []
        after = ""
        while rows := self._client.query(child, [condition(field, "EQ", key)], after):
            found += [row for row in rows if row.get("life_status") != "invalid"]
            after = str(rows[-1]["_id"])
        return found


def _given(write: Write, child: str) -> list[Mapping[str, Json]]:
    value = write.values.get(child)
    return [line for line in value if isinstance(line, Mapping)] if isinstance(value, list) else []
