"""The objects beyond customers: pools, products, and everything from a lead to the last payment.

Names of objects are the vendor's. Most field names are our guess at a tenant of this kind (no list of them is public);
what counts is how objects hang together: look-ups, masters and their lines.
"""

from __future__ import annotations

from goldbridge.simulators.fxiaoke.field import Field, ObjectSchema, make_object, options


def sale_objects(seed: int) -> tuple[ObjectSchema, ...]:
    """In an order in which look-ups point backwards."""
    return (
        _plain("LeadsPoolObj", "线索池"),
        _plain("HighSeasObj", "公海"),
        _made(
            "LeadsObj",
            "销售线索",
            Field("company", "公司", length=100),
            Field("tel", "电话", "phone_number", length=100),
            Field("mobile", "手机", "phone_number", length=100),
            Field("email", "邮件", "email", length=100),
            Field("source", "来源", "select_one", options=options("lead_source", ("官网", "展会", "转介绍"), seed)),
            Field("leads_status", "状态", "select_one", options=_LEADS),
            _link("leads_pool_id", "线索池", "LeadsPoolObj"),
        ),
        _made(
            "AccountAddrObj",
            "客户地址",
            _link("account_id", "客户名称", "AccountObj", required=True),
            Field("country", "国家", "country", length=10),
            Field("province", "省", "province", length=6),
            Field("city", "市", "city", length=6),
            Field("district", "区", "district", length=6),
            Field("address", "详细地址", length=300),
            Field("is_default_add", "默认地址", "true_or_false"),
        ),
        _made(
            "AccountFinInfoObj",
            "客户财务信息",
            _link("account_id", "客户名称", "AccountObj", required=True),
            Field("tax_id", "纳税人识别号", length=30),
            Field("account_bank", "开户行", length=100),
            Field("bank_account", "账号", length=40),
        ),
        _plain("SPUObj", "商品"),
        _made(
            "ProductObj",
            "产品",
            Field("product_code", "产品编码", unique=True, length=64),
            Field("product_spec", "规格", length=100),
            Field("unit", "单位", "select_one", options=options("unit", ("台", "套", "件"), seed)),
            Field("price", "标准价格", "currency"),
            _link("spu_id", "商品", "SPUObj"),
        ),
        _made("PriceBookObj", "价目表", Field("start_date", "生效", "date"), Field("end_date", "失效", "date")),
        _made(
            "PriceBookProductObj",
            "价目表明细",
            _master("pricebook_id", "价目表", "PriceBookObj"),
            _link("product_id", "产品", "ProductObj"),
            Field("pricebook_sellingprice", "价目表售价", "currency"),
            named=False,
        ),
        _made("OpportunityObj", "商机", _ACCOUNT, Field("expected_deal_amount", "预计金额", "currency")),
        _made(
            "NewOpportunityObj",
            "商机2.0",
            _ACCOUNT,
            Field("amount", "商机金额", "currency"),
            Field("close_date", "预计成交日期", "date"),
            _link("leads_id", "线索", "LeadsObj"),
        ),
        _lines("NewOpportunityLinesObj", "商机2.0明细", _master("new_opportunity_id", "商机", "NewOpportunityObj")),
        _made(
            "NewOpportunityContactsObj",
            "商机联系人",
            _master("new_opportunity_id", "商机", "NewOpportunityObj"),
            _link("contact_id", "联系人", "ContactObj"),
            named=False,
        ),
        _made(
            "QuoteObj",
            "报价单",
            _ACCOUNT,
            Field("quote_amount", "金额", "currency"),
            Field("quote_time", "日期", "date"),
        ),
        _lines("QuoteLinesObj", "报价单明细", _master("quote_id", "报价单", "QuoteObj")),
        _made("ContractObj", "合同", _ACCOUNT, Field("contract_amount", "合同金额", "currency")),
        _made(
            "SalesOrderObj",
            "销售订单",
            _ACCOUNT,
            _link("partner_id", "合作伙伴", "PartnerObj"),
            _link("price_book_id", "价目表", "PriceBookObj"),
            Field("order_amount", "销售订单金额", "currency"),
            Field("order_time", "下单日期", "date"),
        ),
        _lines("SalesOrderProductObj", "订单产品", _master("order_id", "销售订单", "SalesOrderObj")),
        _made(
            "InvoiceApplicationObj",
            "开票申请",
            _ACCOUNT,
            Field("invoice_applied_amount", "开票金额", "currency"),
            Field("invoice_date", "开票日期", "date"),
        ),
        _made(
            "InvoiceApplicationLinesObj",
            "开票申请明细",
            _master("invoice_id", "开票申请", "InvoiceApplicationObj"),
            _link("order_id", "销售订单", "SalesOrderObj"),
            Field("invoiced_amount", "本次开票金额", "currency"),
            named=False,
        ),
        _made(
            "PaymentObj",
            "回款",
            _ACCOUNT,
            Field("payment_amount", "回款金额", "currency"),
            Field("payment_time", "回款日期", "date"),
        ),
        _made(
            "OrderPaymentObj",
            "回款明细",
            _master("payment_id", "回款", "PaymentObj"),
            _link("order_id", "销售订单", "SalesOrderObj"),
            Field("payment_amount", "本次回款金额", "currency"),
            named=False,
        ),
        _made(
            "PaymentPlanObj",
            "回款计划",
            _link("order_id", "销售订单", "SalesOrderObj"),
            Field("plan_payment_amount", "计划回款金额", "currency"),
            Field("plan_payment_time", "计划回款日期", "date"),
        ),
        _made(
            "RefundObj",
            "退款",
            _link("order_id", "销售订单", "SalesOrderObj"),
            Field("refunded_amount", "退款金额", "currency"),
            Field("refunded_time", "退款日期", "date"),
        ),
        _made("CreditFileObj", "信用", _ACCOUNT, Field("credit_quota", "信用额度", "currency")),
    )


def approval_objects() -> tuple[ObjectSchema, ...]:
    """What the approval flows look like as objects; nobody writes them."""
    shared = (
        Field("name", "名称", system=True),
        Field("state", "状态", system=True),
        Field("object_api_name", "对象", system=True),
        Field("object_data_id", "数据", system=True),
    )
    return (
        make_object("ApprovalInstanceObj", "审批流实例", shared, approval=False),
        make_object(
            "ApprovalTaskObj", "审批任务", (*shared, Field("instance_id", "实例", system=True)), approval=False
        ),
    )


def _link(name: str, label: str, target: str, *, required: bool = False) -> Field:
    return Field(name, label, "object_reference", target=target, required=required)


def _master(name: str, label: str, target: str) -> Field:
    """The record a line belongs to; lines go where it goes."""
    return Field(name, label, "master_detail", target=target, required=True)


_ACCOUNT = _link("account_id", "客户名称", "AccountObj", required=True)
_LEADS = (("未分配", "1"), ("待处理", "2"), ("已转换", "3"), ("跟进中", "4"), ("无效", "5"))


def _made(name: str, label: str, *fields: Field, named: bool = True) -> ObjectSchema:
    first = (
        Field("name", "名称", required=named, length=100),
        Field("golden_id__c", "集成标识", unique=True, length=64),
    )
    return make_object(name, label, (*first, *fields, Field("remark", "备注", "long_text", length=2000)))


def _plain(name: str, label: str) -> ObjectSchema:
    return _made(name, label)


def _lines(name: str, label: str, master: Field) -> ObjectSchema:
    return _made(
        name,
        label,
        master,
        _link("product_id", "产品", "ProductObj"),
        Field("quantity", "数量", "number"),
        Field("price", "价格", "currency"),
        Field("subtotal", "小计", "currency"),
        named=False,
    )
