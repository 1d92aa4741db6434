"""The schemas of model.yaml, matching.yaml and survivorship.yaml, from the key tables of their compilers."""

from __future__ import annotations

from dedupe.rule import BITS, FACETS, KINDS, SECTIONS, VETOES, Bands, Limits
from goldbridge.records.field import RELATIONS, TYPES
from goldbridge.records.model import CURRENCY, ENTITY_KEYS, FIELD_KEYS, IMPLY, NAME, ROLE_KEYS
from goldbridge.schema import word
from goldbridge.schema.shape import Schema, chosen, closed, described, plain
from mdm.criterion_rule import MOST_POINTS
from mdm.survivorship_rule import CRITERIA, KEYS

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NEEDING = ("trust", "expr")
"""Criteria that mean nothing without what stands behind them."""
_NAMED: Schema = {"pattern": f"^({NAME.pattern})$"}


def model() -> Schema:
    """config/model.yaml."""
    many: Schema = {"type": "object", "propertyNames": _NAMED, "additionalProperties": {"$ref": "#/$defs/field"}}
    role = closed(described(ROLE_KEYS, {"qualification": _TEXT, "label": _TEXT}, word.ROLE), type=["object", "null"])
    roles = {"type": ["object", "null"], "propertyNames": _NAMED, "additionalProperties": role}
    entity = closed(
        described(
            ENTITY_KEYS,
            {
                "description": _TEXT,
                "fields": many,
                "label": _TEXT,
                "mastered": _FLAG,
                "parent": {"type": ["string", "null"]},
                "roles": roles,
            },
            word.ENTITY,
        ),
        required=["fields"],
    )
    entity["properties"]["fields"] = {"minProperties": 1, **entity["properties"]["fields"]}
    entities = {
        "description": "what the house knows, by name",
        "type": "object",
        "minProperties": 1,
        "propertyNames": _NAMED,
        "additionalProperties": entity,
    }
    return closed({"entities": entities}, required=["entities"], **{"$defs": {"field": _field(many)}})


def _field(many: Schema) -> Schema:
    shapes: dict[str, Schema] = {
        "currency": {"type": "string", "pattern": f"^{CURRENCY.pattern}$"},
        "description": _TEXT,
        "enum": {"type": "array", "items": {"type": "string", "pattern": r"\S"}, "minItems": 1, "uniqueItems": True},
        "fields": many,
        "identifier": {"enum": ["hard", "soft", None]},
        "label": _TEXT,
        "many": _FLAG,
        "reference": _TEXT,
        "relation": chosen(RELATIONS),
        "required": _FLAG,
        "type": chosen(TYPES),
    }
    conditions: list[Schema] = [{"anyOf": [{"required": [key]} for key in ("type", *IMPLY)]}]
    conditions.append({"if": {"required": ["relation"]}, "then": {"required": ["reference"]}})
    for key, kind in IMPLY.items():
        fitting = [kind, "address"] if key == "fields" else [kind]
        conditions += [
            {"if": {"properties": {"type": {"const": kind}}, "required": ["type"]}, "then": {"required": [key]}},
            {"if": {"required": [key, "type"]}, "then": {"properties": {"type": {"enum": fitting}}}},
        ]
    return closed(described(FIELD_KEYS, shapes, word.FIELD), allOf=conditions)


def matching() -> Schema:
    """config/matching.yaml. What `block` may name depends on the compared fields, so any word will do here."""
    facets = sorted({facet for words in FACETS.values() for facet in words})
    shapes: dict[str, Schema] = {
        "block": {
            "type": ["array", "null"],
            "items": {"anyOf": [{"enum": facets}, {"type": ["string", "number", "boolean"]}]},
            "minItems": 1,
        },
        "compare": {"type": ["object", "null"], "additionalProperties": chosen(KINDS), "minProperties": 1},
        "veto": {"type": ["array", "null"], "items": chosen(VETOES)},
        "bands": closed(
            described(
                Bands.__dataclass_fields__,
                {name: {"type": "string", "pattern": BITS.pattern} for name in Bands.__dataclass_fields__},
                word.BANDS,
            ),
            type=["object", "null"],
        ),
        "limits": closed(
            described(
                Limits.__dataclass_fields__,
                {name: {"type": "integer", "minimum": 2} for name in Limits.__dataclass_fields__},
                word.LIMITS,
            ),
            type=["object", "null"],
        ),
    }
    entity = closed(described(SECTIONS, shapes, word.MATCHING), type=["object", "null"])
    return {"description": "matching rules by mastered entity", "type": "object", "additionalProperties": entity}


def survivorship() -> Schema:
    """config/survivorship.yaml."""
    alone = {name: about for name, about in word.CRITERION.items() if name not in (*_NEEDING, "source_rank")}
    points = {"type": "integer", "minimum": 0, "maximum": MOST_POINTS}
    falling = closed(
        {"at": points, "to": points, "over": {"type": "string", "pattern": "^[0-9]{1,5} *d$"}},
        required=["at", "to", "over"],
    )
    trust: Schema = {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [points, falling]}}
    needing: dict[str, Schema] = {
        "source_rank": {"type": "array", "minItems": 1},
        "most_restrictive": {"type": ["array", "null"]},
        "trust": trust,
        "expr": {"type": "string", "minLength": 1},
    }
    empty = {name: {"description": about, "type": ["array", "null"], "maxItems": 0} for name, about in alone.items()}
    written = {name: {"description": plain(word.CRITERION[name]), **shape} for name, shape in needing.items()}
    criterion: Schema = {
        "anyOf": [
            chosen(alone),
            closed({**empty, **written}, minProperties=1, maxProperties=1),
        ]
    }
    if set(word.CRITERION) != set(CRITERIA):
        raise ValueError("every criterion needs its description, and no other")
    criteria: Schema = {"type": ["array", "null"], "items": criterion}
    shapes: dict[str, Schema] = {
        "order": criteria,
        "union": _FLAG,
        "group": _FLAG,
        "owner": {"type": ["string", "null"]},
        "else": criteria,
        "fields": {"type": "array", "minItems": 2, "items": _TEXT},
        "clears": _FLAG,
    }
    rule = closed(described(KEYS, shapes, word.SURVIVORSHIP))
    entity = {"type": ["object", "null"], "additionalProperties": rule}
    return {"description": "survivorship rules by entity", "type": "object", "additionalProperties": entity}
