"""A first mapping file for a stream, from what was discovered about it: `goldbridge mapping suggest`.

The file loads and its examples pass, by construction: it is compiled and run here before anybody sees it. What it
assumes stands beside each rule; what it could not decide stands in it as a comment, never as a rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goldbridge.errors import Mark, Misconfigured
from goldbridge.mapping.compile import compile_mapping
from goldbridge.mapping.profile import Column
from goldbridge.mapping.suggest_entity import LEAST, Choice, confidence, name_fit, rank
from goldbridge.mapping.suggest_example import rows
from goldbridge.mapping.suggest_file import Draft, write
from goldbridge.mapping.suggest_match import Match, Rated, Setting, companions, is_technical
from goldbridge.mapping.suggest_rule import Referred, Rule, Rules
from goldbridge.mapping.words import Words
from goldbridge.records.field import Entity, Field, Model
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.yaml import read as read_yaml

PLACEHOLDER = "SYSTEM.STREAM"


@dataclass(frozen=True, slots=True)
class Known:
    """Another stream that keys may be of: its entity ("" unknown), its key field, and some of its keys."""

    stream: str
    entity: str
    key: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was discovered about one stream; `names` are all it is called by (stream, table, label)."""

    stream: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    key: str
    technical: tuple[str, ...] = ()
    flat: frozenset[str] = frozenset()
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The file, and what it is made of; `sources` says which source fields feed which field of the entity."""

    text: str
    entity: str
    sure: str
    rules: tuple[Rule, ...]
    left: tuple[str, ...] = ()
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)


def suggest(
    seen: Seen, model: Model, words: Words, known: Sequence[Known] = (), entity: str | None = None
) -> Suggestion:
    """A mapping for a stream. Raises `Misconfigured`: MAP050 for an entity the model does not have, MAP051 when no
    entity fits, MAP054 when no field can be the key, MAP055 when there are no fields to go by."""
    where = Mark(seen.stream)
    if entity is not None and entity not in model.entities:
        hint = did_you_mean(entity, model.entities)
        raise Misconfigured.one("MAP050", f"the model has no entity '{entity}'{hint}", Mark("config/model.yaml"))
    if not seen.columns:
        message = "no field is known: the system does not describe it and no row was seen"
        raise Misconfigured.one("MAP055", f"{message}; load a row there, or raise --rows", where)
    key = next((column for column in seen.columns if column.name == seen.key), None)
    if key is None:
        message = "no field can be told to be the key; configure it as a stream of config/sources.yaml with its `key`"
        raise Misconfigured.one("MAP054", message, where)
    setting = Setting(
        words,
        prefix_of(column.name for column in seen.columns),
        seen.key,
        {name: each.entity for each in known for name in (each.stream, each.stream.partition(".")[2])},
        model.entities,
    )
    beside = companions(seen.columns)
    columns = [column for column in seen.columns if column.name not in {*seen.technical, *beside}]
    ranked = rank(seen.names, columns, model, setting)
    choice = next((each for each in ranked if each.entity.name == entity), ranked[0])
    if entity is None and (choice.score < LEAST or not choice.match.placed):
        message = f"nothing in it looks like one of the model's entities ({', '.join(list(model.entities)[:8])}, ...)"
        raise Misconfigured.one("MAP051", f"{message}; say what its records are with --entity", where)
    return _Maker(seen, key, choice, confidence(ranked) if entity is None else "as asked", setting, known, model).make()


def prefix_of(names: Any) -> str:
    """What nearly all field names begin with and which says nothing, such as the F of FNAME; "" when there is none."""
    found = [name for name in names if "." not in name]
    if len(found) < 4:
        return ""
    if sum(bool(re.match(r"F[A-Z][A-Za-z]", name)) for name in found) >= 0.8 * len(found):
        return "F"
    starts = Counter(name.partition("_")[0] for name in found if "_" in name)
    start, count = starts.most_common(1)[0] if starts else ("", 0)
    return f"{start}_" if count >= 0.8 * len(found) and len(start) <= 4 else ""


class _Maker:
    """Puts one file together."""

    def __init__(
        self, seen: Seen, key: Column, choice: Choice, sure: str, setting: Setting, known: Sequence[Known], model: Model
    ) -> None:
        self.seen, self.key, self.choice, self.sure, self.setting = seen, key, choice, sure, setting
        self.known, self.model = known, model

    @property
    def entity(self) -> Entity:
        return self.choice.entity

    def make(self) -> Suggestion:
        found = self.choice.match
        rules = Rules(self.entity, self.seen.columns, self.setting.words, self.refer).make(found)
        rules += self._constants(rules)
        read = {column.name for rule in rules for column in rule.columns} | {self.seen.key}
        left = [column for column in self.seen.columns if column.name not in read]
        drop = [column.name for column in left if self._is_dropped(column)]
        tops = {self._top(name) for name in (*read, *(column.name for column in left if column.name not in drop))}
        draft = Draft(
            self.seen.stream,
            self.entity.name,
            self.seen.key,
            rules,
            partial=bool(self._missing(rules)),
            drop=list(dict.fromkeys(top for name in drop if (top := self._top(name)) not in tops)),
        )
        open_ = [column for column in left if column.name not in drop]
        draft.head = self._head(rules)
        draft.foot = self._foot(found, open_)
        draft.examples = self._examples(draft)
        sources: dict[str, set[str]] = {}
        for rule in rules:
            sources.setdefault(rule.target.split(".")[0], set()).update(column.name for column in rule.columns)
        return Suggestion(
            write(draft),
            self.entity.name,
            self.sure,
            tuple(rules),
            tuple(column.name for column in open_),
            {target: frozenset(names) for target, names in sources.items()},
        )

    def _is_dropped(self, column: Column) -> bool:
        if column.name in self.seen.technical or column.name in companions(self.seen.columns):
            return True
        return is_technical(column, self.setting)

    def _top(self, name: str) -> str:
        """The field of the row that a name reads: its first part, unless a field has a dot in its name."""
        return name if name in self.seen.flat else name.split(".")[0]

    def _missing(self, rules: Sequence[Rule]) -> list[str]:
        made = {rule.target.split(".")[0] for rule in rules}
        return [name for name, each in self.entity.fields.items() if each.required and name not in made]

    # Constants and references

    def _constants(self, rules: Sequence[Rule]) -> list[Rule]:
        """A role that only the stream's name tells."""
        if "role" not in self.entity.fields or any(rule.target == "role" for rule in rules):
            return []
        words = self.setting.words
        tokens = {token for name in self.seen.names for reading in words.read(name) for token in reading}
        roles = [role for role in self.entity.roles if tokens & set(words.spellings(role))]
        if len(roles) != 1:
            return []
        said = f"likely: no field says it, but the stream's name does; all records become {roles[0]}s"
        return [Rule("role", {"value": roles[0]}, (), [said])]

    def refer(self, column: Column, each: Field) -> Referred:
        """The stream a key is of: as the system says, by the name of its key, by keys seen there, by their form."""
        system = self.seen.stream.partition(".")[0]
        fits = [one for one in self.known if one.entity == each.reference]
        ours = [one for one in fits if one.stream.startswith(f"{system}.")]
        declared = f"{system}.{column.declared.refers}"
        if column.declared.refers and any(one.stream == declared for one in self.known):
            return Referred(declared, f"the system says that it refers to {column.declared.refers}")
        for one in ours:
            if one.key.casefold() == column.name.rsplit(".", 1)[-1].casefold():
                return Referred(one.stream, f"the key of {one.stream} has the same name")
        values = set(column.values)
        for one in sorted(fits, key=lambda one: -len(values & one.keys)):
            if values & one.keys:
                return Referred(one.stream, f"{len(values & one.keys)} of its values are keys of {one.stream}")
        shapes = Counter(map(_shape, column.values))
        likely = [one for one in fits if shapes and shapes.most_common(1)[0][0] in set(map(_shape, one.keys))]
        if len(likely) == 1:
            return Referred(likely[0].stream, f"its values are written like the keys of {likely[0].stream}; check")
        if len(ours) == 1 or len(fits) == 1:
            only = (ours if len(ours) == 1 else fits)[0]
            return Referred(only.stream, f"{only.stream} is the only stream of {each.reference} records; check")
        others = f"; it could be {', '.join(one.stream for one in fits)}" if fits else ""
        return Referred(
            (ours or fits)[0].stream if fits else PLACEHOLDER, f"which stream its key is of: fill in{others}"
        )

    # Comments

    def _head(self, rules: Sequence[Rule]) -> list[str]:
        rows_seen = max((column.seen for column in self.seen.columns), default=0)
        filled = {rule.target.split(".")[0] for rule in rules}
        lines = [
            f"A first draft for {self.seen.stream}, suggested from {rows_seen} rows; read it before it is used.",
            f"Entity {self.entity.name}, {self.sure}.",
            f"It fills {len(filled)} of the {len(self.entity.fields)} fields of {self.entity.name}.",
        ]
        if missing := self._missing(rules):
            said = f"{self.entity.name} requires {', '.join(missing)}, and no field could be told to hold it"
            lines.append(f"{said}: add it below and take `partial` away, which lets records be without it")
        return lines

    def _foot(self, found: Match, left: Sequence[Column]) -> list[str]:
        lines = [
            f"cannot tell {target}: {' or '.join(_either(each) for each in rated)}; name one"
            for target, rated in found.undecided.items()
        ]
        lines += [
            f"perhaps {each.target}: {each.column.name} ({each.score:.2f}): {'; '.join(each.why) or 'a guess'}"
            for each in found.maybe
            if each.target.split(".")[0] not in {target.split(".")[0] for target in found.placed}
        ]
        named = {each.column.name for each in found.maybe} | {
            each.column.name for rated in found.undecided.values() for each in rated
        }
        rest = [column for column in left if column.name not in named or not lines]
        if rest:
            lines.append(f"not placed: {', '.join(_left(column) for column in rest)}")
        return lines

    # Examples

    def _examples(self, draft: Draft) -> list[dict[str, Any]]:
        """Each row with what the mapping makes of it, found out by running it."""
        document = read_yaml(write(draft), f"{draft.name}.yaml")
        mapping = compile_mapping(document, self.model, zone=self.seen.zone)
        required = [] if draft.partial else [name for name, each in self.entity.fields.items() if each.required]
        made: list[dict[str, Any]] = []
        for row in rows(draft.rules, self.key, required):
            batch = mapping.apply([row])
            values = {name: value for name, value in (batch.values[0] or {}).items() if value not in (None, "", [], {})}
            error = batch.errors.get(0)
            if batch.fates[0] == "dead":
                made.append({"given": row, "dead_letter": error.message.partition(" (")[0] if error else True})
            elif values:
                made.append({"given": row, "expect": values})
        return made


def _either(each: Rated) -> str:
    return f"{each.column.name} ({each.score:.2f})"


def _left(column: Column) -> str:
    label = f" '{column.declared.label}'" if column.declared.label else ""
    return f"{column.name}{label}" + ("" if column.filled else " (empty)")


def _shape(text: str) -> str:
    """The form of a key: its letters, and how many digits."""
    return re.sub(r"\d", "9", text)


def entity_of(names: Sequence[str], model: Model, words: Words) -> str:
    """The entity that a stream's names say, "" when they say none or several."""
    scores = sorted(((name_fit(names, name, words), name) for name in model.entities), reverse=True)
    if not scores or scores[0][0] < 0.5 or (len(scores) > 1 and scores[0][0] == scores[1][0]):
        return ""
    return scores[0][1]
