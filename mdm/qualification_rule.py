"""Compiles config/qualification.yaml: how a partner becomes one, as states and the moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldbridge.errors import Problems
from goldbridge.mapping.expression import Expression
from goldbridge.ports import Document
from goldbridge.records.hint import did_you_mean
from goldbridge.records.model import NAME, Entity, Model
from goldbridge.state import document
from mdm.condition import compile_condition

KEYS = ("states", "start", "qualified", "asks", "moves")
MOVE_KEYS = ("from", "to", "when", "by", "documents")
BESIDE = ("roles", "systems")
"""What `when` may read beside the entity's fields: the roles of the golden record, and the systems that know it."""
STEWARD = "steward"
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One way from a state to another. `by` "": it happens by itself where `when` holds; else a steward makes it,
    who has to name these documents."""

    name: str
    origins: tuple[str, ...]
    to: str
    by: str = ""
    when: Expression | None = None
    documents: tuple[str, ...] = ()
    condition: str = ""
    """`when` as it is written."""


@dataclass(frozen=True, slots=True)
class Process:
    """`states`: the most restrictive first, it counts where two meet. `qualified`: states in which the role may be
    published; `asks`: state -> what a steward is asked while a role stands there."""

    name: str
    states: tuple[str, ...]
    start: str
    qualified: frozenset[str]
    asks: Mapping[str, str] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()

    def fingerprint(self) -> str:
        """Another one when golden records may stand elsewhere."""
        moves = [[m.name, m.origins, m.to, m.by, m.condition, m.documents] for m in self.moves]
        said = [self.name, self.states, self.start, sorted(self.qualified), sorted(self.asks.items()), moves]
        return document.digest(said)

    def move(self, name: str) -> Move | None:
        return next((move for move in self.moves if move.name == name), None)

    def open_to(self, state: str) -> list[Move]:
        """What a steward can do in a state."""
        return [move for move in self.moves if move.by and state in move.origins]


Processes = Mapping[str, Mapping[str, Process]]
"""Entity -> role -> the process that must approve it."""


def compile_qualification(written: Document, model: Model) -> Processes:
    """The process of every role that needs one; without the file no role needs any.

    Raises `Misconfigured` with all problems, each at its place: MDM075 a role whose process is not written, or a
    process that no role needs; MDM076 a process of the wrong shape, a state that does not exist or is never reached;
    MDM077 a condition that does not compile.
    """
    problems = Problems()
    data = written.data if isinstance(written.data, dict) else {}
    found: dict[str, dict[str, Process]] = {}
    if not data:
        return found
    for entity in model.entities.values():
        for role in entity.roles.values():
            if not role.qualification:
                continue
            if not entity.mastered:
                message = f"{entity.name} is not mastered, so no role of it can be qualified: set `mastered: true`"
                problems.note(written.mark(), "MDM075", message)
                continue
            if role.qualification not in data:
                hint = did_you_mean(role.qualification, data)
                message = f"role '{role.name}' of {entity.name} needs the process '{role.qualification}'"
                problems.note(written.mark(), "MDM075", f"{message}, which is not here{hint}")
                continue
            process = _Compiler(written, entity, role.qualification, problems).process(data[role.qualification])
            found.setdefault(entity.name, {})[role.name] = process
    needed = {role.qualification for entity in model.entities.values() for role in entity.roles.values()}
    for name in data:
        if name not in needed:
            message = f"no role needs the process '{name}'; name it under `roles` in config/model.yaml, or remove it"
            problems.note(written.key_mark(name), "MDM075", message)
    problems.raise_any()
    return found


class _Compiler:
    """One process, over the fields of the entity whose role needs it."""

    def __init__(self, document: Document, entity: Entity, name: str, problems: Problems) -> None:
        self.document, self.entity, self.name, self.problems = document, entity, name, problems

    def at(self, path: _Path, message: str, code: str = "MDM076") -> None:
        self.problems.note(self.document.mark(self.name, *path), code, message)

    def key(self, path: _Path, message: str) -> None:
        self.problems.note(self.document.key_mark(self.name, *path), "MDM076", message)

    def process(self, data: Any) -> Process:
        if not isinstance(data, dict):
            self.at((), "a process is a mapping with `states`, `start`, `qualified` and `moves`")
            data = {"states": ["start"], "start": "start", "qualified": ["start"]}
        self.unknown(data, KEYS, (), "a process")
        states = self.names(data.get("states"), ("states",), "`states` lists the states, the most restrictive first")
        start = data.get("start")
        self.state(start, states, ("start",))
        qualified = self.names(
            data.get("qualified"), ("qualified",), "`qualified` lists the states that allow business"
        )
        for index, each in enumerate(qualified):
            self.state(each, states, ("qualified", index))
        moves = self.moves(data.get("moves"), states)
        self.reached(states, str(start), moves)
        return Process(self.name, states, str(start), frozenset(qualified), self.asks(data.get("asks"), states), moves)

    def moves(self, data: Any, states: tuple[str, ...]) -> tuple[Move, ...]:
        if not isinstance(data, dict):
            self.at(("moves",) if data is not None else (), "`moves` names the ways between states")
            return ()
        return tuple(move for name, said in data.items() if (move := self.move(str(name), said, states)))

    def move(self, name: str, said: Any, states: tuple[str, ...]) -> Move | None:
        path: _Path = ("moves", name)
        if not NAME.fullmatch(name) or not isinstance(said, dict):
            self.key(path, f"move '{name}' is written as in approve: {{from: in_review, to: qualified, by: {STEWARD}}}")
            return None
        self.unknown(said, MOVE_KEYS, path, "a move")
        written = said.get("from")
        many = isinstance(written, list)
        origins = self.names(written if many else [written], (*path, "from"), "`from` names one state or several")
        for index, each in enumerate(origins):
            self.state(each, states, (*path, "from", index) if many else (*path, "from"))
        self.state(said.get("to"), states, (*path, "to"))
        by = said.get("by") or ""
        if by not in ("", STEWARD):
            self.at((*path, "by"), f"`by` is {STEWARD}; a move without it happens by itself where `when` holds")
        if not by and said.get("when") is None:
            self.key(path, f"move '{name}' needs `when`, or `by: {STEWARD}`: it would leave its state at once")
        documents = said.get("documents")
        if documents is not None and not by:
            self.key((*path, "documents"), "only a steward can name documents; add `by: steward`")
        asked = "`documents` lists names such as business_licence"
        return Move(
            name, origins, str(said.get("to")), str(by), self.condition(said.get("when"), (*path, "when")),
            () if documents is None else self.names(documents, (*path, "documents"), asked),
            "" if said.get("when") is None else str(said["when"]),
        )  # fmt: skip

    def condition(self, said: Any, path: _Path) -> Expression | None:
        if said is None:
            return None
        known = {*self.entity.fields, *BESIDE}
        place = (self.name, *path)
        return compile_condition(self.document, place, said, self.entity.name, known, self.problems, "MDM077")

    def asks(self, data: Any, states: tuple[str, ...]) -> dict[str, str]:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self.at(("asks",), "`asks` says per state what a steward is asked")
            return {}
        for name in data:
            if name not in states:
                self.key(("asks", name), f"there is no state '{name}'{did_you_mean(str(name), states)}")
        return {str(name): str(text) for name, text in data.items()}

    def reached(self, states: tuple[str, ...], start: str, moves: tuple[Move, ...]) -> None:
        """A state that no move leads to is a mistake, and nobody would ever notice."""
        known, fresh = {start}, True
        while fresh:
            met = {move.to for move in moves if known & set(move.origins)} - known
            known, fresh = known | met, bool(met)
        for index, state in enumerate(states):
            if state not in known and start in states:
                self.at(("states", index), f"no move leads from '{start}' to '{state}'; add one, or remove the state")

    def names(self, said: Any, path: _Path, message: str) -> tuple[str, ...]:
        if not isinstance(said, list) or not said or not all(isinstance(name, str) and name for name in said):
            here = self.document.data[self.name]
            self.at(path if isinstance(here, dict) and path[0] in here else (), message)
            return ()
        return tuple(said)

    def state(self, said: Any, states: tuple[str, ...], path: _Path) -> None:
        if states and said not in states:
            here = self.document.data[self.name]
            message = (
                f"there is no state '{said}'{did_you_mean(str(said), states)}" if said else "a state is missing here"
            )
            self.at(path if isinstance(here, dict) and path[0] in here else (), message)

    def unknown(self, said: Mapping[str, Any], known: tuple[str, ...], path: _Path, what: str) -> None:
        for key in said:
            if key not in known:
                self.key((*path, key), f"{what} has no key '{key}'{did_you_mean(str(key), known)}")
