"""The page of commands: every command and option as `--help` has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from goldbridge import cli
from tools.reference.markdown import code, sections, table

STATUSES = (
    ("0", "done"),
    ("1", "ran, but something needs a person: dead letters, differences, a run that halted"),
    ("2", "configuration or usage: an engineer edits a file or the command line"),
    ("70", "a defect of Goldbridge; run again with `--verbose` and report what it says"),
    ("75", "already running elsewhere; nothing was done"),
    ("130", "interrupted with Ctrl-C; the same command resumes"),
    ("143", "told to end (SIGTERM); the same command resumes"),
)

_INTRODUCTION = """
A project is the current folder, a folder above it, or `--project DIR`. The options of `goldbridge` itself may stand
anywhere on the line. Every command has `--help`; every list and show has `--json`.
"""


def page() -> str:
    """Commands in the order of `goldbridge --help`; raises ValueError when one has no help."""
    root = typer.main.get_command(cli.app)
    blocks = [
        "# Commands",
        _INTRODUCTION,
        "## Options of every command",
        _options(root),
        "## Exit status",
        table(("status", "meaning"), STATUSES),
    ]
    for path, found in commands(root):
        blocks += [f"## {' '.join(path)}", found.help, _usage(path, found), _arguments(found), _options(found)]
    return sections(*blocks)


def commands(group: Any, path: tuple[str, ...] = ("goldbridge",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group with its path; groups themselves are left out, but for what they do on their own."""
    context = typer.Context(group)
    if hasattr(group, "own"):
        yield path, group.commands[group.own]
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))
        else:
            if not found.help:
                raise ValueError(f"command {' '.join((*path, name))} has no docstring")
            yield (*path, name), found


def options(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option"]


def arguments(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument"]


def _usage(path: tuple[str, ...], command: Any) -> str:
    words = " ".join(_written(each) for each in arguments(command))
    return f"```\n{' '.join(path)}{' [OPTIONS]' if options(command) else ''}{f' {words}' if words else ''}\n```"


def _written(argument: Any) -> str:
    shown: str = argument.metavar or argument.name.upper()
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


def _arguments(command: Any) -> str:
    found = [(code(each.metavar or each.name.upper()), _help(each)) for each in arguments(command)]
    return table(("argument", "meaning"), found) if found else ""


def _options(command: Any) -> str:
    found = [(_names(each), _help(each), _default(each)) for each in options(command)]
    return table(("option", "meaning", "when left out"), found) if found else ""


def _names(option: Any) -> str:
    value = "" if _is_flag(option) else f" {option.metavar or option.name.upper()}"
    names = [*option.opts, *option.secondary_opts]
    return ", ".join(code(f"{name}{value}") for name in names)


def _is_flag(option: Any) -> bool:
    return isinstance(option.default, bool)


def _help(each: Any) -> str:
    if not each.help:
        raise ValueError(f"option or argument '{each.name}' has no help")
    variable = f" Also by the variable `{each.envvar}`." if each.envvar else ""
    return f"{each.help}{variable}"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if _is_flag(option):
        return code(option.opts[0] if option.default else option.secondary_opts[0]) if option.secondary_opts else ""
    return "" if option.default in (None, "") else code(str(option.default))
