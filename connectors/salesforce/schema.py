"""What the org's objects look like: which fields can be read, which can be written, and which hold external ids."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.config import SalesforceConfig
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Problems

_FRESH_S = 300.0
_UNREADABLE = frozenset({"address", "location", "base64", "complexvalue"})
"""Compound fields repeat their parts and Bulk cannot read them; a base64 field is a file."""
SOURCES = Mark("config/sources.yaml")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    kind: str
    createable: bool
    updateable: bool
    external: bool


@dataclass(frozen=True, slots=True)
class Described:
    """An object: its fields by name, and whether the server keeps a log of its deletions."""

    fields: Mapping[str, Field]
    logged: bool


class Schema:
    """The objects of one org, described once and kept for a while."""

    def __init__(self, client: SalesforceClient, config: SalesforceConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._lock = Lock()
        self._objects: tuple[float, frozenset[str]] | None = None
        self._known: dict[str, tuple[float, Described]] = {}

    def check_objects(self, names: Sequence[str]) -> None:
        """`Misconfigured` with every name that the org does not have."""
        known, problems = self._names(), Problems()
        for name in names:
            if name not in known:
                hint = _hint(name, sorted(known))
                message = f"{self._client.system}: the org has no object {name!r}, or its user may not see it{hint}"
                problems.note(SOURCES, "CON192", message)
        problems.raise_any()

    def of(self, name: str) -> Described:
        with self._lock:
            known = self._known.get(name)
        if known is not None and self._clock.monotonic() - known[0] < _FRESH_S:
            return known[1]
        self.check_objects([name])
        path = self._client.path(f"/sobjects/{name}/describe")
        reply = self._client.ask("GET", path, about=name)
        fields = {
            str(each["name"]): Field(
                str(each["name"]),
                str(each.get("type", "")),
                bool(each.get("createable")),
                bool(each.get("updateable")),
                bool(each.get("externalId")),
            )
            for each in reply.unwrap("fields")
        }
        logged = not (isinstance(reply.data, dict) and reply.data.get("replicateable") is False)
        described = Described(fields, logged)
        with self._lock:
            self._known[name] = (self._clock.monotonic(), described)
        return described

    def readable(self, name: str) -> tuple[str, ...]:
        """The fields of a SELECT, in a fixed order; those that the walk needs are always among them."""
        known = self.of(name).fields
        chosen = self._config.fields.get(name)
        if chosen is None:
            wanted = [each.name for each in known.values() if each.kind not in _UNREADABLE]
        else:
            self._check(name, [each for each in chosen if "." not in each], known)
            wanted = list(chosen)
        needed = [each for each in ("Id", "SystemModstamp", "IsDeleted", self._config.external_id) if each in known]
        return tuple(dict.fromkeys([*needed, *wanted]))

    def check_written(self, name: str, wanted: Sequence[str]) -> None:
        """`Misconfigured` for each field that is not there or cannot be written, and for a missing external id."""
        known, problems = self.of(name).fields, Problems()
        system, external, where = self._client.system, self._config.external_id, f"{self._client.system}.{name}"
        if external not in known or not known[external].external:
            why = "is not marked as an external id" if external in known else "is not there"
            message = (
                f"{system} {name}: the field {external!r} for our id {why}; have the administrator add it as a unique"
                " text field with External ID, or name another one as external_id"
            )
            problems.note(Mark(where), "CON194", message)
        for field in wanted:
            found = known.get(field)
            if found is not None and not (found.createable or found.updateable):
                problems.note(Mark(where), "CON193", f"{system} {name}: the field {field!r} cannot be written")
        self._note_unknown(name, wanted, known, problems)
        problems.raise_any()

    def _check(self, name: str, wanted: Sequence[str], known: Mapping[str, Field]) -> None:
        problems = Problems()
        self._note_unknown(name, wanted, known, problems)
        problems.raise_any()

    def _note_unknown(self, name: str, wanted: Sequence[str], known: Mapping[str, Field], problems: Problems) -> None:
        system = self._client.system
        for field in wanted:
            if field not in known:
                message = f"{system} {name}: the object has no field {field!r}{_hint(field, list(known))}"
                problems.note(Mark(f"{system}.{name}"), "CON193", message)

    def _names(self) -> frozenset[str]:
        with self._lock:
            known = self._objects
        if known is not None and self._clock.monotonic() - known[0] < _FRESH_S:
            return known[1]
        reply = self._client.ask("GET", self._client.path("/sobjects"), about="objects")
        names = frozenset(str(each["name"]) for each in reply.unwrap("sobjects"))
        with self._lock:
            self._objects = (self._clock.monotonic(), names)
        return names


def _hint(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known)[:8])}" if known else ""
