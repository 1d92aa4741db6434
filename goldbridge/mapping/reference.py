"""Writes docs/reference/transforms.md from the list of transforms: `python -m goldbridge.mapping.reference`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.functions_party import PARTY
from goldbridge.mapping.functions_value import VALUE
from goldbridge.mapping.transform import Argument, Transform
from goldbridge.mapping.value import Invalid

PAGE = Path("docs/reference/transforms.md")

_HEAD = """# Transforms

Named steps for `via:` in a mapping, applied from left to right: `via: [trim, blank, phone]`. This page is written from
the code (`python -m goldbridge.mapping.reference`); every example on it is a test.

- Transforms see values only: what is absent, null or empty passes through unchanged.
- A text transform takes a list item by item and a number as its plain text.
- A transform with an argument is written `name: argument`, as in `truncate: 80`; arguments in brackets may be left out.
- What cannot be read is *invalid*: the record becomes a dead letter when the field is required, else the field is null
  with a note. A code that no list knows is noted as unknown; a credit code or LEI that fails its check is kept too.
"""
_KINDS = {
    "integer": "whole number",
    "text": "text",
    "texts": "text or list of texts",
    "zone": "time zone, the source's when left out",
    "choice": "",
    "table": "{old: new}",
}


def describe() -> str:
    """The whole page."""
    general = {name: found for name, found in TRANSFORMS.items() if name not in VALUE.all and name not in PARTY.all}
    parts = [
        _HEAD,
        _section("Text and lists", general),
        _section("Amounts, numbers, times", VALUE.all),
        _section("Companies and people", PARTY.all),
    ]
    return "\n".join(parts)


def _section(title: str, transforms: dict[str, Transform]) -> str:
    names = sorted(transforms)
    index = " · ".join(f"[{name}](#{name})" for name in names)
    return "\n".join([f"## {title}", "", index, "", *(_entry(transforms[name]) for name in names)])


def _entry(transform: Transform) -> str:
    lines = [f"### {transform.name}", "", transform.about, ""]
    if transform.argument is not None:
        lines += [f"Argument: {_argument(transform.argument)}.", ""]
    if transform.takes == "list":
        lines += ["Takes the list as a whole.", ""]
    lines += ["| given | step | result |", "| --- | --- | --- |"]
    for sample in transform.samples:
        step = transform.name if sample.argument is None else f"{transform.name}: {_shown(sample.argument)}"
        lines.append(f"| {_cell(sample.given)} | `{_bare(step)}` | {_result(sample.result)} |")
    return "\n".join([*lines, ""])


def _argument(argument: Argument) -> str:
    kind = ", ".join(argument.choices) if argument.choices else _KINDS[argument.kind]
    words = f"{argument.name} ({kind})" if kind != argument.name else kind
    return words if argument.required else f"[{words}]"


def _result(value: Any) -> str:
    if isinstance(value, Invalid):
        return f"{'unknown code' if value.code else 'invalid'}: {_bare(value.reason)}"
    return _cell(value)


def _cell(value: Any) -> str:
    return f"`{_bare(_shown(value))}`"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare(text: str) -> str:
    return text.replace("|", "\\|").replace("\u3000", "\\u3000")


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(describe(), encoding="utf-8")
