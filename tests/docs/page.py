"""Markdown pages as the tests read them: their links, anchors, code blocks and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import typer

from goldbridge import cli
from tests.architecture.tree import ROOT, text, tracked

_FENCE = re.compile(r"^(```+)([^\n]*)\n(.*?)^\1\s*$", re.M | re.S)
_INLINE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_WORD = re.compile(r"[a-z][a-z-]*")


class Block(NamedTuple):
    page: str
    language: str
    text: str


class Line(NamedTuple):
    """A command line in a page or in a message, without the comment behind it."""

    where: str
    words: tuple[str, ...]


def pages() -> list[str]:
    return [path for path in tracked() if path.endswith(".md")]


def blocks(page: str) -> list[Block]:
    return [Block(page, found[2].strip(), found[3]) for found in _FENCE.finditer(text(page))]


def prose(page: str) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", text(page))


def links(page: str) -> list[str]:
    return _LINK.findall(_INLINE.sub("", prose(page)))


@cache
def anchors(page: str) -> frozenset[str]:
    """What `#...` can lead to in a page, as a forge makes them of headings."""
    found: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(page), re.M):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        made.add(slug if slug not in found else f"{slug}-{found[slug]}")
        found[slug] = found.get(slug, 0) + 1
    return frozenset(made)


def target(page: str, link: str) -> tuple[str, str]:
    """(path from the root, anchor) of a link in a page; the page itself for a bare anchor."""
    path, _, anchor = link.partition("#")
    if not path:
        return page, anchor
    place = PurePosixPath(page).parent
    for step in path.split("/"):
        place = place.parent if step == ".." else place if step in (".", "") else place / step
    return place.as_posix(), anchor


def command_lines(page: str) -> Iterator[Line]:
    """Every `goldbridge ...` in the code blocks and the running text of a page."""
    for block in blocks(page):
        if block.language in ("", "sh", "bash", "shell", "console"):
            for line in block.text.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|\|\||;|\||(?<!\S)\$ ", line):
                    if re.match(r"\s*goldbridge( |$)", part):
                        yield Line(page, tuple(shlex.split(part, comments=True)))
    for found in _INLINE.finditer(prose(page)):
        content = " ".join(found[2].split())
        if content.startswith("goldbridge "):
            yield Line(page, tuple(content.split()))


def spoken(path: str) -> Iterator[Line]:
    """Every `goldbridge ...` between backquotes in a Python file: what messages tell people to type."""
    for found in re.finditer(r"`(goldbridge [^`\n]+)`", re.sub(r'"\s*\n\s*f?"', "", text(path))):
        yield Line(path, tuple(found[1].split()))


@cache
def root() -> Any:
    return typer.main.get_command(cli.app)


def trouble(line: Line) -> str:
    """What is wrong with a command line: a command or an option that does not exist; "" when nothing is."""
    words = [word for word in line.words[1:] if not word.startswith("...")]
    group, said = root(), "goldbridge"
    known = {name for each in group.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
    takes_value = {"--project", "--env"}
    at = 0
    while at < len(words):
        word = words[at]
        name = word.partition("=")[0]
        if name.startswith("-") and name in known:
            at += 2 if name in takes_value and "=" not in word else 1
        elif name.startswith("-") and len(name) > 1:
            return f"{said} has no option {name}"
        elif hasattr(group, "own") and word not in group.list_commands(None):
            group = group.commands["answer" if word.isdigit() and "answer" in group.commands else group.own]
            known |= {name for each in group.params for name in each.opts}
        elif hasattr(group, "list_commands"):
            if not _WORD.fullmatch(word):
                return ""  # a placeholder such as COMMAND, or the end of a sentence
            choices = word.split("|")
            found = [group.get_command(typer.Context(group), each) for each in choices]
            if None in found:
                return f"there is no command `{said} {word}`"
            group, said = found[0], f"{said} {word}"
            own = group.commands[group.own].params if hasattr(group, "own") else ()
            known |= {name for each in (*group.params, *own) for name in (*each.opts, *each.secondary_opts)}
            at += 1
        else:
            at += 1
    return ""


def exists(path: str) -> bool:
    return (ROOT / path).exists()
