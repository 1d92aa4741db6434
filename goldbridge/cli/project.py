"""`goldbridge init` makes a project, `goldbridge check` says everything that is wrong with one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from goldbridge.cli import as_json as problem_as_json
from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured, Problems

PARTS = ("config", "mappings", "flows.yaml")
IGNORED = ".goldbridge/\nconfig/secrets.env\n"


def register(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("check")(check)


def template_root() -> Path:
    """Where the files of a new project come from: inside an installed package, or the checkout this runs from."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_template"
    return packed if packed.is_dir() else package.parent


def template_files(root: Path) -> Iterator[str]:
    """The files of the template by their path in a project; only YAML, so that nobody's secrets come along."""
    for part in PARTS:
        path = root / part
        files = [path] if path.is_file() else sorted(path.rglob("*.yaml"))
        for file in files:
            relative = file.relative_to(root)
            if not any(step.startswith(".") for step in relative.parts):
                yield relative.as_posix()


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or existing folder.")] = Path(),
) -> None:
    """Write a project to start from."""
    root = template_root()
    files = list(template_files(root))
    taken = Problems()
    for path in files:
        if os.path.lexists(directory / path):
            message = "the file exists and is not overwritten; choose another folder, or move it away"
            taken.note(Mark(str(directory / path)), "CFG020", message)
    taken.raise_any()
    try:
        for path in files:
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write((root / path).read_bytes())
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text(IGNORED, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "error").lower()
        place = Mark(str(error.filename or directory))
        raise Misconfigured.one("CFG003", f"cannot be written: {reason}", place) from None
    where = directory.resolve()
    here = where == Path.cwd()
    typer.echo(f"Wrote a project of {len(files)} files to {where}.\n\nNext:")
    if not here:
        typer.echo(f"  cd {directory}")
    typer.echo("  edit config/sources.yaml: which systems there are and how to reach them")
    typer.echo("  put their secrets into config/secrets.env (NAME=value lines, chmod 600), or export them")
    typer.echo("  goldbridge check")


def check(
    ctx: typer.Context,
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="PART", help="Only these parts, e.g. mappings flows; or connectors [KIND ...]."),
    ] = None,
    path: Annotated[
        Path | None, typer.Option("--path", metavar="DIR", help="With connectors: a package of yours to check.")
    ] = None,
    no_secrets: Annotated[
        bool, typer.Option("--no-secrets", help="Do not ask whether secrets are set, as in a CI job without them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as one JSON array.")] = False,
) -> int:
    """Report everything that is wrong with a project; or, with `connectors`, which promises a connector breaks."""
    if parts and parts[0] == "connectors":
        from goldbridge.cli.conformance import check_connectors

        return check_connectors(parts[1:], path, as_json=as_json)
    from goldbridge.cli.checklist import CHECKS, ask
    from goldbridge.records.hint import did_you_mean

    names = [entry.name for entry in CHECKS]
    for part in parts or ():
        if part not in names:
            raise typer.BadParameter(f"there is no part '{part}'{did_you_mean(part, names)}", param_hint="PART")
    state = session(ctx)
    project, found = state.examine()
    problems, waiting = ask(project, found, parts or ())
    if no_secrets:
        problems = Problems(problem for problem in problems if problem.code != "CFG007")
    if as_json:
        typer.echo(f"[{', '.join(problem_as_json(problem) for problem in problems)}]")
    elif problems:
        for problem in problems:
            typer.echo(problem_as_json(problem) if state.log_json else state.place(problem), err=True)
        if waiting and not state.log_json:
            typer.echo(f"not checked until these are solved: {', '.join(waiting)}", err=True)
    else:
        typer.echo(_summary(project, parts or ()))
    return 2 if problems else 0


def _summary(project: object, parts: object) -> str:
    from goldbridge.settings.project import Project

    assert isinstance(project, Project)
    flows = project.flows.data.get("flows") or {}
    counts = (
        (len(project.sources), "system"),
        (len(project.model.entities), "entity"),
        (len(project.mappings), "mapping"),
        (len(project.tables), "table"),
        (len(flows), "flow"),
    )
    text = ", ".join(f"{count} {name if count == 1 else _plural(name)}" for count, name in counts)
    return f"ok: {text}" + (f" (environment {project.env})" if project.env else "")


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
