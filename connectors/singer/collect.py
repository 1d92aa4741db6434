"""Messages into pages.

A page carries the tap's last STATE as its position only when all records before that STATE are in this page or were in
an earlier one. Records after it may be in the page too: a run that goes on from there meets them again, and loses none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any

from connectors.base import PROVEN, Completeness, Page, RawRow
from connectors.singer import catalogue
from connectors.singer.config import KEY, SingerStream
from connectors.singer.exact import is_broken
from connectors.singer.message import Message, Record, Schema, State, Version
from connectors.singer.progress import Progress
from connectors.singer.shape import Shape, compare, fingerprint, shape_of
from goldbridge import log
from goldbridge.errors import Halt, Reject

_log = log.get("singer")
_PAGE_BYTES = 16 << 20
"""A page is full when its messages have so many bytes, however few they are."""
_DELETED_AT = "_sdc_deleted_at"
_MOST_NAMES = 20


@dataclass(slots=True)
class Collect:
    """One run over one stream. `names` are what the tap may call it; `full` when it reads the whole table each time."""

    setting: SingerStream
    names: Set[str]
    where: str
    before: Progress
    page_size: int
    full: bool
    others: set[str] = field(default_factory=set)
    _at: Progress = field(default_factory=Progress)
    _moved: bool = False
    _shape: Shape | None = None
    _key: tuple[str, ...] = ()
    _page: Page = field(default_factory=lambda: Page([]))
    _gone: set[str] = field(default_factory=set)
    _bytes: int = 0
    _unkeyed: int = 0
    _versions: set[str] = field(default_factory=set)
    _active: str | None = None
    """The version that this run activated: records with any other one, or with none, are not of it."""

    def __post_init__(self) -> None:
        self._at = self.before

    def take(self, message: Message, number: int, size: int) -> Iterator[Page]:
        """Note a message of line `number`; yields a page when one is full.

        Raises `Halt` CON344 for a RECORD without a SCHEMA, CON346 for a schema that broke with the one before.
        """
        match message:
            case Record() if message.stream in self.names:
                yield from self._record(message, number)
                self._bytes += size
                if len(self._page.rows) + len(self._page.rejects) >= self.page_size or self._bytes >= _PAGE_BYTES:
                    yield self._take_page()
            case Schema() if message.stream in self.names:
                self._schema(message)
            case Schema() if len(self.others) < _MOST_NAMES:
                self.others.add(message.stream)
            case Version() if message.stream in self.names:
                self._active = str(message.version)
                self._at = self._at._replace(version=self._active)
            case State():
                self._at = self._at._replace(state=None if self.full else message.text)
                self._moved = self._moved or not self.full

    def _schema(self, message: Schema) -> None:
        """A stream's shape, at its beginning or anew; the drift gate."""
        self._key = self.setting.key or message.key
        if not self._key:
            raise catalogue.wrong(f"{self.where}: the tap declares no key for this stream; set its `key`")
        now = shape_of(message.schema, self._key)
        before = self._shape or self.before.shape
        if before is not None and before != now:
            news, breaks = compare(before, now, self.setting.fields)
            mark = fingerprint(now)
            if breaks and self.setting.accept != mark:
                raise Halt(
                    "CON346",
                    f"{self.where}: the schema changed: {'; '.join([*breaks, *news])}. Nothing in the new shape was "
                    f"landed. Correct the mapping of this stream, then set its `accept: {mark}` in config/sources.yaml",
                )
            told = "; ".join([*breaks, *news])
            if told:
                _log.warning("schema drift", code="CON346", stream=self.where, changes=told)
                self._page.notes.append(f"CON346 {self.where}: the schema changed: {told}")
        self._shape = now

    def _record(self, message: Record, number: int) -> Iterator[Page]:
        if self._shape is None:
            raise Halt("CON344", f"{self.where}: line {number} of the tap is a RECORD before any SCHEMA of its stream")
        self._versions.add(str(message.version))
        row, key = message.row, self._key_of(message.row)
        if not key:
            self._unkeyed += 1
            text = f"{self.where}: line {number} of the tap has no usable value in {' or '.join(self._key)}"
            self._page.rejects.append((f"line {number}", Reject("CON348", text, field=self._key[0])))
            return
        if key in self._gone:
            yield self._take_page()  # a page lands its rows first, and this one came after the delete
        if message.flaw is not None:
            name, why = message.flaw
            reject = Reject("CON348", f"{self.where} {key}: field '{name}' {why}", field=name)
            self._page.rejects.append((key, reject))
        elif row.get(_DELETED_AT):
            self._gone.add(key)
            self._page.gone = (*self._page.gone, key)
        else:
            self._page.rows.append(row if len(self.setting.key) == 1 else {**row, KEY: key})

    def _key_of(self, row: RawRow) -> str:
        if len(self._key) == 1:
            return _part(row.get(self._key[0]))
        parts = [_part(row.get(name)) for name in self._key]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":")) if all(parts) else ""

    def _take_page(self, *, end: bool = False) -> Page:
        page, self._page, self._gone, self._bytes = self._page, Page([]), set(), 0
        if self._moved or end:
            self._at = self._at._replace(moves=self._at.moves + 1, shape=self._shape or self.before.shape)
            page.at, self._moved = self._at.position(), False
        return page

    def so_far(self) -> Page:
        """What has come since the last page, be it nothing."""
        return self._take_page()

    def rest(self, *, ended_well: bool) -> Iterator[Page]:
        """What is left when the tap says no more."""
        page = self._page
        if ended_well or self._moved or page.rows or page.gone or page.rejects or page.notes:
            yield self._take_page(end=ended_well)

    def verdict(self) -> Completeness:
        """Whether a run that ended well has met everything; raises `Misconfigured` CON347 for another stream."""
        if self._shape is None and self.others:
            names = ", ".join(sorted(self.others))
            raise catalogue.wrong(
                f"{self.where}: the tap speaks of {names}, and never of {' or '.join(sorted(self.names))}; "
                "say which of them is meant by `said_as`"
            )
        doubts = list(self._doubts())
        return Completeness(False, "; ".join(doubts)) if doubts else PROVEN

    def _doubts(self) -> Iterator[str]:
        if self._shape is None:
            yield "the tap did not mention the stream"
        if self._unkeyed:
            yield f"{self._unkeyed} records have no key"
        if self.before.state is not None and not self.full:
            yield "the tap went on from its STATE and does not say whether it met all that changed since"
            if self.before.version and self._at.version != self.before.version:
                yield "it began a new version of the table; what is gone is found by a full compare"
        elif not (self.setting.whole or (self._active is not None and self._versions <= {self._active})):
            yield "the tap did not say (ACTIVATE_VERSION) that this is everything; set `whole: true` if it is"


def _part(value: Any) -> str:
    """A value as (part of) a key; empty when it cannot be one."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and value.strip() and not is_broken(value):
        return value
    return ""
