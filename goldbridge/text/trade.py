"""Trade words: what a company does, as its name says it. They part the brand from the rest of a name.

A name's tail that is made of trade words alone is its trade; the brand is what stands before. The split keeps at
least two characters for the brand, so that a brand made of trade words (上海电气) is not read away.
"""

from __future__ import annotations

from functools import cache

from goldbridge.text.table import lines

_LINKS = frozenset("及和与、·")


@cache
def words() -> frozenset[str]:
    return frozenset(word for line in lines("trades.txt") for word in line.split())


@cache
def latin_words() -> frozenset[str]:
    return frozenset(word for line in lines("trades_latin.txt") for word in line.split())


@cache
def _starts() -> dict[str, tuple[str, ...]]:
    """First two characters -> the words that begin with them, longest first."""
    return _indexed(slice(0, 2))


@cache
def _ends() -> dict[str, tuple[str, ...]]:
    """Last two characters -> the words that end in them, longest first."""
    return _indexed(slice(-2, None))


def _indexed(part: slice) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in sorted(words(), key=len, reverse=True):
        found.setdefault(word[part], []).append(word)
    return {two: tuple(each) for two, each in found.items()}


def split(text: str) -> int:
    """Where the trade begins in `text` (simplified script): the least position from 2 on, or 1, from which trade words
    run to the end; len(text) when the text does not end in one, 0 when it is trade words from the start."""
    least = size = len(text)
    if size < 2:
        return size
    ends = _ends()
    begun, runs = {size}, [size]
    for end in runs:
        for word in ends.get(text[end - 2 : end], ()):
            if text.endswith(word, 0, end) and (at := end - len(word)) not in begun:
                begun.add(at)
                runs.append(at)
                if 1 < at < least:
                    least = at
        if 1 < end < size and text[end - 1] in _LINKS and end - 1 not in runs:
            runs.append(end - 1)
    if 0 in begun:
        return 0
    return 1 if least == size > 2 and 1 in begun else least


def first_word(text: str) -> str:
    """The shortest trade word at the start of `text` behind which trade words run on to the end; else the text."""
    for word in reversed(_starts().get(text[:2], ())):
        if len(word) < len(text) and text.startswith(word) and split(text[len(word) :]) == 0:
            return word
    return text
