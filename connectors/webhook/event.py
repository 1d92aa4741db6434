"""What an event is about: its id, and the records and hints in it, by the places that the settings name.

An event with a list of records is kept as one part per record, each with the envelope around it, so that one of them
can be read, set aside or erased without the others. What nobody waits for is kept too: a misspelt `when` loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import uuid4

from connectors.webhook.call import Call, Opened
from connectors.webhook.config import HintConfig, StreamConfig, WebhookConfig, When
from connectors.webhook.markup import Malformed, read_xml
from goldbridge.clock import iso
from goldbridge.http.body import Truncated, Unreadable, parse
from goldbridge.ports import Json, Kind, Part
from goldbridge.text.date import parse_datetime

PLACE = "CON354"
KEY_LIMIT = 500
_SHOWN = 200
_WHOLE, _HEADER = "*", "header:"
_NUMBER = re.compile(r"(\d{1,30})(?:\.(\d{1,18}))?")


class Event(NamedTuple):
    """An event to keep; `garbled` says why it cannot be read, where it cannot."""

    id: str
    parts: Sequence[Part]
    garbled: str = ""


class Router:
    """Takes events apart for one webhook."""

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self._zone = config.zone or "UTC"

    def event(self, call: Call, opened: Opened) -> Event:
        """What a genuine call brought."""
        headers = {name: call.headers.get(name.lower(), "") for name in self._config.headers}
        try:
            body = _read(opened)
        except _Garbled as error:
            return self._garbled(opened, str(error))
        content = {"body": body, "headers": headers} if headers else {"body": body}
        named = self._named(content, call, opened)
        return Event(named, self.route(content, named))

    def route(self, content: Json, event: str = "") -> list[Part]:
        """The parts of a kept event; one `unclaimed` part when no stream and no hint takes it."""
        if not isinstance(content, dict) or "body" not in content:
            return []  # what could not be read cannot be read by other settings either
        parts = [
            part
            for name, entry in self._config.streams.items()
            if _meets(content, entry.when)
            for part in self._records(name, entry, content, event)
        ]
        parts += [_hint(entry, content) for entry in self._config.hints.values() if _meets(content, entry.when)]
        return parts or [Part("unclaimed", content=content)]

    def _garbled(self, opened: Opened, why: str) -> Event:
        """Kept for the first stream, which tells of it: nobody can say whose it was."""
        digest = _digest(opened.content)
        message = f"CON353 event {digest[:12]}: the body cannot be read: {why}"
        shown = {"text": opened.content[:_SHOWN].decode("utf-8", "replace")}
        return Event(digest, [Part("problem", self._first, digest[:12], problem=message, content=shown)], why)

    @property
    def _first(self) -> str:
        return next(iter(self._config.streams), "")

    def _named(self, content: Mapping[str, Json], call: Call, opened: Opened) -> str:
        """The event's id, else what makes this call unlike any other."""
        for place in self._config.ids:
            if place == _WHOLE:
                return _digest(opened.content)
            found = call.headers.get(place[len(_HEADER) :].lower()) if place.startswith(_HEADER) else at(content, place)
            if (text := _scalar(found)) and len(text) <= KEY_LIMIT and _plain(text):
                return text
        return (
            _digest(opened.stamp.encode("utf-8", "surrogateescape") + b"\n" + opened.content)
            if opened.stamp
            else uuid4().hex
        )

    def _records(self, name: str, entry: StreamConfig, content: dict[str, Json], event: str) -> Iterator[Part]:
        found = at(content, entry.records)
        listed = isinstance(found, list)
        kind: Kind = "gone" if entry.gone and _meets(content, entry.gone) else "record"
        for number, record in enumerate(found if listed else [found]):
            where = f"{entry.records or 'the body'}{f'[{number}]' if listed else ''}"
            kept = {**content, "body": _narrowed(content["body"], entry.records, record)} if listed else content
            key, version, wrong = "", "", ""
            if not isinstance(record, dict):
                wrong = f"there is no record at {where}"
            elif not (key := _scalar(record.get(entry.key))):
                wrong = f"{where} has no key '{entry.key}'"
            elif len(key) > KEY_LIMIT or not _plain(key):
                key, wrong = "", f"the key '{entry.key}' at {where} is longer than {KEY_LIMIT} or holds a NUL"
            elif entry.version or entry.event_version:
                found_at = at({"body": record}, entry.version) if entry.version else at(content, entry.event_version)
                version = rank(found_at, self._zone)
                if not version:
                    shown = entry.version or entry.event_version
                    wrong = f"'{shown}' of {where} is neither a number nor a time, so nobody knows what is newer"
            if wrong:
                label = event[:40] or _digest(repr(record).encode())[:12]
                message = f"{PLACE} event {label}: {wrong}; correct `streams.{name}` or the sender"
                yield Part("problem", name, f"{label}/{number}", problem=message, content=kept)
            else:
                yield Part(kind, name, key, version, content=kept)


def record_of(entry: StreamConfig, content: Json) -> Json:
    """The record in a kept part."""
    found = at(content, entry.records) if isinstance(content, dict) else None
    return found[0] if isinstance(found, list) and found else found


def _hint(entry: HintConfig, content: dict[str, Json]) -> Part:
    key = _scalar(at(content, entry.key)) if entry.key else ""
    return Part("hint", entry.stream, key if _plain(key) else "", content=content)


class _Garbled(Exception):
    """Says where."""


def _read(opened: Opened) -> Json:
    try:
        if opened.form == "xml":
            return read_xml(opened.content)
        found = parse(opened.content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _Garbled(f"byte {error.start} is not UTF-8") from None
    except (Malformed, Truncated, Unreadable) as error:
        raise _Garbled(str(error)) from None
    if not isinstance(found, dict | list):
        raise _Garbled("it is neither an object nor a list")
    return found


def at(content: Mapping[str, Json], place: str) -> Json:
    """What stands at a dotted place of the body, or in a header that was kept; None when nothing does."""
    if place.startswith(_HEADER):
        headers = content.get("headers") or {}
        wanted = place[len(_HEADER) :].lower()
        return next((value for name, value in headers.items() if name.lower() == wanted), None)
    found = content.get("body")
    for step in place.split(".") if place else ():
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _narrowed(body: Json, place: str, record: Json) -> Json:
    """The body with one record where the list was."""
    step, _, rest = place.partition(".")
    if not step:
        return [record]
    assert isinstance(body, dict)
    return {**body, step: _narrowed(body[step], rest, record)}


def _meets(content: Mapping[str, Json], when: When) -> bool:
    return all(_one_of(_scalar(at(content, place)), values) for place, values in when.items())


def _one_of(text: str, values: Sequence[str]) -> bool:
    return any(text.startswith(one[:-1]) if one.endswith("*") else text == one for one in values)


def _scalar(found: Any) -> str:
    """A value as text; empty for what is none, or is more than one."""
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str | int) else ""


def rank(found: Json, zone: str) -> str:
    """A version as text that sorts as versions do: numbers by size, times by moment; empty for anything else."""
    text = _scalar(found).strip() if not isinstance(found, bool) else ""
    if number := _NUMBER.fullmatch(text):
        whole, fraction = number[1], (number[2] or "").rstrip("0")
        return f"0{int(whole):030d}.{fraction}"
    moment = parse_datetime(text, zone) if text else None
    return f"1{iso(moment)}" if moment else ""


def _plain(text: str) -> bool:
    """Whether both databases can hold it in a column of text."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
