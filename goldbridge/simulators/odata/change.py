"""Changing a set: create with children, change with its ETag, upsert by alternate key, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.simulators.kit import Refused
from goldbridge.simulators.odata.ask import Ask, Said
from goldbridge.simulators.odata.query import Query
from goldbridge.simulators.odata.table import Row, Table
from goldbridge.simulators.odata.wire import identity, taken


class Change:
    """What a service does to its tables. `must_match`: a change without If-Match is refused; `upsert`: a change of
    what is not there creates it; `minimal`: a create answers 204 with the address alone."""

    def __init__(
        self, tables: Mapping[str, Table], query: Query, *, must_match: bool, upsert: bool, minimal: bool
    ) -> None:
        self._tables, self._query = tables, query
        self._must_match, self._upsert, self._minimal = must_match, upsert, minimal
        self.writes = 0

    def create(self, ask: Ask, table: Table, address: Any) -> Said:
        values, children = self._values(ask, table, ask.data)
        if ask.call.fault("phantom"):
            key = {name: values.get(name) or "0" for name in table.of.keys}
            return Said(201, self._shown(ask, table, Row({**dict.fromkeys(table.of.properties), **values, **key})))
        row = self._insert(table, values)
        for child, entries in children:
            link = next(link for name, link in table.of.children.values() if name == child.of.name)
            for entry in entries:
                inner, _ = self._values(ask, child, entry)
                self._insert(child, {**inner, link: table.key(row.values)[0]})
        self.writes += 1
        where = address(ask, identity(table.of, row.values, self._query.version))
        if self._minimal and ask.preferences.get("return") != "representation":
            return Said(204, None, {"OData-EntityId": where, "Location": where})
        headers = {"Location": where} | ({"ETag": self._query.etag(row)} if table.of.etags else {})
        return Said(201, self._shown(ask, table, row), headers)

    def change(self, ask: Ask, table: Table, key: Mapping[str, Any], address: Any) -> Said:
        row, match = table.find(tuple(key), tuple(key.values())), ask.headers.get("if-match")
        if row is None and (not self._upsert or match is not None):
            raise Refused("not_found", f"{table.of.type} With Ids = {', '.join(map(str, key.values()))} Does Not Exist")
        if row is not None and ask.headers.get("if-none-match") == "*":
            raise Refused("exists", "A record with matching key values already exists.")
        if row is not None:
            self._check_match(table, row, match)
        values, _ = self._values(ask, table, ask.data)
        if repeated := set(values) & set(key):
            raise Refused("bad_value", f"the key property '{min(repeated)}' must not be in the body")
        if ask.call.fault("phantom"):
            return Said(204)
        self.writes += 1
        if row is None:
            row = self._insert(table, {**values, **key})
        else:
            self._unique(table, {**row.values, **values}, row)
            table.stamp(values, new=False)
            table.change(row, values)
        where = address(ask, identity(table.of, row.values, self._query.version))
        return Said(204, None, {"OData-EntityId": where} if self._query.version == 4 else {})

    def delete(self, ask: Ask, table: Table, key: Mapping[str, Any]) -> Said:
        row = table.find(tuple(key), tuple(key.values()))
        if row is None:
            raise Refused("not_found", f"{table.of.type} With Ids = {', '.join(map(str, key.values()))} Does Not Exist")
        if not table.of.deletable:
            raise Refused("no_delete", f"Deleting {table.of.type} is not allowed")
        self._check_match(table, row, ask.headers.get("if-match"))
        self.writes += 1
        table.remove(table.key(row.values))
        return Said(204)

    def _check_match(self, table: Table, row: Row, match: str | None) -> None:
        if not table.of.etags:
            return
        if match is None:
            if self._must_match:
                raise Refused("no_match", 'The request is required to be conditional. Try using "If-Match" header.')
        elif match != "*" and match != self._query.etag(row):
            raise Refused("stale", "The version of the existing record doesn't match the version provided.")

    def _insert(self, table: Table, values: dict[str, Any]) -> Row:
        for name in table.of.required:
            if values.get(name) in (None, ""):
                raise Refused("bad_value", f"Property '{name}' is mandatory")
        self._unique(table, values, None)
        if all(values.get(name) is not None for name in table.of.keys) and table.key(values) in table.rows:
            raise Refused("duplicate", "Cannot insert duplicate key.")
        table.stamp(values, new=True)
        return table.add(values)

    def _unique(self, table: Table, values: Mapping[str, Any], row: Row | None) -> None:
        for names in table.of.alternate:
            wanted = tuple(values.get(name) for name in names)
            if None in wanted:
                continue
            held = table.find(names, wanted)
            if held is not None and held is not row:
                raise Refused(
                    "duplicate", f"Entity Key {'_'.join(names)} violated. A record with the same value exists"
                )

    def _values(self, ask: Ask, table: Table, data: Any) -> tuple[dict[str, Any], list[tuple[Table, list[Any]]]]:
        """What a body says, typed, and the children of a deep insert."""
        if not isinstance(data, dict):
            raise Refused("bad_value", "the body is no entity")
        of, values, children = table.of, dict[str, Any](), list[tuple[Table, list[Any]]]()
        trimmed = ask.call.fault("trim")
        for name, value in data.items():
            if name == "__metadata" or name.startswith("@odata."):
                continue
            if name.endswith("@odata.bind"):
                bound = f"_{name.removesuffix('@odata.bind')}_value"
                if bound not in of.properties or not str(value).endswith(")"):
                    raise Refused("bad_value", f"'{name}' names no link")
                values[bound] = str(value).partition("(")[2][:-1]
                continue
            if name in of.children:
                entries = value.get("results") if isinstance(value, dict) else value
                children.append((self._tables[of.children[name][0]], list(entries or ())))
                continue
            if name not in of.properties:
                raise Refused("bad_value", f"Property '{name}' is invalid for {of.type}")
            if trimmed and trimmed.field == name:
                continue
            try:
                values[name] = taken(of, name, value, self._query.version, exact=ask.exact)
            except ValueError as error:
                raise Refused("bad_value", f"{name}: {error}") from None
        return values, children

    def _shown(self, ask: Ask, table: Table, row: Row) -> Any:
        body = self._query.row(ask, table.of, row)
        return {"d": body} if self._query.version == 2 else body
