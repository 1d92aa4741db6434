"""`goldbridge match`: is this a duplicate? Asks the index about one record or many, and writes nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import session
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mdm.search import Candidate, Found

_SAID = {
    "en": {"new": "new: nobody is like it", "known": "known: it is {id}", "review": "a person has to look: it may be"},
    "zh": {"new": "新记录：没有相似的", "known": "已有：就是 {id}", "review": "需要人工判断：可能是"},
}
_MORE = {
    "en": "... and {n} more (--limit)",
    "zh": "……另有 {n} 个 (--limit)",
}
_CROWDED = {
    "en": "many records share {keys}; of those only the ones with more in common were looked at",
    "zh": "很多记录共有 {keys}；其中只比较了另有共同点的记录",
}
_WAITING = {"en": "landed, not mastered yet", "zh": "已入库，尚未归并"}


def register(app: typer.Typer) -> None:
    app.command("match")(match)


def match(
    ctx: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="party, contact, or another mastered entity.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Records as JSON: an object, a list or lines; - is stdin.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Its name, 名称.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", metavar="TEXT", help="Telephone numbers, 电话.")] = None,
    code: Annotated[str | None, typer.Option("--code", metavar="TEXT", help="Credit code (信用代码) or LEI.")] = None,
    address: Annotated[str | None, typer.Option("--address", metavar="TEXT", help="Its address, 地址.")] = None,
    domain: Annotated[str | None, typer.Option("--domain", metavar="TEXT", help="Its web site, 网站.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="TEXT", help="An e-mail address, 邮箱.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=TEXT", help="Any other field of the model; repeat it.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many candidates to show.")] = 5,
    vetoed: Annotated[bool, typer.Option("--all", help="Show what a veto keeps apart as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object per record, with its token.")] = False,
) -> int:
    """Ask whether a record is there already: who it may be, how sure, and why.

    Exit status 1 when a person has to look at one of the records; 0 when each is new or surely known.
    """
    from flows.hub import Hub
    from goldbridge.state.vault import derive
    from mdm.asked import canonical
    from mdm.search import Search

    given = _typed(name, phone, code, address, domain, email, field or [])
    if bool(given) == (file is not None):
        raise typer.BadParameter("say what to look for, as --name, or name a FILE", param_hint="FILE")
    status = 0
    with Hub(session(ctx).load()) as hub:
        model = hub.project.model
        if entity not in model.entities:
            from goldbridge.records.hint import did_you_mean

            hint = did_you_mean(entity, model.entities)
            raise typer.BadParameter(f"the model has no entity '{entity}'{hint}", param_hint="ENTITY")
        search = Search(model, derive(hub.key, "search"), hub.clock)
        for asked in [given] if file is None else _records(file):
            values = canonical(model.entities[entity], asked)
            with hub.store.read() as conn:
                found = search.match(
                    conn, entity, values, limit=limit, bands=("auto", "review", "no") if vetoed else ("auto", "review")
                )
                shown = _shown(conn, found)
            status |= found.verdict == "review"
            if as_json:
                typer.echo(json.dumps({"asked": values, **shown}, ensure_ascii=False))
            else:
                _print(found, shown, heading=file is not None, asked=values)
    return int(status)


def _typed(*words: Any) -> dict[str, str]:
    *usual, more = words
    names = ("name", "phone", "code", "address", "domain", "email")
    given = {word: text for word, text in zip(names, usual, strict=True) if text}
    for item in more:
        field, equals, text = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"'{item}' is not FIELD=TEXT", param_hint="--set")
        given[field] = text
    return given


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """The records of a file, each as it is asked; of standard input as they come."""
    where = "stdin" if str(file) == "-" else str(file)
    try:
        text = None if where == "stdin" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured.one("CFG090", f"cannot be read: {error}", Mark(where)) from error
    if text is not None:
        try:
            whole = json.loads(text)
        except ValueError:
            whole = None
        if whole is not None:
            yield from (_record(one, where, 1) for one in (whole if isinstance(whole, list) else [whole]))
            return
    for number, line in enumerate(sys.stdin if text is None else text.splitlines(), 1):
        if line.strip():
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            yield _record(said, where, number)


def _record(said: Any, where: str, line: int) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Misconfigured.one("CFG090", 'expected a record as {"name": "..."}', Mark(where, line, 1))
    return said


def _shown(conn: Connection, found: Found) -> dict[str, Any]:
    from goldbridge.state import landing

    records = landing.load(conn, {id for one in found.candidates for id in one.records[:20]})

    def named(id: int) -> str:
        return f"{records[id].system}.{records[id].stream}/{records[id].key}" if id in records else str(id)

    return {
        "entity": found.entity,
        "verdict": found.verdict,
        "rev": found.rev,
        "candidates": [_candidate(one, found.entity, named, records[one.record].canonical if one.record in records
                                  else None) for one in found.candidates],
        "more": found.more,
        "narrowed": list(found.narrowed),
        "token": found.token,
    }  # fmt: skip


def _candidate(one: Candidate, entity: str, named: Any, values: Any) -> dict[str, Any]:
    from mdm.identity import write_id

    return {
        "golden": None if one.golden is None else write_id(entity, one.golden),
        "name": (values or {}).get("name"),
        "band": one.band,
        "bits": one.weight / 10_000,
        "parts": [[part.comparison, part.level, part.weight / 10_000] for part in one.parts],
        "vetoes": list(one.vetoes),
        "record": named(one.record),
        "records": [named(id) for id in one.records[:20]],
    }


def _print(found: Found, shown: dict[str, Any], *, heading: bool, asked: dict[str, Any]) -> None:
    language = "zh" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("zh") else "en"
    if heading:
        typer.echo(f"{asked.get('name') or next(iter(asked.values()))}:")
    first = shown["candidates"][0]["golden"] if shown["candidates"] else ""
    typer.echo(_SAID[language][found.verdict].format(id=first or _WAITING[language]))
    for one in shown["candidates"]:
        who = one["golden"] or _WAITING[language]
        typer.echo(f"  {one['bits']:+8.2f} bits  {one['band']:<6}  {who}  {one['name'] or ''}  ({one['record']})")
        for comparison, level, bits in one["parts"]:
            typer.echo(f"           {bits:+8.2f}  {comparison}: {level}")
        if one["vetoes"]:
            typer.echo(f"           veto: {', '.join(one['vetoes'])}")
    if shown["more"]:
        typer.echo(_MORE[language].format(n=shown["more"]))
    if shown["narrowed"]:
        typer.echo(_CROWDED[language].format(keys=", ".join(shown["narrowed"])))
