"""References of golden records in out mappings: the flow has put the target's key in their place before `apply`."""

from __future__ import annotations

from typing import Any

from goldbridge.mapping.chain import Cell
from goldbridge.mapping.spec import FieldSpec
from goldbridge.mapping.value import ABSENT, Outcome


def resolver(spec: FieldSpec, run: Cell) -> Cell:
    """Takes the key of one object out of what the flow has put there, then goes on with the transforms.

    A key as text is the key. A group {object: key} holds a key per object that was asked for; an object without one
    gives null. A reference that is still {ref, key} makes the record a dead letter: writing it would orphan it.
    """
    wanted = spec.resolve

    def resolve(value: Any) -> Any:
        if isinstance(value, list):
            found = [resolve(item) for item in value]
            refused = next((item for item in found if isinstance(item, Outcome)), None)
            return refused or [item for item in found if item is not None and item is not ABSENT]
        if isinstance(value, dict):
            if "ref" in value:
                reason = f"the reference {value['ref']} was not resolved to {wanted}"
                return Outcome(None, None, ("MAP046", reason, spec.mark_of("resolve")))
            value = value.get(wanted)
        return run(value)

    return resolve
