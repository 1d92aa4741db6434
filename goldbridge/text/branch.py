"""Branches in Chinese names: where the head's name ends, which branch it is, and of what kind.

Branches cause most wrong pairs and most missed ones, so a branch's place and number are parts of identity.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from goldbridge.text.division import stem
from goldbridge.text.gazetteer import entries_at
from goldbridge.text.money import numeral
from goldbridge.text.table import by_ending, ending_of
from goldbridge.text.trade import split
from goldbridge.text.walk import walk


class Branch(NamedTuple):
    """`text` is the place or number (杭州西湖, 第3), without 市 and 区; `kind` the canonical kind."""

    text: str
    kind: str


# Kinds that only a branch has, even where the head's legal form is left out: 中国移动杭州分公司.
_STRONG = {
    "分公司": "分公司",
    "子公司": "子公司",
    "支公司": "支公司",
    "中心支公司": "支公司",
    "营销服务部": "营销服务部",
    "分行": "分行",
    "中心支行": "支行",
    "支行": "支行",
    "分理处": "分理处",
    "储蓄所": "储蓄所",
    "分店": "店",
    "连锁店": "店",
    "加盟店": "店",
    "直营店": "店",
    "旗舰店": "店",
    "门店": "店",
    "连锁分店": "店",
    "分厂": "分厂",
    "分部": "分部",
    "分院": "分院",
    "分校": "分校",
    "分所": "分所",
    "分社": "分社",
    "分局": "分局",
    "办事处": "办事处",
    "代表处": "代表处",
    "联络处": "办事处",
    "营业厅": "营业厅",
    "营业所": "营业所",
    "分中心": "分中心",
    "分站": "分站",
    "分支机构": "分公司",
}
# Kinds that are legal forms of their own unless a head's legal form stands before: 示例有限公司杭州经营部.
_WEAK = {
    "店": "店",
    "专卖店": "店",
    "专营店": "店",
    "营业部": "营业部",
    "经营部": "经营部",
    "门市部": "门市部",
    "销售部": "经营部",
    "经销部": "经营部",
    "服务部": "服务部",
    "维修部": "服务部",
    "项目部": "项目部",
    "工程部": "项目部",
    "项目经理部": "项目部",
    "工程处": "工程处",
    "工厂": "分厂",
    "厂": "分厂",
    "加油站": "加油站",
    "加气站": "加油站",
    "收费站": "站",
    "服务区": "服务区",
    "药房": "店",
    "大药房": "店",
    "超市": "店",
    "酒店": "酒店",
    "宾馆": "酒店",
    "研究院": "研究院",
    "研发中心": "研究院",
    "物流中心": "中心",
    "配送中心": "中心",
    "销售中心": "中心",
    "服务中心": "中心",
    "培训中心": "中心",
    "中心": "中心",
    "事业部": "事业部",
    "仓库": "仓库",
    "煤矿": "矿",
    "电厂": "分厂",
    "局": "分局",
    "网点": "营业所",
    "柜台": "店",
    "专柜": "店",
    "管理处": "管理处",
    "管理站": "管理处",
    "供应站": "站",
    "收购站": "站",
    "直属库": "仓库",
    "油库": "仓库",
    "农场": "农场",
    "林场": "农场",
    "供电公司": "供电公司",
    "商场": "店",
    "工会": "工会",
    "工会委员会": "工会",
}
_KINDS = {**_WEAK, **_STRONG}
_inner = re.compile(
    r"有限责任公司|股份有限公司|有限公司|集团公司|股份公司|总公司|(?<![分支子])公司|(?:专业)?合作社|合作联社|信用联社|\(有限合伙\)|\(普通合伙\)|银行(?=.)|"
    r"(?<=[\u4e00-\u9fff]{2})集团(?=.{2})|总厂|(?<=[\u4e00-\u9fff]{3})厂(?=.)|大学|事务所|总店|(?<=..)医院"
)
_ordinal = re.compile(r"第?([零〇一二三四五六七八九十百]+|\d+)")
_opening = re.compile(r"^(?:驻(?!马店)|在)|^[\s\-—·.,:/(]+")


_ENDINGS = by_ending(_KINDS)


def find_branch(key: str) -> tuple[Branch, int] | None:
    """The branch that a name (folded, simplified) ends in, and where the head's name ends; None for no branch."""
    if key.endswith("有限公司"):
        return None  # two names in three
    word = ending_of(key, _ENDINGS)
    at = len(key) - len(word)
    if not word or not at:
        return None
    head = 0
    for inner in _inner.finditer(key, 0, at):
        if inner.end() < at or word in _STRONG or inner[0].endswith("公司"):
            head = inner.end()
    if head:
        if key[head:at].startswith("集团") and head + 2 <= at:
            head += 2
        return Branch(_canonical(key[head:at]), _kind(word, key)), head
    if word in _STRONG or word == "店":
        split_at = _place_tail(key, at, shop=word == "店")
        if split_at:
            return Branch(_canonical(key[split_at:at]), _kind(word, key)), split_at
    if word in _STRONG and word not in ("门店", "连锁店", "营业厅", "分局", "子公司"):
        return Branch("", _kind(word, key)), at
    return None


def _kind(word: str, key: str) -> str:
    kind = _KINDS[word]
    return "分行" if kind == "支行" and key.endswith("分行") else kind


def _place_tail(key: str, at: int, *, shop: bool) -> int:
    """Where a run of place names and ordinals that ends at `at` begins, the head keeping at least two characters; 0 for
    none. For shops the head must end in a trade word (火锅), or the place would be half of a brand."""
    for start in range(2, at):
        if not _covers(key, start, at):
            continue
        if shop and not (split(key[:start]) < start or key[:start].endswith(("药房", "火锅", "超市"))):
            continue
        return start
    return 0


def _covers(key: str, start: int, end: int) -> bool:
    """Whether key[start:end] is one or more places or ordinals, and nothing else."""
    match = _ordinal.match(key, start)
    if match and match.end() <= end and (key[start] == "第" or match.end() == end):
        return match.end() == end or _covers(key, match.end(), end)
    found = walk(key[:end], start, of_name=True)
    if not found:
        return False
    return found.end == end or _covers(key, found.end, end)


@lru_cache(1 << 14)
def _canonical(text: str) -> str:
    """杭州市西湖区 and 杭州西湖 are one place, 第三 and 第3 one number."""
    text = _opening.sub("", text)
    text = _ordinal.sub(_digits, text) if text.startswith("第") or _ordinal.fullmatch(text) else text
    parts, at = [], 0
    while at < len(text):
        form = next((entry.form for entry in entries_at(text, at) if not entry.short), text[at])
        parts.append(stem(form) if len(form) > 1 and not text.startswith("场", at + len(form)) else "")
        parts[-1] = parts[-1] or form
        at += len(form)
    return "".join(parts).strip(" -()·,")


def _digits(match: re.Match[str]) -> str:
    number = match[1]
    value = number if number.isdecimal() else numeral(number)
    return f"第{int(value)}" if value is not None else match[0]
