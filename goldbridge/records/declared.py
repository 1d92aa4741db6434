"""What a system says about the fields of one of its objects, in its own words: connectors tell it, mappings use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """One field as its system describes it; what the system does not say stays empty.

    `type` is the system's own word, `label` what its users read, `options` are the values that are allowed with what
    users read instead, `refers` names the object whose key the field holds.
    """

    name: str
    type: str = ""
    label: str = ""
    key: bool = False
    required: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    refers: str = ""
