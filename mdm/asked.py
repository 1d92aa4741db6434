"""What people type about a record, as canonical values: any field by its name, the usual words for the usual fields.

The values go through the transforms that mappings use, so that a name typed here is the name that a source brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.errors import Reject
from goldbridge.mapping.functions_party import address, credit_code, email, lei, organisation, phones
from goldbridge.mapping.value import Invalid
from goldbridge.records.hint import did_you_mean
from goldbridge.records.model import Entity, Field
from mdm.identity import read_id

WORDS = ("name", "phone", "code", "address", "domain", "email")
"""What may be said of any entity that has such a field: 名称, 电话, 统一社会信用代码, 地址, 域名, 邮箱."""

_CHINESE = {
    "名称": "name", "公司名称": "name", "企业名称": "name", "客户名称": "name", "姓名": "name", "电话": "phone",
    "联系电话": "phone", "手机": "phone", "统一社会信用代码": "code", "信用代码": "code", "税号": "code",
    "地址": "address", "注册地址": "address", "域名": "domain", "网址": "domain", "网站": "domain", "邮箱": "email",
}  # fmt: skip
_TYPES = {"phone": ("phone",), "code": ("credit_code", "lei"), "address": ("address",), "domain": ("url",),
          "email": ("email",)}  # fmt: skip


def canonical(entity: Entity, given: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical values of the entity; a field that is there stands as it is when it is no text.

    Raises `Reject` MDM019 for a word that names no field, and when nothing is left to compare.
    """
    values: dict[str, Any] = {}
    for word, said in given.items():
        if said is None or said == "" or said == []:
            continue
        field = _field(entity, word, said)
        for text in said if isinstance(said, list) and field.many else [said]:
            value = _clean(field, text) if isinstance(text, str) else text
            if value in ("", None, []):
                continue
            if field.many:
                held = values.setdefault(field.name, [])
                held.extend(one for one in (value if isinstance(value, list) else [value]) if one not in held)
            else:
                values[field.name] = value[0] if isinstance(value, list) else value
    if not values:
        raise Reject("MDM019", f"nothing to compare is left of what was asked about a {entity.name}; give a name")
    return values


def _field(entity: Entity, word: str, said: Any) -> Field:
    if word in entity.fields:
        return entity.fields[word]
    labels = {field.label: field for field in entity.fields.values() if field.label}
    if word in labels:
        return labels[word]
    usual = _CHINESE.get(word, word)
    if usual in entity.fields:
        return entity.fields[usual]
    kinds = _TYPES.get(usual, ())
    if usual == "code" and isinstance(said, str) and len("".join(said.split())) == 20:
        kinds = ("lei",)
    for kind in kinds:
        for field in entity.fields.values():
            if field.type == kind:
                return field
    known = [*entity.fields, *WORDS]
    raise Reject("MDM019", f"{entity.name} has no field '{word}'{did_you_mean(word, known)}")


def _clean(field: Field, text: str) -> Any:
    made: Any
    if field.type == "phone":
        made = phones(text)
    elif field.type == "address":
        made = address(text)
    elif field.type in ("credit_code", "lei"):
        made = credit_code(text) if field.type == "credit_code" else lei(text)
    elif field.type == "email":
        made = email(text)
    elif field.type == "url":
        made = text.strip()
    elif field.type == "reference":
        made = _reference(text)
    else:
        made = organisation(text)
    # What fails its check is soft evidence, as it is in a record that a mapping brings.
    return made.kept if isinstance(made, Invalid) else made


def _reference(text: str) -> Any:
    """A record by SYSTEM.STREAM/KEY or a golden id, as matching compares them."""
    ref, slash, key = text.partition("/")
    if slash:
        return {"ref": ref, "key": key}
    try:
        return str(read_id(text))
    except ValueError:
        return text
