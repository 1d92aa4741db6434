"""The desk of a steward: who decides, and the rules in force, for the command line and whatever stands beside it.

There is no "act as": whoever decides is whom the operating system authenticated. The rules are read again only when
another revision was activated, so that five hundred answers do not read five hundred megabytes of statistics.
"""

from __future__ import annotations

import getpass
import os

from sqlalchemy import Connection

from flows.hub import Hub
from flows.master import rules_in_force
from goldbridge.state import ruleset
from goldbridge.state.audit import Audit
from goldbridge.state.vault import derive
from mdm.core import Core
from mdm.steward import Steward


def actor() -> str:
    """Who sits at the keyboard: the name of the process's user, whatever its environment says."""
    if os.name != "posix":
        return getpass.getuser()
    import pwd

    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run under a number that has no name
        return f"uid-{number}"


class Desk:
    """Makes the steward that decides about an entity; `name` is whom a console or an API authenticated."""

    def __init__(self, hub: Hub, name: str = "") -> None:
        self.hub = hub
        self.name = name or actor()
        self._audit = Audit(derive(hub.key, "audit"))
        self._cores: dict[str, tuple[int, Core]] = {}

    def __call__(self, conn: Connection, entity: str) -> Steward:
        """Raises `Halt` FLW035 for an entity that was never mastered; one that never is has survivorship only."""
        rules = {str(kind): rule for kind, rule in self.hub.project.settings.stewards.four_eyes.items()}
        return Steward(self.name, self._core(conn, entity), self._audit, four_eyes=rules)

    def _core(self, conn: Connection, entity: str) -> Core:
        known = self.hub.project.model.entities[entity]
        if not known.mastered:
            return Core(known, self.hub.survivorship[entity])
        rev = ruleset.in_force(conn)
        held = self._cores.get(entity)
        if held is None or held[0] != rev:
            core = rules_in_force(conn, self.hub.project, self.hub.survivorship, entity)
            held = self._cores[entity] = (rev, core)
        return held[1]
