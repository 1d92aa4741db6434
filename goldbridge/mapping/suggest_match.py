"""Which column of a stream is which field of an entity: every pair is rated by name and by values, the best ones win.

A column serves one field; a field with many values takes every column that fits. Where two columns fit one field about
as well, the choice is said to be one, and where nothing tells them apart no choice is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from goldbridge.mapping.profile import Column
from goldbridge.mapping.suggest_fit import Fit, fit
from goldbridge.mapping.words import Tokens, Words
from goldbridge.records.field import ADDRESS, Entity, Field

ENOUGH, MAYBE = 0.6, 0.4
_CLOSE, _TIE = 0.08, 0.01
_ALONE = {"credit_code": 0.85, "lei": 0.85, "email": 0.8, "phone": 0.7, "url": 0.65}
"""How sure values alone make of a field, whatever the column is called."""
_AFTER = frozenset({"code", "id", "name", "number", "yuan", "wan", "kind", "value", "time"})
_KEYED = frozenset({"id", "code", "number"})


@dataclass(frozen=True, slots=True)
class Rated:
    """A column for a field, how sure (0 to 1), and why."""

    column: Column
    target: str
    field: Field
    score: float
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class Match:
    """What was placed (target -> columns, best first), what else fits nearly as well, and what nobody can tell."""

    placed: dict[str, list[Rated]] = field(default_factory=dict)
    rivals: dict[str, list[Rated]] = field(default_factory=dict)
    undecided: dict[str, list[Rated]] = field(default_factory=dict)
    maybe: list[Rated] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """How much of the stream this entity explains."""
        return sum(rated.score for found in self.placed.values() for rated in found)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about the stream as a whole: how its names begin, its key, the entities that objects stand for."""

    words: Words
    prefix: str = ""
    key: str = ""
    refers: Mapping[str, str] = field(default_factory=dict)
    entities: Mapping[str, Entity] = field(default_factory=dict)


def match(columns: Sequence[Column], entity: Entity, setting: Setting) -> Match:
    """The columns of a stream as fields of an entity."""
    rated = [each for column in columns for each in _ratings(column, entity, setting)]
    rated.sort(key=lambda each: (-each.score, _order(entity, each.target), each.column.name))
    found, used = Match(), set[str]()
    for each in rated:
        if each.column.name in used or each.score < ENOUGH:
            continue
        taken = found.placed.get(each.target)
        if taken is None:
            rivals = _rivals(each, rated, used)
            if any(each.score - rival.score < _TIE for rival in rivals) and not _decides(each, entity, setting):
                found.undecided[each.target] = [each, *rivals]
                used.update(one.column.name for one in (each, *rivals))
                continue
            if each.target in found.undecided:
                continue
            found.placed[each.target] = [each]
            if rivals:
                found.rivals[each.target] = rivals
        elif each.field.many or _is_one_of_several(each):
            taken.append(each)
        else:
            continue
        used.add(each.column.name)
    for each in rated:
        if each.column.name not in used and each.score >= MAYBE and each.target not in found.undecided:
            used.add(each.column.name)
            found.maybe.append(each)
    for several in found.placed.values():
        order = {column.name: at for at, column in enumerate(columns)}
        several.sort(key=lambda each: order[each.column.name])
    return found


def _rivals(best: Rated, rated: Sequence[Rated], used: set[str]) -> list[Rated]:
    """Other columns for the same single value that are nearly as good and not better somewhere else."""
    if best.field.many or _is_one_of_several(best):
        return []
    elsewhere: dict[str, float] = {}
    for each in rated:
        if each.target != best.target:
            elsewhere[each.column.name] = max(elsewhere.get(each.column.name, 0.0), each.score)
    return [
        each
        for each in rated
        if each.target == best.target
        and each.column.name != best.column.name
        and each.column.name not in used
        and best.score - each.score < _CLOSE
        and each.score >= ENOUGH
        and elsewhere.get(each.column.name, 0.0) <= each.score
    ]


def _is_one_of_several(each: Rated) -> bool:
    """Whether other columns may hold the same reference: a customer or a partner, each with an object of its own."""
    return each.field.type == "reference" and bool(each.column.declared.refers)


def _decides(best: Rated, entity: Entity, setting: Setting) -> bool:
    """Whether a choice has to be made all the same: the record cannot do without the field."""
    return best.field.required or best.column.name == setting.key


def _order(entity: Entity, target: str) -> int:
    names = list(entity.fields)
    top = target.split(".")[0]
    return names.index(top) if top in names else len(names)


def targets(entity: Entity) -> Iterator[tuple[str, Field]]:
    """What can be placed: the fields that hold values, an address by its parts."""
    for name, each in entity.fields.items():
        if each.type == "address" and not each.many:
            for part in ("line", "province", "city", "county", "region", "point"):
                yield f"{name}.{part}", ADDRESS[part]
        elif not each.is_group:
            yield name, each


def _ratings(column: Column, entity: Entity, setting: Setting) -> Iterator[Rated]:
    technical = is_technical(column, setting)
    for target, each in targets(entity):
        if technical and each.type not in ("date", "datetime"):
            continue  # when a row was made may be a fact of the record; by whom and how it is locked is not
        named, said = name_score(column, target, each, entity, setting)
        shown = fit(column, target, each, setting.words)
        score = _combined(named, shown, _ALONE.get(each.type, 0.0))
        if score >= MAYBE:
            yield Rated(column, target, each, round(score, 3), tuple(text for text in (said, shown.why) if text))


def _combined(named: float, shown: Fit, alone: float) -> float:
    """A name that fits is believed unless the values speak against it; values alone only where they are rare ones."""
    if shown.weight <= -1.0:
        return 0.0
    if shown.weight < 0:
        return named * 0.55
    if named < 0:
        return 0.0
    if not named:
        return alone if shown.weight >= 0.9 else 0.0
    return 1 - (1 - named) * (1 - 0.6 * shown.weight)


def name_score(column: Column, target: str, each: Field, entity: Entity, setting: Setting) -> tuple[float, str]:
    """How well a column's name or label says the field: 1 word for word, 0 not at all, -1 something else. And why."""
    if each.type == "reference" and column.declared.refers:
        leads = setting.refers.get(column.declared.refers, "")
        if leads:
            return (0.95, f"refers to {column.declared.refers}") if leads == each.reference else (-1.0, "")
    best, why, against = 0.0, "", False
    own = own_words(entity, setting) | ({"address"} if target.startswith("address.") else frozenset())
    for name in dict.fromkeys((column.name.removeprefix(setting.prefix), column.declared.label)):
        if not name:
            continue
        for at, tokens in enumerate(setting.words.read(name)):
            against = against or bool(set(tokens) & setting.words.apart)
            for phrase in setting.words.field_phrases(entity.name, target, each.label):
                score = phrase_score(tokens, phrase, own, setting.words) - 0.03 * bool(at)
                if score > 0 and each.type in ("text", "phone", "email") and tokens[-1] in _KEYED - set(phrase):
                    score = 0.35  # the owner's id is not the owner's name
                if score > best:
                    best, why = score, _says(column, name, phrase)
    if not best and against:
        return -1.0, ""
    return best, why


def own_words(entity: Entity, setting: Setting) -> frozenset[str]:
    """The words that only say which object a field is of."""
    return frozenset(token for phrase in setting.words.entity_phrases(entity.name) for token in phrase)


def _says(column: Column, name: str, phrase: Tokens) -> str:
    spoken = " ".join(token.removeprefix("~") for token in phrase)
    return f"label '{name}' reads '{spoken}'" if name == column.declared.label else f"its name reads '{spoken}'"


def phrase_score(tokens: Tokens, phrase: Tokens, own: frozenset[str], words: Words) -> float:
    """How much of a name is a phrase; -1 when a word in it makes something else of it."""
    if tokens == phrase:
        return 1.0
    bare = _without(tokens, own | words.modifiers)
    if bare == phrase:
        return 0.95
    for at in range(len(tokens) - len(phrase) + 1):
        if tokens[at : at + len(phrase)] != phrase:
            continue
        before, after = tokens[:at], tokens[at + len(phrase) :]
        before = _without(before, own | words.modifiers)
        if any(token in words.apart for token in (*before, *after)):
            return -1.0
        if not before and after and set(after) <= _AFTER:
            return 0.85
        if not after and before and all(token.startswith("~") for token in before):
            return 0.75 if all(len(token) <= 4 for token in before) else 0.55
        return 0.35
    return 0.0


def _without(tokens: Tokens, empty: frozenset[str]) -> Tokens:
    """A name without the words before it that say nothing; the last word always stays."""
    at = 0
    while at < len(tokens) - 1 and tokens[at] in empty:
        at += 1
    return tokens[at:]


_companion = re.compile(r"(?:__[rl]|__relation_ids|/\.id|\.name|\.id)+$|__r\..*$")


def companions(columns: Sequence[Column]) -> set[str]:
    """Fields that only show for people what another field holds as a key or code: city__r beside city."""
    names = {column.name for column in columns}
    found = {name: _companion.sub("", name) for name in names}
    return {name for name, base in found.items() if base != name and base in names}


def is_technical(column: Column, setting: Setting) -> bool:
    """Whether a field is one that systems keep for themselves: when a row was made, whether it is locked."""
    for name in (column.name.removeprefix(setting.prefix), column.declared.label):
        if name and any(tokens in setting.words.technical for tokens in setting.words.read(name)):
            return True
    return False
