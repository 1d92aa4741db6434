"""The forms of the account book: base data (customers, suppliers, materials) and bills with their lines.

Field keys are not spelt alike from form to form (`FDate`, `FDATE`), and no form answers to a key it does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ORGANISATIONS = ("100", "101")
_COMMON = ("FDocumentStatus", "FCreateDate", "FModifyDate", "FApproveDate")
_BASE = (*_COMMON, "FNumber", "FName", "FForbidStatus", "FCreateOrgId", "FUseOrgId", "FGroup", "FDescription")

STATUSES = {"Z": "暂存", "A": "创建", "B": "审核中", "C": "已审核", "D": "重新审核"}
LABELS = {
    "FBillHead": "基本信息",
    "FSaleOrderEntry": "订单明细",
    "FBillNo": "单据编号",
    "FNumber": "编码",
    "FName": "名称",
    "FShortName": "简称",
    "FTEL": "联系电话",
    "FADDRESS": "通讯地址",
    "FSOCIALCRECODE": "统一社会信用代码",
    "FCustId": "客户",
    "FMaterialId": "物料编码",
    "FQty": "销售数量",
    "FDocumentStatus": "单据状态",
    "FModifyDate": "修改日期",
}


class Form(NamedTuple):
    """One form id. `references` maps a field to the form it points to ("" for what this book does not hold)."""

    id: str
    key: str
    number: str
    fields: frozenset[str]
    required: tuple[str, ...] = ()
    references: Mapping[str, str] = {}
    entries: Mapping[str, frozenset[str]] = {}
    flag: str = "FForbidStatus"
    finance: str = ""

    def has(self, name: str) -> bool:
        """Whether a query may name this field; a dotted name asks a reference for its code or name."""
        head, _, tail = name.partition(".")
        if tail:
            return head in self.references and tail in ("FNumber", "FName", "FNUMBER", "FNAME")
        return head == self.key or head in self.fields or self.entry_of(head) != ""

    def entry_of(self, name: str) -> str:
        """The body a field stands in; empty for a field of the header."""
        name = name.partition(".")[0]
        for entry, fields in self.entries.items():
            if name in fields or name == f"{entry}_FEntryID":
                return entry
        return ""


def _base(form: str, key: str, *more: str, required: tuple[str, ...] = ("FName",)) -> Form:
    references = {"FCreateOrgId": "ORG", "FUseOrgId": "ORG", "FGroup": ""}
    return Form(form, key, "FNumber", frozenset((*_BASE, *more)), required, references)


def sandbox_forms() -> dict[str, Form]:
    """The forms of the sandbox; fields that begin with `F_` are the tenant's own."""
    party = ("FShortName", "FTEL", "FADDRESS", "FTAXREGISTERCODE", "FSOCIALCRECODE", "F_GB_ID", "F_GB_CAPITAL")
    lines = frozenset(("FMaterialId", "FQty", "FPrice", "FTaxPrice", "FEntryNote"))
    forms = (
        _base("BD_Customer", "FCUSTID", *party, "FCUSTTYPE"),
        _base("BD_Supplier", "FSupplierId", *party),
        _base("BD_MATERIAL", "FMATERIALID", "FSpecification", "F_GB_ID"),
        Form(
            "SAL_SaleOrder", "FID", "FBillNo",
            frozenset((*_COMMON, "FBillNo", "FDate", "FCustId", "FSaleOrgId", "FNote", "FCancelStatus", "FCloseStatus",
                       "FSaleOrderFinance", "F_GB_ID")),
            ("FCustId",),
            {"FCustId": "BD_Customer", "FSaleOrgId": "ORG", "FMaterialId": "BD_MATERIAL"},
            {"FSaleOrderEntry": lines},
            "FCancelStatus", "FSaleOrderFinance",
        ),
        Form(
            "AR_receivable", "FID", "FBillNo",
            frozenset((*_COMMON, "FBillNo", "FDATE", "FENDDATE_H", "FCUSTOMERID", "FALLAMOUNTFOR", "FCancelStatus",
                       "FsubHeadFinc")),
            ("FCUSTOMERID",),
            {"FCUSTOMERID": "BD_Customer", "FMATERIALID": "BD_MATERIAL"},
            {"FEntityDetail": frozenset(("FMATERIALID", "FPriceQty", "FTaxPrice"))},
            "FCancelStatus", "FsubHeadFinc",
        ),
        Form(
            "AR_RECEIVEBILL", "FID", "FBillNo",
            frozenset((*_COMMON, "FBillNo", "FDATE", "FCONTACTUNIT", "FREALRECAMOUNTFOR", "FCancelStatus")),
            (),
            {"FCONTACTUNIT": "BD_Customer"},
            {"FRECEIVEBILLENTRY": frozenset(("FRECTOTALAMOUNTFOR", "FCOMMENT"))},
            "FCancelStatus",
        ),
    )  # fmt: skip
    return {form.id: form for form in forms}
