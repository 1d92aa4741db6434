"""What stands in the brackets of an organisation's name: a place, a former name, a remark, a branch."""

from __future__ import annotations

import re

from goldbridge.text.branch import find_branch
from goldbridge.text.organisation_region import Notes, sense
from goldbridge.text.walk import walk

GROUP = "集团"
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_bracket = re.compile(r"\(([^()]*)\)?")
_former = re.compile(r"(?:原名称?|原公司名称?|曾用名|前身为?|旧名称?|更名前|变更前|原系|原为|原)[为是]?[:：]?(.{2,})")
_renamed = re.compile(r"(?:现?已?更名为?|现名|现为|变更为|现)[:：]?(.{4,})")
_remark = re.compile(
    r"筹|筹建|个体工商户?|个体户?|中外合资|中外合作|外商独资|外资|外商投资|合资|独资|台港澳.*|港澳台.*|内资|国有.*|集体.*|民营|私营|自然人.*|"
    r"法人独资|一人.*|已?注销.*|已?吊销.*|已?停业.*|已?停用|作废|测试|重复|勿用|禁用|黑名单|临时|新|旧|老|总部|本部|总公司|母公司|直属|"
    r"客户|供应商|经销商|代理商?|月结|现结|开票|不开票|含税|暂停|待定|合并|.*证照.*|.*专用章?|上市.*|股票代码.*|[0-9A-Z]{6,20}"
)


def without(text: str, key: str, start: int, end: int) -> tuple[str, str]:
    return text[:start] + text[end:], key[:start] + key[end:]


def read_brackets(text: str, key: str, notes: Notes) -> tuple[str, str]:
    """Take out every bracket whose content is understood; what is not stays as part of the name, without brackets."""
    position = 0
    while match := _bracket.search(key, position):
        inner = match[1].strip()
        start, end = match.span()
        if _is_form(key, inner, end) and start > 0:
            position = end
        elif _understood(key, inner, text[match.start(1) : match.end(1)].strip(), notes, start):
            text, key = without(text, key, start, end)
            position = start
        else:
            if key.endswith(")", 0, end):
                text, key = without(text, key, end - 1, end)
            text, key = without(text, key, start, start + 1)
            position = max(start - 1, 0)
    if ")" in key and "(" not in key:
        for at in range(len(key) - 1, -1, -1):
            if key[at] == ")":
                text, key = without(text, key, at, at + 1)
    return text, key


def _is_form(key: str, inner: str, end: int) -> bool:
    return end == len(key) and inner in (
        "有限合伙",
        "普通合伙",
        "特殊普通合伙",
        "特殊的普通合伙",
        "个人独资",
        "株",
        "주",
    )


def _understood(key: str, inner: str, typed: str, notes: Notes, bracket: int) -> bool:
    if not inner:
        return True
    if inner == GROUP or (inner.endswith(GROUP) and len(inner) <= 4):
        notes.group = True
        if inner != GROUP and not _place(inner[:-2], notes, typed):
            notes.note = notes.note or typed
        return True
    if _place(inner, notes, typed):
        return True
    found = _former.fullmatch(inner)
    if found:
        notes.former = notes.former or typed[found.start(1) : found.end(1)]
        return True
    found = _renamed.fullmatch(inner)
    if found and bracket > 0:
        notes.note = notes.note or typed
        return True
    if _remark.fullmatch(inner) and bracket > 0:
        notes.note = notes.note or typed
        return True
    if bracket > 0 and not CJK.search(inner) and re.search(r"[A-Z]{2}", inner) and " " in inner:
        notes.alias = notes.alias or typed
        return True
    if bracket > 0 and notes.branch is None:
        whole = find_branch(key[:bracket] + inner)
        if whole and whole[1] <= bracket:
            notes.branch = whole[0]
            return True
    return False


_WIDER = (
    "中国 国际 亚洲 亚太 远东 大中华 大中华区 全国 日本 韩国 美国 英国 德国 法国 新加坡 "
    "华东 华南 华北 华中 东北 西北 西南 长三角"
)
_COUNTRIES = frozenset(_WIDER.split())


def _place(inner: str, notes: Notes, typed: str) -> bool:
    """Whether the content of a bracket is a place and nothing else; notes it."""
    found = walk(inner, 0, of_name=True)
    if found and found.end == len(inner):
        if notes.place is None:
            notes.place, notes.place_text = sense(found.path).division, typed
        return True
    if inner in _COUNTRIES:
        notes.place_text = notes.place_text or typed
        return True
    return False
