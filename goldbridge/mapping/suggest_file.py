"""Writes a mapping file as people write them: a line per field, the reason above it, tables with a note per value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goldbridge.mapping.suggest_rule import Rule
from goldbridge.settings.yaml import core

WIDTH = 118
_plain = re.compile(r"[A-Za-z0-9_\u3400-\u9fff][\w\u3400-\u9fff.+/@-]*(?: [\w\u3400-\u9fff.+/@-]+)*")


@dataclass(slots=True)
class Draft:
    """Everything that goes into a file. `head` and `foot` are comments; `constants` fields that no column gives."""

    name: str
    target: str
    key: str
    rules: list[Rule]
    partial: bool = False
    drop: list[str] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)


def write(draft: Draft) -> str:
    """The file's text."""
    lines = [*_comments(draft.head, "")]
    lines += [f"mapping: {scalar(draft.name)}", f"target: {scalar(draft.target)}", f"key: {scalar(draft.key)}"]
    if draft.partial:
        lines.append("partial: true")
    lines.append("fields:")
    width = max((len(scalar(rule.target)) for rule in draft.rules), default=0) + 1
    for rule in draft.rules:
        lines += _comments(rule.comments, "  ")
        lines += _rule(rule, width)
    if draft.drop:
        first, *others = _folded(f"drop: {flow(draft.drop)}", WIDTH)
        lines += [first, *others]
    lines += _comments(draft.foot, "")
    if draft.examples:
        lines.append("examples:")
        for example in draft.examples:
            lines += _example(example)
    return "\n".join(lines) + "\n"


def _rule(rule: Rule, width: int) -> list[str]:
    label = f"{scalar(rule.target)}:".ljust(width)
    if not rule.table:
        return [f"  {label} {flow(rule.steps)}"]
    lines = [f"  {scalar(rule.target)}:"]
    for name, value in rule.steps.items():
        if name != "lookup":
            lines.append(f"    {name}: {flow(value)}")
            continue
        lines.append("    lookup:")
        for entry in rule.table:
            note = f"  # {_line(entry.comment)}" if entry.comment else ""
            lines.append(f"      {scalar(entry.value)}: {flow(entry.word)}{note}")
    return lines


def _example(example: Mapping[str, Any]) -> list[str]:
    lines = []
    for at, (name, value) in enumerate(example.items()):
        lead = "  - " if not at else "    "
        text = flow(value)
        if isinstance(value, dict) and value and len(text) + len(name) + 6 > WIDTH:
            lines.append(f"{lead}{name}:")
            lines += [f"      {scalar(key)}: {flow(inner)}" for key, inner in value.items()]
        else:
            lines.append(f"{lead}{name}: {text}")
    return lines


def _comments(texts: Iterable[str], indent: str) -> list[str]:
    return [f"{indent}# {part}" for text in texts for part in _folded(_line(text), WIDTH - len(indent) - 2)]


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _folded(text: str, width: int) -> list[str]:
    """A comment in lines; a second line is indented, so that it does not look like another comment."""
    lines, rest = [], text
    while _wide(rest) > width and (cut := rest.rfind(" ", 4, width)) > 4:
        lines.append(rest[:cut])
        rest = f"  {rest[cut + 1 :]}"
    return [*lines, rest]


def _wide(text: str) -> int:
    return sum(2 if char >= "\u2e80" else 1 for char in text)


def flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return scalar(str(value))


def scalar(text: str) -> str:
    """A text, in quotes where it would be read as something else without them."""
    if _plain.fullmatch(text) and isinstance(core(text), str):
        return text
    return json.dumps(text, ensure_ascii=False)
