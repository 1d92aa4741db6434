"""The vocabulary of the model: entities, their fields, the types a field can have, the roles a party can play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Identifier = Literal["", "soft", "hard"]

TYPES = {
    "text": "text as it is",
    "credit_code": "18 characters in capitals, a wrong check character is kept and noted",
    "lei": "20 characters in capitals, a wrong check digit is kept and noted",
    "phone": "E.164 with extension: +8657187654321;ext=12",
    "email": "an address in lower case",
    "url": "an address with its host in lower case",
    "industry": "a GB/T 4754 code with its section letter: C3831",
    "region": "a GB/T 2260 code of six digits: 330110",
    "point": "longitude,latitude (GCJ-02): 120.026,30.279",
    "money": "plain decimal text in units of its currency: 3000000",
    "decimal": "plain decimal text: 12.5",
    "integer": "a whole number of at most 64 bits",
    "boolean": "true or false",
    "date": "2026-03-01",
    "datetime": "2026-03-01T08:00:00.000000Z",
    "enum": "one of the listed words",
    "reference": "a record of another entity: {ref: system.stream, key: its key}",
    "group": "fields of its own",
    "address": "a group: line, region, province, city, county, point, precision",
}
"""Type -> the canonical form of its values."""

RELATIONS = {
    "parent_of": "the company that owns or controls this one",
    "branch_of": "the head office of this branch",
    "formerly": "the company that this one was before",
}
"""What a reference to another record of the same entity can mean; each leads up, and none may lead back."""

IDENTIFYING = ("text", "credit_code", "lei", "phone", "email", "url")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `identifier` "hard": two different valid values prove two entities; "soft": evidence only.

    `enum` holds the words of an enum, `fields` the parts of a group or address, `reference` the entity a reference
    leads to, `relation` what a reference to a record of the same entity means, `currency` the unit of money, `label`
    what stewards read instead of the name.
    """

    name: str
    type: str
    many: bool = False
    required: bool = False
    identifier: Identifier = ""
    enum: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    reference: str = ""
    relation: str = ""
    currency: str = ""
    label: str = ""
    description: str = ""

    @property
    def is_group(self) -> bool:
        return self.type in ("group", "address")


@dataclass(frozen=True, slots=True)
class Role:
    """A role of an entity; `qualification` names the process that must approve it, "" when none does."""

    name: str
    qualification: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `parent_field` is the reference field that leads to the parent, "" when there is no parent."""

    name: str
    mastered: bool = False
    parent: str = ""
    parent_field: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    label: str = ""
    description: str = ""

    @property
    def relations(self) -> dict[str, str]:
        """Field -> what it relates a record to, for references to other records of this entity."""
        return {name: each.relation for name, each in self.fields.items() if each.relation}

    def field(self, dotted: str) -> Field | None:
        """The field a dotted name such as `address.line` leads to, None when it leads nowhere."""
        fields, found = self.fields, None
        for name in dotted.split("."):
            found = fields.get(name)
            if found is None:
                return None
            fields = found.fields
        return found

    def leaves(self) -> Iterator[tuple[str, Field]]:
        """Dotted name and field of everything that holds a value; lists of groups count as one value."""
        yield from _leaves("", self.fields)


def _leaves(prefix: str, fields: Mapping[str, Field]) -> Iterator[tuple[str, Field]]:
    for name, each in fields.items():
        if each.is_group and not each.many:
            yield from _leaves(f"{prefix}{name}.", each.fields)
        else:
            yield f"{prefix}{name}", each


@dataclass(frozen=True, slots=True)
class Model:
    """All entities by name, in file order."""

    entities: Mapping[str, Entity]


ADDRESS = {
    part.name: part
    for part in (
        Field("line", "text", label="详细地址"),
        Field("region", "region", label="行政区划代码"),
        Field("province", "text", label="省"),
        Field("city", "text", label="市"),
        Field("county", "text", label="区县"),
        Field("point", "point", label="坐标"),
        Field("precision", "text", label="定位精度"),
    )
}
