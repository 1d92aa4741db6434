"""Examples in a mapping file are its tests: a given record, and what must become of it.

`expect` names the fields that matter and compares them after type coercion (3000000.0 is the amount "3000000");
`absent` names fields that must not be there, `notes` what must be noted. A record that is refused says `dead_letter:`
with a part of the reason, one that is filtered says `filtered: true`.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from typing import Any

import orjson

from goldbridge.errors import Problem, Problems
from goldbridge.mapping.chain import as_type
from goldbridge.mapping.mapping import Mapping
from goldbridge.mapping.value import ABSENT, Invalid
from goldbridge.ports import Document
from goldbridge.records.field import Field
from goldbridge.records.hint import did_you_mean

KEYS = ("given", "expect", "absent", "notes", "dead_letter", "filtered")
_SHOWN = 60


def check_examples(mapping: Mapping, document: Document) -> list[Problem]:
    """Run a mapping's examples; one problem (MAP031) per example that fails, MAP030 for one that is badly written."""
    problems = Problems()
    for at, example in enumerate(examples(document, problems)):
        if example is not None:
            _check(mapping, document, at, example, problems)
    return list(problems)


def count_examples(document: Document) -> int:
    found = document.data.get("examples") if isinstance(document.data, dict) else None
    return len(found) if isinstance(found, list) else 0


def examples(document: Document, problems: Problems) -> list[dict[str, Any] | None]:
    """The examples as written; None in the place of one that cannot be run."""
    written = document.data.get("examples", []) if isinstance(document.data, dict) else []
    if not isinstance(written, list):
        problems.note(document.mark("examples"), "MAP030", "`examples` is a list of {given: ..., expect: ...}")
        return []
    return [_read(document, at, example, problems) for at, example in enumerate(written)]


def _read(document: Document, at: int, example: Any, problems: Problems) -> dict[str, Any] | None:
    mark = document.mark("examples", at)
    if not isinstance(example, dict) or not isinstance(example.get("given"), dict):
        problems.note(mark, "MAP030", "an example needs `given:` with the fields of a record")
        return None
    before = len(problems)
    for key in example:
        if key not in KEYS:
            place = document.key_mark("examples", at, key)
            problems.note(place, "MAP030", f"an example has no key '{key}'{did_you_mean(key, KEYS)}")
    outcomes = [key for key in ("expect", "dead_letter", "filtered") if key in example]
    if (not outcomes and not {"absent", "notes"} & set(example)) or len(outcomes) > 1:
        problems.note(mark, "MAP030", "an example says what becomes of it: one of expect, dead_letter, filtered")
    for key, kind, what in (
        ("expect", dict, "a table of fields"),
        ("notes", dict, "a table of fields"),
        ("absent", list, "a list of fields"),
        ("filtered", bool, "true"),
    ):
        if key in example and (not isinstance(example[key], kind) or example[key] is False):
            problems.note(document.mark("examples", at, key), "MAP030", f"`{key}` must be {what}")
    if "dead_letter" in example and example["dead_letter"] is not True and not isinstance(example["dead_letter"], str):
        place = document.mark("examples", at, "dead_letter")
        problems.note(place, "MAP030", "`dead_letter` is a part of the reason, or true")
    return example if len(problems) == before else None


def _check(mapping: Mapping, document: Document, at: int, example: Map[str, Any], problems: Problems) -> None:
    batch = mapping.apply([example["given"]])
    fate, mark = batch.fates[0], document.mark("examples", at)
    error = batch.errors.get(0)
    told = {
        "applied": "was applied",
        "filtered": "was filtered",
        "dead": f"became a dead letter ({error and error.message})",
    }
    wanted = "dead" if "dead_letter" in example else "filtered" if "filtered" in example else "applied"
    if fate != wanted:
        expected = {"applied": "be applied", "filtered": "be filtered", "dead": "become a dead letter"}[wanted]
        problems.note(mark, "MAP031", f"example {at + 1} should {expected}, but it {told[fate]}")
        return
    if wanted == "dead":
        reason = example["dead_letter"]
        if isinstance(reason, str) and error is not None and reason not in error.message:
            place = document.mark("examples", at, "dead_letter")
            problems.note(place, "MAP031", f"example {at + 1} was refused for another reason: {error.message}")
        return
    if wanted == "applied":
        lines = _differences(mapping, example, batch.values[0] or {}, batch.notes[0] or {})
        if lines:
            place = document.mark("examples", at, "expect") if "expect" in example else mark
            text = "\n".join(f"    {line}" for line in lines)
            problems.note(place, "MAP031", f"example {at + 1} gives something else:\n{text}")


def _differences(mapping: Mapping, example: Map[str, Any], values: Map[str, Any], notes: Map[str, Any]) -> list[str]:
    lines = []
    for name, written in (example.get("expect") or {}).items():
        found = _at(values, name)
        if name not in mapping.fields and found is ABSENT and not _is_group(mapping, name):
            hint = did_you_mean(name, mapping.fields)
            lines.append(f"{name}: the mapping makes no such field{hint}")
            continue
        expected = _coerced(mapping.fields.get(name), written)
        if isinstance(expected, Invalid):
            lines.append(f"{name}: expected {_show(written)}, which does not fit its type: {expected.reason}")
        elif not _equal(expected, found):
            lines.append(f"{name}: expected {_show(expected)}, got {_show(found)}")
    for name in example.get("absent") or []:
        found = _at(values, str(name))
        if found is not ABSENT:
            lines.append(f"{name}: expected absent, got {_show(found)}")
    for name, expected in (example.get("notes") or {}).items():
        found_note = notes.get(name)
        if not _note_fits(expected, found_note):
            lines.append(f"note on {name}: expected {_show(expected)}, got {_show(found_note)}")
    return lines


def _is_group(mapping: Mapping, name: str) -> bool:
    return any(label.startswith(f"{name}.") for label in mapping.fields)


def _note_fits(expected: Any, found: Any) -> bool:
    """A note written as a word asks for that key, as a table for its keys with values that are equal or contained."""
    if expected is None or found is None:
        return expected is None and found is None
    if isinstance(expected, str):
        return expected in found
    if not isinstance(expected, dict):
        return False
    return all(
        key in found and (found[key] == value or (isinstance(value, str) and value in str(found[key])))
        for key, value in expected.items()
    )


def _at(values: Map[str, Any], name: str) -> Any:
    value: Any = values
    if name in values:
        return values[name]
    for part in name.split("."):
        value = value.get(part, ABSENT) if isinstance(value, Map) else ABSENT
    return value


def _coerced(field: Field | None, written: Any) -> Any:
    """What is expected, in the field's canonical form; what has no type stays as written."""
    if field is None or written is None or written in ("", []):
        return written
    if field.type in ("credit_code", "lei") and isinstance(written, str):
        return written  # the check is what is tested
    return as_type(field, written)


def _equal(expected: Any, found: Any) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return bool(expected == found)


def _show(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _SHOWN else f"'{value[: _SHOWN - 1]}…'"
    text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= _SHOWN * 2 else text[: _SHOWN * 2 - 1] + "…"
