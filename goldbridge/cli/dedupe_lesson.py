"""What `goldbridge dedupe label` and `train` share: the table as an unlabelled run sees it, and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from dedupe.label import Contradiction, Label
    from dedupe.table.course import Course
    from dedupe.table.resolution import Resolution
    from goldbridge.cli.dedupe import Read
    from goldbridge.cli.dedupe_verdict import Lost, Rows

COLUMNS = Annotated[
    list[str] | None, typer.Option("--columns", metavar="KIND=COL,...", help="What columns are, as for `dedupe`.")
]
MAP = Annotated[
    list[str] | None, typer.Option("--map", metavar="COL=COL,...", help="Two files: columns that mean the same.")
]
ID = Annotated[
    str | None,
    typer.Option("--id", metavar="COL", help="The column that names the rows; else their number and content do."),
]
SOURCE = Annotated[
    str | None, typer.Option("--source-column", metavar="COL", help="Link: only rows that differ in it can match.")
]
MANY = Annotated[bool, typer.Option("--many", help="Linking: a row may match several rows, not only its best.")]
CONFIG = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="YAML as for `dedupe`; its bands and weights are left aside."),
]
SHEET = Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook, or its number.")]
ENCODING = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="utf-8, gb18030 ...; else found out from the file.")
]
LABELS = Annotated[
    Path | None, typer.Option("--labels", metavar="FILE", help="Where the labels are kept; else FILE.labels.csv.")
]


class Told(NamedTuple):
    """What the command line says about the table."""

    files: Sequence[Path]
    columns: Sequence[str]
    mapped: Sequence[str]
    id: str | None
    source: str | None
    many: bool
    config: Path | None
    sheet: str | None
    encoding: str | None
    truth: str | None = None


class Lesson(NamedTuple):
    """The unlabelled result, where its labels are kept, and the questions about it."""

    given: Read
    found: Resolution
    course: Course
    rows: Rows
    file: Path

    def labels(self) -> tuple[list[Label], list[Lost]]:
        """The labels that stand, taken note of by the course too."""
        from goldbridge.cli import dedupe_verdict

        found, lost = self.rows.labels(dedupe_verdict.read(self.file), self.file)
        self.course.heed(found)
        return found, lost


def begin(told: Told, labels: Path | None) -> Lesson:
    """Read and resolve the table without what was learned before: labels must not be counted twice.

    Raises `Misconfigured` DED047 when there is no pair to ask about.
    """
    from dedupe.table.course import Course
    from dedupe.table.resolution import Wish
    from goldbridge.cli import dedupe, dedupe_config, dedupe_table, dedupe_verdict
    from goldbridge.cli.watch import watching

    said = dedupe_config.read(told.config) if told.config else dedupe_config.Config()
    said = said._replace(
        id=told.id or said.id,
        truth=told.truth or said.truth,
        source_column=told.source or said.source_column,
        many=told.many or said.many,
        weights={},
        wish=Wish(block=said.wish.block),
    )
    pairs = [*(f"{one}={two}" for one, two in said.pairs.items()), *told.mapped]
    ask = dedupe.Ask(tuple(told.files), tuple(told.columns), tuple(pairs), said, told.sheet, told.encoding)
    dedupe.possible(ask)
    file = labels or beside(told.files, ".labels.csv")
    dedupe_verdict.read(file)  # what is wrong with it is told before the work begins
    given = dedupe.read(ask)
    with watching(f"dedupe {told.files[0].name}") as progress:
        found, _ = dedupe_table.resolve(
            given.table, given.guesses, given.sources, one_to_one=not said.many, progress=progress, wish=given.said.wish
        )
    if found.judge is None or not found.pairs_compared:
        message = "no two rows have a key in common: there is no pair to ask about"
        raise Misconfigured.one("DED047", message, Mark(str(told.files[0])))
    return Lesson(given, found, Course(found), dedupe_verdict.Rows(given.names), file)


def beside(files: Sequence[Path], ending: str) -> Path:
    """A file beside the input, called like it."""
    stems = [(file.with_suffix("") if file.suffix == ".gz" else file).stem for file in files]
    return files[0].with_name(f"{'-'.join(stems)}{ending}")


def contradicted(lesson: Lesson, found: Sequence[Contradiction]) -> list[str]:
    """Sentences about labels that contradict each other; none of them counts."""
    return [_sentence(lesson, each) for each in found]


def _sentence(lesson: Lesson, found: Contradiction) -> str:
    names = lesson.given.names

    def said(each: Label) -> str:
        return f"{names.shown(each.a)} and {names.shown(each.b)} (line {each.mark})"

    links = ", ".join(said(each) for each in found.chain)
    return f"{said(found.against)} are said to be different, but the same by {links}; none of these counts"
