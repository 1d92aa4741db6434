"""`goldbridge golden tree` and `place`, and what `golden show` says of relations and children."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goldbridge.cli import open_hub
from goldbridge.cli.steward import ID, JSON, REASON, _find, _record, _written
from goldbridge.cli.steward_told import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from goldbridge.state.golden import Golden
    from mdm.hierarchy import Branch


def register(golden: typer.Typer) -> None:
    golden.command("tree")(tree)
    golden.command("place")(place)


def tree(
    ctx: typer.Context,
    id: ID,
    depth: Annotated[int, typer.Option("--depth", min=1, help="How many levels below the top.")] = 20,
    as_json: JSON = False,
) -> int:
    """The owners and head offices of a golden record up to the top, and all that hangs on those."""
    from mdm.hierarchy import heads_of
    from mdm.hierarchy import tree as grown

    with open_hub(ctx) as hub, hub.store.read() as conn:
        asked = _find(conn, id)
        tops = grown(conn, asked.id, depth)
        heads = heads_of(conn, tops)
    if as_json:
        typer.echo(json.dumps([_as_dict(top, heads) for top in tops], ensure_ascii=False))
        return 0
    for top in tops:
        for level, one in _walk(top, 0):
            mark = "  <--" if one.golden == asked.id and len(heads) > 1 else ""
            kind = f"{_BELOW[one.kind]} " if one.kind else ""
            typer.echo(f"{'  ' * level}{kind}{_named(heads[one.golden])}{mark}")
    if len(heads) == 1:
        typer.echo("nothing owns it, and it owns nothing")
    return 0


_BELOW = {"branch_of": "branch", "parent_of": "owns"}
_ABOVE = {"branch_of": "branch of", "parent_of": "owned by", "formerly": "formerly"}


def _walk(branch: Branch, level: int) -> Iterator[tuple[int, Branch]]:
    yield level, branch
    for one in branch.below:
        yield from _walk(one, level + 1)


def _as_dict(branch: Branch, heads: Mapping[int, Golden]) -> dict[str, Any]:
    head = heads[branch.golden]
    return {
        "id": _written(head),
        "name": head.values.get("name"),
        "relation": branch.kind,
        "below": [_as_dict(one, heads) for one in branch.below],
    }


def _named(head: Golden) -> str:
    return f"{_written(head)}  {head.values.get('name', '')}".rstrip()


def place(
    ctx: typer.Context,
    children: Annotated[list[str], typer.Argument(metavar="RECORD...", help="The children, as SYSTEM.STREAM/KEY.")],
    under: Annotated[str, typer.Option("--under", metavar="ID", help="The golden record that they belong to.")],
    reason: REASON = "",
    as_json: JSON = False,
) -> int:
    """Say to which golden record children belong (contacts, contracts), whatever row their source names.

    One decision for all of them, with one undo. `goldbridge tasks --lane children` lists those that wait for it.
    """
    from flows.desk import Desk
    from goldbridge.state import landing
    from mdm.steward.act import decide
    from mdm.steward.placing import Place

    with open_hub(ctx) as hub, hub.store.begin() as conn:
        parent = _find(conn, under, follow=False)
        numbers = [_record(conn, text) for text in children]
        entities = {one.entity for one in landing.load(conn, numbers).values()}
        if len(entities) > 1:
            raise typer.BadParameter("these are records of different entities", param_hint="RECORD")
        who = Desk(hub)(conn, entities.pop())
        decided = decide(conn, who, Place(numbers, parent.id), reason=reason)
    return told(decided, as_json)


def relations(conn: Connection, head: Golden, members: Sequence[int]) -> dict[str, Any]:
    """What a golden record hangs on up to the top, what it was before, what hangs on it, and what is dropped."""
    from goldbridge.records.field import RELATIONS
    from goldbridge.state import crosswalk, golden, relation
    from mdm.child import end_of, hanging, waiting
    from mdm.hierarchy import DROPPED, FAMILIES, upwards

    steps = [*upwards(conn, head.id), *upwards(conn, head.id, FAMILIES[1])]
    below = [line for line in relation.below(conn, members, kinds=RELATIONS) if line.basis != DROPPED]
    hung = crosswalk.golden_of(conn, {line.child for line in below})
    ends = {end for value in head.values.values() if (end := end_of(value)) is not None}
    on = {id for id in crosswalk.golden_of(conn, ends).values() if id != head.id}
    heads = golden.load(conn, {*(id for step in steps for _, id in step), *hung.values(), *on})
    dropped = [line for line in relation.above(conn, members, kinds=RELATIONS) if line.basis == DROPPED]
    waits = sorted(set(waiting(conn, members).values()))

    def told(id: int, kind: str) -> dict[str, Any]:
        return {"relation": kind, "id": _written(heads[id]), "name": heads[id].values.get("name")}

    related = {id for step in steps for _, id in step}
    return {
        "above": [[told(id, kind) for kind, id in step] for step in steps],
        "below": sorted(
            (told(hung[line.child], line.kind) for line in below if line.child in hung), key=lambda one: str(one["id"])
        ),
        "on": [] if waits else [told(id, "") for id in sorted(on - related)],
        "children": {
            kind: {"number": len(ids), "waiting": unsure} for kind, (ids, unsure) in hanging(conn, members).items()
        },
        "dropped": sorted({line.kind for line in dropped}),
        "waits_for": waits,
    }


def print_relations(shown: Mapping[str, Any]) -> None:
    """The same for people, nothing where there is nothing."""
    lines = []
    for level, step in enumerate(shown["above"]):
        lines += [f"{'  ' * level}{_ABOVE[one['relation']]} {one['id']}  {one['name'] or ''}" for one in step]
    lines += [f"hangs on {one['id']}  {one['name'] or ''}" for one in shown["on"]]
    lines += [f"{_BELOW.get(one['relation'], 'became')} {one['id']}  {one['name'] or ''}" for one in shown["below"]]
    for kind, count in shown["children"].items():
        unsure = f", and {count['waiting']} whose side nobody knows" if count["waiting"] else ""
        lines.append(f"{count['number']} {kind.removesuffix('_of')}{unsure}")
    lines += [f"{kind} is dropped, since it would lead back here: goldbridge tasks --lane relations"
              for kind in shown["dropped"]]  # fmt: skip
    lines += [f"its side is not known: goldbridge tasks {number}" for number in shown["waits_for"]]
    if lines:
        typer.echo("\nrelations:")
        for line in lines:
            typer.echo(f"  {line}")
