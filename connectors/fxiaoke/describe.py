"""What the tenant's objects look like: fields, their types, and the option values behind the labels people see.

Option values are random-looking and differ between tenants, so mappings speak in labels and the values are looked up
here before anything is written.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from threading import Lock

from connectors.fxiaoke.client import FxiaokeClient
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Problems, Reject
from goldbridge.ports import Json

_FRESH_S = 300.0
_TEXT_NUMBERS = frozenset({"number", "currency", "percentile", "percent"})
_LISTS = frozenset({"select_many", "employee", "department", "employee_many", "department_many"})
_CHOICES = frozenset({"select_one", "select_many"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object; `options` maps option values to labels, in the tenant's order."""

    name: str
    kind: str
    options: Mapping[str, str]
    target: str = ""

    def encode(self, value: Json, where: str) -> Json:
        """A value as the API takes it: option values for labels, text for numbers, lists where lists are due."""
        if value is None:
            return None
        if self.kind in _LISTS:
            items = value if isinstance(value, list) else [value]
            return [self._option(item, where) if self.kind in _CHOICES else str(item) for item in items if item != ""]
        if self.kind in _CHOICES:
            return self._option(value, where) if value != "" else ""
        if self.kind in _TEXT_NUMBERS and isinstance(value, int):
            return str(value)
        return value

    def same(self, found: Json, sent: Json) -> bool:
        """Whether a row shows what would be sent; the vendor fills amounts up with zeros."""
        if found in (None, "", []) or sent in (None, "", []):
            return found in (None, "", []) and sent in (None, "", [])
        if self.kind in _TEXT_NUMBERS:
            with suppress(InvalidOperation):
                return Decimal(str(found)) == Decimal(str(sent))
        return str(found) == str(sent)

    def _option(self, value: Json, where: str) -> str:
        if (text := str(value)) in self.options:
            return text
        matches = [option for option, label in self.options.items() if label == text]
        if len(matches) == 1:
            return matches[0]
        if matches:
            message = f"{where}: field {self.name!r} has several options labelled {text!r}; write the option value"
        else:
            message = f"{where}: field {self.name!r} has no option {text!r}{_hint(text, list(self.options.values()))}"
        raise Reject("CON042", message, field=self.name)


class Schema:
    """The fields of the objects of one tenant, described once and kept for a while."""

    def __init__(self, client: FxiaokeClient, clock: Clock, system: str, style: str = "header") -> None:
        self._client, self._clock, self._system, self._style = client, clock, system, style
        self._lock = Lock()
        self._known: dict[str, tuple[float, dict[str, Field]]] = {}

    def fields(self, name: str, *, fresh: bool = False) -> dict[str, Field]:
        """Fields by API name; `fresh` asks again unless the answer is recent. Unknown objects are `Misconfigured`."""
        with self._lock:
            known = self._known.get(name)
            now = self._clock.monotonic()
            if known is None or (fresh and now - known[0] > _FRESH_S):
                known = (now, self._describe(name))
                self._known[name] = known
            return known[1]

    def _describe(self, name: str) -> dict[str, Field]:
        self.check_objects([name])
        # Clients of the older style ask with a bare name; what one style documents the other may not know.
        asked: dict[str, Json] = {"data": {"apiName": name}} if self._style == "header" else {"apiName": name}
        body: dict[str, Json] = {"includeDetail": False, **asked}
        fields = self._client.ask("/cgi/crm/v2/object/describe", body, about=name).unwrap("data.describe.fields")
        return {key: _field(key, entry) for key, entry in fields.items()}

    def objects(self) -> list[str]:
        """API names of the objects this tenant has switched on."""
        found = self._client.ask("/cgi/crm/v2/object/list", {"data": {}}, about="objects").unwrap("data.objects")
        return [str(entry["describeApiName"]) for entry in found if entry.get("isActive", True)]

    def check_objects(self, names: Sequence[str]) -> None:
        """Raise `Misconfigured` with every object that the tenant does not have."""
        offered = self.objects()
        problems = Problems()
        for name in names:
            if name not in offered:
                message = f"{self._system}: the tenant has no object {name!r}{_hint(name, offered)}"
                problems.note(Mark("config/sources.yaml"), "CON040", message)
        problems.raise_any()

    def check_fields(self, name: str, wanted: Sequence[str], external_id: str) -> dict[str, Field]:
        """The object's fields; raise `Misconfigured` with every wanted field that it does not have."""
        fields = self.fields(name)
        if any(field not in fields for field in (*wanted, external_id)):
            fields = self.fields(name, fresh=True)
        where = Mark(f"{self._system}.{name}")
        problems = Problems()
        if external_id not in fields:
            message = (
                f"{self._system} {name}: the object has no field {external_id!r} for our id; have the tenant's"
                " administrator add it as a unique text field, or name another one as external_id"
            )
            problems.note(where, "CON048", message)
        for field in wanted:
            if field not in fields:
                message = f"{self._system} {name}: the object has no field {field!r}{_hint(field, list(fields))}"
                problems.note(where, "CON041", message)
        problems.raise_any()
        return fields


def _field(name: str, entry: Mapping[str, Json]) -> Field:
    return Field(name, str(entry.get("type", "")), _options(entry), str(entry.get("target_api_name") or ""))


def _options(entry: Mapping[str, Json]) -> dict[str, str]:
    options = entry.get("options") or []
    return {str(option["value"]): str(option.get("label", "")) for option in options if "value" in option}


def _hint(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known)[:8])}" if known else ""
