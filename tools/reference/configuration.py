"""The pages of what pydantic models validate: settings.yaml, sources.yaml and flows.yaml."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from connectors.base import BudgetConfig, ConnectorConfig, Lookup, Reader, Writer
from flows.config import KINDS as FLOW_KINDS
from flows.config import Flow, TwoWayFlow
from flows.wiring import KINDS as CONNECTORS
from flows.wiring import find_kind
from goldbridge.errors import Mark
from goldbridge.settings.project import FILES
from goldbridge.settings.setting import Settings
from tools.reference.markdown import code, sections, table

VARIABLES = {
    "GOLDBRIDGE_PROJECT": "the project's folder, as `--project`",
    "GOLDBRIDGE_ENV": "the environment, as `--env`",
    "GOLDBRIDGE_TAPS": "the programs that `connector: singer` may run, by name or absolute path, separated by `:`",
    "GOLDBRIDGE_KEY": (
        "the key (32 bytes, base64) that seals kept tokens and the audit; else a key file in `.goldbridge/`"
    ),
    "NAME, NAME_FILE": "the secret `{secret: NAME}`, or the file that holds it",
    "PYTHON_KEYRING_BACKEND": "the class of the keyring that secrets are looked up in last",
}
"""Variable of the environment -> meaning; tests/docs looks for others in the code."""

HEAD = ("key", "meaning", "value", "when left out")

_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "whole number",
    str | int: "text or whole number",
    float: "number",
    bool: "true or false",
    Any: "any value",
    Path: "path",
    SecretStr: "text, by `{secret: NAME}`",
    Decimal: "decimal number",
    date: "date, e.g. 2024-01-01",
    timedelta: "duration: `30 s`, `5 min`, `2 h`, `90 d`",
}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "max_length": "at most", "min_length": ""}


def settings() -> str:
    """config/settings.yaml, and the files of a project."""
    files = [(code(name), code(file.path), "yes" if file.required else "no") for name, file in FILES.items()]
    return sections(
        "# Settings",
        "What `config/settings.yaml` can say. The file may be missing.",
        *tables(Settings),
        "## Secrets",
        """
A value that must not be in a file is written `{secret: NAME}`, with a name in capitals. It is looked up in this order:
the variable `NAME`; the file that the variable `NAME_FILE` names; the secrets file (`NAME=value` lines, mode 0600); the
keyring of the operating system, under the service that `keyring` names. `goldbridge check` lists those that are set
nowhere; `--no-secrets` does not ask.""",
        """
`goldbridge secrets set NAME` puts a value into the keyring (typed without an echo, or from a pipe), `goldbridge secrets
rm NAME` takes it out, `goldbridge secrets list` says where each secret is found. A keyring is asked on macOS and
Windows, in a desktop session (`DBUS_SESSION_BUS_ADDRESS`), or when a backend is named in `PYTHON_KEYRING_BACKEND` or
`keyringrc.cfg`. On any other machine it is never loaded, and nobody waits for it.""",
        "## Environments",
        """
`--env NAME` (or `GOLDBRIDGE_ENV`) lays `config/env/NAME.yaml` over the files of the project. Its top-level keys name
them; mappings merge key by key, anything else is replaced. `goldbridge sandbox up` writes such an environment,
`sandbox`, into `.goldbridge/env/`.""",
        table(("key in an environment", "file", "required"), files),
        "## Variables",
        table(("variable", "meaning"), [(code(name), about) for name, about in VARIABLES.items()]),
    )


def sources() -> str:
    """config/sources.yaml: what every system has, and what each connector adds."""
    blocks = [
        "# Sources",
        """
`config/sources.yaml` names the systems under `sources:`. A name consists of small letters, digits and `_`; an unknown
key is an error. A secret is written `{secret: NAME}` ([how it is found](settings.md#secrets)).""",
        "## Keys of every system",
        *tables(ConnectorConfig, level="###"),
    ]
    for kind in CONNECTORS:
        found = find_kind(kind, Mark("sources"))
        does = [
            word
            for role, word in ((Reader, "reads"), (Writer, "writes"), (Lookup, "answers questions"))
            if role in found.__mro__
        ]
        model = found.config_model
        own = sorted(
            (name for name in model.model_fields if not _inherited(model, name)),
            key=lambda name: name in ConnectorConfig.model_fields,
        )
        questions = getattr(found, "questions", {})
        asked = [f"{code(name)} ({', '.join(terms)})" for name, terms in questions.items()]
        blocks += [
            f"## connector: {kind}",
            f"{_about(model)} It {' and '.join(does)}{': ' if asked else ''}{', '.join(asked)}.",
            *tables(model, only=own, level="###", told=(BudgetConfig,)),
            f"More: [{kind}](../systems/{kind}.md)." if (_SYSTEMS / f"{kind}.md").exists() else "",
        ]
    return sections(*blocks)


_SYSTEMS = Path(__file__).resolve().parents[2] / "docs" / "systems"


def flows() -> str:
    """flows.yaml: what every flow has, and what each kind adds."""
    common = [name for name in Flow.model_fields if name != "name"]
    blocks = [
        "# Flows",
        """
`flows.yaml` names the flows under `flows:`. A flow is of the kind whose key it carries (`ingest:`, `publish:`, ...) and
has exactly one of them. [How to write flows](../how-to/flows.md).""",
        "## Keys of every flow",
        *tables(Flow, only=common, level="###"),
    ]
    kinds = [(kind, model) for kind, model in FLOW_KINDS.items()]
    kinds.insert(1 + list(FLOW_KINDS).index("sync"), ("sync with `between`", TwoWayFlow))
    for kind, model in kinds:
        own = [name for name in model.model_fields if name not in Flow.model_fields]
        blocks += [f"## {kind}", _about(model), *tables(model, only=own, level="###")]
    return sections(*blocks)


def _inherited(model: type[BaseModel], name: str) -> bool:
    """A key every system has, with the same default here."""
    base = ConnectorConfig.model_fields.get(name)
    return base is not None and base.default == model.model_fields[name].default


def _about(model: type[BaseModel]) -> str:
    """The first paragraph of a model's own docstring."""
    text = inspect.cleandoc(model.__dict__.get("__doc__") or "").split("\n\n")[0]
    if not text:
        raise ValueError(f"{model.__name__} has no docstring")
    return " ".join(text.split())


def tables(
    model: type[BaseModel],
    *,
    only: Sequence[str] | None = None,
    level: str = "##",
    path: str = "",
    told: tuple[type[BaseModel], ...] = (),
) -> list[str]:
    """A table of a model's keys, and one below it for each model nested in it, except for those already `told`."""
    names = list(model.model_fields) if only is None else list(only)
    rows, nested = [], []
    for name in names:
        info = model.model_fields[name]
        key = info.alias or name
        inner, step = _nested(info.annotation)
        rows.append((code(key), _meaning(model, key, info, inner), _value(info, inner), _absent(info)))
        if inner is not None and inner not in told:
            where = f"{path}{key}{step}"
            nested += [f"{level} {code(where)}", _about(inner), *tables(inner, level=level, path=f"{where}.")]
    return [table(HEAD, rows), *nested] if rows else nested


def _nested(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model inside an annotation, and how its keys are reached: `` for itself, `.NAME` for a mapping of them, `[]`
    for a list."""
    annotation = _plain(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation, ""
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, Mapping) and len(arguments) == 2:
        return _nested(arguments[1])[0], ".NAME"
    if get_origin(annotation) is list:
        return _nested(arguments[0])[0], "[]"
    return None, ""


def _plain(annotation: Any) -> Any:
    """An annotation without Annotated and Optional."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        return _plain(rest[0]) if len(rest) == 1 else annotation
    return annotation


def _meaning(model: type[BaseModel], key: str, info: FieldInfo, inner: type[BaseModel] | None) -> str:
    text = info.description or (_about(inner) if inner else "")
    if not text:
        raise ValueError(f"{model.__name__}.{key} has no description")
    return text


def _value(info: FieldInfo, inner: type[BaseModel] | None) -> str:
    if inner is not None:
        if get_origin(_plain(info.annotation)) is list:
            return "a list, see its table"
        return "keys, see its table" if _plain(info.annotation) is inner else "a mapping of names, see its table"
    return _type(info.annotation) + _bounds(info)


def _type(annotation: Any) -> str:
    plain = _plain(annotation)
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal:
        return " or ".join(code(str(each)) for each in arguments)
    if origin in (list, tuple, Sequence):
        return f"list of {_type(arguments[0])}"
    if origin in (dict, Mapping):
        return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
    if origin is Union:
        return " or ".join(_type(each) for each in arguments)
    if plain not in _WORDS:
        raise ValueError(f"there are no words for the type {plain}")
    return _WORDS[plain]


def _bounds(info: FieldInfo) -> str:
    said = []
    for each in info.metadata:
        for name, words in _BOUNDS.items():
            bound = getattr(each, name, None)
            if bound is not None and words:
                said.append(f"{words} {bound}{_unit(info, name)}")
    return f", {', '.join(said)}" if said else ""


def _unit(info: FieldInfo, bound: str) -> str:
    if bound != "max_length":
        return ""
    number = next(each.max_length for each in info.metadata if hasattr(each, "max_length"))
    return (" character" if _plain(info.annotation) is str else " key") + ("" if number == 1 else "s")


def _absent(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    factory: Callable[[], Any] | None = info.default_factory  # type: ignore[assignment]  # ours take no argument
    value = factory() if factory else info.default
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        inner = ", ".join(f"{k}: {v}" for k, v in value.model_dump().items() if v not in (None, ""))
        return code(f"{{{inner}}}") if isinstance(value, BudgetConfig) else ""
    if isinstance(value, timedelta):
        return code(f"{value.days} d") if value.days and not value.seconds else code(f"{value.total_seconds():g} s")
    if value is None or value in ("", [], (), {}) or value == Path():
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, (list, tuple)):
        return code(f"[{', '.join(map(str, value))}]")
    return code(f"{value:g}" if isinstance(value, float) else str(value))
