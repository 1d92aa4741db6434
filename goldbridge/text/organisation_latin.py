"""Names of organisations in Latin, Cyrillic, Greek and other alphabets taken apart like the Chinese ones.

The legal form is looked for at the end, then at the start (PT ..., ООО ...); places are known by their romanised
names; the trade is the run of trade words at the end.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from goldbridge.text.country import names_of_countries
from goldbridge.text.division import by_code, city_code
from goldbridge.text.fold import match_form
from goldbridge.text.legal_form import DESCRIPTIVE, WORD, latin_form, leading_latin_form, plain
from goldbridge.text.number import roman
from goldbridge.text.organisation import Organisation
from goldbridge.text.table import lines, rows
from goldbridge.text.trade import latin_words

_branch = re.compile(
    r"\b(?P<kind>branch(?:\s+office)?|representative\s+office|rep\.?\s+office|liaison\s+office|zweigniederlassung|niederlassung|"
    r"succursale|sucursal|sucursala|filial|sede\s+secondaria|oddział|bijkantoor|sivuliike|organizačn[íáa]\s+(?:složka|zložka)|fióktelepe?)\b"
    r"(?P<after>[^)]*)\)?\s*$",
    re.IGNORECASE,
)
_branch_filler = re.compile(r"\b(?:of|in|en|w|v|de|i|der|the|branch|office)\b|[(),.:–-]", re.IGNORECASE)
_state = re.compile(
    r"[,;\s\-–(\"]*(?:(?:in|en|i|w|v)\s+(?:voluntary\s+|members'\s+|creditors'\s+)?(?:liquidation|liquidazione|liquidación|liquidação|"
    r"liquidatie|likwidacji|likvidácii|likvidaci|administration|receivership|insolvency|bankruptcy|konkurs|liq\.?)|i\.\s?l\.|i\.\s?gr\.|"
    r"\(?publ\.?\)?|formerly\s.*|in\s+forma\s+abbreviata.*)\W*$",
    re.IGNORECASE,
)
_former = re.compile(r"\((?:formerly|f/k/a|fka|ex|previously)[\s:.]+([^)]+)\)", re.IGNORECASE)
_alias = re.compile(r"\b(?:d/b/a|dba|t/a|trading as)\s+(.+)$", re.IGNORECASE)
# What none of the remarks above, and no branch, is said without; for texts in lower case.
_hint = re.compile(
    r"\(|/|dba|trading as|branch|office|niederlassung|suc[cu]|filial|sede|bijkantoor|sivuliike|organiza|"
    r"li[qk]|administration|receivership|insolvency|bankruptcy|konkurs|i\.|publ|formerly|abbreviata"
)
_note = re.compile(r"\(([^()]*)\)")
_numbered = re.compile(r"(?:no|nr|number|phase|series|tranche|compartment|fund|lp|trust|vehicle|spv|unit)")
_GROUPS = frozenset({"group", "grp", "groupe", "gruppe", "gruppo", "grupo", "groep", "gruppen", "konsern"})
_LETTERS = frozenset("icdmlxv")
_LINKS = frozenset({"&", "and", "und", "et", "y", "e", "of", "for", "de", "the", "en", "og", "och", "i"})
_WIDER = """
china prc india uk usa us germany deutschland france italia italy spain espana nederland netherlands belgium schweiz
suisse switzerland austria osterreich polska poland sverige sweden norge norway danmark denmark suomi finland ireland
portugal romania hungary japan korea singapore malaysia thailand vietnam indonesia philippines australia canada brasil
brazil mexico argentina chile turkey israel cyprus malta jersey guernsey luxembourg europe asia pacific asia-pacific
america international global russia ukraine nigeria kenya mauritius pakistan bangladesh egypt dubai uae bvi cayman
"""
_COUNTRIES = frozenset(_WIDER.split())


@cache
def _places() -> dict[str, str]:
    return dict(rows("place_pinyin.csv"))


@cache
def _cities() -> frozenset[str]:
    return frozenset(name for line in lines("cities_latin.txt") for name in line.split())


class _Words(NamedTuple):
    """The words of a text: where they stand, and as they are compared."""

    spans: list[tuple[int, int]]
    plain: list[str]

    def cut(self, start: int, end: int) -> _Words:
        return _Words(self.spans[start:end], self.plain[start:end])


def parse_latin(original: str, text: str) -> Organisation:
    """Take a name without Chinese characters apart; `text` is folded."""
    former = alias = branch = branch_kind = note = region = region_text = ""
    if not text.isascii() or _hint.search(text.lower()):
        match = _former.search(text)
        if match:
            former, text = match[1].strip(), (text[: match.start()] + text[match.end() :]).strip()
        match = _alias.search(text)
        if match and match.start() > 3:
            alias, text = match[1].strip(), text[: match.start()].rstrip(" ,(-")
        branch, branch_kind, text = _read_branch(text)
        match = _state.search(text)
        if match and match.start() > 2:
            note, text = match[0].strip(' ,-–()"'), text[: match.start()]
        region_text, region, text = _bracketed_place(text)
    words = _words(text)
    form, words = _form(words)
    if not form:
        form, words, place = _place_behind_form(text, words)
        note = note or place
    if not region_text:
        region_text, region, words = _leading_place(text, words)
    group = not _GROUPS.isdisjoint(words.plain)
    number, words = _number(words)
    at = _trade_start(text, words)
    brand = _typed(text, words.spans[:at])
    trade = _typed(text, words.spans[at:])
    if not brand and region_text:
        brand = region_text
    core = match_form(brand + trade) or match_form(text)
    return Organisation(
        original,
        region,
        region_text,
        brand,
        trade,
        form,
        branch,
        branch_kind,
        group,
        number,
        "latin",
        "branch" if branch_kind else _kind(form, words.plain),
        core,
        former,
        alias,
        note,
    )


def _words(text: str) -> _Words:
    text = text.lower() if text.isascii() else text
    typed, spans, end = WORD.findall(text), [], 0
    for word in typed:
        start = text.find(word, end)
        end = start + len(word)
        spans.append((start, end))
    words = [plain(word) for word in typed]
    first = 1 if len(words) > 2 and words[0] == "the" else 0
    return _Words(spans[first:], words[first:])


def _read_branch(text: str) -> tuple[str, str, str]:
    """A branch's place, its kind, and the head's name: Example GmbH Taiwan Branch, Example Ltd, sucursal en España."""
    match = _branch.search(text)
    if not match or match.start() < 3:
        return "", "", text
    word = match["kind"].lower()
    kind = "office" if "office" in word and "branch" not in word else "branch"
    head = text[: match.start()].rstrip(" ,;:(-–")
    place = match["after"]
    spans, words = _words(head)
    for size in range(len(words), len(words) - min(4, len(words) - 1), -1):
        if latin_form(words[:size])[0]:
            end = spans[size - 1][1]
            head, place = head[:end], head[end:] + " " + place
            break
    else:
        cut = max(head.rfind(","), head.rfind(" - "), head.rfind("("), head.rfind(" – "))
        if cut > 2:
            head, place = head[:cut], head[cut + 1 :] + " " + place
        elif len(words) > 2 and not place.strip():
            start = spans[-1][0]
            head, place = head[:start], head[start:]
    return " ".join(_branch_filler.sub(" ", place).split()), kind, head.rstrip(" ,;:(-–")


def _bracketed_place(text: str) -> tuple[str, str, str]:
    """(Shanghai), (India): the place, its code when it is in China, and the name without the bracket."""
    for match in _note.finditer(text):
        inner = " ".join(_words(match[1]).plain)
        code = _places().get(inner.replace(" ", ""), "")
        if code or inner in _COUNTRIES:
            return match[1].strip(), code, text[: match.start()] + " " + text[match.end() :]
    return "", "", text


def _form(words: _Words) -> tuple[str, _Words]:
    form, start, end = "", 0, len(words.plain)
    for _ in range(3):
        size, canonical = latin_form(words.plain[:end])
        if not size or (form and (canonical in DESCRIPTIVE or form in DESCRIPTIVE)):
            break  # Example Fund LP: the fund is what it does
        end -= size
        form = form or canonical
    size, canonical = leading_latin_form(words.plain[:end])
    if size and (form in ("", "Co Ltd", canonical) or (canonical, form) == ("Oy", "AB")):
        form, start = canonical, size
    return form, words.cut(start, end) if form else words


def _place_behind_form(text: str, words: _Words) -> tuple[str, _Words, str]:
    """Example GmbH, Berlin: behind the form stands no name, but where the company is."""
    count = len(words.plain)
    for size in range(1, min(4, count - 1)):
        if _is_place("".join(words.plain[-size:])):
            form, kept = _form(words.cut(0, count - size))
            if form and form not in DESCRIPTIVE:
                return form, kept, text[words.spans[-size][0] : words.spans[-1][1]]
    return "", words, ""


def _is_place(name: str) -> bool:
    return name in _cities() or name in _COUNTRIES or name in _places() or name in names_of_countries()


def _leading_place(text: str, words: _Words) -> tuple[str, str, _Words]:
    (spans, known), count, places = words, len(words.plain), _places()
    for size in (2, 1):
        if count > size and len(known[0]) > 1:  # H K Industries is not at home in Hong Kong
            code = places.get("".join(known[:size]), "")
            if code:
                follow, taken = "", size
                if count > size + 1 and known[size] in ("city", "province", "municipality"):
                    taken += 1
                elif count > size + 1:
                    follow = places.get(known[size], "")
                if follow and follow != code and _inside(follow, code):
                    code, taken = follow, size + 1
                return text[spans[0][0] : spans[taken - 1][1]], code, words.cut(taken, count)
    for size in (2, 1):
        if count > size + 1:
            name = "".join(known[-size:])
            if name in places or name in _COUNTRIES:
                return text[spans[-size][0] : spans[-1][1]], places.get(name, ""), words.cut(0, count - size)
    return "", "", words


def _inside(code: str, outer: str) -> bool:
    return bool(by_code(code)) and (code.startswith(outer[:2]) if outer.endswith("0000") else city_code(code) == outer)


def _number(words: _Words) -> tuple[str, _Words]:
    """The number of a fund or vehicle at the end: No. 2, Fund II, Phase 3."""
    count = len(words.plain)
    if count < 2:
        return "", words
    last, before = words.plain[-1], words.plain[-2]
    value = int(last) if last.isdecimal() and last.isascii() and len(last) < 5 else None
    if value is None and len(last) < 7 and (last not in _LETTERS or _numbered.fullmatch(before)):
        value = roman(last)
    if value is None:
        return "", words
    return str(value), words.cut(0, count - (2 if before in ("no", "nr", "number") and count > 2 else 1))


def _trade_start(text: str, words: _Words) -> int:
    """Where the trade words at the end begin; the first word is left for the brand."""
    spans, known = words
    trades, count = latin_words(), len(known)
    at = count
    while at > 1 and (known[at - 1] in trades or (known[at - 1] in _LINKS and at < count)):
        at -= 1
    while at < count and (known[at] in _LINKS or text[spans[at - 1][1] : spans[at][0]] == "-"):
        at += 1
    return at


def _typed(text: str, spans: list[tuple[int, int]]) -> str:
    return " ".join(text[spans[0][0] : spans[-1][1]].split()).strip(" ,.-\"'()") if spans else ""


_PUBLIC = frozenset(
    {"university", "hospital", "ministry", "government", "council", "municipality", "school", "college", "church"}
)
_NO_COMPANY = {
    "Foundation": "public",
    "Verein": "public",
    "eV": "public",
    "SCoop": "cooperative",
    "Scarl": "cooperative",
    "eG": "cooperative",
}


def _kind(form: str, words: list[str]) -> str:
    if form:
        return _NO_COMPANY.get(form, "company")
    return "other" if _PUBLIC.isdisjoint(words) else "public"
