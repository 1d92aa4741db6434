"""The file of `goldbridge dedupe --config`: what a run was told, so that the next one need not be told again.

    columns: {公司名称: organisation, 备注: ignore}      # what columns are; the others are guessed
    compare: [公司名称, 电话]                            # only these are compared; else all that say something
    bands: {auto: 24 bits, review: 8 bits}              # what joins unasked, what is a question
    weights: {电话: {equal: 9.5 bits, different: -2 bits}}  # what `dedupe train` learned
    block: [phone, brand+city]                          # what brings rows together, else chosen
    id: 编号

`--save-config` writes one with what was guessed, and comments to edit it by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from dedupe.bit import bits
from dedupe.grade import KINDS as GRADES
from dedupe.grade import Kind
from dedupe.rule import BITS
from dedupe.table.column import KINDS, Guess
from dedupe.table.header import IGNORE
from dedupe.table.resolution import Resolution, Wish
from goldbridge.cli import table as csv_table
from goldbridge.cli.dedupe_table import Table
from goldbridge.errors import Mark, Misconfigured, Problems
from goldbridge.records.hint import did_you_mean
from goldbridge.schema.dedupe import BANDS, KEYS
from goldbridge.settings.document import Document
from goldbridge.settings.yaml import read as read_yaml

_TEXTS = ("id", "truth", "source_column")


class Config(NamedTuple):
    """What a file says; `document` knows where."""

    document: Document | None = None
    columns: Mapping[str, str] = {}
    compare: tuple[str, ...] = ()
    wish: Wish = Wish()
    pairs: Mapping[str, str] = {}
    id: str | None = None
    truth: str | None = None
    source_column: str | None = None
    many: bool = False
    weights: Mapping[str, Mapping[str, int]] = {}

    def mark(self, *path: str | int) -> Mark:
        return self.document.mark(*path) if self.document else Mark("")


def read(file: Path) -> Config:
    """The file; raises `Misconfigured` DED040 to DED042 with every problem in it, or what YAML is refused for."""
    document = read_yaml(file)
    problems = Problems()
    data = document.data if document.data is not None else {}
    if not isinstance(data, dict):
        raise Misconfigured.one("DED040", f"expected keys, as `columns: {{...}}`; keys: {_known()}", document.mark())
    for key in data:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, at_most=0) or f"; keys: {_known()}"
            problems.note(document.key_mark(key), "DED040", f"unknown key '{key}'{hint}")
    columns = _texts(document, data, "columns", problems)
    for name, kind in columns.items():
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS, at_most=0)
            message = f"no kind '{kind}'{hint}; kinds: {', '.join(KINDS)}"
            problems.note(document.mark("columns", name), "DED041", message)
    texts = {key: _text(document, data, key, problems) for key in _TEXTS}
    many = data.get("many", False)
    if not isinstance(many, bool):
        problems.note(document.mark("many"), "DED040", "many: expected true or false")
    made = Config(
        document,
        columns,
        _listed(document, data, "compare", problems),
        _wish(document, data, problems),
        _texts(document, data, "map", problems),
        texts["id"],
        texts["truth"],
        texts["source_column"],
        many is True,
        _weights(document, data, problems),
    )
    problems.raise_any()
    return made


def check_weights(config: Config, file: str, kinds: Mapping[str, Kind]) -> Wish:
    """The wish with the weights in the order of their levels; raises `Misconfigured` DED045 with every weight that does
    not fit how its column is compared. `kinds` are the columns that have weights of their own: none where rules weigh.
    """
    problems = Problems()
    document = config.document
    found: dict[str, tuple[int, ...]] = {}
    for column, levels in config.weights.items():
        assert document is not None
        kind = kinds.get(column)
        if kind is None:
            why = "its rows are organisations, weighed by rules; leave `weights` out" if not kinds else "not compared"
            message = f"weights: '{column}' has none in {file}: {why}"
            problems.note(document.key_mark("weights", column), "DED045", message)
            continue
        for level in levels:
            if level not in kind.labels:
                hint = did_you_mean(level, kind.labels, at_most=0) or f"; levels: {', '.join(kind.labels)}"
                message = f"weights: '{column}' is compared as {kind.name}, which has no level '{level}'{hint}"
                problems.note(document.key_mark("weights", column, level), "DED045", message)
        missing = [level for level in kind.labels if level not in levels]
        if missing:
            message = f"weights: '{column}' lacks {', '.join(missing)}; give each level its bits"
            problems.note(document.key_mark("weights", column), "DED045", message)
        table = [(level, levels[level]) for level in kind.labels if level in levels]
        for (closer, more), (level, less) in pairwise(table):
            if less > more:
                message = f"weights: '{column}': {level} weighs more than {closer}, which is closer"
                problems.note(document.mark("weights", column, level), "DED045", message)
        found[column] = tuple(weight for _, weight in table)
    problems.raise_any()
    return config.wish._replace(weights=found)


def _known() -> str:
    return ", ".join(KEYS)


def _texts(document: Document, data: Mapping[str, Any], key: str, problems: Problems) -> dict[str, str]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        example = "{公司名称: organisation}" if key == "columns" else "{name: 公司名称}"
        problems.note(document.mark(key), "DED040", f"{key}: expected names, as {example}")
        return {}
    for name, each in value.items():
        if not isinstance(each, str):
            problems.note(document.mark(key, name), "DED040", f"{key}: '{name}' needs a word")
    return {name: each for name, each in value.items() if isinstance(each, str)}


def _listed(document: Document, data: Mapping[str, Any], key: str, problems: Problems) -> tuple[str, ...]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        problems.note(document.mark(key), "DED040", f"{key}: expected a list of names, as [phone, name]")
        return ()
    return tuple(value)


def _text(document: Document, data: Mapping[str, Any], key: str, problems: Problems) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        problems.note(document.mark(key), "DED040", f"{key}: expected a name")
        return None
    return value


def _wish(document: Document, data: Mapping[str, Any], problems: Problems) -> Wish:
    block = _listed(document, data, "block", problems)
    value = data.get("bands")
    if value is None:
        return Wish(block=block)
    if not isinstance(value, dict):
        problems.note(document.mark("bands"), "DED042", "bands: expected {auto: 24 bits, review: 8 bits}")
        return Wish(block=block)
    found: dict[str, int] = {}
    for name, written in value.items():
        if name not in BANDS:
            hint = did_you_mean(name, BANDS)
            problems.note(document.key_mark("bands", name), "DED042", f"no band '{name}'{hint}")
        elif match := BITS.match(str(written)):
            found[name] = bits(float(match[1]))
        else:
            problems.note(document.mark("bands", name), "DED042", f"{name}: expected bits, as `24 bits` or `8.5 bits`")
    if "auto" in found and found.get("review", found["auto"]) > found["auto"]:
        message = "review lies above auto: a question would be surer than what joins unasked"
        problems.note(document.mark("bands", "review"), "DED042", message)
    guess = found.get("guess")
    if guess is not None and not found.get("review", guess) <= guess <= found.get("auto", guess):
        problems.note(
            document.mark("bands", "guess"), "DED042", "guess lies between review and auto, or on one of them"
        )
    return Wish(found.get("auto"), found.get("review"), block, guess)


def _weights(document: Document, data: Mapping[str, Any], problems: Problems) -> dict[str, dict[str, int]]:
    value = data.get("weights")
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.note(document.mark("weights"), "DED045", "weights: expected columns, as {phone: {equal: 9.5 bits}}")
        return {}
    found: dict[str, dict[str, int]] = {}
    for column, levels in value.items():
        if not isinstance(levels, dict) or not levels:
            message = f"weights: '{column}' needs its levels, as {{equal: 9.5 bits, different: -2 bits}}"
            problems.note(document.mark("weights", column), "DED045", message)
            continue
        for level, written in levels.items():
            if match := BITS.match(str(written)):
                found.setdefault(column, {})[level] = bits(float(match[1]))
            else:
                message = f"weights: {level}: expected bits, as `9.5 bits` or `-2 bits`"
                problems.note(document.mark("weights", column, level), "DED045", message)
    return found


def check(config: Config, table: Table) -> None:
    """Raise `Misconfigured` DED041 with every column that the file names and the table does not have."""
    problems = Problems()
    document = config.document
    if document is None:
        return
    places = [(document.key_mark("columns", name), name) for name in config.columns]
    places += [(document.mark("compare", at), name) for at, name in enumerate(config.compare)]
    places += [(document.key_mark("weights", name), name) for name in config.weights]
    for mark, name in places:
        if name not in table.header:
            listed = did_you_mean(name, table.header) or f"; it has {', '.join(table.header[:20])}"
            problems.note(mark, "DED041", f"{table.file.name} has no column '{name}'{listed}")
    problems.raise_any()


def save(
    file: Path, table: Table, guesses: Sequence[Guess], found: Resolution, asked: Config, head: Sequence[str] = ()
) -> None:
    """Write what was guessed and chosen, and what was told of guess and weights; `head` says what else to know."""
    lines = [*(f"# {_plain(line)}" for line in head), *_lines(table, guesses, found, asked)]
    with csv_table.replacing(file) as out:
        out.write("".join(f"{line}\n" for line in lines).encode())


def _lines(table: Table, guesses: Sequence[Guess], found: Resolution, asked: Config) -> list[str]:
    lines = [
        f"# goldbridge dedupe {' '.join(each.name for each in table.files)} --config THIS_FILE",
        "",
        f"# What each column is. Kinds: {', '.join(KINDS)}.",
        "columns:",
    ]
    for guess in guesses:
        doubt = f"; or {guess.rival}?" if guess.rival else ""
        lines.append(f"  {_quoted(guess.column)}: {guess.kind}  # {_plain(guess.reason)}, {guess.sure:.0%} sure{doubt}")
    used = [
        guess.column for guess in guesses if guess.kind != IGNORE and guess.column not in found.left_out_columns
    ]  # fmt: skip
    lines += [
        "",
        "# Only these are compared; take one out, and it says nothing.",
        f"compare: [{', '.join(map(_quoted, used))}]",
        "",
        "# Bits of evidence: from `auto` on rows join unasked, from `review` on they are a question.",
        "bands:",
        f"  auto: {show(found.bands.auto)}",
        *([f"  guess: {show(asked.wish.guess)}"] if asked.wish.guess is not None else []),
        f"  review: {show(found.bands.review)}",
        "",
        *_learned(found, asked),
        "# What brings rows together. Left out, the keys are chosen anew for each table.",
    ]
    keys = asked.wish.block or _blocks(found)
    lines.append(f"{'' if asked.wish.block else '# '}block: [{', '.join(map(_quoted, keys))}]")
    for key, value in (("id", asked.id), ("truth", asked.truth), ("source_column", asked.source_column)):
        if value is not None:
            lines += ["", f"# {_plain(KEYS[key])}", f"{key}: {_quoted(value)}"]
    if asked.many:
        lines += ["", "many: true"]
    if asked.pairs:
        lines += ["", f"# {KEYS['map']}", "map:"]
        lines += [f"  {_quoted(one)}: {_quoted(two)}" for one, two in asked.pairs.items()]
    return lines


def _blocks(found: Resolution) -> tuple[str, ...]:
    if found.method == "rules" and found.model is not None:
        return tuple("+".join(parts) for parts in found.model.rules.blocks)
    return tuple(key for key, _ in found.blocking.keys)


def _learned(found: Resolution, asked: Config) -> list[str]:
    if found.model is None or not asked.wish.weights:
        return []
    lines = ["# Bits per column and level, the closest first; they never rise.", "weights:"]
    for each in found.model.rules.comparisons:
        table = asked.wish.weights.get(each.name)
        if table is not None:
            levels = zip(GRADES[each.kind].labels, table, strict=True)
            said = ", ".join(f"{_quoted(level)}: {show(weight)}" for level, weight in levels)
            lines.append(f"  {_quoted(each.name)}: {{{said}}}")
    return [*lines, ""]


def show(weight: int) -> str:
    """A match weight as YAML has it, with all its digits."""
    return f"{weight / 10_000:.4f}".rstrip("0").rstrip(".") + " bits"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """A name as YAML: in quotes, which JSON and YAML share, unless it is a plain word."""
    word = text.replace("_", "").replace(" ", "")
    plain = word.isalpha() and text == text.strip() and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())


_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "nan", "inf"))
