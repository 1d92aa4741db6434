"""Value tables: inside a mapping, or named files in mappings/tables that several mappings share.

A file is `table: NAME`, `entries: {source value: canonical value}` and, if wanted, `about:`. Keys are text; a value of
the source that is a number is looked up by its plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from goldbridge.errors import Mark, Problems
from goldbridge.mapping.value import plain_text, shown
from goldbridge.ports import Document, Json
from goldbridge.records.hint import did_you_mean

KEYS = ("table", "about", "entries")


@dataclass(frozen=True, slots=True)
class Table:
    """Entries by source value; `name` is "" inside a mapping. `marks` has the place of each value."""

    name: str
    entries: Mapping[str, Json]
    marks: Mapping[str, Mark]


def inline_table(entries: Mapping[str, Json], mark: Callable[[str], Mark]) -> Table:
    return Table("", dict(entries), {key: mark(key) for key in entries})


def read_table(document: Document, name: str, problems: Problems) -> Table | None:
    """A file of mappings/tables; None when it has no entries that can be used."""
    data = document.data
    if not isinstance(data, dict):
        problems.note(document.mark(), "MAP012", "a table file needs `table:` and `entries: {old: new}`")
        return None
    for key in data:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS)
            problems.note(document.key_mark(key), "MAP012", f"a table file has no key '{key}'{hint}")
    if data.get("table") != name:
        message = f"the file is called {name}.yaml, so it must say `table: {name}`, not {shown(data.get('table'))}"
        problems.note(document.mark("table"), "MAP012", message)
    entries = data.get("entries")
    if not isinstance(entries, dict) or not entries:
        problems.note(document.mark("entries"), "MAP012", '`entries` is a table such as {"1": customer, "2": dealer}')
        return None
    return Table(name, dict(entries), {key: document.mark("entries", key) for key in entries})


def reversed_table(table: Table, mark: Mark, problems: Problems) -> Table | None:
    """The table read backwards, for writing to the system whose codes it translates.

    Null entries stay out; two codes for one value cannot be told apart backwards and are a problem.
    """
    entries: dict[str, Json] = {}
    marks: dict[str, Mark] = {}
    clean = True
    for code, value in table.entries.items():
        text = plain_text(value) if value is not None else ""
        if not isinstance(text, str) or not text:
            continue
        if text in entries:
            message = (
                f"'{text}' stands for {shown(entries[text])} and for {shown(code)}; `reverse` needs one code per value"
            )
            problems.note(mark, "MAP013", message)
            clean = False
        entries[text], marks[text] = code, table.marks[code]
    return Table(table.name, entries, marks) if clean else None
