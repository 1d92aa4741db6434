"""The lanes of the stewards' queue: which questions are of one kind for the person who answers them.

A lane is kept as the task's queue, so that a long queue is filtered by the database.
"""

from __future__ import annotations

LANES: dict[str, str] = {
    "hard_ids": "two different official numbers: only a person may join them",
    "margin": "two candidates of nearly the same weight",
    "weak": "golden records that hang together by a single pair",
    "held": "held by a decision while the evidence says otherwise",
    "pins": "pinned values that a source contradicts",
    "children": "children of golden records that were merged or split: which side, and which are doubles",
    "relations": "relations that would lead a golden record back to itself",
    "partners": "roles whose qualification waits for a person",
    "approvals": "decisions that wait for a second person, and those that were returned",
    "targets": "two rows of one golden record in a target system",
    "sides": "fields that people edited in two systems that are kept equal",
    "codes": "codes of a source that no list of its mapping knows",
    "doubt": "evidence between the bands",
    "default": "everything else",
}
"""Lane -> what is in it, in the order in which they cost when left alone."""

_OF_KIND = {
    "weak_cluster": "weak",
    "duplicate_in_target": "targets",
    "approval": "approvals",
    "returned": "approvals",
    "pin_challenged": "pins",
    "pin_conflict": "pins",
    "late_child": "children",
    "relation_dropped": "relations",
    "qualification": "partners",
    "two_way": "sides",
    "unknown_code": "codes",
    "match": "doubt",
}
DOUBLES = "their parents became one after both were there"
"""Why the system keeps two children apart that look double (E81)."""

_OF_REASON = {f"held: {DOUBLES}": "children", "different_hard_id": "hard_ids", "margin": "margin"}


def lane(kind: str, reason: str = "") -> str:
    """The lane of a question by its kind and, for pairs, by why the rules ask."""
    if kind == "match":
        return _OF_REASON.get(reason) or ("held" if reason.startswith("held: ") else "doubt")
    return _OF_KIND.get(kind, "default")


def kinds(name: str) -> list[str]:
    """The kinds of task that are in a lane whatever their reason."""
    return sorted(kind for kind, of in _OF_KIND.items() if of == name)
