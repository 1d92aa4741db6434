"""The evidence of a cutover: every decision with its numbers and who took it, as a chain that anybody can check.

The bundle is one JSON document. Its events are chained by SHA-256, and `seal` covers the whole; nothing secret is
needed to verify either, and nothing of a record is in it but its key.
"""

from __future__ import annotations

import hashlib
from html import escape
from typing import Any

from flows.cutover.control import Control
from flows.cutover.office import status
from flows.cutover.phase import Phase
from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import cutover, document
from goldbridge.state.cutover import Event
from goldbridge.state.engine import now

FORMAT = "goldbridge.cutover.evidence/1"


def bundle(control: Control) -> dict[str, Any]:
    """Everything that happened, proven first; raises `Halt` CUT033 when an event was changed."""
    with control.store.read() as conn:
        events = cutover.events(conn)
        cutover.verify(events)
        waivers = [one._asdict() for name in control.plan.waves for one in cutover.waivers(conn, name)]
        at = now(conn)
    found: dict[str, Any] = {
        "format": FORMAT,
        "cutover": control.plan.name,
        "from": control.plan.old,
        "to": control.plan.new,
        "at": at,
        "by": control.actor,
        "fingerprint": control.plan.fingerprint,
        "file": control.plan.document.data,
        "waves": status(control, [], measure=False),
        "waivers": waivers,
        "events": [event._asdict() for event in events],
    }
    return {**found, "seal": seal(found)}


def seal(found: dict[str, Json]) -> str:
    """SHA-256 of a bundle without its seal, as canonical JSON."""
    return hashlib.sha256(document.encode({key: value for key, value in found.items() if key != "seal"})).hexdigest()


def verify(found: Any) -> int:
    """How many events a bundle proves; raises `Halt` CUT033 when it, or an event in it, was changed."""
    try:
        events = [Event(**one) for one in found["events"]]
        sealed = found["format"] == FORMAT and found["seal"] == seal(found)
    except (TypeError, KeyError):
        raise Halt("CUT033", "this is no evidence of a cutover; `goldbridge cutover evidence` writes it") from None
    proven = cutover.verify(events)
    if not sealed:
        raise Halt("CUT033", "the bundle was changed after it was sealed, although its events hold; ask for a new one")
    return proven


def page(found: dict[str, Any]) -> str:
    """The bundle as one HTML page that needs nothing else."""
    rows = "".join(_row(event) for event in found["events"])
    waves = "".join(
        f"<li><b>{escape(wave['wave'])}</b>: {escape(wave['phase'])}, since {escape(wave['since'][:19] or 'never')}"
        + (f", half done: {escape(wave['half_done'])}" if wave["half_done"] else "")
        + "</li>"
        for wave in found["waves"]
    )
    waivers = "".join(
        f"<tr><td>{escape(one['wave'])}</td><td>{escape(Phase(one['phase']).word)}</td><td>{escape(one['gate'])}</td>"
        f"<td>{escape(one['owner'])}</td><td>{escape(one['reason'])}</td><td>{escape(one['until'][:19])}</td></tr>"
        for one in found["waivers"]
    )
    return _PAGE.format(
        title=escape(f"{found['cutover']}: {found['from']} → {found['to']}"),
        head=escape(f"{found['at'][:19]} UTC by {found['by']}; file {found['fingerprint']}; seal {found['seal']}"),
        waves=waves, waivers=waivers or "<tr><td colspan=6>none</td></tr>", rows=rows,
    )  # fmt: skip


def _row(event: dict[str, Any]) -> str:
    detail = event["detail"] or {}
    gates = "".join(
        f"<li class={'ok' if gate['met'] else 'no'}>{escape(gate['gate'])}: "
        f"{'waived' if gate['waived'] else 'holds' if gate['met'] else escape(gate['why'])} "
        f"<small>{escape(', '.join(f'{name} = {value}' for name, value in gate['numbers'].items()))}</small></li>"
        for gate in detail.get("gates", [])
    )
    rest = {key: value for key, value in detail.items() if key != "gates" and value not in ({}, [], "")}
    more = f"<details><summary>more</summary><pre>{escape(_shown(rest))}</pre></details>" if rest else ""
    cells = (
        event["at"][:19], event["wave"], event["action"], Phase(event["phase"]).word, str(event["epoch"] or ""),
        event["actor"],
    )  # fmt: skip
    return (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td><ul>{gates}</ul>{more}</td>"
        f"<td><code title='{event['digest']}'>{event['digest'][:12]}</code></td></tr>"
    )


def _shown(value: Json) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=1)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2rem; }} table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ccc; padding: .3rem .5rem; text-align: left; vertical-align: top; }}
ul {{ margin: 0; padding-left: 1rem; }} .no {{ color: #a00; }} pre {{ white-space: pre-wrap; }}
</style></head><body><h1>{title}</h1><p>{head}</p><h2>Waves</h2><ul>{waves}</ul>
<h2>Waivers</h2><table><tr><th>wave<th>phase<th>gate<th>owner<th>reason<th>until</tr>{waivers}</table>
<h2>What happened</h2><table><tr><th>at (UTC)<th>wave<th>action<th>phase<th>epoch<th>by<th>on what<th>digest</tr>{rows}
</table></body></html>
"""
