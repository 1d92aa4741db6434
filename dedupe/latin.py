"""Names in letters as evidence, word by word: a word in common counts by its rarity, a word that only one has counts
against, and two words where each name has another one say: two companies of one family.

Nothing is read from the likeness of whole names: the funds of one house differ in one word of eight, and a name with
a slip in it differs in one letter of one word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from dedupe import evidence as worth
from dedupe.name import Name
from goldbridge.text.country import country_code
from goldbridge.text.legal_form import DESCRIPTIVE, form_words, forms_agree
from goldbridge.text.word_latin import is_common, spoken, stem

Bits = Callable[[str], int]
"""What it proves that two names share this word."""
Known = Callable[[str], bool]
"""Whether others have this word too."""
Evidence = tuple[str, str, int]
"""Comparison, level, weight."""


class Aligned(NamedTuple):
    """Which words of two names go together, each with how (a key of WORD_PENALTY), and which are left on each side."""

    pairs: tuple[tuple[str, str, str], ...]
    left: tuple[str, ...]
    right: tuple[str, ...]


def weigh(a: Name, b: Name, bits: Bits, known: Known, land: str = "") -> list[Evidence]:
    """The evidence in the words of two names. `land` is the country that both records are in, "" for no such."""
    apart = of_two_companies(a, b)
    most = worth.WORDS_MOST_PART if apart else worth.WORDS_MOST
    if a.words == b.words or "".join(a.words) == "".join(b.words):
        weight = min(sum(map(bits, a.words)), sum(map(bits, b.words)), most)
        return [("brand", "equal", weight), ("words", "all", 0 if apart else _all(a.words))]
    found = _align(a.words, b.words)
    weight = sum(min(bits(x), bits(y)) - worth.WORD_PENALTY[how] for x, y, how in found.pairs)
    weight -= sum(worth.WORDS_KNOWN for x, y, how in found.pairs if "slip" in how and known(x) and known(y))
    if not found.pairs or (found.left and found.right and weight < worth.WORDS_LEAST):
        return [("brand", "different", worth.BRAND_DIFFERENT)]
    if found.left and found.right:
        return [("brand", "part, of relatives", 0), ("trade", "different", worth.TRADE_DIFFERENT)]
    extra = _without_form(found.left, b.form, a.form) + _without_form(found.right, a.form, b.form)
    # X Limited and X India Private Limited are two; X India is how somebody wrote down one of them.
    whole_names = bool(a.form and b.form and a.form != b.form)
    abroad = bool(extra and land and not whole_names and country_code("".join(extra)) == land)
    if extra and not abroad:
        return _incomplete(a, b, found, extra, weight)
    brand = "equal" if all(how == "equal" for *_, how in found.pairs) else "slip"
    whole = 0 if apart else min(_all(a.words), _all(b.words))
    if any(how == "perhaps" for *_, how in found.pairs):
        most, whole = min(most, worth.WORDS_MOST_PART), 0
    if abroad:
        words = ("words", "all but the country", whole + worth.WORD_MISSING_COUNTRY)
    elif not _in_order(a.words, b.words, found):
        words = ("words", "in another order", whole + worth.WORDS_MOVED if whole == worth.WORDS_ALL else 0)
    else:
        words = ("words", "all", whole)
    return [("brand", brand, min(weight, most)), words]


def _all(words: tuple[str, ...]) -> int:
    """What it proves that no word is left; a name of common words alone is nobody's own."""
    return worth.WORDS_ALL_COMMON if all(map(is_common, words)) else worth.WORDS_ALL


def of_two_companies(a: Name, b: Name) -> bool:
    """Whether the legal forms say so: X LLC and X LP. A fund or a trust is a word of the name."""
    if not a.form or not b.form or a.form in DESCRIPTIVE or b.form in DESCRIPTIVE:
        return False
    return not forms_agree(a.form, b.form)


def _incomplete(a: Name, b: Name, found: Aligned, extra: Iterable[str], weight: int) -> list[Evidence]:
    missing = sum(worth.WORD_MISSING if is_common(word) else worth.WORD_MISSING_RARE for word in extra)
    short, long = sorted((a.words, b.words), key=len)
    level = "part"
    if long[: len(short)] == short:
        level, missing = "start", max(missing, worth.WORDS_MISSING_BEHIND)
    return [("brand", level, min(weight, worth.WORDS_MOST_PART)), ("words", "missing", missing)]


def _without_form(extra: tuple[str, ...], form: str, own: str) -> tuple[str, ...]:
    """A form with a slip in it was read as a word of the name: GmmbH beside GmbH; where there is no other, also Lrd
    beside Ltd."""
    if not extra or not form:
        return extra
    known = [each for each in form_words().get(form, ()) if len(each) > (3 if own else 2)]
    return tuple(word for word in extra if word not in known and not any(_is_slip(word, each) for each in known))


def _is_slip(word: str, other: str) -> bool:
    if abs(len(word) - len(other)) > 1 or not (word.isalpha() and other.isalpha()):
        return False
    return bool(OSA.distance(word, other, score_cutoff=1) == 1)


def _align(one: tuple[str, ...], two: tuple[str, ...]) -> Aligned:
    """Equal words first, then words that are one word spelt in two ways, the surest ones first."""
    rest = list(two)
    left: list[str] = []
    pairs: list[tuple[str, str, str]] = []
    for word in one:
        if word in rest:
            rest.remove(word)
            pairs.append((word, word, "equal"))
        else:
            left.append(word)
    if left and rest:
        _pair(left, rest, pairs)
    if len(left) > 1 and rest:
        _join(left, rest, pairs)
    if len(rest) > 1 and left:
        _join(rest, left, pairs)
    return Aligned(tuple(pairs), tuple(left), tuple(rest))


def _in_order(one: tuple[str, ...], two: tuple[str, ...], found: Aligned) -> bool:
    places = sorted((one.index(x), two.index(y)) for x, y, _ in found.pairs if x in one and y in two)
    return all(before[1] <= after[1] for before, after in pairwise(places))


def _pair(left: list[str], rest: list[str], pairs: list[tuple[str, str, str]]) -> None:
    close = [
        (worth.WORD_PENALTY[how], x, y, how)
        for x in left
        for y in rest
        if (x[0] == y[0] or x[-1] == y[-1]) and (how := likeness(x, y))
    ]
    for _, x, y, how in sorted(close):
        if x in left and y in rest:
            left.remove(x)
            rest.remove(y)
            pairs.append((x, y, how))


def _join(parts: list[str], wholes: list[str], pairs: list[tuple[str, str, str]]) -> None:
    """Two neighbours on one side that are one word on the other: Blue Bay and Bluebay."""
    at = 0
    while at + 1 < len(parts) and wholes:
        joined = parts[at] + parts[at + 1]
        near = [each for each in wholes if -2 < len(each) - len(joined) < 2]
        whole = next((each for each in near if each == joined or (len(each) > 6 and _is_slip(joined, each))), "")
        if whole:
            wholes.remove(whole)
            pairs.append((whole, whole, "joined"))
            del parts[at : at + 2]
        else:
            at += 1


@lru_cache(1 << 17)
def likeness(x: str, y: str) -> str:
    """How two different words may be one: a key of WORD_PENALTY, "" for two words.

    A slip spares one of the two ends of a word, an abbreviation its first letter: others need not be asked about.
    """
    short, long = (x, y) if len(x) <= len(y) else (y, x)
    if len(short) < 2 or not (x.isalpha() and y.isalpha()):
        return ""
    if stem(x) == stem(y):
        return "ending"
    if len(short) > 3 and spoken(x) == spoken(y):
        return "respelt"
    if len(long) - len(short) < 3 and len(short) > 2 and not (is_common(x) and is_common(y)):
        distance = OSA.distance(x, y, score_cutoff=2)
        if distance == 1 and len(short) > 3 and is_common(x) != is_common(y):
            return "slip in a common word"
        if distance == 1:
            return _slip(len(long), x[0] == y[0])
        if distance == 2 and len(short) > 4:
            return "two slips" if len(short) > 7 else "perhaps"
    return "abbreviated" if _abbreviates(short, long) else ""


def _slip(length: int, same_start: bool) -> str:
    """People seldom err in the first letter of a word, and short words have many neighbours."""
    if length < 4 or (length < 5 and not same_start):
        return "perhaps"
    if length < 7:
        return "slip in a short word" if length > 4 and same_start else "slip in four letters"
    return "slip" if same_start else "slip in a short word"


def _abbreviates(short: str, long: str) -> bool:
    """Tech for Technologies, Mfg for Manufacturing: the first letter, and the others in their order. Only words that
    everybody knows are abbreviated."""
    if len(short) > len(long) - 2 or short[0] != long[0] or not is_common(long):
        return False
    if long.startswith(short):
        return len(short) > 2
    if len(short) == 2:
        return long.endswith(short[-1])
    return len(short) < 6 and not is_common(short) and _stands_in(short, long)


def _stands_in(letters: Sequence[str], word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)
