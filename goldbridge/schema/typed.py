"""From pydantic models to JSON Schema as the loader means it.

The loader is lenient where people are: it takes a number or a flag in quotes, and in two files a `{secret: NAME}`
wherever a text may stand. A schema that is stricter than the loader would cry wolf.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from goldbridge.schema.shape import Schema, walk

SECRET: Schema = {
    "description": "the name of a secret; its value comes from the environment, a file or the keyring",
    "type": "object",
    "properties": {
        "secret": {
            "description": "its name, in capitals: CRM_PASSWORD",
            "type": "string",
            "pattern": "^[A-Z][A-Z0-9_]*$",
        }
    },
    "required": ["secret"],
    "additionalProperties": False,
}
_SECRET_REF: Schema = {"$ref": "#/$defs/secret"}
_NO_PASSWORD: Schema = {
    "description": "an address without a password in it; anything else that is secret is written {secret: NAME}",
    "type": "string",
    "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*://(?![^/?#]*:[^/?#]*@)",
}
_INTEGER = r"^\s*[-+]?\d[\d_]*(\.0*)?\s*$"
_NUMBER = r"^\s*[-+]?(\d[\d_]*)?\.?\d*([eE][-+]?\d+)?\s*$"
_FLAG = r"^([tT]|[fF]|[yY]|[nN]|0|1|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF])$"
_NOTES = ("description", "default", "examples")


class _Generator(GenerateJsonSchema):
    """pydantic's own, with defaults as an engineer would write them."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return f"{dft.days} d" if dft.days and not dft.seconds else f"{dft.total_seconds():g} s"
        return str(dft) if isinstance(dft, Path) else super().encode_default(dft)


def definitions(models: Sequence[type[BaseModel]], *, secrets: bool) -> tuple[list[Schema], Schema]:
    """A reference to each model, and the definitions they lead to; `secrets`: a text may be referred to by name."""
    places, made = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, schema_generator=_Generator
    )
    found = {
        name: walk(schema, lambda part: _as_loaded(part, secrets)) for name, schema in made.get("$defs", {}).items()
    }
    for model in models:
        for name in _completed(model):
            _require_nothing(found, found[model.__name__]["properties"][name])
    return [places[model, "validation"] for model in models], found | ({"secret": SECRET} if secrets else {})


def _completed(model: type[BaseModel]) -> set[str]:
    """Fields whose entries the model completes before it looks at them, so that an entry states what differs."""
    found = model.__pydantic_decorators__.field_validators.values()
    return {name for each in found if each.info.mode == "before" for name in each.info.fields}


def _require_nothing(found: Schema, part: Schema) -> None:
    entry = part.get("additionalProperties", part)
    if isinstance(entry, dict) and (name := str(entry.get("$ref", "")).removeprefix("#/$defs/")):
        found[name].pop("required", None)


def _as_loaded(part: Schema, secrets: bool) -> Schema:
    part = {key: value for key, value in part.items() if key != "title"}
    if isinstance(part.get("default"), dict | list) or part.get("default", 0) in (None, ""):
        del part["default"]
    if part.get("writeOnly"):
        return _notes(part) | {"anyOf": [_SECRET_REF, _NO_PASSWORD]}
    if "anyOf" in part:
        return part | {"anyOf": _branches(part["anyOf"])}
    if not _is_scalar(part):
        return part
    part = _lenient(part)
    if not secrets:
        return part
    return _notes(part) | {"anyOf": [{key: value for key, value in part.items() if key not in _NOTES}, _SECRET_REF]}


def _branches(found: Sequence[Schema]) -> list[Schema]:
    """Branches that were themselves choices are written out, each choice once."""
    flat: list[Schema] = []
    for each in found:
        for one in each["anyOf"] if set(each) == {"anyOf"} else [each]:
            if one not in flat:
                flat.append(one)
    return flat


def _is_scalar(part: Schema) -> bool:
    return "enum" in part or "const" in part or part.get("type") in ("string", "integer", "number", "boolean")


def _lenient(part: Schema) -> Schema:
    """What pydantic makes of text: `"5"` is a number, `no` is false."""
    match part.get("type") if "enum" not in part and "const" not in part else None:
        case "boolean":
            return part | {"type": ["boolean", "string", "integer"], "pattern": _FLAG, "minimum": 0, "maximum": 1}
        case "integer":
            return part | {"type": ["integer", "string"], "pattern": _INTEGER}
        case "number":
            return part | {"type": ["number", "string"], "pattern": _NUMBER}
    return part


def _notes(part: Schema) -> Schema:
    return {key: part[key] for key in _NOTES if key in part}
