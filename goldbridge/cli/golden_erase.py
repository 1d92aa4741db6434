"""`goldbridge golden erase`: take what records said out of everything, for good."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import JSON, REASON, _record


def register(golden: typer.Typer) -> None:
    golden.command("erase")(erase)


def erase(
    ctx: typer.Context,
    records: Annotated[
        list[str], typer.Argument(metavar="RECORD...", help="Whose content goes, as SYSTEM.STREAM/KEY.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this it is only told what would go.")] = False,
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Erase what records said, everywhere, for good: there is no undo, and they are not imported again.

    A golden record that has other records is computed from those, under the same id. Systems keep their own rows: erase
    them there as well; those that we wrote are named.
    """
    from flows.desk import Desk
    from goldbridge.state import crosswalk, golden, landing
    from goldbridge.state.vault import derive
    from mdm.erasure import erase as forget
    from mdm.identity import write_id
    from mdm.steward.desk import own_records

    with open_hub(ctx) as hub:
        with hub.store.begin() as conn:
            numbers = list(dict.fromkeys(_record(conn, text) for text in records))
            entities = {one.entity for one in landing.load(conn, numbers).values()}
            if len(entities) > 1:
                raise typer.BadParameter("these are records of different entities", param_hint="RECORD")
            (entity,) = entities
            homes = set(crosswalk.golden_of(conn, numbers).values())
            rows = sorted(row for some in crosswalk.published_rows(conn, homes).values() for row in some)
            if not yes:
                own = own_records(conn, homes)
                kept = {id for id, some in own.items() if {one.id for one in some} - set(numbers)}
                told = {"goldens": [write_id(entity, id) for id in sorted(homes)], "published": rows}
                if as_json:
                    typer.echo(json.dumps({"erased": False, **told}))
                    return 1
                typer.echo(f"{len(numbers)} records and what hangs on them would be erased for good; --yes does it")
                for id in sorted(homes):
                    typer.echo(f"  {write_id(entity, id)}  {'other records stay' if id in kept else 'nothing is left'}")
                return 1
            done = forget(conn, Desk(hub)(conn, entity), derive(hub.key, "erase"), numbers, reason=reason)
            versions = {id: head.version for id, head in golden.load(conn, done.kept).items()}
        hub.store.scrub()
    kept_ids, gone_ids = ([write_id(entity, id) for id in ids] for ids in (done.kept, done.gone))
    if as_json:
        shown = {"erased": True, "kept": kept_ids, "gone": gone_ids, "rows": done.lost, "published": rows}
        typer.echo(json.dumps(shown))
        return 0
    for name, id in zip(kept_ids, done.kept, strict=True):
        typer.echo(f"{name}: made anew from its other records (version {versions[id]})")
    for name in gone_ids:
        typer.echo(f"{name}: erased; its id names nothing any more")
    for row in rows:
        typer.echo(f"{row}: we wrote this row; publish corrects it where others stay, else erase it there")
    return 0
