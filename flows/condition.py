"""The condition of a flow: CEL over golden values, with `has_role('customer')` and `qualified('dealer')` for roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flows.config import hint
from goldbridge.errors import Mark, Misconfigured
from goldbridge.mapping.expression import NATIVE
from goldbridge.records.model import Entity

MAX_LENGTH = 1_000


OF_ROLES = frozenset({"has_role", "qualified"})
"""Functions of a role: whether the golden record has it, and whether business may be done in it."""


class Condition:
    """Compiled once; a golden record for which it cannot be decided (a field has no value) does not meet it."""

    def __init__(self, source: str, entity: Entity, mark: Mark) -> None:
        """Raises `Misconfigured` FLW009 for what is no expression, or reads what the entity does not have."""
        from cel import Context, compile

        self.source = source
        if len(source) > MAX_LENGTH:
            raise Misconfigured.one("FLW009", f"`when` is longer than {MAX_LENGTH} characters", mark)
        try:
            program = compile(source)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise Misconfigured.one("FLW009", f"`when` is no CEL expression: {reason}", mark) from None
        known = {*entity.fields, "roles"}
        for name in sorted(set(program.variables()) - known):
            raise Misconfigured.one("FLW009", f"`when`: {entity.name} has no field '{name}'{hint(name, known)}", mark)
        functions = {name for name in program.functions() if name[0].isalpha()}
        for name in sorted(functions - NATIVE - OF_ROLES):
            known = {*NATIVE, *OF_ROLES}
            raise Misconfigured.one("FLW009", f"`when`: there is no function '{name}'{hint(name, known)}", mark)
        self._names = sorted(program.variables())
        self._run: Callable[[Any], Any] = program.execute
        self._context = Context

    def __call__(self, values: Mapping[str, Any]) -> bool:
        roles = values.get("roles") or []
        fit = values.get("qualified")
        fit = roles if fit is None else fit  # where no role needs a process, whoever has one may do business in it
        context = self._context({name: values.get(name) for name in self._names})
        context.add_function("has_role", lambda role: role in roles)
        context.add_function("qualified", lambda role: role in fit)
        try:
            return self._run(context) is True
        except (ValueError, TypeError, RuntimeError):
            return False
