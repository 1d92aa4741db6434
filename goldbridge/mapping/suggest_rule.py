"""Rules for what was placed: the steps that bring such values into the form of their field, and why these."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldbridge.mapping.profile import Column
from goldbridge.mapping.suggest_match import Match, Rated
from goldbridge.mapping.suggest_table import Entry, entries, is_plain, outcomes
from goldbridge.mapping.words import Words
from goldbridge.records.field import Entity, Field

_MARKS = [";", "；", ",", "，"]
_offset = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_cel_name = re.compile(r"[A-Za-z_]\w*")
_MOST_WHY = 3


@dataclass(slots=True)
class Rule:
    """One field of the mapping: its steps as they are written, the columns it reads, its table, its comments."""

    target: str
    steps: dict[str, Any]
    columns: tuple[Column, ...]
    comments: list[str]
    table: Sequence[Entry] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Referred:
    """The stream that the keys of a column are of, and why it is thought so."""

    stream: str
    why: str


Refer = Callable[[Column, Field], Referred]


def how_sure(score: float) -> str:
    return "sure" if score >= 0.9 else "likely" if score >= 0.75 else "perhaps"


class Rules:
    """Makes the rules of one mapping; `refer` says which stream a key belongs to."""

    def __init__(self, entity: Entity, columns: Sequence[Column], words: Words, refer: Refer) -> None:
        self.entity, self.columns, self.words, self.refer = entity, {each.name: each for each in columns}, words, refer

    def make(self, found: Match) -> list[Rule]:
        """One rule per field, in the model's order; an address from all of its parts."""
        made: dict[str, Rule] = {}
        for name, field in self.entity.fields.items():
            if field.type == "address" and not field.many:
                parts = {target: each[0] for target, each in found.placed.items() if target.startswith(f"{name}.")}
                made |= {rule.target: rule for rule in self._address(name, parts)}
            elif name in found.placed:
                made[name] = self._rule(name, field, found.placed[name])
        for target, rivals in found.rivals.items():
            rule = made.get(target) or made.get(target.split(".")[0])
            if rule is not None:
                others = ", ".join(f"{each.column.name} ({each.score:.2f})" for each in rivals)
                rule.comments.append(f"a choice: {others} would fit about as well")
        return list(made.values())

    def _rule(self, name: str, field: Field, placed: Sequence[Rated]) -> Rule:
        columns = tuple(each.column for each in placed)
        comments = [_told(each) for each in placed]
        if field.type == "enum":
            return self._enum(name, field, placed[0], comments)
        if field.type == "reference":
            return self._reference(name, field, columns, comments)
        if field.type == "money":
            return self._money(name, columns[0], comments)
        source: Any = columns[0].name if len(columns) == 1 else [column.name for column in columns]
        steps: dict[str, Any] = {"from": source}
        if via := self._via(field, columns[0]):
            steps["via"] = via
        return Rule(name, steps, columns, comments)

    def _via(self, field: Field, column: Column) -> list[Any]:
        match field.type:
            case "credit_code" | "lei" | "industry":
                return ["blank", field.type]
            case "phone":
                return ["blank", "phones" if field.many else "phone"]
            case "email":
                return ["blank", {"split": _MARKS}, "email"] if field.many else ["blank", "email"]
            case "date":
                return _day(column)
            case "datetime":
                return _moment(column)
            case "decimal":
                return ["blank", "number"]
            case "integer" | "boolean":
                return ["blank", field.type]
        if field.name == "name" and self.entity.mastered:
            return ["blank", "organisation"]
        return ["trim", "blank"]

    def _enum(self, name: str, field: Field, placed: Rated, comments: list[str]) -> Rule:
        column = placed.column
        if name == "reg_status" and column.share("reg_status") >= 0.6 and not column.declared.options:
            return Rule(name, {"from": column.name, "via": ["blank", "reg_status"]}, (column,), comments)
        table = entries(column, field, self.words)
        if rule := self._ended(name, field, column, table, comments):
            return rule
        steps: dict[str, Any] = {"from": column.name}
        if not table:
            comments.append("no value of it was seen, so there is no table: add `lookup` when its values are known")
        if any(entry.word is None for entry in table):
            comments.append(f"fill in what each value means: {', '.join(field.enum)}")
        if table and not is_plain(table):
            steps["lookup"] = {entry.value: entry.word for entry in table}
            return Rule(name, steps, (column,), comments, table)
        return Rule(name, steps, (column,), comments, words=field.enum)

    def _ended(
        self, name: str, field: Field, column: Column, table: Sequence[Entry], comments: list[str]
    ) -> Rule | None:
        """A status that only says that something is over, with a second column that says how it ended."""
        over = [entry.value for entry in table if entry.word is None]
        if len(over) != 1 or not over[0].isalpha():
            return None
        for other in self.columns.values():
            told = outcomes(other, field, self.words) if _is_result(other, self.words) else []
            if not told:
                continue
            one, two = _cel(column.name), _cel(other.name)
            steps = [f"{one} == '{entry.value}' ? '{entry.word}'" for entry in table if entry.word]
            steps.append(f"{one} != '{over[0]}' ? null")
            steps += [f"{two} == '{entry.value}' ? '{entry.word}'" for entry in told]
            comments.append(f"'{over[0]}' does not say how it ended, {other.name} does; check the words")
            return Rule(name, {"expr": " : ".join([*steps, "null"])}, (column, other), comments)
        return None

    def _reference(self, name: str, field: Field, columns: tuple[Column, ...], comments: list[str]) -> Rule:
        found = [self.refer(column, field) for column in columns]
        comments = [f"{said}; {each.why}" for said, each in zip(comments, found, strict=True)]
        if len(columns) == 1:
            return Rule(name, {"from": columns[0].name, "via": ["trim"], "ref": found[0].stream}, columns, comments)
        parts = [{"from": column.name, "ref": each.stream} for column, each in zip(columns, found, strict=True)]
        return Rule(name, {"first_of": parts}, columns, comments)

    # Amounts

    def _money(self, name: str, column: Column, comments: list[str]) -> Rule:
        unit = self._unit_of(column)
        if unit is not None:
            comments.append(f"{unit.name} holds the unit, so both are read as one text: exact, whatever the unit")
            if column.found in ("text", ""):
                one, other = _cel(column.name), _cel(unit.name)
                expression = f"{one} == null || trim({one}) == '' ? null : {one} + {other}"
                return Rule(name, {"expr": expression, "via": ["blank", "money"]}, (column, unit), comments)
            return Rule(name, {"join": [column.name, unit.name], "via": ["blank", "money"]}, (column, unit), comments)
        said = f"{column.name} {column.declared.label}"
        if re.search(r"万|wan(?:yuan)?\b", said, re.IGNORECASE):
            comments.append("its name says 万元, so it is read in units of 10,000 yuan")
            return Rule(name, {"from": column.name, "via": ["blank", "wan"]}, (column,), comments)
        if re.search(r"[(（]分[)）]|(?i:cents?\b|_fen\b)", said):
            comments.append("its name says 分 (cents)")
            return Rule(name, {"from": column.name, "via": ["blank", "cents"]}, (column,), comments)
        return Rule(name, {"from": column.name, "via": ["blank", "money"]}, (column,), comments)

    def _unit_of(self, amount: Column) -> Column | None:
        """The column beside an amount that holds 元 or 万元."""
        units = [each for each in self.columns.values() if each.filled and each.share("unit") >= 0.9]
        stem = amount.name.casefold()
        named = [each for each in units if each.name.casefold().startswith(stem)]
        amounts = [each for each in self.columns.values() if each.share("number") >= 0.8 and not each.is_code]
        return named[0] if named else units[0] if len(units) == 1 and len(amounts) == 1 else None

    # Addresses

    def _address(self, name: str, parts: Mapping[str, Rated]) -> list[Rule]:
        found = {target.partition(".")[2]: each for target, each in parts.items()}
        told = [_told(each) for each in found.values()]
        levels = [found[part] for part in ("county", "city", "province") if part in found]
        coded = [each for each in levels if each.column.share("region") >= 0.6]
        if coded:
            coded = [each for each in levels if each in coded or not each.column.filled]
        if not found:
            return []
        if coded or "region" in found or "point" in found:
            return self._parts(name, found, coded)
        columns = tuple(found[part].column for part in ("province", "city", "county", "line") if part in found)
        if len(columns) == 1:
            return [Rule(name, {"from": columns[0].name, "via": ["blank", "address"]}, columns, told)]
        joined = [{"from": column.name, "via": ["blank"]} for column in columns]
        told.append("the parts are read together, so that what is said twice is kept once")
        return [Rule(name, {"join": joined, "via": ["address"]}, columns, told)]

    def _parts(self, name: str, found: Mapping[str, Rated], coded: Sequence[Rated]) -> list[Rule]:
        """An address whose divisions are codes, or that has a point: each part for itself."""
        made: list[Rule] = []
        if "line" in found:
            made.append(self._part(f"{name}.line", [found["line"]], ["blank", "trim"]))
        codes = [found["region"]] if "region" in found else coded
        if codes:
            made.append(self._part(f"{name}.region", codes, ["region"]))
        for at, level in enumerate(("county", "city", "province")):
            deep = [each for each in codes if "region" in found or _depth(each.target) <= at]
            if level in found and found[level] not in coded:
                made.append(self._part(f"{name}.{level}", [found[level]], ["blank", "trim"]))
            elif deep:
                made.append(self._part(f"{name}.{level}", deep, [{"region_name": level}]))
        if "point" in found:
            made.append(self._part(f"{name}.point", [found["point"]], ["blank", "point"]))
        return made

    def _part(self, target: str, placed: Sequence[Rated], via: list[Any]) -> Rule:
        columns = tuple(each.column for each in placed)
        origin: dict[str, Any] = (
            {"from": columns[0].name} if len(columns) == 1 else {"first_of": [column.name for column in columns]}
        )
        return Rule(target, {**origin, "via": via}, columns, [_told(placed[0])])


def _is_result(column: Column, words: Words) -> bool:
    return any(tokens[-1:] == ("result",) for tokens in words.read(column.name))


def _depth(target: str) -> int:
    return ("county", "city", "province").index(target.rpartition(".")[2])


def _told(each: Rated) -> str:
    why = "; ".join(each.why[:_MOST_WHY]) or "by its values"
    empty = "" if each.column.filled else "; the sample has no value of it"
    return f"{how_sure(each.score)} ({each.score:.2f}): {each.column.name}: {why}{empty}"


def _day(column: Column) -> list[Any]:
    if column.share("epoch_ms") >= 0.6:
        return ["epoch_ms", "local_date"]
    if column.share("epoch_s") >= 0.6:
        return ["epoch_s", "local_date"]
    moved = sum(bool(_offset.search(value)) for value in column.values)
    if column.share("datetime") >= 0.6 and moved >= 0.8 * column.distinct:
        return ["blank", "datetime", "local_date"]
    return ["blank", "date"]


def _moment(column: Column) -> list[Any]:
    for kind in ("epoch_ms", "epoch_s"):
        if column.share(kind) >= 0.6:
            return [kind]
    return ["blank", "datetime"]


def _cel(name: str) -> str:
    if _cel_name.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"row['{escaped}']"
