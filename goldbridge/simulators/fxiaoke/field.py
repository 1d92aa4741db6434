"""What objects are made of: fields with the vendor's type names, options, and the fields that every object has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def option_value(option_set: str, label: str, option_seed: int) -> str:
    """Nine characters that look random, as a tenant's administrator gets them when he adds an option."""
    number = int.from_bytes(blake2b(f"{option_seed}/{option_set}/{label}".encode(), digest_size=8).digest(), "big")
    letters = []
    for _ in range(9):
        number, at = divmod(number, 62)
        letters.append(_ALPHABET[at])
    return "".join(letters)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object; `kind` is the vendor's type name. Nobody but the system writes `system` fields."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    unique: bool = False
    length: int = 256
    decimals: int = 2
    target: str = ""
    options: tuple[tuple[str, str], ...] = ()
    system: bool = False

    def describe(self) -> dict[str, Any]:
        """The field as `object/describe` shows it."""
        shown: dict[str, Any] = {
            "api_name": self.name,
            "label": self.label,
            "type": self.kind,
            "is_required": self.required,
            "is_unique": self.unique,
            "is_readonly": self.system,
            "is_active": True,
            "define_type": "custom" if self.name.endswith("__c") else "system" if self.system else "package",
        }
        if self.kind in ("text", "long_text"):
            shown["max_length"] = self.length
        if self.kind in ("number", "currency"):
            shown["decimal_places"] = self.decimals
        if self.options:
            shown["options"] = [{"label": label, "value": value, "not_usable": False} for label, value in self.options]
        if self.target:
            shown["target_api_name"] = self.target
        return shown


SYSTEM_FIELDS = (
    Field("_id", "数据ID", system=True),
    Field("owner", "负责人", "employee"),
    Field("life_status", "生命状态", "select_one", system=True),
    Field("lock_status", "锁定状态", "select_one", system=True),
    Field("is_deleted", "是否作废", "true_or_false", system=True),
    Field("version", "版本", system=True),
    Field("record_type", "业务类型", "record_type"),
    Field("created_by", "创建人", "employee", system=True),
    Field("create_time", "创建时间", "date_time", system=True),
    Field("last_modified_by", "最后修改人", "employee", system=True),
    Field("last_modified_time", "最后修改时间", "date_time", system=True),
)


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One object; a name that ends in `__c` is a custom object with paths of its own."""

    name: str
    label: str
    fields: Mapping[str, Field]
    approval: bool = True
    unique: tuple[str, ...] = field(default=())

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def master(self, name: str) -> str:
        """The field by which rows of this object are lines of a row of `name`; empty when they are none."""
        found = (each.name for each in self.fields.values() if each.kind == "master_detail" and each.target == name)
        return next(found, "")

    def describe(self) -> dict[str, Any]:
        return {
            "api_name": self.name,
            "display_name": self.label,
            "define_type": "custom" if self.custom else "package",
            "is_active": True,
            "fields": {name: each.describe() for name, each in self.fields.items()},
        }


def make_object(name: str, label: str, fields: Iterable[Field], *, approval: bool = True) -> ObjectSchema:
    """An object with these fields and the ones every object has; `approval`: whether a flow is active on it."""
    every = {each.name: each for each in (*SYSTEM_FIELDS, *fields)}
    return ObjectSchema(name, label, every, approval, tuple(each.name for each in every.values() if each.unique))


def options(option_set: str, labels: Iterable[str], seed: int) -> tuple[tuple[str, str], ...]:
    return tuple((label, option_value(option_set, label, seed)) for label in labels)
