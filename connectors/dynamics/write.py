"""Writes rows by upsert on our alternate key: create and change are one call that may be repeated without harm.

A bare PATCH creates what is not there, so a change of what should exist says `If-Match: *`: a wrong key must not make a
new row. Characters that the service cannot take in a key are refused before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from connectors.dynamics.table import FORBIDDEN_IN_KEYS
from goldbridge.errors import Reject
from goldbridge.http.odata import ETAG, Change, Operation, Outcome, RecordWriter, literal
from goldbridge.ports import Json


class UpsertWriter(RecordWriter):
    """Writes one table. A row that the mapping gives its ETag is changed only in that version."""

    def current(self, changes: Sequence[Change]) -> dict[str, dict[str, Json]]:
        """Nothing has to be looked up: the service finds the row by our key."""
        return {}

    def operation(self, change: Change, current: Mapping[str, dict[str, Json]]) -> Operation | Outcome:
        about = f"{self.of.name} {change.external_id}"
        ours = self.target.external_id
        where = self.entity(change.key) if change.key else self._by_our_id(change, about)
        etag = str(change.values.get(ETAG) or "*")
        if change.op == "deactivate":
            if not self.target.deactivate:
                message = f"{self.service.system} {about}: nothing says how a row is deactivated here; set deactivate"
                return Outcome(change.external_id, "rejected", change.key, "CON133", message)
            values = self.encoded(self.target.deactivate, about)
            return Operation("PATCH", where, values, {"If-Match": "*"}, about)
        values = self.encoded(change.values, about)
        if change.key:
            values[ours] = change.external_id  # a row typed by hand is adopted this way
        else:
            values.pop(ours, None)  # a key column in the body is refused
        known = change.key or change.op == "update"
        return Operation("PATCH", where, values, {"If-Match": etag} if known else {}, about)

    def _by_our_id(self, change: Change, about: str) -> str:
        """The address by our alternate key; raises `Reject` CON150 for an id that cannot stand in one."""
        if bad := sorted(FORBIDDEN_IN_KEYS & set(change.external_id)):
            message = f"{self.service.system} {about}: an alternate key cannot hold {' '.join(bad)}"
            raise Reject("CON150", f"{message}; give this record an id without it", field=self.target.external_id)
        ours = self.target.external_id
        text = literal(change.external_id, self.of.kinds[ours], 4)
        return f"{self.of.name}({ours}={quote(text, safe=chr(39))})"
