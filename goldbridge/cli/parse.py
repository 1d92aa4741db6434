"""`goldbridge parse names|addresses FILE.csv`: takes a column of a table apart, one column per part.

Where the parser refuses to guess, the cells stay empty and the column `reason` says why. All columns of the input come
through unchanged, but for cells that a spreadsheet would run as a formula.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from goldbridge.cli import table
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
    encoding, lines = table.inspect(file, encoding)
    if out is not None and out.resolve() == file.resolve():
        raise Misconfigured.one("CFG092", "--out names the input itself; choose another file", Mark(str(out)))
    rows = refused = 0
    with (
        table.opened(file, encoding) as source,
        table.writer(out, encoding) as target,
        watching(f"parse {file.name}") as progress,
    ):
        filled = table.padded(source, file)
        header = next(filled, None)
        if not header:
            raise Misconfigured.one("CFG090", "the file has no header line", Mark(str(file)))
        at = table.find(header, column, heads, file, "--column")
        hint_at = table.find(header, hint, (), file, "--hint") if hint is not None else -1
        progress.advance(0, max(lines - 1, 0))
        taken = set(header)
        target.writerow([*map(table.safe, header), *(f"parsed_{part}" if part in taken else part for part in parts)])
        for row in filled:
            found = cells(row[at], row[hint_at] if hint_at >= 0 else "")
            target.writerow(map(table.safe, [*row, *found]))
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
