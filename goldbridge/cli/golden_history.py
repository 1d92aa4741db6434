"""`goldbridge golden history`, and `golden show` of a past state or for a reader who may not see every source."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import ID, JSON, _find, _lineage, _plain, _written
from goldbridge.cli.steward import _record as record_named

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flows.hub import Hub
    from goldbridge.ports import Json
    from goldbridge.state.golden import Golden
    from goldbridge.state.landing import Record


def register(golden: typer.Typer) -> None:
    golden.command("history")(history)


def history(
    ctx: typer.Context,
    id: ID,
    field: Annotated[str, typer.Argument(metavar="[FIELD]", help="Only this field.")] = "",
    as_json: JSON = False,
) -> int:
    """What changed, when it was known and since when it was true, from which source or by whose decision."""
    from mdm.history import changes, words

    with open_hub(ctx) as hub, hub.store.read() as conn:
        head = _find(conn, id, follow=False)
        if field and field not in (*hub.project.model.entities[head.entity].fields, "roles"):
            raise typer.BadParameter(f"{head.entity} has no field '{field}'", param_hint="FIELD")
        made, said = changes(conn, head.id, field), words(conn, head.id, field)
    if as_json:
        shown = {
            "id": _written(head),
            "changes": [{k: v for k, v in one._asdict().items() if k != "lineage"} for one in made],
            "overrides": [one._asdict() for one in said],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return 0
    if not made and not said:
        typer.echo("nothing changed")
    from rich.table import Table

    from goldbridge.cli.watch import console as make_console

    console = make_console()
    if made:
        table = Table("known", "true since", "field", "from", "to", "because", box=None, pad_edge=False)
        for one in made:
            told = (one.known_at[:19], one.valid_at[:19], one.field, _plain(one.before), _plain(one.after), _why(one))
            table.add_row(*told)
        console.print(table)
    for word in said:
        what = word.item or (_plain(word.value) if word.mode == "pin" else "")
        ended = f", ended {word.ended_at[:19]} by {word.ended}" if word.ended_at else ""
        line = (
            f"{word.at[:19]}  {word.mode} {word.field} {what} by {word.author} ({word.policy}{ended}) on {word.record}"
        )
        console.print(f"{line}{f': {word.reason}' if word.reason else ''}", highlight=False, markup=False)
    return 0


def _why(one: Any) -> str:
    parts = [one.source, one.rule.replace("_", " ")] if one.rule != "override" else ["pinned"]
    if one.decision is not None:
        parts.append(f"decision {one.decision} by {one.author}{f': {one.reason}' if one.reason else ''}")
    elif one.cause:
        parts.append(one.cause.replace(":", " "))
    return "; ".join(part for part in parts if part)


def moment(hub: Hub, text: str) -> str:
    """A time as people write it (in the project's zone), in UTC; a day means its end."""
    from goldbridge.clock import iso
    from goldbridge.text.date import parse_datetime

    zone = hub.project.settings.zone_info
    try:
        day = date.fromisoformat(text)
    except ValueError:
        at = parse_datetime(text, hub.project.settings.zone)
        if at is None:
            hint = "write a day or a moment, e.g. 2026-03-31 or 2026-03-31T18:00:00"
            raise typer.BadParameter(f"'{text}' is no time; {hint}") from None
        return iso(at)
    return iso((datetime.combine(day, time(), zone) + timedelta(days=1)).astimezone(UTC) - timedelta(microseconds=1))


def show_otherwise(
    hub: Hub, conn: Connection, text: str, as_of: str, true_at: str, sees: list[str], as_json: bool
) -> int:
    """Print a golden record as it was known or true at a moment, or as a reader of some sources sees it."""
    if sum(map(bool, (as_of, true_at, sees))) > 1:
        raise typer.BadParameter("ask for one of --as-of, --true-at and --sees", param_hint="--as-of")
    if sees:
        head, members = _seen(hub, conn, text, sees)
        _print(conn, head, members, f"for who sees {', '.join(sorted(sees))}", as_json)
        return 0
    at = moment(hub, as_of or true_at)
    head, members = _known(conn, text, at) if as_of else _true(hub, conn, text, at)
    _print(conn, head, members, f"as known at {at}" if as_of else f"as true at {at}", as_json)
    return 0


def _seen(hub: Hub, conn: Connection, text: str, sees: list[str]) -> tuple[Golden, list[int]]:
    from flows.desk import Desk
    from mdm.reader import view

    head = _find(conn, text)
    found = view(conn, Desk(hub)(conn, head.entity).core, head, hub.project.visibility_of, sees)
    if found is None:  # the same words as for an id that nobody knows: that it exists is not told either
        raise typer.BadParameter(f"there is no golden record for '{text}'", param_hint="ID")
    survived, members = found
    head.values, head.lineage = survived.values, dict(survived.lineage)
    return head, members


def _known(conn: Connection, text: str, at: str) -> tuple[Golden, list[int]]:
    from goldbridge.state import crosswalk
    from mdm.history import known_at

    if "/" in text:
        number = crosswalk.golden_of(conn, [record_named(conn, text)], as_of=at).popitem()[1]
    else:
        number = _find(conn, text, follow=False).id
    found = known_at(conn, number, at)
    if found is None:
        raise typer.BadParameter(f"'{text}' was not known at {at}", param_hint="ID")
    return found


def _true(hub: Hub, conn: Connection, text: str, at: str) -> tuple[Golden, list[int]]:
    from flows.desk import Desk
    from mdm.history import true_at

    head = _find(conn, text, follow=True)
    core = Desk(hub)(conn, head.entity).core
    survived, members = true_at(conn, core, head, at, lambda record, raw: _mapped(hub, record, raw))
    head.values, head.lineage = survived.values, dict(survived.lineage)
    return head, members


def _mapped(hub: Hub, record: Record, raw: Json) -> tuple[Json, Json]:
    """A raw row of the past by the mapping of today; the record's own document when no mapping is left."""
    name = f"{record.system}.{record.stream}"
    if name not in hub.project.mappings:
        return record.canonical, record.notes
    batch = hub.mapping(name).apply([raw])
    return batch.values[0], batch.notes[0] or {}


def _print(conn: Connection, head: Golden, members: list[int], when: str, as_json: bool) -> None:
    from goldbridge.state import landing

    known = {number for line in head.lineage.values() if isinstance(line, dict) for number in _numbers(line)}
    names = landing.names(conn, {*members, *known})
    if as_json:
        shown = {
            "id": _written(head), "entity": head.entity, "state": head.state, "version": head.version, "as_of": when,
            "values": head.values, "lineage": {name: _lineage(line, names) for name, line in head.lineage.items()},
            "records": [names[id] for id in members if id in names],
        }  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    typer.echo(f"{_written(head)}  {head.entity}, {head.state}, {when}")
    for name, value in head.values.items():
        line = _lineage(head.lineage.get(name) or {}, names)
        typer.echo(f"  {name}: {_plain(value)}  ({_plain(line.get('from', ''))}, {line.get('rule', '')})")
    typer.echo("records:")
    for id in members:
        typer.echo(f"  {names.get(id, id)}")


def _numbers(line: dict[str, Any]) -> set[int]:
    found = {line["record"]} if "record" in line else set()
    found |= {id for item in line.get("items", ()) for id in item}
    return found | set(line.get("challengers", ())) | set((line.get("completed_by") or {}).values())
