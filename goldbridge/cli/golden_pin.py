"""`goldbridge golden pin`, `suppress` and `release`: what a steward says over the sources about one field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import ID, JSON, REASON, _find
from goldbridge.cli.steward import _record as record_named
from goldbridge.cli.steward_act import DRY, VIEW, _do

if TYPE_CHECKING:
    from flows.hub import Hub
    from goldbridge.state.golden import Golden

FIELD = Annotated[str, typer.Argument(metavar="FIELD", help="A field as `golden show` names it.")]
UNTIL = Annotated[
    str,
    typer.Option(
        "--until",
        metavar="forever|changes|agrees|DATE",
        help="How long it holds: for ever; until somebody has to look because the sources say something new (it still "
        "shows); until the sources say the same; or to the end of a day.",
    ),
]
ANCHOR = Annotated[
    str | None,
    typer.Option("--record", metavar="SYSTEM.STREAM/KEY", help="The record it travels with; else the one it corrects."),
]


def register(golden: typer.Typer) -> None:
    golden.command("pin")(pin)
    golden.command("suppress")(suppress)
    golden.command("release")(release)


def pin(
    ctx: typer.Context,
    id: ID,
    field: FIELD,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What is to show; one item of a field with many.")],
    until: UNTIL = "changes",
    record: ANCHOR = None,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Show this value whatever the sources say; of a field with many values, show this item first."""
    from mdm.steward.pinning import Pin, item_named, value_of

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        found = _find(conn, id, follow=False)
        entity = hub.project.model.entities[found.entity]
        said = value_of(entity, field, value, hub.project.settings.zone)
        place = record_named(conn, record) if record else None
        act = Pin(found.id, field, said, _policy(hub, until), item_named(entity, field, said), place)
        return _do(hub, conn, found.entity, act, dry_run, view, reason, as_json)


def suppress(
    ctx: typer.Context,
    id: ID,
    field: FIELD,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="One item of a field with many; else all of it.")] = "",
    until: UNTIL = "changes",
    record: ANCHOR = None,
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Show no value of a field, or not this item of it, whatever the sources say."""
    from mdm.steward.pinning import Suppress

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        found = _find(conn, id, follow=False)
        named = _item(hub, found, field, item)
        place = record_named(conn, record) if record else None
        act = Suppress(found.id, field, policy=_policy(hub, until), item=named, anchor=place)
        return _do(hub, conn, found.entity, act, dry_run, view, reason, as_json)


def release(
    ctx: typer.Context,
    id: ID,
    field: FIELD,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="One item of a field with many; else all of it.")] = "",
    dry_run: DRY = False,
    view: VIEW = "",
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Let the sources speak again about a field that was pinned or hidden."""
    from mdm.steward.pinning import Release

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        found = _find(conn, id, follow=False)
        named = _item(hub, found, field, item)
        return _do(hub, conn, found.entity, Release(found.id, field, named), dry_run, view, reason, as_json)


def _item(hub: Hub, found: Golden, field: str, text: str) -> str:
    """An item as it is stored; one that cannot be read may be there as somebody typed it."""
    from goldbridge.errors import Reject
    from mdm.steward.pinning import item_named, value_of

    entity = hub.project.model.entities[found.entity]
    if not text:
        return ""
    held = found.values.get(field)
    if isinstance(held, list) and text in held:
        return text
    try:
        named = item_named(entity, field, value_of(entity, field, text, hub.project.settings.zone))
    except Reject as error:
        if error.code != "MDM081":
            raise
        named = text
    if not named:
        raise typer.BadParameter(f"'{field}' holds one value; leave the item out", param_hint="ITEM")
    return named


def _policy(hub: Hub, text: str) -> str:
    from goldbridge.clock import iso
    from mdm.steward.pinning import policy_of

    try:
        day = date.fromisoformat(text)
    except ValueError:
        return policy_of(text)
    end = datetime.combine(day + timedelta(days=1), time(), hub.project.settings.zone_info)
    if end <= hub.clock.now():
        raise typer.BadParameter(f"{text} is over; name a day to come", param_hint="--until")
    return policy_of(text, iso(end.astimezone(UTC)))
