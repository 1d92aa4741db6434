"""`goldbridge explain`: the page behind an error code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from goldbridge.errors import Mark, Misconfigured
from goldbridge.records.hint import nearest

_CODE = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{3})[ _-]?(\d{1,3})(?![A-Za-z0-9])")


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    code: Annotated[list[str] | None, typer.Argument(help="A code such as MAP014, or a whole error message.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what an error code means and what to do.

    Without a code, list them all.
    """
    known = pages()
    if not code:
        _list(known, as_json)
        return
    wanted = find(" ".join(code), known)
    text = known[wanted].read_text(encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({"code": wanted, "title": _title(text), "text": text}, ensure_ascii=False))
    else:
        typer.echo(text.rstrip("\n"))


def folder() -> Path:
    """Where the pages are: inside an installed package, or in a checkout's docs."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_docs/errors"
    return packed if packed.is_dir() else package.parent / "docs/errors"


def pages() -> dict[str, Path]:
    """Code -> page, in order."""
    return {path.stem: path for path in sorted(folder().glob("*.md"))}


def remedy(code: str) -> str:
    """The first thing that the page of a code says to do; empty for a code without a page."""
    page = pages().get(code)
    if page is None:
        return ""
    _, _, rest = page.read_text(encoding="utf-8").partition("\n## What to do\n")
    first = re.split(r"\n\n|\n- |\n\* ", rest.strip())[0]
    return " ".join(first.removeprefix("- ").removeprefix("* ").split())


def find(text: str, known: dict[str, Path]) -> str:
    """The code somebody means: `map14`, `MAP014`, or the line of an error that holds one; CFG019 when there is none."""
    named = [f"{letters.upper()}{digits:0>3}" for letters, digits in _CODE.findall(text)]
    for code in named:
        if code in known:
            return code
    asked = named[0] if named else text.strip().upper()[:20]
    letters = nearest(asked[:3], {code[:3] for code in known})
    near = f"{letters}{asked[3:]}"
    if near not in known:
        near = nearest(asked, [code for code in known if code[:3] == letters])
    hint = f"; did you mean {near}?" if near else ";"
    message = f"there is no code '{asked}'{hint} `goldbridge explain` lists them all"
    raise Misconfigured.one("CFG019", message, Mark("explain"))


def _list(known: dict[str, Path], as_json: bool) -> None:
    titles = {code: _title(path.read_text(encoding="utf-8")) for code, path in known.items()}
    if as_json:
        typer.echo(json.dumps([{"code": code, "title": title} for code, title in titles.items()], ensure_ascii=False))
        return
    for code, title in titles.items():
        typer.echo(f"{code}  {title}")


def _title(text: str) -> str:
    """The first line without `# CODE `."""
    return text.partition("\n")[0].removeprefix("# ").partition(" ")[2]
