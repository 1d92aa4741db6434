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
    found: dict[str, list[str]] = {}
    for word in sorted(words(), key=len, reverse=True):
        found.setdefault(word[:2], []).append(word)
    return {start: tuple(each) for start, each in found.items()}


def split(text: str) -> int:
    """Where the trade begins in `text` (simplified script): the least position from 2 on, or 1, from which trade words
    run to the end; len(text) when the text does not end in one, 0 when it is trade words from the start."""
    starts, size = _starts(), len(text)
    if size < 2:
        return size
    runs = bytearray(size + 1)
    runs[size] = 1
    for at in range(size - 2, -1, -1):
        for word in starts.get(text[at : at + 2], ()):
            end = at + len(word)
            if end <= size and runs[end] and (end == at + 2 or text.startswith(word, at)):
                runs[at] = 1
                break
        else:
            if runs[at + 1] and at and text[at] in _LINKS:
                runs[at] = 2
    if runs[0] == 1:
        return 0
    at = runs.find(1, 2)
    return 1 if at == size and size > 2 and runs[1] == 1 else at


def first_word(text: str) -> str:
    """The shortest trade word at the start of `text` behind which trade words run on to the end; else the text."""
    for word in reversed(_starts().get(text[:2], ())):
        if len(word) < len(text) and text.startswith(word) and split(text[len(word) :]) == 0:
            return word
    return text
