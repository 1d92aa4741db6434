"""A record's trace in lines for people: a step a line, what there is to say about it below."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.trace import Trace

LONGEST = 80


def told(found: Trace) -> Iterator[str]:
    """The whole way; what the record did not come to is said."""
    yield found.record
    if found.landed is None:
        yield _step("landed", "never")
    else:
        yield from _landed(found.landed)
        yield from _mapped(found.mapped)
        yield from _matched(found.matched or {})
        yield from _golden(found.golden)
        for one in found.delivered:
            yield from _delivered(one)
        if not found.delivered:
            yield _step("delivered", "nowhere")
    for one in found.dead_letters:
        rule = f" ({one['rule']})" if one["rule"] else ""
        yield _step("set aside", f"{_time(one['at'])} by flow {one['flow']}: {one['code']} {one['message']}{rule}")
        yield _more(
            f"letter {one['letter']}, stage {one['stage']}, {one['attempts']} times since {_time(one['first_at'])}"
        )


def _landed(step: dict[str, Any]) -> Iterator[str]:
    yield _step(
        "landed", f"{_time(step['first_at'])} by {_by(step)}; {step['entity']}, {step['state']}, {step['fate']}"
    )
    many = len(step["versions"])
    if many > 1:
        last = step["versions"][-1]
        yield _more(f"changed {_time(last['at'])} by {_by(last)}: version {many} of {many} ({last['op']})")
    if step["event_at"]:
        yield _more(f"its source dates it {_time(step['event_at'])}")
    yield _more(f"hash {step['hash']}" + (f", incarnation {step['incarnation']}" if step["incarnation"] else ""))


def _mapped(step: dict[str, Any] | None) -> Iterator[str]:
    if step is None:
        yield _step("mapped", "never: we wrote this row, and it was not read back yet")
        return
    rule = step["file"] or "no flow of today reads this stream"
    age = "" if step["current"] or not step["file"] else ", which has changed since"
    yield _step("mapped", f"{_time(step['at'])} by {rule}{age}; revision {step['revision'][:12]}; {step['fate']}")
    for name, value in (step["values"] or {}).items():
        note = step["notes"].get(name)
        if note or value is not None:
            yield _more(f"{name}: {_plain(value)}" + (f"  [{_plain(note)}]" if note else ""))


def _matched(step: dict[str, Any]) -> Iterator[str]:
    if step["golden"]:
        left = "" if step["open"] else "; it has left since"
        yield _step("matched", f"{_time(step['at'])} by {_why(step['cause'])}, basis {step['basis']}{left}")
    else:
        yield _step("matched", "not yet; a master or sync flow takes it up")
    if step["about"]:
        yield _more(f"it is about {step['about']}, and goes where that goes")
    for one in step["identifiers"]:
        valid = "" if one["valid"] else ", not valid"
        yield _more(f"{one['strength']} identifier {one['field']} {one['value']}{valid}")
    for one in step["edges"]:
        parts = ", ".join(f"{part['comparison']} {part['level']} {part['bits']:+.1f}" for part in one["parts"])
        together = "together" if one["together"] else "apart"
        vetoes = f"; vetoes: {', '.join(one['vetoes'])}" if one["vetoes"] else ""
        yield _more(f"{one['bits']:+.1f} bits ({one['band']}, {together}) {one['other']}: {parts}{vetoes}")
    if step["more_edges"]:
        yield _more(f"... and {step['more_edges']} pairs more, which say less")
    for one in step["assertions"]:
        yield _more(f"{one['by']} said {one['kind'].replace('_', ' ')}: {one['other']} ({_time(one['at'])})")
    for one in step["tasks"]:
        yield _more(f"task {one['task']} waits for a steward: {one['kind']}")


def _golden(step: dict[str, Any] | None) -> Iterator[str]:
    if step is None:
        yield _step("golden", "none")
        return
    since = (
        f"since {_time(step['since'])}, version {step['version']} {_time(step['changed_at'])} by {_why(step['cause'])}"
    )
    yield _step("golden", f"{step['id']}, {step['state']}, {since}")
    if step["founder"]:
        yield _more("founded by this record")
    for name, one in step["won"].items():
        yield _more(f"won {name} by {one['rule'].replace('_', ' ')}: {_plain(one['value'])}")
    for name, one in step["lost"].items():
        yield _more(f"lost {name} by {one['rule'].replace('_', ' ')} to {one['to']}")


def _delivered(step: dict[str, Any]) -> Iterator[str]:
    key = f"/{step['key']}" if step["key"] else ""
    rule = f", {step['file']}" if step["file"] else ""
    yield _step(
        "delivered", f"{_time(step['at'])} {step['op']} {step['target']}{key}: {step['state']} ({_by(step)}{rule})"
    )
    if step["blocked_by"]:
        yield _more(f"waits for {step['blocked_by']}")
    if step["code"]:
        yield _more(f"{step['code']} {step['message']}")
    for name, value in step["written"].items():
        yield _more(f"{name}: {_plain(value)}")
    for one in step["ledger"]:
        yield _more(f"written to {one['key']} in all, last {_time(one['at'])}: {', '.join(one['fields'])}")


def _step(name: str, text: str) -> str:
    return f"{name:<10} {text}"


def _more(text: str) -> str:
    return f"{'':<13}{text}"


def _by(step: dict[str, Any]) -> str:
    return f"flow {step['flow']} (run {step['run']})" if step["flow"] else f"run {step['run']}"


def _why(cause: dict[str, Any]) -> str:
    if "run" in cause:
        return _by(cause)
    if "decision" in cause:
        reason = f": {cause['reason']}" if cause["reason"] else ""
        return f"{cause['kind']} of {cause['by']} (decision {cause['decision']}{reason})"
    return str(cause.get("cause", ""))


def _time(at: str) -> str:
    return f"{at[:19]}Z" if at else "at no known time"


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
