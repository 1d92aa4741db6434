"""Tables and headings of the generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped, line breaks become blanks."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row([_cell(text) for text in row]) for row in rows)]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`"


def sections(*parts: str) -> str:
    """Paragraphs, tables and headings with a blank line between."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def keyed(words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Rows of a table of names and their meanings."""
    return [(code(name), text) for name, text in words.items()]


def described(what: str, known: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, description) in the order of `words`; raises ValueError unless they are exactly the `known` names."""
    names = set(known)
    missing, gone = sorted(names - set(words)), sorted(set(words) - names)
    if missing or gone:
        raise ValueError(f"{what}: without a description: {missing}; described but gone: {gone}")
    return keyed(words)
