"""The state as a look at a system sees it (`discover`, `preview`, `systems test`): read, but never made or migrated.

A look leaves no trace but one: what it spent of a day's quota. That is counted where the flows count it, so that
looking around does not cost the night's run its calls.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from goldbridge.clock import Clock
from goldbridge.errors import Halt
from goldbridge.ports import Json, Kept, Part
from goldbridge.settings.project import Project
from goldbridge.state.engine import Store, open_store
from goldbridge.state.inbox import Inbox
from goldbridge.state.schema import current, newest
from goldbridge.state.vault import Vault, derive, load_key

Found = TypeVar("Found")

_QUOTA = "quota"
"""The vault's entry that `goldbridge.http.budget` keeps a day's calls in."""


def state_url(project: Project) -> str:
    """Where the state lives: what settings.yaml says, else a SQLite file in the project's own state folder."""
    return project.settings.state_url or f"sqlite:///{project.state_dir / 'state.sqlite'}"


def _vault(project: Project, store: Store) -> Vault:
    """Tokens and quotas of a hub; raises `Halt` STA018 when its key is malformed or readable by others."""
    return Vault(store, derive(load_key(project.state_dir, os.environ), "vault"))


class State:
    """Asks the state when there is one, of this version."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project, self._clock = project, clock

    def ask(self, question: Callable[[Store], Found], nothing: Found) -> Found:
        url = state_url(self._project)
        if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
            return nothing
        store = open_store(url, self._clock, state_dir=self._project.state_dir, migrate=False)
        try:
            with store.read() as conn:
                ready = current(conn) == newest()
            return question(store) if ready else nothing
        finally:
            store.close()


class Spending:
    """A token store (see `ports.TokenStore`) whose tokens live as long as the process, and whose quotas are the hub's.

    Loading and saving raise `Halt` STA017 when the hub's key does not fit.
    """

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project, self._state = project, State(project, clock)

    def load(self, system: str, name: str) -> Json:
        if name != _QUOTA:
            return None
        return self._state.ask(lambda store: _vault(self._project, store).load(system, name), None)

    def save(self, system: str, name: str, value: Json) -> None:
        if name == _QUOTA:
            self._state.ask(lambda store: _vault(self._project, store).save(system, name, value), None)


class Glance:
    """The inbox as it is now."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._state = State(project, clock)

    def put(self, system: str, event: str, parts: Sequence[Part]) -> bool:
        raise Halt("CON355", f"{system}: only `goldbridge serve` keeps events")

    def last(self, system: str) -> int:
        return self._state.ask(lambda store: Inbox(store).last(system), 0)

    def place(self, system: str, before: str) -> int:
        return self._state.ask(lambda store: Inbox(store).place(system, before), 0)

    def page(self, system: str, stream: str, after: int, until: int, limit: int) -> Sequence[Kept]:
        return self._state.ask(lambda store: Inbox(store).page(system, stream, after, until, limit), [])

    def newest(self, system: str, stream: str, keys: Sequence[str], until: int) -> Mapping[str, int]:
        return self._state.ask(lambda store: Inbox(store).newest(system, stream, keys, until), {})
