"""What the header of a column announces, in the words people use for it in English and Chinese."""

from __future__ import annotations

import re
from typing import NamedTuple

from goldbridge.text.fold import fold_width

IGNORE = "ignore"


class _Line(NamedTuple):
    kind: str
    part: str
    latin: frozenset[str]
    chinese: tuple[str, ...]


# kind, part of a company's record | whole headers in Latin letters | pieces of Chinese headers. The first line that
# fits counts, so the narrower ones stand first: 公司电话 is a telephone, and 公司 alone a name.
_TABLE = """
identifier credit_code | credit code, uscc, social credit, tax no, tax number, tax id, vat |
identifier credit_code | | 信用代码, 税号, 纳税人识别号
identifier lei | lei, legal entity identifier |
organisation former_names | former name, previous name, old name | 曾用名, 原名称
organisation short_name | short name, brand | 简称
organisation name | company, company name, organisation, organization, organisation name, organization name, org name |
organisation name | firm, legal name, business name, entity name, customer name, supplier name, vendor name |
organisation name | partner name, account name, customer, supplier, vendor |
organisation name | | 企业名, 公司名, 单位名, 客户名, 商户名, 机构名, 供应商名, 经销商名
person person | contact name, contact person, contact, legal person, legal representative, owner name |
person person | | 联系人, 法人, 法定代表人, 负责人, 客户经理, 业务员
person | full name, person name | 姓名
name | first name, given name, surname, last name, family name, forename, middle name, maiden name |
name | first and surname, nickname, name, author, artist | 名字, 姓, 昵称
phone phones | phone, phone number, telephone, tel, mobile, cell, fax, mobile phone | 电话, 手机, 座机, 传真, 联系方式
email emails | email, e mail, mail, email address | 邮箱, 邮件
domain website | website, url, domain, homepage, web | 网址, 网站, 官网, 域名
code | postcode, post code, zip, zip code, postal code | 邮编, 邮政编码
date | date, dob, date of birth, birth date, birthday, year, birth year, founded | 日期, 生日, 时间, 年份, 成立
number | price, amount, cost, capital, revenue, quantity, weight, height | 价格, 金额, 资本, 数量, 收入
text | title, description, abstract, comment, notes, authors, remarks | 描述, 备注, 标题, 简介, 经营范围
address line | address, street, addr, address line, street address, address 1, address 2 | 地址, 住所, 街道
place province | province | 省
place district | district, county | 区县
place city | city, town, suburb | 城市, 市
place district | | 区, 县
category country | country, country code, country name, nation | 国家, 国别
category | gender, sex, state, type, status, category, class, nationality |
category | | 性别, 类型, 类别, 状态, 等级, 级别, 来源, 规模, 行业
ignore | id, rid, row id, record id, key, row, index, no, number, uuid, guid, seq |
ignore | | 编号, 序号, 主键, 行号, 代码, 编码, ID
organisation name | | 供应商, 经销商, 商户, 往来单位, 公司, 企业, 客户
name | | 名称
"""

_word = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")


def _line(text: str) -> _Line:
    what, latin, chinese = (cell.strip() for cell in text.split("|"))
    kind, _, part = what.partition(" ")
    words = frozenset(word.strip() for word in latin.split(",") if word.strip())
    return _Line(kind, part, words, tuple(piece.strip() for piece in chinese.split(",") if piece.strip()))


_LINES = tuple(_line(text) for text in _TABLE.strip().splitlines())


def announced_by(header: str) -> tuple[str, str]:
    """The kind and the part of a company's record that a header announces, ("", "") for one that says nothing."""
    folded = fold_width(header).strip()
    words = " ".join(word for word in _word.split(folded) if word).lower()
    for line in _LINES:
        if words in line.latin or any(piece in folded for piece in line.chinese):
            return line.kind, line.part
    tail = words.rsplit(" ", 1)[-1]
    return next(((line.kind, line.part) for line in _LINES if line.kind != IGNORE and tail in line.latin), ("", ""))
