"""What the tenant's objects look like: their fields, and the numbers behind the labels of options."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from connectors.neocrm.client import NeocrmClient, path
from connectors.neocrm.config import NeocrmConfig
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Problems, Reject
from goldbridge.ports import Json
from goldbridge.records.declared import DeclaredField

_FRESH_S = 300.0
_OBJECTS = "/rest/metadata/v2.0/xobjects/filter?active=true"
SOURCES = Mark("config/sources.yaml")


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `options` maps a label to the numbers that carry it, `many` says that a list of them is due."""

    name: str
    options: Mapping[str, tuple[int, ...]]
    many: bool

    def encode(self, value: Json, where: str) -> Json:
        """A value as the API takes it: option numbers for labels, everything else unchanged."""
        if not self.options or value is None or value == "":
            return value
        if self.many:
            return [self._number(each, where) for each in (value if isinstance(value, list) else [value])]
        return self._number(value, where)

    def _number(self, value: Json, where: str) -> int:
        known = {number for numbers in self.options.values() for number in numbers}
        text = str(value)
        found = self.options.get(text) or tuple(number for number in known if str(number) == text)
        if len(found) == 1:
            return found[0]
        if found:
            message = f"{where}: field {self.name!r} has several options labelled {text!r}; write the option's number"
        else:
            message = f"{where}: field {self.name!r} has no option {text!r}{_hint(text, list(self.options))}"
        raise Reject("CON313", message, field=self.name)


class Schema:
    """The objects of one tenant, described once and kept for a while."""

    def __init__(self, client: NeocrmClient, config: NeocrmConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._lock = Lock()
        self._known: dict[str, tuple[float, Mapping[str, Field]]] = {}

    def fields(self, name: str, *, fresh: bool = False) -> Mapping[str, Field]:
        """Fields by api key; `fresh` asks again unless the answer is recent."""
        with self._lock:
            known = self._known.get(name)
        age_s = self._clock.monotonic() - known[0] if known else 0.0
        if known is not None and age_s < _FRESH_S and not (fresh and age_s > 0):
            return known[1]
        fields = {str(each["apiKey"]): _field(each) for each in self._told(name)}
        with self._lock:
            self._known[name] = (self._clock.monotonic(), fields)
        return fields

    def declared(self, name: str) -> list[DeclaredField]:
        """The fields in the tenant's order, with what its users read."""
        return [_declared(each) for each in self._told(name)]

    def objects(self) -> list[str]:
        """Every object that the user may see, the tenant's own included."""
        reply = self._client.ask("GET", _OBJECTS, about="objects")
        return sorted(str(each["apiKey"]) for each in reply.unwrap("data.records"))

    def _told(self, name: str) -> list[Mapping[str, Json]]:
        told = self._client.ask("GET", path(name, "/description"), about=name).unwrap("data.fields")
        return [each for each in told if str(each.get("apiKey") or "").strip()]

    def readable(self, name: str) -> tuple[str, ...]:
        """What a question selects, in a fixed order; the walk needs the first two."""
        known = self.fields(name)
        wanted = self._config.fields.get(name)
        if wanted is not None:
            problems = Problems()
            self._note_unknown(name, [each for each in wanted if "." not in each], known, problems)
            problems.raise_any()
        ours = [self._config.external_id] if self._config.external_id in known else []
        return tuple(dict.fromkeys(["id", "updatedAt", *ours, *(known if wanted is None else wanted)]))

    def check_written(self, name: str, wanted: Sequence[str]) -> Mapping[str, Field]:
        """The fields; `Misconfigured` for each that is not there, and for a missing external id."""
        known, problems = self.fields(name), Problems()
        system, external = self._client.system, self._config.external_id
        if external not in known:
            message = (
                f"{system} {name}: the object has no field {external!r} for our id; have the tenant's administrator add"
                " it as a unique text field, or name another one as external_id"
            )
            problems.note(Mark(f"{system}.{name}"), "CON316", message)
        self._note_unknown(name, wanted, known, problems)
        problems.raise_any()
        return known

    def _note_unknown(self, name: str, wanted: Sequence[str], known: Mapping[str, Field], problems: Problems) -> None:
        system = self._client.system
        for field in wanted:
            if field not in known:
                message = f"{system} {name}: the object has no field {field!r}{_hint(field, list(known))}"
                problems.note(Mark(f"{system}.{name}"), "CON312", message)


def _field(described: Mapping[str, Json]) -> Field:
    many = bool(described.get("checkitem"))
    options: dict[str, tuple[int, ...]] = {}
    for item in described.get("checkitem") or described.get("selectitem") or ():
        label = str(item.get("label", ""))
        options[label] = (*options.get(label, ()), int(item["value"]))
    return Field(str(described["apiKey"]), options, many)


def _declared(described: Mapping[str, Json]) -> DeclaredField:
    name = str(described["apiKey"])
    items = described.get("checkitem") or described.get("selectitem") or ()
    return DeclaredField(
        name,
        type=str(described.get("type") or ""),
        label=str(described.get("label") or ""),
        key=name == "id",
        required=described.get("required") is True,
        options={str(item["value"]): str(item.get("label") or "") for item in items},
    )


def _hint(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known)[:8])}" if known else ""
