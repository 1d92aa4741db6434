"""`goldbridge secrets`: which secrets there are and where each is found, and those of the operating system's keyring.

A value is typed without an echo or read from a pipe, never given on the command line, where every process sees it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured, Problem, Problems

if TYPE_CHECKING:
    from goldbridge.settings.document import Document
    from goldbridge.settings.os_keyring import OsKeyring
    from goldbridge.settings.project import Project
    from goldbridge.settings.secret import Secrets

_LARGEST = 1_000_000
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The secret, as YAML refers to it: CRM_PASSWORD.")]


def register(app: typer.Typer) -> None:
    secrets = typer.Typer(no_args_is_help=True, help="List secrets, and keep them in the keyring of this machine.")
    secrets.command("list")(list_secrets)
    secrets.command("set")(set_secret)
    secrets.command("rm")(remove_secret)
    app.add_typer(secrets, name="secrets")


class Listed(NamedTuple):
    """One secret: where its value is found ("" nowhere), and where it is referred to."""

    name: str
    found: str
    references: list[str]
    problem: str = ""


def list_secrets(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False
) -> int:
    """List the secrets that the project refers to or its secrets file sets, and where each is found; never a value."""
    project, secrets = _project(ctx)
    found = _listed(project, secrets)
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return 0
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    table = Table("secret", "found in", "referred to", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.name, one.problem or one.found or "nowhere", "\n".join(one.references) or "nowhere")
    make_console().print(table, markup=False, highlight=False)
    if secrets.keyring is not None and secrets.keyring.trouble:
        typer.echo(f"the keyring cannot be asked: {secrets.keyring.trouble}", err=True)
    return 0


def set_secret(ctx: typer.Context, name: _Name) -> int:
    """Keep a secret in the keyring of this machine; it is typed without an echo, or read from a pipe."""
    _check(name)
    _, secrets = _project(ctx)
    ring = _ring(secrets)
    value = _given(name)
    from goldbridge.settings.secret import remember

    remember(value)
    ring.store(name, value)
    typer.echo(f"{name} is kept in the keyring under '{ring.service}'")
    place = secrets.place(name)
    if not place.startswith("keyring"):
        typer.echo(f"note: {name} is also set in the {place}, which comes first; remove it there", err=True)
    return 0


def remove_secret(ctx: typer.Context, name: _Name) -> int:
    """Remove a secret from the keyring of this machine."""
    _check(name)
    _, secrets = _project(ctx)
    ring = _ring(secrets)
    ring.remove(name)
    typer.echo(f"{name} is no longer in the keyring under '{ring.service}'")
    return 0


def _project(ctx: typer.Context) -> tuple[Project, Secrets]:
    """The project as far as it can be read; only what hides secrets counts as a problem here."""
    project, problems = session(ctx).examine()
    Problems(problem for problem in problems if problem.code == "CFG009").raise_any()
    return project, project.secrets


def _ring(secrets: Secrets) -> OsKeyring:
    assert secrets.keyring is not None, "a project's secrets always have one"
    return secrets.keyring


def _check(name: str) -> None:
    from goldbridge.settings.secret import NAME

    if not NAME.fullmatch(name):
        # Not repeated: somebody may have typed the secret itself.
        raise typer.BadParameter("a secret is called in capitals, digits and '_', as CRM_PASSWORD", param_hint="NAME")


def _given(name: str) -> str:
    """The value: typed without an echo on a terminal, else everything on stdin but the line end behind it."""
    if sys.stdin.isatty():
        value: str = typer.prompt(f"value of {name}", hide_input=True, err=True)
    else:
        from goldbridge.settings.yaml import decode

        value = decode(sys.stdin.buffer.read(_LARGEST), "stdin").rstrip("\r\n")
    if not value:
        raise Misconfigured.one("CFG023", f"the value of {name} is empty; nothing was kept", Mark("stdin"))
    return value


def _listed(project: Project, secrets: Secrets) -> list[Listed]:
    references: dict[str, list[str]] = {name: [] for name in secrets.names()}
    for document in project.documents.values():
        for problem in _references(document):
            references.setdefault(problem.message, []).append(str(problem.mark))
    return [_one(name, secrets, references[name]) for name in sorted(references)]


def _one(name: str, secrets: Secrets, references: list[str]) -> Listed:
    try:
        return Listed(name, secrets.place(name), references)
    except Misconfigured as error:  # a NAME_FILE that cannot be read
        return Listed(name, "", references, error.problems[0].message)


def _references(document: Document) -> list[Problem]:
    """Every `{secret: NAME}` of a file with its place; what is no name is the business of `goldbridge check`."""
    from goldbridge.settings.document import Node
    from goldbridge.settings.secret import NAME

    found: list[Problem] = []

    def look(_: object, node: Node) -> Node | None:
        if node.is_secret_reference():
            name = node.value["secret"].value
            if isinstance(name, str) and NAME.fullmatch(name):
                found.append(Problem(node.mark, "", name))
        return None

    document.replaced(look)
    return found
