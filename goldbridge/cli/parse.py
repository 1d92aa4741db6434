"""`goldbridge parse names|addresses FILE.csv`: takes a column of a table apart, one column per part.

Where the parser refuses to guess, the cells stay empty and the column `reason` says why. All columns of the input come
through unchanged, but for cells that a spreadsheet would run as a formula.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from goldbridge.cli.watch import watching
from goldbridge.errors import Mark, Misconfigured

NAME_PARTS = (
    "region",
    "region_text",
    "brand",
    "trade",
    "form",
    "branch",
    "branch_kind",
    "group",
    "number_mark",
    "kind",
    "former",
    "alias",
    "note",
    "core",
    "reason",
)
ADDRESS_PARTS = ("province", "city", "county", "region", "town", "road", "number", "rest", "reason")

_NAME_HEADS = ("企业名称", "公司名称", "单位名称", "客户名称", "名称", "公司", "企业", "company", "name", "legal_name")
_ADDRESS_HEADS = ("地址", "注册地址", "详细地址", "联系地址", "住所", "经营场所", "address", "addr")
_BLOCK = 1000

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.csv", help="A CSV file with a header line.")]
ColumnOption = Annotated[
    str | None, typer.Option("--column", metavar="C", help="The column to parse; else one with a telling name.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where the result goes; else standard output.")
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="utf-8, utf-8-sig, gb18030 ...; else found out from the file."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Take names or addresses of a CSV file apart.", no_args_is_help=True)
    group.command("names")(names)
    group.command("addresses")(addresses)
    group.callback()(_group)
    app.add_typer(group, name="parse")


def _group() -> None:
    """Take names or addresses of a CSV file apart."""


def names(
    file: FileArgument,
    column: ColumnOption = None,
    out: OutOption = None,
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
) -> int:
    """Parse names of organisations into region, brand, trade, legal form, branch, numbers."""
    return _parse(file, column, _NAME_HEADS, out, encoding, NAME_PARTS, _name_cells, None, as_json)


def addresses(
    file: FileArgument,
    column: ColumnOption = None,
    out: OutOption = None,
    encoding: EncodingOption = None,
    hint: Annotated[
        str | None,
        typer.Option("--hint", metavar="C", help="A column with the name or credit code of who lives there."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Parse Chinese addresses into province, city, county, road and number."""
    return _parse(file, column, _ADDRESS_HEADS, out, encoding, ADDRESS_PARTS, _address_cells, hint, as_json)


def _name_cells(text: str, _hint: str) -> list[str]:
    from goldbridge.text.code import is_placeholder
    from goldbridge.text.organisation import parse_organisation

    if is_placeholder(text):
        return [""] * (len(NAME_PARTS) - 1) + ["empty"]
    found = parse_organisation(text)
    reason = "" if found.brand else "nothing is left for a brand"
    if found.region_text.endswith(("省", "市", "区", "县", "州")) and not found.region:
        reason = f"several divisions are called {found.region_text}"
    parts = {**found._asdict(), "group": "yes" if found.group else "", "reason": reason}
    return [parts[part] for part in NAME_PARTS]


def _address_cells(text: str, hint: str) -> list[str]:
    from goldbridge.text.address import parse_address

    found = parse_address(text, _region_of(hint) if hint else "")
    if found.ambiguous:
        found = found._replace(province="", city="", county="", region="")
    return [getattr(found, part) for part in ADDRESS_PARTS]


def _region_of(hint: str) -> str:
    """The region that a name or a credit code points to, as far as it can be trusted: the city."""
    from goldbridge.text.code import parse_credit_code
    from goldbridge.text.division import city_code, containing
    from goldbridge.text.organisation import parse_organisation

    code = parse_credit_code(hint)
    if code and code.region:
        place = containing(code.region[:4] + "00")
        return place.code if place else ""
    region = parse_organisation(hint).region
    return city_code(region) or region


def _parse(
    file: Path,
    column: str | None,
    heads: tuple[str, ...],
    out: Path | None,
    encoding: str | None,
    parts: tuple[str, ...],
    cells: Callable[[str, str], list[str]],
    hint: str | None,
    as_json: bool,
) -> int:
    encoding, lines = _inspect(file, encoding)
    if out is not None and out.resolve() == file.resolve():
        raise Misconfigured.one("CFG092", "--out names the input itself; choose another file", Mark(str(out)))
    rows = refused = 0
    with (
        file.open(encoding=encoding, newline="") as source,
        _writer(out, encoding) as target,
        watching(f"parse {file.name}") as progress,
    ):
        table = _rows(source, file)
        header = next(table, None)
        if not header:
            raise Misconfigured.one("CFG090", "the file has no header line", Mark(str(file)))
        at = _find(header, column, heads, file, "--column")
        hint_at = _find(header, hint, (), file, "--hint") if hint is not None else -1
        progress.advance(0, max(lines - 1, 0))
        taken = set(header)
        target.writerow([*map(_safe, header), *(f"parsed_{part}" if part in taken else part for part in parts)])
        for row in table:
            found = cells(row[at], row[hint_at] if hint_at >= 0 else "")
            target.writerow(map(_safe, [*row, *found]))
            rows += 1
            refused += bool(found[-1])
            if rows % _BLOCK == 0:
                progress.advance(_BLOCK)
    summary = {"rows": rows, "with_reason": refused, "encoding": encoding, "out": str(out) if out else "-"}
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False), err=out is None)
    else:
        typer.echo(f"{rows} rows of {header[at]}, {refused} with a reason; {encoding}; {out or 'printed'}", err=True)
    return 0


def _inspect(file: Path, encoding: str | None) -> tuple[str, int]:
    """The encoding of a file and how many lines it has; reads it once, in blocks."""
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError:
            known = difflib.get_close_matches(encoding, ["utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "utf-16"], 1)
            hint = f"; did you mean {known[0]}?" if known else ""
            raise Misconfigured.one("CFG090", f"no encoding is called {encoding!r}{hint}", Mark(str(file))) from None
    candidates = [encoding] if encoding else ["utf-8", "gb18030"]
    try:
        with file.open("rb") as source:
            start = source.read(4)
            if encoding is None and start.startswith(codecs.BOM_UTF8):
                candidates = ["utf-8-sig"]
            elif encoding is None and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                candidates = ["utf-16"]
    except OSError as error:
        raise Misconfigured.one("CFG090", f"cannot be read: {error.strerror}", Mark(str(file))) from error
    wrong: list[str] = []
    for candidate in candidates:
        lines, trouble = _decodes(file, candidate)
        if not trouble:
            return candidate, lines
        wrong.append(f"{candidate} fails in line {lines}")
    advice = "save it as UTF-8, or name its encoding with --encoding"
    raise Misconfigured.one("CFG090", f"not readable as text: {'; '.join(wrong)}; {advice}", Mark(str(file)))


def _decodes(file: Path, encoding: str) -> tuple[int, bool]:
    """How many lines a file has in an encoding, or in which line it stops being text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with file.open("rb") as source:
        try:
            while block := source.read(1 << 20):
                before, text = lines, ""
                text = decoder.decode(block)
                lines = before + text.count("\n")
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            start = getattr(error, "start", 0)
            return lines + block[:start].count(b"\n"), True
    return lines, False


def _rows(source: TextIO, file: Path) -> Iterator[list[str]]:
    """The rows of a table, short ones filled up; the first is the header."""
    first = source.readline()
    delimiter = max(",;\t", key=first.count) if first else ","
    source.seek(0)
    csv.field_size_limit(1 << 24)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    width = 0
    try:
        for row in reader:
            if not width:
                width = len(row)
            elif not row:
                continue
            elif len(row) > width:
                line = Mark(str(file), reader.line_num, 1)
                message = f"{len(row)} cells, the header has {width}; a quote or a delimiter is missing before"
                raise Misconfigured.one("CFG093", message, line)
            yield row + [""] * (width - len(row))
    except csv.Error as error:
        raise Misconfigured.one("CFG093", f"not CSV: {error}", Mark(str(file), reader.line_num, 1)) from error


def _find(header: list[str], wanted: str | None, heads: tuple[str, ...], file: Path, option: str) -> int:
    """Where a column stands in the header; a column with a telling name when none is asked for."""
    plain = [name.strip().casefold() for name in header]
    if wanted is not None:
        if wanted in header:
            return header.index(wanted)
        if wanted.strip().casefold() in plain:
            return plain.index(wanted.strip().casefold())
        near = difflib.get_close_matches(wanted, header, 1, 0.4)
        advice = f"did you mean {near[0]}? " if near else ""
        message = f"no column {wanted!r} ({option}); {advice}it has {', '.join(header[:20])}"
        raise Misconfigured.one("CFG091", message, Mark(str(file), 1, 1))
    for head in heads:
        if head in plain:
            return plain.index(head)
    message = f"which column? name it with {option}; it has {', '.join(header[:20])}"
    raise Misconfigured.one("CFG091", message, Mark(str(file), 1, 1))


def _safe(cell: str) -> str:
    """A cell that a spreadsheet takes as text: one that begins like a formula gets an apostrophe, a number does not."""
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not cell[1:].replace(".", "", 1).isdecimal() and cell != "-":
        return "'" + cell
    return cell


@contextmanager
def _writer(out: Path | None, encoding: str) -> Iterator[Any]:
    """A CSV writer; a file appears under its name only when it is whole. UTF-16 becomes UTF-8 with a mark."""
    if out is None:
        yield csv.writer(sys.stdout, lineterminator="\n")
        return
    encoding = "utf-8-sig" if encoding.startswith("utf-16") else encoding
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise Misconfigured.one("CFG092", f"cannot be written: {error.strerror}", Mark(str(out))) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding=encoding, errors="backslashreplace", newline="") as target:
            yield csv.writer(target, lineterminator="\r\n")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
