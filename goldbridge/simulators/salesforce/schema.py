"""What an org is made of: objects, their fields and types, and the ids of its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
COMPOUND = frozenset(("address", "location"))
"""Types that are made of other fields: nobody writes them, and Bulk cannot read them."""


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of the record with this number: 15 that tell case apart, and three that repeat it."""
    digits = ""
    for _ in range(15 - len(prefix) - 2):
        number, at = divmod(number, 62)
        digits = _DIGITS[at] + digits
    return full_id(f"{prefix}AA{digits}")


def full_id(short: str) -> str:
    """15 characters to 18: each of the last three says which of five letters are capitals."""
    suffix = ""
    for start in range(0, 15, 5):
        bits = sum(1 << at for at, char in enumerate(short[start : start + 5]) if char.isascii() and char.isupper())
        suffix += _CHECK[bits]
    return short[:15] + suffix


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `kind` is the vendor's type name. `external` makes it an external id, `system` read-only."""

    name: str
    label: str
    kind: str = "string"
    required: bool = False
    length: int = 255
    scale: int = 2
    external: bool = False
    unique: bool = False
    system: bool = False
    options: tuple[str, ...] = ()
    target: str = ""

    @property
    def writable(self) -> bool:
        return not self.system and self.kind not in COMPOUND

    def describe(self) -> dict[str, Any]:
        """The field as `describe` shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.kind,
            "length": self.length if self.kind in ("string", "textarea") else 0,
            "nillable": not self.required,
            "externalId": self.external,
            "idLookup": self.external or self.name == "Id",
            "unique": self.unique,
            "createable": self.writable,
            "updateable": self.writable,
            "referenceTo": [self.target] if self.target else [],
            "picklistValues": [{"value": each, "label": each, "active": True} for each in self.options],
        }


SYSTEM_FIELDS = (
    Field("Id", "记录标识", "id", system=True),
    Field("IsDeleted", "已删除", "boolean", system=True),
    Field("OwnerId", "所有人", "reference"),
    Field("CreatedDate", "创建时间", "datetime", system=True),
    Field("LastModifiedDate", "修改时间", "datetime", system=True),
    Field("SystemModstamp", "系统修改时间", "datetime", system=True),
)
GOLDEN = Field("Golden_Id__c", "集成标识", external=True, unique=True, length=64)


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One object; `prefix` begins the ids of its records."""

    name: str
    label: str
    prefix: str
    fields: Mapping[str, Field]

    @property
    def unique(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields.values() if each.unique or each.external)

    def brief(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "keyPrefix": self.prefix,
            "queryable": True,
            "createable": True,
            "updateable": True,
            "replicateable": True,
            "custom": self.name.endswith("__c"),
        }

    def describe(self) -> dict[str, Any]:
        return self.brief() | {"fields": [each.describe() for each in self.fields.values()]}


def make_object(name: str, label: str, prefix: str, fields: Iterable[Field]) -> ObjectSchema:
    """An object with these fields and the ones every object has."""
    return ObjectSchema(name, label, prefix, {each.name: each for each in (*SYSTEM_FIELDS, *fields)})


def sandbox_objects() -> dict[str, ObjectSchema]:
    """The objects of the sandbox org: standard ones and a custom one (risk records)."""
    objects = (
        make_object(
            "Account",
            "客户",
            "001",
            (
                Field("MasterRecordId", "合并到", "reference", system=True, target="Account"),
                Field("Name", "名称", required=True),
                GOLDEN,
                Field("CreditCode__c", "统一社会信用代码", length=18),
                Field("Phone", "电话", "phone"),
                Field("Website", "网址", "url"),
                Field("Email__c", "邮件", "email"),
                Field("Industry", "行业", "picklist", options=("Manufacturing", "Retail", "Technology")),
                Field("BillingStreet", "街道", "textarea"),
                Field("BillingCity", "市"),
                Field("BillingState", "省"),
                Field("BillingAddress", "地址", "address", system=True),
                Field("AnnualRevenue", "年收入", "currency"),
                Field("NumberOfEmployees", "员工数", "int"),
                Field("FoundedOn__c", "成立日期", "date"),
                Field("IsPartner", "合作伙伴", "boolean"),
                Field("Active__c", "启用", "boolean"),
                Field("Description", "备注", "textarea", length=32_000),
            ),
        ),
        make_object(
            "Contact",
            "联系人",
            "003",
            (
                Field("MasterRecordId", "合并到", "reference", system=True, target="Contact"),
                Field("LastName", "姓名", required=True, length=80),
                GOLDEN,
                Field("AccountId", "客户", "reference", target="Account"),
                Field("Email", "邮件", "email"),
                Field("MobilePhone", "手机", "phone"),
                Field("Title", "职务", length=128),
            ),
        ),
        make_object(
            "Contract",
            "合同",
            "800",
            (
                GOLDEN,
                Field("AccountId", "客户", "reference", required=True, target="Account"),
                Field("Status", "状态", "picklist", options=("Draft", "In Approval Process", "Activated")),
                Field("StartDate", "开始日期", "date"),
                Field("Amount__c", "金额", "currency"),
            ),
        ),
        make_object(
            "Product2",
            "产品",
            "01t",
            (
                Field("Name", "名称", required=True),
                GOLDEN,
                Field("ProductCode", "产品代码"),
                Field("IsActive", "启用", "boolean"),
            ),
        ),
        make_object(
            "Risk__c",
            "风险记录",
            "a00",
            (
                Field("Name", "主题", required=True, length=80),
                GOLDEN,
                Field("Account__c", "客户", "reference", target="Account"),
                Field("Amount__c", "金额", "currency"),
            ),
        ),
    )
    return {each.name: each for each in objects}
