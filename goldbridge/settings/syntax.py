"""Says in plain words what is wrong with a piece of YAML, and what to type instead.

The parser's own sentences ("expected <block end>, but found '<scalar>'") describe the parser; these describe the file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

Place = tuple[int, int]
"""Line and column, counted from 1."""

_NAMES = {
    "<stream end>": "the end of the file",
    "<block mapping start>": "an indented key",
    "<block sequence start>": "an indented list item",
    "<block end>": "the end of an indented block",
    "<scalar>": "more text",
    "<document start>": "'---'",
    "<document end>": "'...'",
    "?": "a key",
    "<alias>": "an alias",
    "<anchor>": "an anchor",
    "<tag>": "a tag",
}
_WIDE = {
    "：": ":",
    "，": ",",
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "　": " ",
}


def explain(error: yaml.YAMLError, text: str) -> tuple[Place, str]:
    """Where to look and what to change, for an error of the YAML parser."""
    if isinstance(error, yaml.reader.ReaderError):
        return _place(text, error.position), f"control character U+{ord_of(error):04X} is not allowed; remove it"
    problem_mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = _at(problem_mark or context_mark)
    opened = _at(context_mark) if context_mark else at
    lines = text.split("\n")
    place, message = _say(
        getattr(error, "context", None) or "", getattr(error, "problem", None) or "", at, opened, lines
    )
    return place, message + wide_hint(lines, {place[0], at[0], at[0] - 1})


def ord_of(error: yaml.reader.ReaderError) -> int:
    """The offending character's number; the two parsers give it as a number or as text."""
    character: Any = error.character
    return character if isinstance(character, int) else ord(character)


def wide_hint(lines: list[str], numbers: set[int]) -> str:
    """Names the first full-width character on these lines that looks like YAML's punctuation but is not."""
    for number in sorted(numbers):
        line = lines[number - 1] if 0 < number <= len(lines) else ""
        code = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)
        for character in code:
            if character in _WIDE:
                shown = "ideographic space" if character == "　" else f"'{character}'"
                return f" (line {number} has a full-width {shown}; YAML needs '{_WIDE[character]}')"
    return ""


def _say(context: str, problem: str, at: Place, opened: Place, lines: list[str]) -> tuple[Place, str]:
    found = _found(problem)
    line = lines[at[0] - 1] if at[0] <= len(lines) else ""
    before = line[: at[1] - 1]
    if "mapping values are not allowed" in problem:
        if re.search(r":\s", before.lstrip("- ")):
            return at, "a second ': ' in one line; put the value in quotes"
        return at, (
            "':' is not expected here; this line is indented too far, or the line above lacks its ':' and a space"
        )
    if "unexpected end of stream" in problem and "quoted" in context:
        return opened, "the quote opened here is never closed"
    if "while parsing a flow" in context and problem.startswith(("expected ',' or", "did not find expected ',' or")):
        opening, closing = ("[", "]") if "sequence" in context else ("{", "}")
        if found in ("<stream end>", "") or opened[0] != at[0]:
            return opened, f"the '{opening}' opened here is not closed by '{closing}'{_until(found, at, opened)}"
        return at, f"expected ',' or '{closing}' here, but found {_name(found)}"
    if "cannot start any token" in problem:
        start = line[at[1] - 1 : at[1]]
        if start == "\t":
            return at, "a tab cannot be used for indentation; use spaces"
        return at, f"a value cannot start with '{start}'; put it in quotes"
    if "scanning an alias" in context or "scanning an anchor" in context:
        return opened, f"'{_char(lines, opened)}' has a meaning of its own in YAML; put the value in quotes"
    if "unknown escape character" in problem:
        escape = problem.split("'")[1] if "'" in problem else ""
        return at, f"'\\{escape}' means nothing in double quotes; use single quotes, or write '\\\\{escape}'"
    if "expected <block end>" in problem or "did not find expected key" in problem:
        return at, _block(context, found, line, at, before)
    if "expected the node content" in problem:
        unclosed = _unclosed(lines) if found == "<stream end>" else None
        if unclosed is not None:
            closing = {"[": "]", "{": "}"}[_char(lines, unclosed)]
            return unclosed, f"the '{_char(lines, unclosed)}' opened here is not closed by '{closing}'"
        return at, f"a value is expected here, but found {_name(found)}"
    if "scanning a directive" in context:
        return opened, "a line cannot start with '%'; put the text in quotes"
    if "sequence entries are not allowed" in problem:
        return at, "a list cannot start on the line of its key; put each '- item' on a line of its own, or write [a, b]"
    if "could not find expected ':'" in problem:
        if re.match(r"\s*-[^\s-]", lines[opened[0] - 1]):
            return opened, "a list item starts with '-' and a space"
        return opened, "this line is no 'key: value'; its ':' (followed by a space) is missing"
    if "expected '<document start>'" in problem:
        return at, "text after the end of the document; remove the '...' or '---' line before it"
    if "block scalar" in context:
        return at, "after '|' or '>' the text starts on the next line"
    if "tag" in context or "tag" in problem:
        return opened, "'!' starts a YAML tag; put the value in quotes"
    if "incompatible YAML" in problem:
        return at, "only YAML 1.x is read; remove the '%YAML' line"
    return at, f"this is not valid YAML ({problem})"


def _block(context: str, found: str, line: str, at: Place, before: str) -> str:
    if found == ":" or line[at[1] - 1 :].startswith(": "):
        return "a ':' without a key before it"
    if found in ("}", "]"):
        return f"'{found}' closes nothing; remove it, or add the opening bracket"
    if before.strip() and found != "<block mapping start>":
        if before.rstrip().endswith(("'", '"')):
            return "text after a closing quote; put the whole value in quotes (a ' inside single quotes is written '')"
        return f"{_name(found)} is not expected here; put the value in quotes"
    if found in ("-", "<block sequence start>") and "mapping" in context:
        return "a list item where a key is expected; check the indentation"
    if "collection" in context:
        return "a list item ('- ...') is expected here; check the indentation"
    return "the indentation fits no line above; align it with its neighbours"


def _unclosed(lines: list[str]) -> Place | None:
    """The last opening bracket that nothing closes."""
    stack: list[Place] = []
    for number, line in enumerate(lines, 1):
        quoted = re.sub(r"\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'|(?:^|\s)#.*", lambda match: " " * len(match[0]), line)
        for column, character in enumerate(quoted, 1):
            if character in "[{":
                stack.append((number, column))
            elif character in "]}" and stack:
                stack.pop()
    return stack[-1] if stack else None


def _found(problem: str) -> str:
    match = re.search(r"(?:but got|but found) '(.*)'$", problem)
    return match[1] if match else ""


def _name(found: str) -> str:
    return _NAMES.get(found, f"'{found}'" if found else "something else")


def _until(found: str, at: Place, opened: Place) -> str:
    if found in ("<stream end>", "") or at[0] == opened[0]:
        return ""
    return f" before line {at[0]}, where {_name(found)} makes no sense inside it"


def _char(lines: list[str], place: Place) -> str:
    line = lines[place[0] - 1] if place[0] <= len(lines) else ""
    return line[place[1] - 1 : place[1]]


def _at(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _place(text: str, position: int) -> Place:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
