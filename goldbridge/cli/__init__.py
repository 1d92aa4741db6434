"""The command line: one module per command group, imported when one of its commands is used, and errors in one place.

A group is a module here with `register(app: typer.Typer)`; it becomes part of the command line by one line in GROUPS.
Exit status: 0 done, 1 ran but something needs a person, 2 configuration or usage, 70 a defect of ours, 75 already
running, 130 interrupted, 143 told to end (SIGTERM).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from goldbridge import __version__, _shadow
from goldbridge.errors import AlreadyRunning, GoldbridgeError, Misconfigured, Problem

if TYPE_CHECKING:
    from flows.hub import Hub
    from goldbridge.errors import Problems
    from goldbridge.settings.project import Project


class Group(NamedTuple):
    """A module of this package and the commands it brings."""

    module: str
    commands: tuple[str, ...]


GROUPS = (
    Group("project", ("init", "check")),
    Group("explain", ("explain",)),
    Group("systems", ("systems",)),
    Group("discover", ("discover",)),
    Group("secret", ("secrets",)),
    Group("schema", ("schema",)),
    Group("flow", ("run", "backfill", "status", "serve")),
    Group("reconcile", ("reconcile", "diff")),
    Group("webhook", ("webhook",)),
    Group("deploy", ("deploy",)),
    Group("mapping", ("mapping", "preview")),
    Group("steward", ("tasks", "golden")),
    Group("rules", ("rules",)),
    Group("quality", ("quality",)),
    Group("match", ("match",)),
    Group("dedupe", ("dedupe",)),
    Group("parse", ("parse",)),
    Group("state", ("dead", "state")),
    Group("cutover", ("cutover",)),
    Group("trace", ("trace",)),
    Group("sandbox", ("sandbox",)),
    Group("demo", ("demo",)),
)

_ANYWHERE = {"--project": True, "--env": True, "--verbose": False, "--log-json": False}
"""Global options, which may stand after the command too -> whether they take a value."""


@dataclass
class Session:
    """What the global options say; the `obj` of every command's context."""

    directory: Path | None = None
    env: str | None = None
    verbose: bool = False
    log_json: bool = False
    found: Path | None = None

    def root(self) -> Path:
        """The project's folder; raises `Misconfigured` CFG014 when there is none."""
        from goldbridge.settings.project import find_root

        if self.found is None:
            self.found = self.directory.resolve() if self.directory else find_root(Path.cwd())
        return self.found

    def load(self) -> Project:
        """The project, with logging set up as it says; raises `Misconfigured` with every problem in it."""
        from goldbridge import log
        from goldbridge.settings.project import load_project

        project = load_project(self.root(), self.env)
        if project.settings.log.format == "json":
            self.log_json = True
        log.configure(json=self.log_json, verbose=self.verbose)
        return project

    def examine(self) -> tuple[Project, Problems]:
        """The project as far as it can be read, and everything wrong with it."""
        from goldbridge.settings.project import examine

        return examine(self.root(), self.env)

    def place(self, problem: Problem) -> str:
        """The problem as a line whose path can be opened from where the command was started."""
        mark = problem.mark
        if self.found is not None and (self.found / mark.file).exists():
            mark = mark._replace(file=os.path.relpath(self.found / mark.file))
        return str(Problem(mark, problem.code, problem.message))


def session(ctx: typer.Context) -> Session:
    """The session of a running command."""
    found = ctx.find_root().obj
    assert isinstance(found, Session)
    return found


def open_hub(ctx: typer.Context) -> Hub:
    """The hub of the running command's project; use it as a context manager."""
    from flows.hub import Hub

    return Hub(session(ctx).load())


class _Commands(TyperGroup):
    """Finds commands by name in GROUPS and imports their module then."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for group in GROUPS for name in group.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            for group in GROUPS:
                if cmd_name in group.commands:
                    self.commands.update(_load(group))
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            from goldbridge.records.hint import did_you_mean

            ctx.fail(f"there is no command '{name}'{did_you_mean(name, self.list_commands(ctx), at_most=0)}")
        return super().resolve_command(ctx, args)


def _typer(**options: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **options)


@cache
def _load(group: Group) -> dict[str, Any]:
    app = _typer()
    importlib.import_module(f"goldbridge.cli.{group.module}").register(app)
    return dict(typer.main.get_group(app).commands)


app = _typer(
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Options of goldbridge itself may stand anywhere on the line.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goldbridge {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    ctx: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="GOLDBRIDGE_PROJECT", help="The project; else this folder or one above."),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(metavar="NAME", envvar="GOLDBRIDGE_ENV", help="Lay config/env/NAME.yaml over the project."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more, and show where an error came from.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log and report errors as JSON lines.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Move customers and partners between systems, and keep one golden record of each."""
    state = session(ctx)
    state.directory, state.env, state.verbose, state.log_json = project, env or None, verbose, log_json


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    _shadow.check()
    # Bulk work makes many documents and no cycles, and would spend a fifth of its time looking for them.
    gc.set_threshold(10_000, 10, 10)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a name must not end the run
    state = Session()
    try:
        return _run(_hoist(sys.argv[1:] if arguments is None else list(arguments)), state)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return 130
    except (BrokenPipeError, SystemExit) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; so do we, in silence
        return 141


def _run(arguments: list[str], state: Session) -> int:
    try:
        status = typer.main.get_command(app).main(arguments, "goldbridge", standalone_mode=False, obj=state)
        if status == 130:
            typer.echo("interrupted", err=True)
        return status if isinstance(status, int) else 0
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if show is None:
            typer.echo(f"Error: {error}", err=True)
        else:
            show()
        return error.exit_code
    except typer.Abort:
        typer.echo("stopped; nothing was done", err=True)
        return 1
    except GoldbridgeError as error:
        report(error, state)
        return 2 if isinstance(error, Misconfigured) else 75 if isinstance(error, AlreadyRunning) else 1
    except BrokenPipeError:
        raise
    except Exception as error:
        _confess(error, state)
        return 70


def report(error: GoldbridgeError, state: Session) -> None:
    """Say what is wrong on stderr: every problem on a line of its own, in file order."""
    if isinstance(error, Misconfigured):
        for problem in error.problems:
            typer.echo(as_json(problem) if state.log_json else state.place(problem), err=True)
    elif state.log_json:
        typer.echo(json.dumps({"code": error.code, "message": error.message}, ensure_ascii=False), err=True)
    else:
        typer.echo(str(error), err=True)
    if state.verbose:
        _trace(error)


def as_json(problem: Problem) -> str:
    """A problem as one JSON object."""
    mark = problem.mark
    fields = {"file": mark.file, "line": mark.line, "column": mark.column}
    return json.dumps({**fields, "code": problem.code, "message": problem.message}, ensure_ascii=False)


def _confess(error: Exception, state: Session) -> None:
    """An error nobody foresaw is a defect of ours: one line, and the way to more."""
    from goldbridge.log import redact

    first = (str(error).strip() or "no message").splitlines()[0]
    line = redact(f"unexpected {type(error).__name__}: {first}")
    if state.log_json:
        typer.echo(json.dumps({"code": "", "message": line}, ensure_ascii=False), err=True)
    else:
        typer.echo(line if state.verbose else f"{line}; run again with --verbose to see where", err=True)
    if state.verbose:
        _trace(error)


def _trace(error: BaseException) -> None:
    import traceback

    from goldbridge.log import redact

    typer.echo(redact("".join(traceback.format_exception(error))), err=True, nl=False)


def _hoist(arguments: list[str]) -> list[str]:
    """Global options moved to the front, where the parser wants them; people type them last."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, _ = argument.partition("=")
        if argument == "--":
            rest += [argument, *waiting]
        elif name in _ANYWHERE and (equals or not _ANYWHERE[name]):
            front.append(argument)
        elif name in _ANYWHERE:
            value = next(waiting, None)
            front += [argument] if value is None else [f"{argument}={value}"]
            if value is None:  # let the parser say that the value is missing
                return [*front]
        else:
            rest.append(argument)
    return [*front, *rest]
