"""The phases of a wave, and who may write in each of them. Pure: what is stored and done follows from here."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple

Side = Literal["old", "new"]


class Phase(IntEnum):
    """A wave goes forward one by one; `DUAL` is left out unless the wave asks for it."""

    DRAFT = 0
    PROFILE = 1
    REHEARSE = 2
    BULK_LOAD = 3
    SHADOW = 4
    DUAL = 5
    FREEZE = 6
    FLIP = 7
    REVERSE_SHADOW = 8
    DONE = 9

    @property
    def word(self) -> str:
        """As it is written in YAML and on the command line."""
        return self.name.lower()


WORDS = tuple(phase.word for phase in Phase)
PURPOSE: dict[Phase, str] = {
    Phase.DRAFT: "the file is written; nothing is moved",
    Phase.PROFILE: "the old system is read, and nothing is written",
    Phase.REHEARSE: "the same file runs against the sandbox",
    Phase.BULK_LOAD: "everything is written to the new system once",
    Phase.SHADOW: "the new system follows the old one",
    Phase.DUAL: "people work in both, each field in the system that owns it",
    Phase.FREEZE: "nobody writes; what is under way is drained",
    Phase.FLIP: "the new system is the one to work in; external steps follow",
    Phase.REVERSE_SHADOW: "the old system follows the new one, so that the way back is open",
    Phase.DONE: "the old system is archived",
}
LAST_ABORT = Phase.FREEZE
"""Until here nothing was changed in the old system, and a wave can simply stop."""


def after(phase: Phase, *, dual: bool) -> Phase:
    """The next phase."""
    following = Phase(phase + 1)
    return Phase.FREEZE if following is Phase.DUAL and not dual else following


class Grant(NamedTuple):
    """Whose word counts, and to which sides flows may write copies."""

    owners: frozenset[Side]
    writes: frozenset[Side]


_OLD: frozenset[Side] = frozenset({"old"})
_NEW: frozenset[Side] = frozenset({"new"})
_NONE: frozenset[Side] = frozenset()
_CLOSED = Grant(_OLD, _NONE)
_GRANTS: dict[Phase, Grant] = {
    Phase.DRAFT: _CLOSED,
    Phase.PROFILE: _CLOSED,
    Phase.REHEARSE: _CLOSED,
    Phase.BULK_LOAD: Grant(_OLD, _NEW),
    Phase.SHADOW: Grant(_OLD, _NEW),
    Phase.DUAL: Grant(_OLD | _NEW, _OLD | _NEW),
    Phase.FREEZE: Grant(_NONE, _NEW),
    Phase.FLIP: Grant(_NEW, _OLD),
    Phase.REVERSE_SHADOW: Grant(_NEW, _OLD),
    Phase.DONE: Grant(_NEW, _NONE),
}
RETURNING = Grant(_NONE, _OLD)
"""While a rollback drains: nobody works in either system, and the old one receives what the new one has."""


def grant(phase: Phase) -> Grant:
    """Who may write in a phase."""
    return _GRANTS[phase]
