"""What stands where in an answer: dotted places, the rows of a page, the complaint of an envelope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from goldbridge.errors import Halt
from goldbridge.http import CONFIG, RECORD, RETRY, THROTTLE, Complaint, Envelope, Kind, Reply, Rule
from goldbridge.ports import Json

if TYPE_CHECKING:
    from connectors.rest.config import EnvelopeConfig

EXPIRED = NOTHING = "CON105"
CLASSES: Mapping[str, Rule] = {
    "refresh-token": Rule(Kind.REFRESH, "check `auth` of this system"),
    "retry": RETRY,
    "throttle": THROTTLE,
    "throttle-day": Rule(Kind.THROTTLE, day=True),
    "fatal-record": RECORD,
    "fatal-config": CONFIG,
    "expired": Rule(Kind.HALT, "the page's token is no longer known"),
}
_GONE = Rule(Kind.RECORD, "the record is gone, or nobody may see it; replay it when that was a mistake")


def dig(data: Json, path: str) -> Json:
    """The value at a dotted place (a number is a place in a list), None when there is none; "" is the whole."""
    for part in path.split(".") if path else ():
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def flag(value: Json) -> bool:
    """A flag as APIs write it: true, 1, "true", "Y"."""
    return value not in (None, False, 0, "", "0") and str(value).casefold() not in ("false", "n", "no")


def rows_of(reply: Reply, path: str) -> list[Json]:
    """The list at a place. One that is missing is an error, not an empty page, unless the place ends in `?`."""
    may_lack = path.endswith("?")
    place = path.removesuffix("?")
    value = dig(reply.data, place)
    if value is None and may_lack:
        return []
    if not isinstance(value, list):
        if value is None and place:
            reply.unwrap(place)  # names the part that is missing
        what = f"{place!r} is not a list" if place else "the answer is not a list"
        raise Halt("CON019", f"{reply.subject}: {what}; correct `rows` of this stream, or see what the API answers")
    return value


def make_envelope(config: EnvelopeConfig, *, of_record: bool = False, absent: Sequence[str] | None = None) -> Envelope:
    """The envelope of a source; `of_record`: the path names a record, so that a 404 is about it, not about settings.

    `absent`, for a search: a 404 and these codes say that there is nothing, and end as `NOTHING`.
    """
    statuses = {410: CLASSES["expired"]}
    if of_record:
        statuses |= {404: _GONE, 410: _GONE}
    statuses |= {status: CLASSES[name] for status, name in config.statuses.items()}
    rules = {code: CLASSES[name] for code, name in config.classes.items()}
    if absent is not None:
        statuses |= dict.fromkeys((404, 410), CLASSES["expired"])
        rules |= dict.fromkeys(absent, CLASSES["expired"])
    envelope = Envelope(
        rules=rules,
        statuses=statuses,
        names={Kind.HALT: EXPIRED},
    )
    bare = {f"HTTP {status}*": rule for status in range(300, 600) if (rule := envelope.bare(status))}
    return Envelope(
        _finder(config, envelope), rules={**bare, **envelope.rules}, statuses=statuses, names=envelope.names
    )


def _finder(config: EnvelopeConfig, table: Envelope) -> Callable[[int, Json], Complaint | None]:
    """Looks for a complaint. A code that no class is declared for falls back on the HTTP status beside it."""
    success = frozenset(config.success)

    def find(status: int, body: Json) -> Complaint | None:
        failed = table.bare(status) is not None
        value = dig(body, config.code) if config.code else None
        code = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if not failed and (code in success if success else code in ("", "false")):
            return None
        complaint = Complaint(code, _said(body, config.message), _said(body, config.trace))
        if failed and (not code or code in success or table.rule(complaint) is None):
            return complaint._replace(code=f"HTTP {status} {code}".rstrip())
        return complaint if code else complaint._replace(code=f"no {config.code}")

    return find


def _said(body: Json, path: str) -> str:
    value = dig(body, path) if path else None
    return "" if value is None else str(value)
