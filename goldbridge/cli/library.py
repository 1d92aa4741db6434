"""`goldbridge mapping copy`: ready-made mappings of the package, written into a project under its system's name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured, Problems
from goldbridge.records.hint import did_you_mean

if TYPE_CHECKING:
    from goldbridge.settings.project import Project

LIBRARY = Path(__file__).resolve().parent.parent / "library"
_SYSTEM = re.compile(r"[a-z][a-z0-9_]{0,40}")


def copy(
    ctx: typer.Context,
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="A kind of connector; left out, lists what there is.")
    ] = None,
    system: Annotated[
        str | None,
        typer.Option("--as", metavar="SYSTEM", help="Its name in sources.yaml, where several are of the kind."),
    ] = None,
) -> int:
    """Write ready-made mappings for a kind of system into mappings/; files that exist are never overwritten."""
    kinds = shelves()
    if kind is None:
        for name, files in kinds.items():
            typer.echo(f"{name}: {', '.join(file.stem for file in files)}")
        return 0
    if kind not in kinds:
        raise typer.BadParameter(f"there are no mappings for '{kind}'{did_you_mean(kind, kinds)}", param_hint="KIND")
    project = session(ctx).load()
    name = system or _only_system(project, kind)
    if not _SYSTEM.fullmatch(name):
        raise typer.BadParameter("a system's name is lower-case letters, digits and _", param_hint="--as")
    written = _write(project.root, kinds[kind], kind, name)
    for path in written:
        typer.echo(f"wrote {path}; its first lines say which fields to read")
    typer.echo(f"next: goldbridge mapping test {name}, then goldbridge preview {name}.{kinds[kind][0].stem}")
    return 0


def shelves() -> dict[str, list[Path]]:
    """The files of the library by kind of connector."""
    folders = sorted(path for path in LIBRARY.iterdir() if path.is_dir())
    found = {folder.name: sorted(folder.glob("*.yaml")) for folder in folders}
    return {kind: files for kind, files in found.items() if files}


def renamed(text: str, kind: str, system: str) -> str:
    """A mapping of the library as one of a system: its own name, and those of the streams it refers to."""
    return re.sub(rf"(?<=[\s{{])((?:mapping|ref): ){kind}\.", rf"\g<1>{system}.", f"\n{text}")[1:]


def _only_system(project: Project, kind: str) -> str:
    systems = [name for name, entry in project.sources.items() if entry.connector == kind]
    if len(systems) == 1:
        return systems[0]
    found = f"sources.yaml has {', '.join(systems)}" if systems else f"no system of sources.yaml is of kind {kind}"
    raise typer.BadParameter(f"{found}; name the system with --as", param_hint="--as")


def _write(root: Path, files: list[Path], kind: str, system: str) -> list[str]:
    """All of them or none."""
    places = {f"mappings/{system}/{file.name}": file for file in files}
    taken = Problems()
    for place in places:
        if os.path.lexists(root / place):
            message = "the file exists and is not overwritten; move it away, or copy under another name with --as"
            taken.note(Mark(place), "CFG020", message)
    taken.raise_any()
    for place, file in places.items():
        target = root / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as out:
                out.write(renamed(file.read_text(encoding="utf-8"), kind, system))
        except OSError as error:
            reason = (error.strerror or "error").lower()
            raise Misconfigured.one("CFG003", f"cannot be written: {reason}", Mark(place)) from None
    return list(places)
