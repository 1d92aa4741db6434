"""The page of qualification.yaml; its words are those of the schema."""

from __future__ import annotations

from goldbridge.schema.qualification import MOVE_WORDS, WORDS
from mdm.qualification_rule import KEYS, MOVE_KEYS
from tools.reference.markdown import described, sections, table


def qualification() -> str:
    """config/qualification.yaml."""
    return sections(
        "# Qualification",
        """
`config/qualification.yaml` holds the processes that roles must pass; a role names its own under `roles` in
`config/model.yaml` ([how](../how-to/qualify-partners.md)).""",
        "## A process",
        table(("key", "meaning"), described("process keys", KEYS, WORDS)),
        "## A move",
        table(("key", "meaning"), described("move keys", MOVE_KEYS, MOVE_WORDS)),
    )
