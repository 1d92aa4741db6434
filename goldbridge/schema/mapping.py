"""The schema of mapping files and of value tables, from the key tables of their reader and the list of transforms."""

from __future__ import annotations

from goldbridge.mapping.example import KEYS as EXAMPLE_KEYS
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.spec import ELSE_WORDS, FIELD_KEYS, ORIGINS, SOURCE_KEYS, TOP_KEYS
from goldbridge.mapping.table import KEYS as TABLE_KEYS
from goldbridge.mapping.transform import Argument, Transform
from goldbridge.schema import word
from goldbridge.schema.shape import Schema, chosen, closed, described, plain

_ANY: Schema = {}
_FLAG: Schema = {"type": "boolean"}
_NAME: Schema = {"type": "string", "minLength": 1}
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_VIA: Schema = {"$ref": "#/$defs/via"}
_REF: Schema = {"type": ["string", "null"], "pattern": r"^[^.\s]+\.\S+$"}


def mapping() -> Schema:
    """mappings/**/*.yaml: a file that says `table:` is a value table, any other one a mapping."""
    return {
        "type": "object",
        "if": {"required": ["table"]},
        "then": {"$ref": "#/$defs/table"},
        "else": {"$ref": "#/$defs/mapping"},
        "$defs": {
            "mapping": _mapping(),
            "field": _field(),
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1},
            "part": _part(),
            "via": _via(),
            "example": _example(),
            "table": _table(),
        },
    }


def _mapping() -> Schema:
    fields = {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/field"}}
    shapes: dict[str, Schema] = {
        "mapping": _TEXT,
        "target": _TEXT,
        "source": {"type": ["string", "null"], "pattern": r"\S"},
        "key": {"type": ["string", "null"], "pattern": r"\S"},
        "when": {"type": ["string", "null"], "pattern": r"\S"},
        "partial": _FLAG,
        "merged_into": {"type": ["string", "null"], "pattern": r"\S"},
        "split_from": {"type": ["string", "null"], "pattern": r"\S"},
        "drop": {"type": "array", "items": _NAME},
        "fields": fields,
        "examples": {"type": "array", "items": {"$ref": "#/$defs/example"}},
    }
    return closed(
        described(TOP_KEYS, shapes, word.MAPPING),
        required=["mapping", "target", "fields"],
        anyOf=[{"required": ["key"]}, {"required": ["source"]}],
    )


def _field() -> Schema:
    parts: Schema = {"$ref": "#/$defs/parts"}
    otherwise = {"anyOf": [{"enum": list(ELSE_WORDS)}, _ANY]}
    shapes: dict[str, Schema] = {
        "from": {"anyOf": [_NAME, parts]},
        "first_of": parts,
        "join": parts,
        "expr": _TEXT,
        "value": _ANY,
        "via": _VIA,
        "lookup": {"anyOf": [_NAME, {"type": "object", "minProperties": 1}]},
        "reverse": _FLAG,
        "else": otherwise,
        "default": _ANY,
        "required": _FLAG,
        "with": {"type": "string"},
        "ref": _REF,
        "resolve": {"type": ["string", "null"], "minLength": 1},
        "inferred": _FLAG,
    }
    return closed(
        described(FIELD_KEYS, shapes, word.MAPPED_FIELD),
        oneOf=[{"required": [origin]} for origin in ORIGINS],
        dependentRequired={"with": ["join"], "else": ["lookup"], "reverse": ["lookup"]},
    )


def _part() -> Schema:
    found = described(SOURCE_KEYS, {"from": _NAME, "via": _VIA, "ref": _REF, "value": {"type": "string"}}, word.PART)
    written = closed(found, oneOf=[{"required": ["from"]}, {"required": ["value"]}])
    return {"anyOf": [_NAME, written | {"dependentSchemas": {"value": {"properties": {"ref": False}}}}]}


def _via() -> Schema:
    alone = {name: found.about for name, found in TRANSFORMS.items() if _stands_alone(found)}
    given = {
        name: {"description": plain(found.about), **_argument(found.argument)}
        for name, found in TRANSFORMS.items()
        if found.argument is not None
    }
    steps = {"anyOf": [chosen(alone), closed(given, minProperties=1, maxProperties=1)]}
    return {"type": ["array", "null"], "items": steps}


def _stands_alone(found: Transform) -> bool:
    return found.argument is None or not found.argument.required or found.zoned


def _argument(wanted: Argument) -> Schema:
    match wanted.kind:
        case "integer":
            return {"type": "integer", "minimum": 1}
        case "texts":
            texts: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
            return {"anyOf": [_NAME, texts]}
        case "table":
            return {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "propertyNames": {"minLength": 1},
                "minProperties": 1,
            }
        case "choice":
            return {"enum": list(wanted.choices)}
    return _NAME


def _example() -> Schema:
    shapes: dict[str, Schema] = {
        "given": {"type": "object"},
        "expect": {"type": "object"},
        "absent": {"type": "array"},
        "notes": {"type": "object"},
        "dead_letter": {"anyOf": [{"type": "string"}, {"const": True}]},
        "filtered": {"const": True},
    }
    fates = ("expect", "dead_letter", "filtered")
    return closed(
        described(EXAMPLE_KEYS, shapes, word.EXAMPLE),
        required=["given"],
        anyOf=[{"required": [key]} for key in (*fates, "absent", "notes")],
        allOf=[{"not": {"required": [one, other]}} for at, one in enumerate(fates) for other in fates[at + 1 :]],
    )


def _table() -> Schema:
    shapes: dict[str, Schema] = {"table": _NAME, "about": _ANY, "entries": {"type": "object", "minProperties": 1}}
    return closed(described(TABLE_KEYS, shapes, word.TABLE), required=["table", "entries"])
