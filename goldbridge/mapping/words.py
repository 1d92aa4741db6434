"""Reads names: CUST_NAME, 客户名称, kehuMingcheng and KHMC are all `customer name`.

The words stand in data/field_words.yaml, which people may extend with a file of their own. A name is cut at its
capitals and separators, Chinese by the longest word that is known, and each piece is replaced by the one word that
stands for all its spellings; what nobody knows stays, with a `~` before it. Some pieces have more than one reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

from goldbridge.errors import Problem, Problems
from goldbridge.ports import Document
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.yaml import read as read_yaml

WORDS = Path(__file__).parent / "data" / "field_words.yaml"
Tokens = tuple[str, ...]
_TABLES = ("words", "entities", "address", "values")
_LISTS = ("modifiers", "apart", "technical")
KEYS = (*_TABLES, "fields", *_LISTS)
_READINGS = 6
_LEAST = 3
"""Letters of the shortest word that a name without separators is cut into."""

_chinese = re.compile(r"[\u3400-\u9fff]+")
_piece = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+")
_custom = re.compile(r"(?i)^(?:new|cr[0-9a-f]{2,5}|udf|ext|x_studio|x|z|zz|u)_(?=\w)|__[crk]c?$|_c$")
_CONTAINERS = frozenset(
    (
        "form",
        "data",
        "fields",
        "field",
        "values",
        "attributes",
        "properties",
        "body",
        "record",
        "row",
        "detail",
        "details",
    )
)
"""Groups whose name says nothing about what is in them."""


class Words:
    """The word lists of one run: the shipped ones, and what a file of the project's adds."""

    def __init__(self, *documents: Document) -> None:
        self._lists = _merged(documents)
        self._latin: dict[str, set[Tokens]] = {}
        self._han: dict[str, Tokens] = {}
        for word, spellings in self._lists["words"].items():
            self._add(word, (word,))
            for spelling in spellings:
                self._add(spelling, (word,))

    def _add(self, spelling: str, tokens: Tokens) -> None:
        if _chinese.search(spelling):
            self._han.setdefault(spelling, tokens)
        else:
            self._latin.setdefault(_joined(spelling), set()).add(tokens)

    # Names

    def read(self, name: str) -> tuple[Tokens, ...]:
        """The readings of a name, the likeliest first; numbers at the end of a word say nothing."""
        found: tuple[Tokens, ...] = self._known(name)
        return found

    @cached_property
    def _known(self) -> Any:
        return cache(self._read)

    def _read(self, name: str) -> tuple[Tokens, ...]:
        steps = [step for step in name.split(".") if not step.isdecimal()]
        inner = [step for step in steps[:-1] if step.casefold() not in _CONTAINERS]
        bare = "_".join(_custom.sub("", step) for step in (*inner, *steps[-1:]))
        pieces = [piece for piece in _piece.findall(bare) if not piece.isdecimal()]
        choices: list[list[Tokens]] = []
        at = 0
        while at < len(pieces):
            found, taken = self._run(pieces, at)
            choices.append(found)
            at += taken
        readings = (tuple(token for part in combined for token in part) for combined in product(*choices))
        return tuple(dict.fromkeys(islice(readings, _READINGS)))

    def _run(self, pieces: list[str], at: int) -> tuple[list[Tokens], int]:
        """The readings of the longest run of pieces that is one word, else of the piece alone."""
        if _chinese.fullmatch(pieces[at]):
            return [self._cut(pieces[at])], 1
        for size in range(min(5, len(pieces) - at), 0, -1):
            run = pieces[at : at + size]
            if any(_chinese.search(piece) for piece in run):
                continue
            if found := self._singular("".join(run).lower()):
                return sorted(found), size
        piece = pieces[at].lower()
        return self._glued(piece) or [(f"~{piece}",)], 1

    def _singular(self, word: str) -> set[Tokens]:
        """A word, or the one that it is the plural of."""
        forms = (word, word.removesuffix("s"), f"{word[:-3]}y" if word.endswith("ies") else word)
        return next((found for form in forms if len(form) > 1 and (found := self._latin.get(form))), set())

    def _cut(self, text: str) -> Tokens:
        """Chinese text by the longest known word at each place; a run that is not known is one piece."""
        found: list[str] = []
        at = 0
        while at < len(text):
            for size in range(min(10, len(text) - at), 0, -1):
                if tokens := self._han.get(text[at : at + size]):
                    found.extend(tokens)
                    break
            else:
                size = 1
                if found and found[-1].startswith("~"):
                    found[-1] += text[at]
                else:
                    found.append(f"~{text[at]}")
            at += size
        return tuple(found)

    def _glued(self, piece: str) -> list[Tokens]:
        """A piece without separators as the words it is glued from: custname, kehumingcheng, khmc."""
        if len(piece) < 2 or len(piece) > 40:
            return []
        whole = self._split(piece, self._spelled, _LEAST)
        if whole:
            return whole
        initials = self._split(piece, self._initials, 2) if len(piece) <= 10 else []
        return initials[:3]

    def _split(self, text: str, known: Mapping[str, set[Tokens]], least: int) -> list[Tokens]:
        """The readings with the fewest words that cover a text."""
        best: list[list[Tokens]] = [[()], *([] for _ in text)]
        fewest = [0] + [99] * len(text)
        for end in range(least, len(text) + 1):
            for start in range(max(0, end - 24), end - least + 1):
                found = known.get(text[start:end])
                if not found or not best[start] or fewest[start] + 1 > fewest[end]:
                    continue
                if fewest[start] + 1 < fewest[end]:
                    best[end], fewest[end] = [], fewest[start] + 1
                best[end] += [before + tokens for before in best[start] for tokens in sorted(found)][:_READINGS]
        return best[len(text)][:_READINGS] if fewest[len(text)] <= 5 else []

    @cached_property
    def _spelled(self) -> dict[str, set[Tokens]]:
        """Latin words, and Chinese ones in whole pinyin."""
        found = {word: set(tokens) for word, tokens in self._latin.items() if len(word) >= _LEAST}
        for word, tokens in self._han.items():
            spelled = "".join(_pinyin(word))
            if len(word) > 1 and spelled.isascii() and spelled not in found:
                found.setdefault(spelled, set()).add(tokens)
        return found

    @cached_property
    def _initials(self) -> dict[str, set[Tokens]]:
        """Chinese words of two characters or more by the first letters of their pinyin."""
        found: dict[str, set[Tokens]] = {}
        for word, tokens in self._han.items():
            if 2 <= len(word) <= 10:
                found.setdefault("".join(syllable[:1] for syllable in _pinyin(word)), set()).add(tokens)
        return found

    # Lists

    @cached_property
    def modifiers(self) -> frozenset[str]:
        return frozenset(token for word in self._lists["modifiers"] for token in self.read(word)[0])

    @cached_property
    def apart(self) -> frozenset[str]:
        return frozenset(token for word in self._lists["apart"] for token in self.read(word)[0])

    @cached_property
    def technical(self) -> tuple[Tokens, ...]:
        return tuple(dict.fromkeys(reading for each in self._lists["technical"] for reading in self.read(each)))

    def entity_phrases(self, entity: str) -> tuple[Tokens, ...]:
        """What tables of an entity are called; its own name is always among it."""
        return self._phrases([*self._lists["entities"].get(entity, ()), entity])

    def field_phrases(self, entity: str, field: str, label: str = "") -> tuple[Tokens, ...]:
        """What a field of an entity is called: as the lists say, else its own name and label."""
        lists: dict[str, dict[str, list[str]]] = self._lists["fields"]
        if field.startswith("address."):
            return self._phrases(self._lists["address"].get(field.partition(".")[2], ()))
        listed = [*lists.get(entity, {}).get(field, ()), *lists.get("any", {}).get(field, ())]
        own = re.sub(r"_(?:cny|on|at)$", "", field)
        return self._phrases([*listed, own, *([label] if label and not listed else [])])

    def _phrases(self, written: Iterable[str]) -> tuple[Tokens, ...]:
        return tuple(dict.fromkeys(self.read(each)[0] for each in written if self.read(each)))

    def spellings(self, word: str) -> tuple[str, ...]:
        """What systems write for a word of an enum, folded as `fold_value` folds a value."""
        return tuple(dict.fromkeys(fold_value(each) for each in (word, *self._lists["values"].get(word, ()))))


def fold_value(text: str) -> str:
    """A code or word as it is compared: case, blanks and separators do not count."""
    return re.sub(r"[\s_\-/]+", " ", text).strip().casefold()


def load(own: Path | None = None) -> Words:
    """The shipped words, with those of a file of the project's; raises `Misconfigured` MAP052 for a bad one."""
    shipped = read_yaml(WORDS)
    return Words(shipped, _checked(read_yaml(own))) if own is not None else Words(shipped)


def _checked(document: Document) -> Document:
    problems, data = Problems(), document.data
    if not isinstance(data, dict):
        problems.note(document.mark(), "MAP052", f"a file of words has the keys {', '.join(KEYS)}")
        problems.raise_any()
    for key, value in data.items():
        if key not in KEYS:
            problems.note(
                document.key_mark(key), "MAP052", f"a file of words has no key '{key}'{did_you_mean(key, KEYS)}"
            )
        else:
            problems.extend(_shape(document, key, value))
    problems.raise_any()
    return document


def _shape(document: Document, key: str, value: Any) -> Iterator[Problem]:
    found = Problems()
    wanted: list[tuple[tuple[str, ...], Any]] = [((key,), value)]
    if key not in _LISTS:
        for _ in range(2 if key == "fields" else 1):
            below: list[tuple[tuple[str, ...], Any]] = []
            for path, one in wanted:
                if not isinstance(one, dict):
                    found.note(document.mark(*path), "MAP052", f"`{'.'.join(path)}` is a table of names")
                else:
                    below += [((*path, str(name)), each) for name, each in one.items()]
            wanted = below
    for path, one in wanted:
        if not isinstance(one, list) or not all(isinstance(each, str) and each.strip() for each in one):
            found.note(document.mark(*path), "MAP052", f"`{'.'.join(path)}` is a list of words, e.g. [cust, 客户]")
    yield from found


def _merged(documents: Iterable[Document]) -> dict[str, Any]:
    """One set of lists; later files stand first, so that a project's own words win."""
    merged: dict[str, Any] = {key: [] if key in _LISTS else {} for key in KEYS}
    for document in reversed(list(documents)):
        for key, value in document.data.items():
            if key in _LISTS:
                merged[key] += value
            elif key == "fields":
                for entity, fields in value.items():
                    for field, phrases in fields.items():
                        merged[key].setdefault(entity, {}).setdefault(field, []).extend(phrases)
            else:
                for name, phrases in value.items():
                    merged[key].setdefault(name, []).extend(phrases)
    return merged


def _joined(spelling: str) -> str:
    return re.sub(r"[^a-z0-9]", "", spelling.lower())


@cache
def _pinyin(word: str) -> tuple[str, ...]:
    import pypinyin  # on first need: it loads its dictionary for a quarter of a second

    return tuple(pypinyin.lazy_pinyin(word))
