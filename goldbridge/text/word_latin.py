"""The words of a name in Latin, Greek or Cyrillic letters, as they are compared.

Case, accents, full stops and links (and, &, of) go; single letters in a row are one word (J. P. Example and JP Example
meet); Greek and Cyrillic letters are written in Latin ones, the way people do without a keyboard for them.
"""

from __future__ import annotations

from functools import cache, lru_cache

from goldbridge.text.fold import fold_width
from goldbridge.text.legal_form import WORD, plain
from goldbridge.text.table import lines
from goldbridge.text.trade import latin_words

_LINKS = frozenset({"&", "and", "und", "et", "og", "och", "the", "of", "for", "de", "la", "di", "del", "des", "du"})

_GREEK = "α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o"
_CYRILLIC = """
а a б b в v г g д d е e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ы y э e
ю yu я ya є e і i ґ g ў u ђ d ј j љ lj њ nj ћ c џ dz
"""
_PAIRS = (_GREEK + _CYRILLIC).split()
_ROMANISED = str.maketrans({**dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)), "ъ": None, "ь": None})


@lru_cache(1 << 16)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a name (without its form) that are compared, in order."""
    found: list[str] = []
    initials = ""
    for typed in WORD.findall(fold_width(text)):
        word = plain(typed)
        if not word.isascii():
            word = word.translate(_ROMANISED)
        if not word.isalnum():
            word = "".join(filter(str.isalnum, word))
        if len(word) == 1 and word.isalpha():
            initials += word
            continue
        if initials:
            found.append(initials)
            initials = ""
        if word and word not in _LINKS:
            found.append(word)
    if initials:
        found.append(initials)
    return tuple(found)


@cache
def _everyday() -> frozenset[str]:
    return frozenset(word for line in lines("common_latin.txt") for word in line.split())


def is_common(word: str) -> bool:
    """Whether many companies have this word in their names: a trade, an everyday word, two initials, a number."""
    return len(word) < 3 or word in latin_words() or word in _everyday() or word.isdigit()


def stem(word: str) -> str:
    """The word without the ending of a plural: industries and industry meet."""
    if len(word) < 5 or not word.endswith("s") or word.endswith("ss"):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


_RESPELT = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"), ("ss", "s"), ("ph", "f"), ("ij", "y"), ("ck", "k"))


@lru_cache(1 << 15)
def spoken(word: str) -> str:
    """The word without what is spelt in two ways: Müller, Mueller and Muller meet."""
    for long, short in _RESPELT:
        if long in word:
            word = word.replace(long, short)
    return word
