"""webhook: reads what a system told us by itself, from the inbox in which the receiver kept it.

Events are met in the order of their arrival, which is not that of the changes: of each key only the newest version
that is known is handed on, so that an older one that comes late never wins, in this run or in a later one. That
nothing was lost on its way here cannot be proven: a flow that asks the system itself is the safety net.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from connectors.base import Completeness, Page, Pages, Position, Reader, Stream, Window
from connectors.webhook.config import StreamConfig, WebhookConfig
from connectors.webhook.event import PLACE, record_of
from goldbridge.clock import iso
from goldbridge.errors import Halt, Misconfigured, Reject
from goldbridge.http import Client
from goldbridge.http.factory import SOURCES
from goldbridge.ports import Inbox, Kept
from goldbridge.text.date import parse_datetime

UNPROVEN = Completeness(
    False, "events can be lost on their way; a flow that reads the system itself finds what is missing"
)


class Webhook(Reader[WebhookConfig]):
    kind = "webhook"
    config_model = WebhookConfig

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, entry) for name, entry in self.config.streams.items()}

    @property
    def path(self) -> str:
        """Where the sender finds this webhook."""
        return self.config.path or f"/{self.context.system}"

    @property
    def url(self) -> str:
        """The same as an address on this machine."""
        host, port = self.config.place
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not listened on
        return f"http://{f'[{here}]' if ':' in here else here}:{port}"

    def probe(self) -> str:
        """Asks the receiver, which `goldbridge serve` runs."""
        found = self._door.get("/", about="the receiver").data
        if not isinstance(found, dict) or self.path not in (found.get("paths") or []):
            raise Misconfigured.one(
                "CON356",
                f"{self.context.system}: somebody answers at {self.url}, but does not know {self.path}; restart "
                "`goldbridge serve` after a change of `listen` or `path`, or choose another port",
                SOURCES,
            )
        return f"the receiver listens at {self.url}{self.path}"

    @cached_property
    def _door(self) -> Client:
        return self.context.http.client(
            system=self.context.system, base_url=self.url, timeout_s=self.config.timeout_s, plain_http=True
        )

    def bound(self, stream: Stream) -> str | None:
        return str(self._inbox.last(self.context.system))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """By the days on which events arrived."""
        start = self._inbox.place(self.context.system, self._midnight(after)) if after else 0
        end = str(self._inbox.place(self.context.system, self._midnight(until, 1))) if until else None
        return Window(Position(str(start)) if start else None, end)

    def _midnight(self, text: str, days: int = 0) -> str:
        zone = self.config.zone or "UTC"
        moment = parse_datetime(text, zone)
        assert moment is not None, "a backfill's dates are dates"
        return iso(moment.astimezone(ZoneInfo(zone)) + timedelta(days=days))

    def read(self, stream: Stream, window: Window) -> Pages:
        inbox, system = self._inbox, self.context.system
        entry = self.config.streams[stream.name]
        after = int(window.start.cursor) if window.start is not None and window.start.cursor else 0
        known = inbox.last(system)
        until = known if window.end is None else min(int(window.end), known)
        while kept := inbox.page(system, stream.name, after, until, self.config.page_size):
            after = kept[-1].seq
            records = [one for one in kept if one.kind != "problem"]
            newest = inbox.newest(system, stream.name, [one.key for one in records], known)
            page = Page([], Position(str(after)))
            for one in kept:
                if one.kind == "problem":
                    _tell(page, one)
                elif newest.get(one.key, one.seq) == one.seq:
                    _add(page, entry, one)
            yield page
        if after < until:
            yield Page([], Position(str(until)))
        return UNPROVEN

    @property
    def _inbox(self) -> Inbox:
        if self.context.inbox is None:
            raise Halt("CON355", f"{self.context.system}: there is no state here, and so no inbox to read from")
        return self.context.inbox


def _add(page: Page, entry: StreamConfig, one: Kept) -> None:
    record = record_of(entry, one.content)
    if one.kind == "gone":
        page.gone = (*page.gone, one.key)
    elif one.content is None:
        return  # wiped after its time; whoever reads anew meets what is left
    elif not isinstance(record, dict) or str(record.get(entry.key)) != one.key:
        message = f"event {one.event[:40]}: the record of {one.key} is no longer at {entry.records or 'the body'}"
        page.rejects.append((one.key, Reject(PLACE, f"{message}; put `records` and `key` back as they were")))
    else:
        page.rows.append(record)


def _tell(page: Page, one: Kept) -> None:
    code, _, message = one.problem.partition(" ")
    page.rejects.append((one.key, Reject(code, message)))


def _stream(name: str, entry: StreamConfig) -> Stream:
    told = entry.version if entry.version and "." not in entry.version else None
    return Stream(name, key=entry.key, cursor=told, walk="keyset", volatile=entry.volatile)
