"""Names of organisations in Latin, Cyrillic, Greek and other alphabets taken apart like the Chinese ones.

The legal form is looked for at the end, then at the start (PT ..., ООО ...); places are known by their romanised
names; the trade is the run of trade words at the end.
"""

from __future__ import annotations

import re
from functools import cache

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


class _Word:
    __slots__ = ("end", "plain", "start")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start, self.end, self.plain = start, end, text


def parse_latin(original: str, text: str) -> Organisation:
    """Take a name without Chinese characters apart; `text` is folded."""
    former = alias = ""
    match = _former.search(text)
    if match:
        former, text = match[1].strip(), (text[: match.start()] + text[match.end() :]).strip()
    match = _alias.search(text)
    if match and match.start() > 3:
        alias, text = match[1].strip(), text[: match.start()].rstrip(" ,(-")
    branch, branch_kind, text = _read_branch(text)
    note = ""
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
    group = any(word.plain in _GROUPS for word in words)
    number, words = _number(words)
    at = _trade_start(text, words)
    brand = _typed(text, words[:at])
    trade = _typed(text, words[at:])
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
        "branch" if branch_kind else _kind(form, words),
        core,
        former,
        alias,
        note,
    )


def _words(text: str) -> list[_Word]:
    found = [_Word(match.start(), match.end(), plain(match[0])) for match in WORD.finditer(text)]
    return found[1:] if len(found) > 2 and found[0].plain == "the" else found


def _read_branch(text: str) -> tuple[str, str, str]:
    """A branch's place, its kind, and the head's name: Example GmbH Taiwan Branch, Example Ltd, sucursal en España."""
    match = _branch.search(text)
    if not match or match.start() < 3:
        return "", "", text
    word = match["kind"].lower()
    kind = "office" if "office" in word and "branch" not in word else "branch"
    head = text[: match.start()].rstrip(" ,;:(-–")
    place = match["after"]
    tokens = _words(head)
    for size in range(min(4, len(tokens) - 1)):
        kept = tokens[: len(tokens) - size]
        if latin_form([each.plain for each in kept])[0]:
            place = head[kept[-1].end :] + " " + place
            head = head[: kept[-1].end]
            break
    else:
        cut = max(head.rfind(","), head.rfind(" - "), head.rfind("("), head.rfind(" – "))
        if cut > 2:
            head, place = head[:cut], head[cut + 1 :] + " " + place
        elif len(tokens) > 2 and not place.strip():
            head, place = head[: tokens[-1].start], head[tokens[-1].start :]
    return " ".join(_branch_filler.sub(" ", place).split()), kind, head.rstrip(" ,;:(-–")


def _bracketed_place(text: str) -> tuple[str, str, str]:
    """(Shanghai), (India): the place, its code when it is in China, and the name without the bracket."""
    for match in _note.finditer(text):
        inner = " ".join(word.plain for word in _words(match[1]))
        code = _places().get(inner.replace(" ", ""), "")
        if code or inner in _COUNTRIES:
            return match[1].strip(), code, text[: match.start()] + " " + text[match.end() :]
    return "", "", text


def _form(words: list[_Word]) -> tuple[str, list[_Word]]:
    form = ""
    for _ in range(3):
        size, canonical = latin_form([word.plain for word in words])
        if not size or (form and (canonical in DESCRIPTIVE or form in DESCRIPTIVE)):
            break  # Example Fund LP: the fund is what it does
        words = words[:-size]
        form = form or canonical
    size, canonical = leading_latin_form([word.plain for word in words])
    if size and (form in ("", "Co Ltd", canonical) or (canonical, form) == ("Oy", "AB")):
        return canonical, words[size:]
    return form, words


def _place_behind_form(text: str, words: list[_Word]) -> tuple[str, list[_Word], str]:
    """Example GmbH, Berlin: behind the form stands no name, but where the company is."""
    for size in (1, 2, 3):
        name = "".join(word.plain for word in words[-size:])
        if len(words) > size + 1 and _is_place(name):
            form, kept = _form(words[:-size])
            if form and form not in DESCRIPTIVE:
                return form, kept, text[words[-size].start : words[-1].end]
    return "", words, ""


def _is_place(name: str) -> bool:
    return name in _cities() or name in _COUNTRIES or name in _places() or name in names_of_countries()


def _leading_place(text: str, words: list[_Word]) -> tuple[str, str, list[_Word]]:
    for size in (2, 1):
        if len(words) > size and len(words[0].plain) > 1:  # H K Industries is not at home in Hong Kong
            code = _places().get("".join(word.plain for word in words[:size]), "")
            if code:
                follow, taken = "", size
                if len(words) > size + 1 and words[size].plain in ("city", "province", "municipality"):
                    taken += 1
                elif len(words) > size + 1:
                    follow = _places().get(words[size].plain, "")
                if follow and follow != code and _inside(follow, code):
                    code, taken = follow, size + 1
                return text[words[0].start : words[taken - 1].end], code, words[taken:]
    for size in (2, 1):
        if len(words) > size + 1:
            name = "".join(word.plain for word in words[-size:])
            if name in _places() or name in _COUNTRIES:
                return text[words[-size].start : words[-1].end], _places().get(name, ""), words[:-size]
    return "", "", words


def _inside(code: str, outer: str) -> bool:
    return bool(by_code(code)) and (code.startswith(outer[:2]) if outer.endswith("0000") else city_code(code) == outer)


def _number(words: list[_Word]) -> tuple[str, list[_Word]]:
    """The number of a fund or vehicle at the end: No. 2, Fund II, Phase 3."""
    if len(words) < 2:
        return "", words
    last, before = words[-1].plain, words[-2].plain
    value = int(last) if last.isdecimal() and last.isascii() and len(last) < 5 else None
    if value is None and len(last) < 7 and (last not in _LETTERS or _numbered.fullmatch(before)):
        value = roman(last)
    if value is None:
        return "", words
    cut = 2 if before in ("no", "nr", "number") and len(words) > 2 else 1
    return str(value), words[:-cut]


def _trade_start(text: str, words: list[_Word]) -> int:
    """Where the trade words at the end begin; the first word is left for the brand."""
    known, at = latin_words(), len(words)
    while at > 1 and (words[at - 1].plain in known or (words[at - 1].plain in _LINKS and at < len(words))):
        at -= 1
    while at < len(words) and (words[at].plain in _LINKS or text[words[at - 1].end : words[at].start] == "-"):
        at += 1
    return at


def _typed(text: str, words: list[_Word]) -> str:
    return " ".join(text[words[0].start : words[-1].end].split()).strip(" ,.-\"'()") if words else ""


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


def _kind(form: str, words: list[_Word]) -> str:
    if form:
        return _NO_COMPANY.get(form, "company")
    return "public" if any(word.plain in _PUBLIC for word in words) else "other"
