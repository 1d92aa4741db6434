"""Names of organisations taken apart: region, brand, trade, legal form, branch, group, numbers.

A Chinese name is region + brand (字号) + trade + legal form, but the region may stand in brackets behind the brand or
before the form, place words may be the brand (邯郸市金湖...), and a branch carries its head's whole name. What a part
was read as is said; the name itself is never changed. Parts are in the script they were typed in: compare them through
`match_form`, as `core` (brand and trade, the match key without region and form) already is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from goldbridge.text.branch import Branch, find_branch
from goldbridge.text.fold import fold_width, is_settled, match_form, simplify
from goldbridge.text.legal_form import chinese_form, kind_without_form, leading_form
from goldbridge.text.number import mark_of, without_ordinals
from goldbridge.text.organisation_bracket import CJK, GROUP, read_brackets, without
from goldbridge.text.organisation_region import Notes, find_region, short_region, trimmed
from goldbridge.text.trade import first_word, split


class Organisation(NamedTuple):
    """The parts of a name; "" (False) for what it does not have.

    `region` is the code of the division the name begins with or carries in brackets, `region_text` how it was typed
    (also 中国 or a country). `form` is the canonical legal form. `branch` is a branch's place or number, `branch_kind`
    what it is (分公司, 支行, 店, branch ...). `number_mark` holds the numbers that part namesakes (第八, 二号, Ⅱ),
    in digits. `script` is cjk or latin, `kind` company, branch, cooperative, individual, public or other. `former` is
    a former name noted in brackets, `alias` a name in the other script, `note` any other remark in brackets.
    """

    original: str
    region: str
    region_text: str
    brand: str
    trade: str
    form: str
    branch: str
    branch_kind: str
    group: bool
    number_mark: str
    script: str
    kind: str
    core: str
    former: str = ""
    alias: str = ""
    note: str = ""


_blank = re.compile(r"(?<=[\u3000-\u9fff\uac00-\ud7af)])\s+|\s+(?=[\u3000-\u9fff\uac00-\ud7af(])")
_edges = re.compile(r"^[\s\"'“”‘’*#,，.。、;:：\-_/\\|《》<>]+|[\s\"'“”‘’*#,，.。、;:：\-_/\\|《》<>]+$")
_LONGEST = 300
_HOMES = ("中国", "国家", "中华")


@lru_cache(1 << 15)
def parse_organisation(text: str) -> Organisation:
    """Take a name apart; never fails, what cannot be a name (more than 300 characters) has only a `core`."""
    if len(text) > _LONGEST:
        script = "cjk" if CJK.search(text) else "latin"
        core = match_form(text[:_LONGEST])
        return Organisation(text, "", "", "", "", "", "", "", False, "", script, "other", core)
    settled = is_settled(text)
    folded = text if settled else fold_width(text)
    if not (folded[:1].isalnum() and folded[-1:].isalnum()):
        folded = _edges.sub("", folded)
    if folded.isascii() or not CJK.search(folded):
        from goldbridge.text.organisation_latin import parse_latin

        return parse_latin(text, folded)
    if " " in folded or "\t" in folded or "\n" in folded:
        folded = _blank.sub("", folded)
    key = folded if settled else simplify(folded)
    if len(key) != len(folded):
        folded = key
    upper = key.upper()
    return _parse(text, folded, upper if len(upper) == len(key) else key)


def _parse(original: str, text: str, key: str) -> Organisation:
    """Take apart `text` as typed (folded); `key` is the same in simplified script, and both are cut alike."""
    notes = Notes()
    if "(" in key or ")" in key:
        text, key = read_brackets(text, key, notes)
    branch = notes.branch
    if branch is None:
        found = find_branch(key)
        if found:
            branch, end = found
            text, key = text[:end], key[:end]
    kind = ""
    form, size = leading_form(key)
    if form:
        kind, text, key = "company", text[size:], key[size:]
    whole, group = key, notes.group
    found_form = chinese_form(key) if not form else None
    if found_form and (found_form.canonical != "店" or not _is_trade_shop(key)):
        start, form, kind = found_form
        group = group or key.startswith("集团公司", start)
        text, key = text[:start], key[:start]
    if GROUP in key:
        group = True
        text, key = _without_group(text, key)
    if group and not form:
        form, kind = GROUP, "company"
    if not kind or kind == "individual":
        plain_kind = kind_without_form(whole)
        kind = plain_kind if not kind or plain_kind == "public" else kind
    text, key = trimmed(text, key)
    region, region_text, text, key = find_region(text, key, notes)
    if notes.office and branch is None:
        branch = Branch(notes.office, "分所")
    number = mark_of(key)
    if number:
        for start, end in reversed(without_ordinals(key)):
            text, key = without(text, key, start, end)
    brand, trade = _brand_and_trade(text, key, region_text)
    return Organisation(
        original,
        region.code if region else "",
        region_text,
        brand,
        trade,
        form,
        branch.text if branch else "",
        branch.kind if branch else "",
        group,
        number,
        "cjk",
        "branch" if branch else kind,
        match_form(brand + trade),
        notes.former,
        notes.alias,
        notes.note,
    )


def _is_trade_shop(key: str) -> bool:
    """书店, 酒店, 饭店 and 药店 are trades, not shops of one."""
    return key.endswith(("书店", "酒店", "饭店", "药店", "旅店")) and not key.endswith("图书店")


def _without_group(text: str, key: str) -> tuple[str, str]:
    start = key.rfind(GROUP)
    end = start + len(GROUP)
    if end == len(key) and start > 3 and key.endswith("企业", 0, start):
        start -= 2
    return without(text, key, start, end)


def _brand_and_trade(text: str, key: str, region_text: str) -> tuple[str, str]:
    if not key:
        return "", ""
    if key.startswith(_HOMES) and len(key) > 2:
        # 中国移动, 中国石油: the country and the first word are the brand together.
        rest = key[2:]
        at = split(rest)
        size = 2 + (len(first_word(rest)) if at == 0 else at)
        return text[:size], text[size:]
    at = split(key)
    if at:
        return text[:at], text[at:]
    word = first_word(key)
    if region_text and key != region_text:
        # 上海电气, 杭州银行: where nothing but a trade follows the region, both together are the brand.
        return short_region(region_text) + text[: len(word)], text[len(word) :]
    return text[: len(word)], text[len(word) :]
