"""Checks a part of a document against a pydantic model and reports in the house's words: place, what, what to do.

A message never shows the value of a secret, and never pydantic's own vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from goldbridge.errors import Misconfigured, Problem, Problems
from goldbridge.records.hint import did_you_mean, nearest
from goldbridge.settings.document import Document, Node, Path
from goldbridge.settings.shape import is_secret, keys_at, step_into, types_at

Model = TypeVar("Model", bound=BaseModel)

STATE_FOLDER = ".goldbridge/"
_SENSITIVE = re.compile(r"(?i)secret|passw|pwd|token|code|key|credential")

_MUST: dict[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_parsing": "a date such as 2026-03-01",
    "date_parsing": "a date such as 2026-03-01",
    "date_type": "a date such as 2026-03-01",
    "datetime_parsing": "a time such as 2026-03-01T08:00:00Z",
    "datetime_type": "a time such as 2026-03-01T08:00:00Z",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "dict_type": "a mapping (key: value)",
    "finite_number": "a number",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list, e.g. [a, b]",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "list_type": "a list, e.g. [a, b]",
    "mapping_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "set_type": "a list, e.g. [a, b]",
    "string_type": "text",
    "time_parsing": "a time of day such as 08:00",
    "tuple_type": "a list, e.g. [a, b]",
    "url_parsing": "a full address such as https://host/path",
    "url_scheme": "a full address such as https://host/path",
    "url_type": "a full address such as https://host/path",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
    "multiple_of": ("multiple_of", "a multiple of {}"),
}


def validate(model: type[Model], document: Document, path: Iterable[str | int] = ()) -> Model:
    """The part of `document` at `path` as an instance of `model`.

    Raises `Misconfigured` with every problem at once: unknown key (CFG010), missing key (CFG011), a value that does not
    fit (CFG012), a secret written into the file (CFG008). Secret references must be looked up first (`Secrets.reveal`).
    """
    at: Path = tuple(path)
    problems = Problems()
    node = document.node(*at)
    if node is None:
        problems.note(document.key_mark(*at), "CFG011", f"'{at[-1] if at else document.file}' is missing")
        raise Misconfigured(problems)
    problems.extend(_written_secrets(model, node, str(at[-1]) if at else ""))
    made: Model | None = None
    try:
        made = model.model_validate(node.plain())
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems.extend(_translate(model, document, at, node, details))
    if made is None or problems:
        raise Misconfigured(dict.fromkeys(problems))
    return made


def _translate(
    model: type[BaseModel], document: Document, at: Path, node: Node, details: Sequence[Mapping[str, Any]]
) -> list[Problem]:
    """One problem per place: the branches of a union complain separately, the one that came furthest is believed."""
    placed = [(_follow(node, detail["loc"], detail["type"]), detail) for detail in details]
    misspelt = {
        (path[:-1], nearest(str(path[-1]), keys_at(model, detail["loc"][:-1])))
        for path, detail in placed
        if detail["type"] == "extra_forbidden"
    }
    paths = {path for path, _ in placed}
    found: dict[Path, list[Problem]] = {}
    wanted: dict[Path, list[str]] = {}
    for path, detail in placed:
        kind = detail["type"]
        if kind == "missing" and (path[:-1], path[-1]) in misspelt:
            continue
        if kind.endswith("_type") and any(len(other) > len(path) and other[: len(path)] == path for other in paths):
            continue
        if kind in _MUST:
            wanted.setdefault(path, []).append(_MUST[kind])
        else:
            found.setdefault(path, []).append(_problem(model, document, at, path, detail))
    for path, kinds in wanted.items():
        if path in found and path != ():
            continue
        target = _node(node, path)
        found[path] = [_wrong(model, document, at, path, target, " or ".join(dict.fromkeys(kinds)))]
    return [problems[0] for problems in found.values()]


def _problem(model: type[BaseModel], document: Document, at: Path, path: Path, detail: Mapping[str, Any]) -> Problem:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "missing":
        name = detail["loc"][-1]
        where = f" in '{_label(at + path[:-1])}'" if at + path[:-1] else ""
        return Problem(document.key_mark(*at, *path[:-1]), "CFG011", f"'{name}' is missing{where}")
    if kind == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), keys_at(model, detail["loc"][:-1]))
        return Problem(document.key_mark(*at, *path), "CFG010", f"unknown key '{_clip(str(path[-1]))}'{hint}")
    node = document.node(*at, *path)
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'|(\d+)", str(context.get("expected", "")))
        names = [text or number for text, number in choices]
        near = nearest(node.spelled, names) if node and not _hidden(model, path, node) else ""
        hint = f"; did you mean '{near}'?" if near else ""
        return _wrong(model, document, at, path, node, _either(names), hint)
    if kind in _BOUNDS:
        name, form = _BOUNDS[kind]
        return _wrong(model, document, at, path, node, form.format(_number(context.get(name))))
    if kind in ("string_too_short", "too_short"):
        least = context.get("min_length", 1)
        what = "characters" if kind.startswith("string") else "items"
        return _wrong(
            model, document, at, path, None, f"at least {least} {what} long" if least > 1 else "given, not empty"
        )
    if kind in ("string_too_long", "too_long"):
        what = "characters" if kind.startswith("string") else "items"
        return _wrong(model, document, at, path, None, f"at most {context.get('max_length')} {what} long")
    if kind == "string_pattern_mismatch":
        return _wrong(model, document, at, path, node, f"of the form {context.get('pattern')}")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context.get("discriminator", "")).strip("'")
        expected = re.findall(r"'([^']*)'", str(context.get("expected_tags", "")))
        if kind == "union_tag_not_found":
            return Problem(document.key_mark(*at, *path), "CFG011", f"'{key}' is missing in '{_label(at + path)}'")
        hint = did_you_mean(str(context.get("tag", "")), expected)
        text = f"{key}: unknown '{_clip(str(context.get('tag', '')))}'{hint}"
        return Problem(document.mark(*at, *path, key), "CFG012", text)
    if kind in ("value_error", "assertion_error"):
        text = str(context.get("error") or detail["msg"])
    else:
        text = _plain(str(detail["msg"]))
    if node is not None and _hidden(model, path, node) and node.spelled:
        text = text.replace(node.spelled, "[secret]")
    label = _label(path)
    return Problem(document.mark(*at, *path), "CFG012", f"{label}: {text}" if label else text)


def _wrong(
    model: type[BaseModel], document: Document, at: Path, path: Path, node: Node | None, must: str, hint: str = ""
) -> Problem:
    label = _label(path) or _label(at) or "the file"
    text = f"{label} must be {must}"
    if node is not None:
        hidden = _hidden(model, path, node)
        text += f", not {_shown(node, hidden)}{hint}"
        if must == "text" and isinstance(node.value, int | float) and not hidden:
            text += f"; write it in quotes: '{node.spelled or node.value}'"
        if isinstance(node.value, str) and ("mapping" in must or not path) and re.search(r"\S[:：]\S", node.value):
            text += "; a ':' needs a space after it"
    return Problem(document.mark(*at, *path), "CFG012", text)


def _shown(node: Node, hidden: bool) -> str:
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if hidden:
        return "what is written here"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {_clip(node.spelled or str(value))}"
    return f"'{_clip(value)}'"


def _follow(node: Node, location: Sequence[str | int], kind: str) -> Path:
    """pydantic's location as a path in the document: names of union branches fall out, a missing key stays."""
    path: list[str | int] = []
    current: Node | None = node
    for at, step in enumerate(location):
        child = current.child(step) if current else None
        if child is not None:
            path.append(step)
            current = child
        elif at == len(location) - 1 and kind == "missing":
            path.append(step)
    return tuple(path)


def _node(node: Node, path: Path) -> Node | None:
    current: Node | None = node
    for step in path:
        current = current.child(step) if current else None
    return current


def _either(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _label(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def _clip(text: str) -> str:
    flat = text.replace("\n", " ")
    return flat if len(flat) <= 40 else flat[:39] + "…"


def _plain(message: str) -> str:
    """The rare rest of pydantic's sentences, without its vocabulary."""
    text = re.sub(r"^(?:Input|Value|String|List|Dictionary) should (?:be )?", "must be ", message)
    text = re.sub(r"(?i)\b(?:a )?valid (?=\w)", "", text).replace("dictionary", "mapping").replace("Input", "the value")
    return text[:1].lower() + text[1:]


def _hidden(model: type[BaseModel], path: Path, node: Node) -> bool:
    """Whether a value must not be shown; a name that sounds secret is reason enough."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return node.secret or is_secret(types_at(model, path)) or bool(_SENSITIVE.search(name))


def _written_secrets(model: type[BaseModel], node: Node, owner: str) -> list[Problem]:
    """Values of secret fields that stand in the file itself instead of being referred to by name."""
    found: list[Problem] = []

    def look(current: Node, annotations: list[Any], name: str) -> None:
        if current.is_secret_reference():
            return
        if isinstance(current.value, dict):
            for key, child in current.value.items():
                look(child, step_into(annotations, key), key)
        elif isinstance(current.value, list):
            for child in current.value:
                look(child, step_into(annotations, 0), name)
        elif is_secret(annotations) and isinstance(current.value, str | int) and not _harmless(current):
            suggested = re.sub(r"\W+", "_", f"{owner}_{name}".strip("_")).upper()
            message = (
                f"{name}: a secret does not belong in a file; put the value into the environment or the secrets file "
                f"and write {{secret: {suggested}}}"
            )
            found.append(Problem(current.mark, "CFG008", message))

    look(node, [model], "")
    return found


def _harmless(node: Node) -> bool:
    """Looked up by name, generated into the state folder, or an address that carries no password."""
    if node.secret or node.mark.file.startswith(STATE_FOLDER):
        return True
    try:
        parts = urlsplit(str(node.value))
        return bool(parts.scheme) and "://" in str(node.value) and not parts.password
    except ValueError:
        return False
