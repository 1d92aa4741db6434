"""The schema of quality.yaml, and the words of its keys."""

from __future__ import annotations

from goldbridge.schema.shape import Schema, closed, described
from mdm.quality_rule import DAYS, DIMENSIONS, HEAVIEST, KEYS, NAME

WORDS = {
    "present": "a field, or several of which any will do, that says something; a part of a group as `address.region`",
    "valid": "a field whose value passes its check; a record that says nothing is not asked",
    "agrees": "a field in which the record says what survived in its golden record",
    "changed_within": "a number of days (`730 d`) within which the source last changed the record",
    "unique": "`true`: no second record of the same stream stands in its golden record",
    "expr": "a CEL expression over the entity's fields that is true; one that cannot be decided does not ask",
    "systems": "systems whose records are asked; all when left out",
    "weight": "how much the rule counts in the score of a record; 1 when left out",
    "at_least": "the share (`0.95`) below which a source needs a person: exit status 1",
    "label": "what people read instead of the rule's name",
}

_FIELDS: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


def quality() -> Schema:
    """config/quality.yaml."""
    shapes: dict[str, Schema] = {
        "present": _FIELDS,
        "valid": _FIELDS,
        "agrees": _FIELDS,
        "changed_within": {"type": "string", "pattern": f"^{DAYS.pattern}$", "examples": ["730 d"]},
        "unique": {"const": True},
        "expr": {"type": ["string", "boolean", "number"]},
        "systems": {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1},
        "weight": {"type": "integer", "minimum": 1, "maximum": HEAVIEST},
        "at_least": {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": ["null", "string"]}]},
        "label": {},
    }
    rule = closed(described(KEYS, shapes, WORDS), oneOf=[{"required": [kind]} for kind in DIMENSIONS])
    named = {"type": "object", "propertyNames": {"pattern": f"^({NAME.pattern})$"}, "additionalProperties": rule}
    return {"description": "rules of data quality by entity", "type": "object", "additionalProperties": named}
