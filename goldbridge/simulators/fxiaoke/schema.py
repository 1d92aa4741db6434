"""What the sandbox's tenant is made of: the objects of its customers, their options, and the employees who work in it.

Options of custom fields look random and differ per tenant; they are derived from `option_seed`, so that a mapping
table written for one tenant holds for it as long as the seed is the same (and fails its check on another one).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from goldbridge.simulators.fxiaoke.field import Field, ObjectSchema, make_object, options
from goldbridge.simulators.fxiaoke.sale import approval_objects, sale_objects

ADMIN = "1000"
EMPLOYEES: Mapping[str, tuple[str, str]] = {
    ADMIN: ("系统管理员", "19900001000"),
    "1001": ("王晓岚", "19900001001"),
    "1002": ("陈志远", "19900001002"),
    "1003": ("赵敏", "19900001003"),
}
"""Employee id -> (name, mobile). Only the administrator sees every row."""


def open_user_id(employee: str) -> str:
    """The employee's identifier in the older way of calling: `FSUID_` and 32 hex digits."""
    return f"FSUID_{blake2b(f'employee {employee}'.encode(), digest_size=16).hexdigest().upper()}"


OPEN_USERS: Mapping[str, str] = {open_user_id(employee): employee for employee in EMPLOYEES}


REGISTRATION_STATUSES = ("存续", "迁出", "吊销", "吊销已注销", "注销", "撤销", "停业", "清算", "筹建", "未知")
CONTRACT_KINDS = ("代理合同", "框架合同", "销售合同")
CONTRACT_STATUSES = ("草稿", "审批中", "已批准", "已驳回", "已关闭")
ACCOUNT_STATUSES = (("启用", "active"), ("停用", "inactive"))
RISK_LEVELS = ("高", "中", "低")

WORDS: Mapping[str, str] = {
    "ACTIVE": "存续",
    "MOVED_OUT": "迁出",
    "REVOKED": "吊销",
    "REVOKED_DEREGISTERED": "吊销已注销",
    "DEREGISTERED": "注销",
    "CANCELLED": "撤销",
    "SUSPENDED": "停业",
    "LIQUIDATION": "清算",
    "PENDING": "筹建",
    "UNKNOWN": "未知",
    "agency": "代理合同",
    "framework": "框架合同",
    "sales": "销售合同",
}
"""The world's words for what this tenant's options are called."""


def _company_fields(seed: int) -> tuple[Field, ...]:
    return (
        Field("name", "名称", required=True, length=100),
        Field("golden_id__c", "集成标识", unique=True, length=64),
        Field("uniform_social_credit_code", "统一社会信用代码", length=30),
        Field("tel", "电话", "phone_number", length=100),
        Field("email", "邮件", "email", length=100),
        Field("url", "网址", "url"),
        Field("country", "国家", "country", length=10),
        Field("province", "省", "province", length=6),
        Field("city", "市", "city", length=6),
        Field("district", "区", "district", length=6),
        Field("address", "详细地址", length=300),
        Field("location", "定位", "location", length=400),
        Field("industry_code__c", "行业代码", length=10),
        Field("reg_status__c", "登记状态", "select_one", options=options("reg_status", REGISTRATION_STATUSES, seed)),
        Field("capital__c", "注册资本（元）", "currency"),
        Field("account_status__c", "状态", "select_one", options=ACCOUNT_STATUSES),
        Field("remark", "备注", "long_text", length=2000),
    )


def sandbox_objects(option_seed: int = 0) -> dict[str, ObjectSchema]:
    """The objects of the sandbox tenant, those with the world's rows first: ids depend on the place in this list."""
    objects = (
        make_object("AccountObj", "客户", _company_fields(option_seed)),
        make_object("PartnerObj", "合作伙伴", _company_fields(option_seed)),
        make_object(
            "ContactObj",
            "联系人",
            (
                Field("name", "姓名", required=True, length=100),
                Field("golden_id__c", "集成标识", unique=True, length=64),
                Field("mobile", "手机", "phone_number", length=100),
                Field("email", "邮件", "email", length=100),
                Field("job_title", "职务", length=100),
                Field("account_id", "客户名称", "object_reference", target="AccountObj"),
                Field("partner_id", "合作伙伴", "object_reference", target="PartnerObj"),
            ),
        ),
        make_object(
            "SaleContractObj",
            "销售合同",
            (
                Field("name", "合同编号", required=True, unique=True, length=100),
                Field("golden_id__c", "集成标识", unique=True, length=64),
                Field("account_id", "客户名称", "object_reference", target="AccountObj"),
                Field("partner_id", "合作伙伴", "object_reference", target="PartnerObj"),
                Field("contract_amount", "合同金额", "currency"),
                Field("sign_date", "签订日期", "date"),
                Field(
                    "contract_kind__c",
                    "合同类型",
                    "select_one",
                    options=options("contract_kind", CONTRACT_KINDS, option_seed),
                ),
                Field(
                    "contract_status__c",
                    "合同状态",
                    "select_one",
                    options=options("contract_status", CONTRACT_STATUSES, option_seed),
                ),
            ),
        ),
        make_object(
            "object_r1sk7__c",
            "风险记录",
            (
                Field("name", "主题", required=True, length=100),
                Field("golden_id__c", "集成标识", unique=True, length=64),
                Field("account_id__c", "客户", "object_reference", target="AccountObj"),
                Field("level__c", "等级", "select_one", options=options("risk_level", RISK_LEVELS, option_seed)),
                Field("tags__c", "标签", "select_many", options=options("risk_tags", ("诉讼", "失信"), option_seed)),
                Field("amount__c", "金额", "currency"),
                Field("found_at__c", "发现时间", "date_time"),
                Field("confirmed__c", "已确认", "true_or_false"),
            ),
        ),
    )
    return {each.name: each for each in (*objects, *sale_objects(option_seed), *approval_objects())}
