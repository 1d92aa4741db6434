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
def _sizes() -> tuple[int, ...]:
    return tuple(sorted({len(word) for word in words()}, reverse=True))


def split(text: str) -> int:
    """Where the trade begins in `text` (simplified script): the least position from 2 on, or 1, from which trade words
    run to the end; len(text) when the text does not end in one, 0 when it is trade words from the start."""
    known, sizes, size = words(), _sizes(), len(text)
    runs = bytearray(size + 1)
    runs[size] = 1
    for at in range(size - 1, -1, -1):
        if text[at] in _LINKS and at > 0 and runs[at + 1] and at + 1 < size:
            runs[at] = 2
            continue
        for length in sizes:
            end = at + length
            if end <= size and runs[end] and text[at:end] in known:
                runs[at] = 1
                break
    if runs[0] == 1:
        return 0
    for at in range(2, size):
        if runs[at] == 1:
            return at
    return 1 if size > 2 and runs[1] == 1 else size


def first_word(text: str) -> str:
    """The shortest trade word at the start of `text` behind which trade words run on to the end; else the text."""
    for length in sorted(_sizes()):
        if length < len(text) and text[:length] in words() and split(text[length:]) == 0:
            return text[:length]
    return text
