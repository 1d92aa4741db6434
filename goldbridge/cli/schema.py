"""`goldbridge schema`: JSON Schemas of a project's YAML files, so that an editor completes and checks them offline."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured

FOLDER = "schemas"


def register(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this one, e.g. sources; else all.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; else .goldbridge/schemas in the project.")
    ] = None,
) -> int:
    """Write JSON Schemas of the YAML files, and print which file each is for, as VS Code's settings take it.

    `goldbridge schema > .vscode/settings.json` is all that its YAML extension needs. Write them again after an update.
    """
    from goldbridge.records.hint import did_you_mean
    from goldbridge.schema import build, kinds

    known = kinds()
    if name is not None and name not in known:
        raise typer.BadParameter(f"there is no schema '{name}'{did_you_mean(name, known)}", param_hint="NAME")
    root = None if out is not None and session(ctx).directory is None else session(ctx).root()
    folder = out.resolve() if out is not None else _state_folder(session(ctx).examine()[0])
    written = {each: folder / f"{each}.json" for each in ([name] if name else known)}
    for each, path in written.items():
        _write(path, build(each))
    where = f"{len(written)} schema{'' if len(written) == 1 else 's'} to {folder}"
    typer.echo(f"Wrote {where}; the lines on stdout belong into .vscode/settings.json", err=True)
    places = {_shown(path, root): list(known[each].files) for each, path in written.items()}
    typer.echo(json.dumps({"yaml.schemas": places}, indent=2, ensure_ascii=False))
    return 0


def _state_folder(project: Any) -> Path:
    folder: Path = project.state_dir / FOLDER
    return folder


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "error").lower()
        raise Misconfigured.one("CFG003", f"cannot be written: {reason}", Mark(str(path))) from None


def _shown(path: Path, root: Path | None) -> str:
    """Below the project by a path that holds for everybody who has it, else as it is."""
    if root is not None and path.is_relative_to(root):
        return f"./{path.relative_to(root).as_posix()}"
    return f"./{os.path.relpath(path)}" if path.is_relative_to(Path.cwd()) else path.as_uri()
