"""`goldbridge dedupe FILE [FILE]`: finds the rows of a table that mean the same thing, or links two tables. No project,
no training, no setup.

The result is the input, row by row and cell by cell (formulas are kept from running), with four columns more:
`cluster_id` (rows of one thing share it, by the best guess), `match_weight` (bits of the strongest pair that holds the
row in its cluster; empty for a row alone), `golden` (1 for the row that stands for its cluster: the one with most cells
filled, the first of these) and `auto_cluster_id` (the same as `cluster_id` for what joins without a steward).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer
from typer.core import TyperGroup

from goldbridge.clock import SYSTEM
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from dedupe.table.column import Guess
    from dedupe.table.resolution import Resolution
    from goldbridge.cli.dedupe_config import Config
    from goldbridge.cli.dedupe_link import Pairing
    from goldbridge.cli.dedupe_row import Names
    from goldbridge.cli.dedupe_table import Table

ADDED = ("cluster_id", "match_weight", "golden", "auto_cluster_id")


class FileOrCommand(TyperGroup):
    """`goldbridge dedupe FILE` beside `goldbridge dedupe label FILE`: a first word that is no command is a file."""

    own = "file"

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != self.own]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        if args and args[0] in self.list_commands(None):
            return super().make_context(info_name, args, parent, **extra)
        return self.commands[self.own].make_context(info_name, args, parent, **extra)


def register(app: typer.Typer) -> None:
    from goldbridge.cli import dedupe_label, dedupe_train

    group = typer.Typer(cls=FileOrCommand, help="Find the rows of a file that mean the same thing.")
    group.command(FileOrCommand.own)(dedupe)
    group.command("label")(dedupe_label.label)
    group.command("train")(dedupe_train.train)
    app.add_typer(group, name="dedupe")


def dedupe(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE [FILE]",
            help="CSV with a header line (.gz too), .xlsx, .xls, .xlsb, .ods or .parquet. Two are linked.",
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            metavar="KIND=COL,...",
            help="What columns are, where the guess is wrong (ignore=COL: not compared).",
        ),
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COL=COL,...", help="Two files: columns that mean the same, where the guess is wrong."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where the result goes: .csv, .xlsx or .parquet; else FILE.clusters."
        ),
    ] = None,
    edges: Annotated[
        Path | None,
        typer.Option("--edges", metavar="FILE", help="Write every pair above the review band, with its reasons."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write one HTML page about the run.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="The language of --report.")] = "en",
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--explain", metavar="ID ID", help="Say why two rows are together or apart; writes only what is asked for."
        ),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id", metavar="COL", help="The column that names the rows; else they are numbered from 1."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the result of an earlier run.")] = False,
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            metavar="COL|FILE",
            help="A column with the true cluster, or a CSV of pairs that are one: measures, is never compared.",
        ),
    ] = None,
    source_column: Annotated[
        str | None,
        typer.Option("--source-column", metavar="COL", help="Link: only rows that differ in this column can match."),
    ] = None,
    many: Annotated[
        bool, typer.Option("--many", help="Linking: a row may match several rows, not only its best.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="YAML with columns, bands and keys; options win.")
    ] = None,
    save_config: Annotated[
        Path | None, typer.Option("--save-config", metavar="FILE", help="Write what was guessed, to be edited.")
    ] = None,
    escape: Annotated[
        bool,
        typer.Option(
            "--escape/--no-escape", help="Put an apostrophe before cells of a CSV that a spreadsheet would run."
        ),
    ] = True,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook, or its number; else the first."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="NAME", help="utf-8, utf-8-sig, gb18030 ...; else found out from the file."),
    ] = None,
    engine: Annotated[
        Literal["local", "spark"],
        typer.Option("--engine", help="Where rows are compared: here, or on Spark, with the same result."),
    ] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary, or the explanation, as JSON.")] = False,
) -> int:
    """Find the rows of a file that mean the same thing, or link two files; needs no project.

    `goldbridge dedupe label` asks about the pairs that teach most, `goldbridge dedupe train` learns from the answers.
    """
    from goldbridge import log
    from goldbridge.cli import dedupe_config, session

    state = session(ctx)
    log.configure(json=state.log_json, verbose=state.verbose)
    said = dedupe_config.read(config) if config else dedupe_config.Config()
    said = said._replace(
        id=id_column or said.id,
        truth=truth or said.truth,
        source_column=source_column or said.source_column,
        many=many or said.many,
    )
    told = [*(f"{one}={two}" for one, two in said.pairs.items()), *(mapped or [])]
    ask = Ask(tuple(files), tuple(columns or ()), tuple(told), said, sheet, encoding)
    goals = _Goals(out, edges, report, save_config, explain, force, escape, lang, engine)
    summary = _run(ask, goals)
    if explain is not None:
        from goldbridge.cli import dedupe_explain

        summary = summary["explanation"]
        if not as_json:
            dedupe_explain.show(summary)
            return 0
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        from goldbridge.cli import dedupe_summary

        dedupe_summary.show(summary)
    return 0


class Ask(NamedTuple):
    """What is read, and what is said about it."""

    files: tuple[Path, ...]
    columns: tuple[str, ...]
    told: tuple[str, ...]
    said: Config
    sheet: str | None
    encoding: str | None


class _Goals(NamedTuple):
    """What is to be made of it."""

    out: Path | None
    edges: Path | None
    report: Path | None
    save_config: Path | None
    explain: tuple[str, str] | None
    force: bool
    escape: bool
    lang: Literal["en", "zh"]
    engine: Literal["local", "spark"]


class Read(NamedTuple):
    """The input, ready to be resolved."""

    table: Table
    names: Names
    guesses: Sequence[Guess]
    sources: Sequence[str] | None
    pairings: Sequence[Pairing]
    truth: Any
    said: Config


def _run(ask: Ask, goals: _Goals) -> dict[str, Any]:
    from goldbridge.cli import dedupe_config, dedupe_edges, dedupe_explain, dedupe_result, dedupe_summary, dedupe_table
    from goldbridge.cli.watch import watching

    start = SYSTEM.monotonic()
    file = ask.files[0]
    possible(ask)
    if goals.engine == "spark":
        from goldbridge.spark.session import check

        check(Mark(str(file)))
    target = None if goals.explain and goals.out is None else dedupe_result.place(ask.files, goals.out, goals.force)
    for path in (goals.edges, goals.report, goals.save_config):
        if path is not None:
            dedupe_result.place(ask.files, path, goals.force)
    given = read(ask)
    table, names, said = given.table, given.names, given.said
    if target is not None:
        dedupe_result.check(table, target, len(ADDED))
    asked = [names.find(name, side, "--explain") for side, name in enumerate(goals.explain or ())]
    linked = given.sources is not None and not said.many
    with watching(f"dedupe {file.name}") as progress:
        found, learned = dedupe_table.resolve(
            table, given.guesses, given.sources, one_to_one=not said.many, progress=progress, wish=said.wish,
            on_spark=goals.engine == "spark",
        )  # fmt: skip
    if target is not None:
        dedupe_result.write(table, target, _added(table, found), escape=goals.escape)
    summary = dedupe_summary.summary(table, given.guesses, found, target, given.pairings)
    summary["weights"] = learned
    if linked and given.sources is not None:
        summary["repeats"] = dedupe_table.repeats(table, given.guesses, given.sources)
    if given.truth is not None:
        from goldbridge.cli import dedupe_truth

        summary["metrics"] = dedupe_truth.measure(names, given.truth, found, given.sources)
    if goals.edges is not None:
        dedupe_edges.write(table, names, found, goals.edges, escape=goals.escape)
        summary["edges"] = str(goals.edges)
    if goals.explain is not None:
        summary["explanation"] = dedupe_explain.explain(
            names, given.guesses, found, asked[0], asked[1], sources=given.sources, one_to_one=linked
        )
    if goals.save_config is not None:
        dedupe_config.save(goals.save_config, table, given.guesses, found, said)
        summary["saved_config"] = str(goals.save_config)
    if goals.report is not None:
        from goldbridge.cli import dedupe_report

        dedupe_report.write(goals.report, names, given.guesses, found, summary, given.truth, given.sources, goals.lang)
        summary["report"] = str(goals.report)
    summary["seconds"] = round(SYSTEM.monotonic() - start, 2)
    return summary


def possible(ask: Ask) -> None:
    """Raise `Misconfigured` DED030 for options that do not go together."""
    mark = Mark(str(ask.files[0]))
    two = len(ask.files) == 2
    if len(ask.files) > 2:
        raise Misconfigured.one("DED030", f"one file or two, not {len(ask.files)}", mark)
    if ask.said.many and ask.said.source_column is None and not two:
        raise Misconfigured.one("DED030", "--many needs --source-column or a second file: it is about linking", mark)
    if ask.told and not two:
        raise Misconfigured.one("DED030", "--map is for two files", mark)
    if two and ask.said.source_column is not None:
        raise Misconfigured.one("DED030", "--source-column is for one file; two files are two sources", mark)


def read(ask: Ask) -> Read:
    from goldbridge.cli import dedupe_config, dedupe_link, dedupe_table, dedupe_truth
    from goldbridge.cli.dedupe_row import Names

    said = ask.said
    table = dedupe_table.read(ask.files[0], ask.encoding, ask.sheet)
    pairings: list[Pairing] = []
    source = table.find(said.source_column, "--source-column") if said.source_column is not None else None
    if len(ask.files) == 2:
        second = dedupe_table.read(ask.files[1], ask.encoding, ask.sheet)
        table, pairings = dedupe_link.combine(table, second, ask.told, said.id)
        source = table.header[-1]
    dedupe_config.check(said, table)
    names = Names(table, table.find(said.id, "--id") if said.id is not None else None)
    aside = [each for each in (source, names.column) if each is not None]
    truth: Any = None
    if said.truth is not None:
        if said.truth not in table.header and Path(said.truth).is_file():
            truth = dedupe_truth.pairs(Path(said.truth), names)
        else:
            column = table.find(said.truth, "--truth")
            aside.append(column)
            truth = dedupe_truth.column(table, column)
    guesses = dedupe_table.choose(table, ask.columns, aside, known=said.columns, compare=said.compare)
    told = said
    if said.weights:
        kinds = dedupe_table.weighed_as(table, guesses)
        told = said._replace(wish=dedupe_config.check_weights(said, table.file.name, kinds))
    return Read(table, names, guesses, table.cells(source) if source else None, pairings, truth, told)


def _added(table: Table, found: Resolution) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The names and the cells of the columns that we add; a name that is taken gets `dedupe_` before it."""
    from goldbridge.cli.dedupe_table import in_bits

    golden = representatives(table.rows, found.labels)
    names = []
    for name in ADDED:
        while name in table.header or name in names:
            name = f"dedupe_{name}"
        names.append(name)
    weights = ("" if weight is None else f"{in_bits(weight):.2f}" for weight in found.weights)
    cells = zip(
        (str(label + 1) for label in found.labels),
        weights,
        ("1" if each else "0" for each in golden),
        (str(label + 1) for label in found.auto_labels),
        strict=True,
    )
    return tuple(names), list(cells)


def representatives(rows: Sequence[Sequence[str]], labels: Sequence[int]) -> list[bool]:
    """One row per cluster: the one with most cells that are not blank, the first of these in the order of the file."""
    best: dict[int, tuple[int, int]] = {}
    for at, (row, label) in enumerate(zip(rows, labels, strict=True)):
        rank = (sum(1 for cell in row if cell.strip()), -at)
        if label not in best or rank > best[label]:
            best[label] = rank
    chosen = {-at for _, at in best.values()}
    return [at in chosen for at in range(len(labels))]
