"""What a service says about itself: its entity sets, their keys and the types of their properties.

The document is read by a plain event parser that refuses a DTD, so that neither entities nor external references can
make it grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from goldbridge.http.odata.value import literal


class Unreadable(Exception):
    """The document is no service metadata."""


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A set of records: `kinds` maps properties to types, `required` are those that are never null."""

    name: str
    type: str
    keys: tuple[str, ...]
    kinds: Mapping[str, str]
    required: frozenset[str] = frozenset()
    navigations: frozenset[str] = frozenset()

    def predicate(self, values: Mapping[str, object], version: int) -> str:
        """The key of a record as it stands behind the set's name, e.g. `'4711'` or `A='1',B=2`."""
        parts = {name: literal(values.get(name), self.kinds[name], version) for name in self.keys}
        if len(parts) == 1:
            return next(iter(parts.values()))
        return ",".join(f"{name}={text}" for name, text in parts.items())


@dataclass(frozen=True, slots=True)
class Metadata:
    """`version` is 2 or 4."""

    version: int
    sets: Mapping[str, EntitySet]


@dataclass(slots=True)
class _Type:
    base: str = ""
    keys: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    navigations: set[str] = field(default_factory=set)


class _Parser:
    def __init__(self) -> None:
        self.types: dict[str, _Type] = {}
        self.sets: dict[str, str] = {}
        self.version = 0
        self._namespace = self._alias = ""
        self._inside: _Type | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "Edmx":
            self.version = 4 if attributes.get("Version", "").startswith("4") else 2
        elif name == "Schema":
            self._namespace, self._alias = attributes.get("Namespace", ""), attributes.get("Alias", "")
        elif name in ("EntityType", "ComplexType"):
            self._inside = _Type(attributes.get("BaseType", ""))
            self.types[f"{self._namespace}.{attributes.get('Name', '')}"] = self._inside
            if self._alias:
                self.types[f"{self._alias}.{attributes.get('Name', '')}"] = self._inside
        elif name == "EntitySet":
            self.sets[attributes.get("Name", "")] = attributes.get("EntityType", "")
        elif self._inside is not None:
            self._member(name, attributes)

    def _member(self, name: str, attributes: dict[str, str]) -> None:
        inside = self._inside
        if inside is None:
            return
        if name == "PropertyRef":
            inside.keys.append(attributes.get("Name", ""))
        elif name == "Property":
            inside.kinds[attributes.get("Name", "")] = attributes.get("Type", "")
            if attributes.get("Nullable", "").casefold() == "false":
                inside.required.add(attributes.get("Name", ""))
        elif name == "NavigationProperty":
            inside.navigations.add(attributes.get("Name", ""))

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] in ("EntityType", "ComplexType"):
            self._inside = None

    def whole(self, name: str, depth: int = 0) -> _Type:
        """A type with what it inherits."""
        own = self.types.get(name, _Type())
        if not own.base or depth > 20:
            return own
        base = self.whole(own.base, depth + 1)
        return _Type(
            "",
            own.keys or base.keys,
            base.kinds | own.kinds,
            base.required | own.required,
            base.navigations | own.navigations,
        )


def parse(text: str) -> Metadata:
    """Raises `Unreadable` with the reason."""
    found = _Parser()
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.start
    parser.EndElementHandler = found.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise Unreadable(f"it is no XML ({error})") from None
    except UnicodeEncodeError:
        raise Unreadable("it holds bytes that its charset does not know") from None
    if not found.sets:
        raise Unreadable("it has no entity set")
    sets = {}
    for name, kind in found.sets.items():
        whole = found.whole(kind)
        sets[name] = EntitySet(
            name, kind, tuple(whole.keys), whole.kinds, frozenset(whole.required), frozenset(whole.navigations)
        )
    return Metadata(found.version, sets)


def _refuse(*_: object) -> None:
    raise Unreadable("it has a DTD, which is not read")
