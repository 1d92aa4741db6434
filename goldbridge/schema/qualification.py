"""The schema of qualification.yaml, and the words of its keys."""

from __future__ import annotations

from goldbridge.records.model import NAME
from goldbridge.schema.shape import Schema, closed, described
from mdm.qualification_rule import KEYS, MOVE_KEYS, STEWARD

WORDS = {
    "states": "the states a role can stand in, the most restrictive first: where two records meet, that one counts",
    "start": "the state in which a role begins",
    "qualified": "the states in which business may be done: `qualified('ROLE')` in flows.yaml asks for them",
    "asks": "state -> what a steward is asked while a role stands there",
    "moves": "the ways from state to state, by name; of several that can be gone by themselves the first one is",
}
MOVE_WORDS = {
    "from": "the state, or the states, that it leads out of",
    "to": "the state that it leads to",
    "when": "a CEL expression over the fields of the golden record, its `roles` and the `systems` that know it",
    "by": "`steward`: a person makes the move; without it the move happens by itself where `when` holds",
    "documents": "names of documents that the steward has to name with it",
}

_STATE: Schema = {"type": "string", "minLength": 1}
_STATES: Schema = {"type": "array", "items": _STATE, "minItems": 1}
_NAMED: Schema = {"pattern": f"^({NAME.pattern})$"}


def qualification() -> Schema:
    """config/qualification.yaml. Which states there are is said in the process itself, so any word will do here."""
    shapes: dict[str, Schema] = {
        "from": {"anyOf": [_STATE, _STATES]},
        "to": _STATE,
        "when": {"type": ["string", "boolean", "number", "null"]},
        "by": {"enum": [STEWARD, None, ""]},
        "documents": {"type": ["array", "null"], "items": _STATE, "minItems": 1},
    }
    by_hand: Schema = {"required": ["by"], "properties": {"by": {"const": STEWARD}}}
    by_itself: Schema = {
        "required": ["when"],
        "properties": {"when": {"not": {"type": "null"}}, "documents": {"type": "null"}},
    }
    move = closed(described(MOVE_KEYS, shapes, MOVE_WORDS), required=["from", "to"], anyOf=[by_hand, by_itself])
    parts: dict[str, Schema] = {
        "states": _STATES,
        "start": _STATE,
        "qualified": _STATES,
        "asks": {"type": ["object", "null"]},
        "moves": {"type": "object", "propertyNames": _NAMED, "additionalProperties": move},
    }
    process = closed(described(KEYS, parts, WORDS), required=["states", "start", "qualified", "moves"])
    return {"description": "processes that roles must pass, by name", "type": "object", "additionalProperties": process}
