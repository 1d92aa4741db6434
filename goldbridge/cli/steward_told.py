"""What a decision did, or would do, as a steward reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mdm.steward import Decided


def told(decided: Decided | None, as_json: bool) -> int:
    """Say what a decision did and how to take it back."""
    if decided is None:
        typer.echo("{}" if as_json else "closed without a decision")
        return 0
    outcome = decided.outcome
    if as_json:
        shown = {"decision": decided.decision, "moved": outcome.moved, "versions": outcome.versions}
        typer.echo(json.dumps(shown | ({"approval": decided.approval} if decided.approval else {})))
    elif decided.approval:
        typer.echo(
            f"decision {decided.decision} waits for a second person: goldbridge tasks approve {decided.approval}; "
            f"nothing has changed yet"
        )
    else:
        typer.echo(
            f"decision {decided.decision}: {outcome.moved} memberships moved, {outcome.versions} golden versions; "
            f"take it back with: goldbridge golden undo {decided.decision}"
        )
    return 0


def print_preview(shown: dict[str, Any]) -> None:
    """What would happen: the banner of what is published first, then every golden record before and after."""
    from rich.table import Table

    from goldbridge.cli.steward import _plain
    from goldbridge.cli.watch import console as make_console

    console = make_console()

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False)

    for row in shown["published"]:
        say(f"published: {row['golden']} is {row['object']}/{row['key']} (version {row['version']})")
    if shown["second_person"]:
        say(f"a second person has to approve it: {shown['second_person']}")
    for one in shown["goldens"]:
        states = (
            one["before"] if one["before"] == one["after"] else f"{one['before'] or 'new'} -> {one['after'] or 'gone'}"
        )
        heirs = shown["redirects"].get(one["id"])
        say(f"\n{one['id']}  {states}{f', leads to {chr(44).join(heirs)}' if heirs else ''}")
        changed = {name: cell for name, cell in one["values"].items() if cell["before"] != cell["after"]}
        if changed and not heirs:
            table = Table("field", "before", "after", box=None, pad_edge=False)
            for name, cell in changed.items():
                table.add_row(name, _plain(cell["before"]), _plain(cell["after"]))
            console.print(table)
        for sign, names in (("+", set(one["records"]["after"]) - set(one["records"]["before"])),
                            ("-", set(one["records"]["before"]) - set(one["records"]["after"]))):  # fmt: skip
            for name in sorted(names):
                say(f"  {sign} {name}")
        for kind, count in one["children"].items():
            if count["before"] != count["after"]:
                say(f"  {kind}: {count['before']} -> {count['after']}")
    for aside in shown["sets_aside"]:
        say(f"sets aside: {aside}")
    for step in shown["to_make_good"]:
        what = f": {', '.join(step['fields'])}" if step.get("fields") else ""
        count = f" {step['children']} children" if step.get("children") else ""
        say(f"to make good in {step['object']}: {step['do']}{count} for {step['golden']}{what}")
    if shown["sides_asked"]:
        say(f"children whose side will have to be told: {shown['sides_asked']} (goldbridge tasks --lane children)")
    if shown.get("came_together"):
        stay = ", ".join(shown["came_together"])
        say(f"came together with them, and would stay: {stay} (--with-group takes them along)")
    say(f"\nnothing was decided; decide on just this with: --view {shown['view']}")
