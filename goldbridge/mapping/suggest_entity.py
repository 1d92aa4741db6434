"""What kind of thing the records of a stream are: told by what the stream is called and by what its fields are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from goldbridge.mapping.profile import Column
from goldbridge.mapping.suggest_match import Match, Setting, is_technical, match
from goldbridge.mapping.words import Tokens, Words
from goldbridge.records.field import Entity, Model

LEAST = 0.3
_SURE, _FAIR = 0.15, 0.05


class Choice(NamedTuple):
    """An entity for a stream: how well it fits (0 to 1), by its name alone, and what its fields become."""

    entity: Entity
    score: float
    named: float
    match: Match


def name_fit(names: Sequence[str], entity: str, words: Words) -> float:
    """How well a stream's name, table or label is a name of this entity: 1 for the very word."""
    best = 0.0
    for name in names:
        for tokens in words.read(name):
            for phrase in words.entity_phrases(entity):
                best = max(best, _phrase_fit(tokens, phrase))
    return best


def _phrase_fit(tokens: Tokens, phrase: Tokens) -> float:
    """The last word says what a thing is: a customer contact is a contact."""
    known = tuple(token for token in tokens if not token.startswith("~")) or tokens
    if phrase in (tokens, known):
        return 1.0
    size = len(phrase)
    if known[-size:] == phrase:
        return 0.85 + 0.02 * size
    return 0.5 if any(known[at : at + size] == phrase for at in range(len(known) - size)) else 0.0


def rank(names: Sequence[str], columns: Sequence[Column], model: Model, setting: Setting) -> list[Choice]:
    """Every entity of the model with what it would make of the stream, the best first."""
    useful = max(1, sum(not is_technical(column, setting) for column in columns))
    found = []
    for entity in model.entities.values():
        named = name_fit(names, entity.name, setting.words)
        made = match(columns, entity, setting)
        placed = {target.split(".")[0] for target in (*made.placed, *made.undecided)}
        missing = sum(field.required and name not in placed for name, field in entity.fields.items())
        score = 0.6 * named + 0.4 * min(1.0, made.weight / useful * 1.3) - 0.1 * missing
        found.append(Choice(entity, round(max(score, 0.0), 3), named, made))
    return sorted(found, key=lambda choice: -choice.score)


def confidence(ranked: Sequence[Choice]) -> str:
    """How sure the first of a ranking is, in words."""
    best = ranked[0]
    lead = best.score - ranked[1].score if len(ranked) > 1 else best.score
    said = "its name says so" if best.named >= 0.8 else "its fields fit best"
    if best.named >= 0.8 and lead >= _SURE:
        return f"sure: {said}"
    if lead >= _FAIR:
        return f"fairly sure: {said}"
    return f"not sure: {ranked[1].entity.name} fits as well; say which with --entity"
