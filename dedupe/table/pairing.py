"""Which rows of a table are compared at all: blocking keys made from columns, chosen by what they cost and find.

A key is an integer per row (or several, for the rare words of a text). Rows under one key are candidates. A key that
too many rows share is not dropped: it is split by another column, and what even that leaves too big is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from dedupe.facet import Rows
from dedupe.grade import tokens
from dedupe.table.frame import MISSING, Column, Ints

_SAMPLE = 60_000
_RARE_WORDS = 4


@dataclass(frozen=True)
class Key:
    """Candidate rule: rows that have equal `codes` meet. `rows` is given where a row has several codes."""

    label: str
    columns: frozenset[str]
    codes: Ints
    rows: Ints | NDArray[np.int32] | None = None
    pairs: int = 0

    def agree(self, left: Ints, right: Ints) -> NDArray[np.bool_]:
        """Which of these pairs of rows the key would have proposed (not for keys of several codes per row)."""
        one = self.codes[left]
        found: NDArray[np.bool_] = (one >= 0) & (one == self.codes[right])
        return found


@dataclass
class Report:
    """What blocking did: per key its pairs, and groups that stayed over the cap with their number of rows."""

    keys: list[tuple[str, int]] = field(default_factory=list)
    left_out: list[tuple[str, int, int]] = field(default_factory=list)


def derive(column: Column) -> list[Key]:
    """Single-column codes: the value, and coarser forms that survive a slip."""
    own = frozenset((column.name,))
    found = [Key(column.name, own, column.codes)]
    if column.kind.name == "name":
        found.append(Key(f"{column.name}~sound", own, _coded(column, _sound)))
        found.append(
            Key(f"{column.name}~start", own, _coded(column, lambda value: value[:3] if value.isascii() else value[:1]))
        )
    elif column.kind.name in ("code", "date") and len(column.values) > 50:
        found.append(
            Key(f"{column.name}~start", own, _coded(column, lambda value: value[: max(3, len(value) * 2 // 3)]))
        )
        found.append(
            Key(f"{column.name}~end", own, _coded(column, lambda value: value[-max(3, len(value) * 2 // 3) :]))
        )
    return found


def combine(columns: Sequence[Column], *, every: bool = False) -> list[Key]:
    """All single codes and all pairs of codes from two columns, each with the number of pairs it would propose; single
    codes of few values only when `every` one is asked for."""
    singles = [key for column in columns if column.kind.name != "text" for key in derive(column)]
    found = [key for key in singles if every or _worth(key)]
    for one, two in combinations(singles, 2):
        if not one.columns & two.columns:
            both = (one.codes >= 0) & (two.codes >= 0)
            codes = np.where(both, one.codes * (int(two.codes.max(initial=0)) + 1) + two.codes, MISSING)
            found.append(Key(f"{one.label} & {two.label}", one.columns | two.columns, codes))
    return [Key(key.label, key.columns, key.codes, pairs=estimate(key.codes)) for key in found]


def rare_words(column: Column) -> Key:
    """The rarest words of each text that at least one other row has too."""
    counts = column.words
    numbers: dict[str, int] = {}
    chosen = []
    for value in column.values:
        shared = sorted((word for word in tokens(value) if counts[word] > 1), key=lambda word: (counts[word], word))
        chosen.append([numbers.setdefault(word, len(numbers)) for word in shared[:_RARE_WORDS]])
    rows, codes = [], []
    for row, code in enumerate(column.codes.tolist()):
        if code >= 0:
            codes.extend(chosen[code])
            rows.extend([row] * len(chosen[code]))
    return Key(f"{column.name}~words", frozenset((column.name,)), np.array(codes, np.int64), np.array(rows, np.int64))


def estimate(codes: Ints) -> int:
    """Pairs of rows with equal codes; on a spread sample of a large table, scaled up."""
    size = len(codes)
    step = max(1, size // _SAMPLE)
    sample = codes if step == 1 else codes[_drawn(size, step)]
    counts = np.unique(sample[sample >= 0], return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum()) * step * step


@lru_cache(4)
def _drawn(size: int, step: int) -> Ints:
    """One of `step` rows, drawn at random but always the same: equal rows stand together in a table in order, so that
    no regular sample meets two of them."""
    found: Ints = np.flatnonzero(np.random.default_rng(20_000_101).random(size) < 1 / step)
    return found


def propose(
    keys: Iterable[Key], size: int, cap: int, splitters: Sequence[Column], sources: Ints | None = None
) -> tuple[Ints, Ints, Report]:
    """The distinct pairs of rows (left < right, sorted) that the keys propose; `sources` asks for pairs across only."""
    report = Report()
    found: list[Ints] = []
    for key in keys:
        rows = np.flatnonzero(key.codes >= 0) if key.rows is None else key.rows
        codes = key.codes[rows] if key.rows is None else key.codes
        packed = _pairs(
            key, rows, codes, size, cap, [each for each in splitters if each.name not in key.columns], report
        )
        if sources is not None:
            packed = packed[sources[packed // size] != sources[packed % size]]
        report.keys.append((key.label, len(packed)))
        found.append(packed)
    merged = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return merged // size, merged % size, report


def _pairs(
    key: Key, rows: Ints | Rows, codes: Ints, size: int, cap: int, splitters: Sequence[Column], report: Report
) -> Ints:
    """Pairs inside every group up to `cap` rows, packed as left * size + right; larger groups are split, and again."""
    order = np.lexsort((rows, codes))
    rows, codes = rows[order].astype(np.int64, copy=False), codes[order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, len(codes)])
    by_length = np.argsort(lengths, kind="stable")
    borders = np.searchsorted(lengths[by_length], np.arange(2, cap + 2)).tolist()
    found = [
        _all_pairs(rows, starts[by_length[start:end]], length, size)
        for length, (start, end) in enumerate(pairwise(borders), start=2)
        if start < end
    ]
    big = np.flatnonzero(lengths > cap)
    if len(big):
        inside = np.concatenate([np.arange(starts[at], starts[at] + lengths[at]) for at in big])
        if splitters:
            second, rest = splitters[0], splitters[1:]
            extra = second.codes[rows[inside]]
            known = extra >= 0
            group = np.repeat(np.arange(len(big)), lengths[big])[known] * len(second.values) + extra[known]
            found.append(_pairs(key, rows[inside][known], group, size, cap, rest, report))
        else:
            report.left_out.append((key.label, len(big), len(inside)))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _all_pairs(rows: Ints, starts: Ints, length: int, size: int) -> Ints:
    members = rows[starts[:, None] + np.arange(length)]
    one, two = np.triu_indices(length, 1)
    a, b = members[:, one].ravel(), members[:, two].ravel()
    packed: Ints = (np.minimum(a, b) * size + np.maximum(a, b))[a != b]
    return packed


def named(wanted: Sequence[str], keys: Iterable[Key]) -> list[Key]:
    """The keys of these names, in their order; a pair of columns may be named in either order. Raises KeyError with a
    name that no key has."""
    known = {_folded(key.label): key for key in keys}
    missing = [label for label in wanted if _folded(label) not in known]
    if missing:
        raise KeyError(missing[0])
    return [known[_folded(label)] for label in wanted]


def _folded(label: str) -> frozenset[str]:
    return frozenset(part.strip() for part in label.split("&"))


def choose_first(keys: Sequence[Key], size: int, budget: int) -> list[Key]:
    """A first, diverse handful of cheap keys: enough pairs to learn from, no column in charge."""
    affordable = sorted((key for key in keys if 0 < key.pairs <= 2 * size), key=lambda key: (-key.pairs, key.label))
    used: dict[str, int] = {}
    chosen: list[Key] = []
    spent = 0
    while affordable and spent < budget and len(chosen) < 40:
        key = min(affordable, key=lambda each: sum(used.get(name, 0) for name in each.columns) / len(each.columns))
        affordable.remove(key)
        chosen.append(key)
        spent += key.pairs
        for name in key.columns:
            used[name] = used.get(name, 0) + 1
    return chosen


def choose(keys: Sequence[Key], left: Ints, right: Ints, size: int, budget: int) -> list[Key]:
    """The keys that together propose most of the pairs believed to match, several times over, for the least pairs.

    Each pair already covered counts less for the next key, but it does count: a pair that several keys propose is a
    pair like those nobody has found yet. `budget` is the sum of the keys' pairs, far above the distinct ones.
    """
    affordable = [key for key in keys if 0 < key.pairs <= budget]
    if not len(left) or not affordable:
        return []
    covers = np.stack([key.agree(left, right) for key in affordable]).astype(np.float32)
    cost = np.array([max(key.pairs, size // 2) for key in affordable], dtype=np.float64)
    worth = np.ones(len(left), dtype=np.float32)
    open_ = np.ones(len(affordable), dtype=bool)
    chosen: list[Key] = []
    spent = 0
    while open_.any():
        gain = (covers @ worth) / cost
        gain[~open_] = -1.0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        open_[best] = False
        if spent + affordable[best].pairs > budget:
            continue
        spent += affordable[best].pairs
        worth[covers[best] > 0] *= 0.4
        chosen.append(affordable[best])
    return chosen


def closure(left: Ints, right: Ints, size: int, cap: int) -> tuple[Ints, Ints]:
    """Pairs of rows that have a partner in common among the given pairs, as far as no row has more than `cap`."""
    hubs = Key("closure", frozenset(), np.r_[left, right], np.r_[right, left])
    one, two, _ = propose([hubs], size, cap, ())
    return one, two


def _worth(key: Key) -> bool:
    """A single code is a key of its own only when it has many values."""
    return int(key.codes.max(initial=MISSING)) >= 50


def _coded(column: Column, form: Callable[[str], str]) -> Ints:
    numbers: dict[str, int] = {}
    codes = []
    for value in column.values:
        coarse = form(value)
        codes.append(numbers.setdefault(coarse, len(numbers)) if coarse else MISSING)
    return np.array([*codes, MISSING], dtype=np.int64)[column.codes]


_SOUNDS = {
    letter: digit
    for digit, letters in zip("123456", ("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), strict=True)
    for letter in letters
}


def _sound(value: str) -> str:
    """The classic sound code of the last word; pinyin of the first characters for Chinese."""
    word = value.rsplit(" ", 1)[-1]
    if not word.isascii():
        return _pinyin(word[:2])
    code, before = word[:1], _SOUNDS.get(word[:1], "")
    for letter in word[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != before:
            code += sound
        if letter not in "hw":
            before = sound
    return (code + "000")[:4]


def _pinyin(text: str) -> str:
    from dedupe.sound import sound

    return sound(text)
