"""What a Neocrm tenant is made of: objects, fields, and options that are numbers with a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HUB_USER = "2904963933700001"
OTHER_USER = "2904963933700002"
DEPARTMENT = "2904963933710001"
ENTITY_TYPE = "11010000100001"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `options` of a `select` (one of) or a `check` (many of) are labels, numbered from 1."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    unique: bool = False
    length: int = 300
    target: str = ""
    options: tuple[str, ...] = ()
    system: bool = False

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "apiKey": self.name,
            "label": self.label,
            "type": self.kind,
            "required": self.required,
            "creatable": not self.system,
            "updatable": not self.system,
        }
        items = [{"value": number, "label": label} for number, label in enumerate(self.options, start=1)]
        if self.kind == "select":
            shown["selectitem"] = items
        if self.kind == "check":
            shown["checkitem"] = items
        return shown


SYSTEM_FIELDS = (
    Field("id", "标识", "id", system=True),
    Field("entityType", "业务类型", "id", required=True),
    Field("ownerId", "所有人", "id", required=True),
    Field("dimDepart", "所属部门", "id", required=True),
    Field("createdAt", "创建日期", "moment", system=True),
    Field("createdBy", "创建人", "id", system=True),
    Field("updatedAt", "最新修改日", "moment", system=True),
    Field("updatedBy", "最新修改人", "id", system=True),
)
GOLDEN = Field("golden_id__c", "集成标识", unique=True, length=64)


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    name: str
    label: str
    fields: Mapping[str, Field]


def make_object(name: str, label: str, fields: Iterable[Field]) -> ObjectSchema:
    """An object with these fields and the ones every object has."""
    return ObjectSchema(name, label, {each.name: each for each in (*SYSTEM_FIELDS, *fields)})


def sandbox_objects() -> dict[str, ObjectSchema]:
    """The objects of the sandbox tenant: preset ones and a tenant-defined one (risk records)."""
    objects = (
        make_object(
            "account",
            "客户",
            (
                Field("accountName", "客户名称", required=True),
                GOLDEN,
                Field("customItem1__c", "统一社会信用代码", length=18),
                Field("phone", "电话"),
                Field("email", "邮箱", "email"),
                Field("address", "地址"),
                Field("level", "客户级别", "select", options=("战略客户", "普通客户", "潜在客户")),
                Field("tags__c", "标签", "check", options=("外资", "上市", "国企")),
                Field("capital__c", "注册资本", "money"),
                Field("approvalStatus", "审批状态", "number"),
                Field("lockStatus", "锁定状态", "number"),
                Field("comment", "备注", length=2000),
            ),
        ),
        make_object(
            "contact",
            "联系人",
            (
                Field("contactName", "姓名", required=True),
                GOLDEN,
                Field("accountId", "客户", "id", target="account"),
                Field("mobile", "手机"),
                Field("email", "邮箱", "email"),
                Field("comment", "备注", length=2000),
            ),
        ),
        make_object(
            "customEntity1__c",
            "风险记录",
            (
                Field("name", "主题", required=True),
                GOLDEN,
                Field("customItem10__c", "客户", "id", target="account"),
                Field("comment", "备注", length=2000),
            ),
        ),
    )
    return {each.name: each for each in objects}
