"""What connectors of OData services have in common: windows of a cursor, walks as pages, writes with a result each.

A subclass says what differs: the cursor of a stream, whether it is followed by delta links instead, how it is written.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence

from pydantic import SecretStr

from connectors.base import (
    PROVEN,
    BudgetConfig,
    Completeness,
    Config,
    Page,
    Position,
    RawRow,
    Reader,
    Stream,
    Window,
    Write,
    Writer,
    WriteResult,
)
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth
from goldbridge.http.odata import (
    Access,
    Cursor,
    Part,
    RecordWriter,
    Service,
    Walker,
    client_credentials,
    plan,
    read,
    rewound,
)

SOURCES = Mark("config/sources.yaml")
ANEW = "the delta link had expired, so everything was read anew; what was deleted since is found by a full compare"


class EntitySets(Reader[Config], Writer[Config]):
    """Reads and writes entity sets as streams."""

    @abstractmethod
    def cursor(self, stream: Stream) -> Cursor | None:
        """What says when a record of this stream changed; None: it is read completely every time."""

    @abstractmethod
    def writer(self, stream: Stream) -> RecordWriter:
        """What writes this stream, which has a place for our id."""

    def tracked(self, stream: Stream) -> bool:
        """Whether the stream is followed by delta links, which know no windows."""
        return False

    # Signing in

    def service(self, access: Access, budget: BudgetConfig) -> Service:
        return Service(self.context.http, self.context.system, access, self.context.budget(budget))

    def credentials(self, token_url: str, client_id: str, secret: SecretStr, scope: str = "") -> Auth:
        """OAuth with credentials of the client's own."""
        http, system, timeout_s = self.context.http, self.context.system, self.config.timeout_s
        return client_credentials(http, system, token_url, client_id, secret.get_secret_value(), scope, timeout_s)

    # Reading

    def bound(self, stream: Stream) -> str | None:
        cursor = None if self.tracked(stream) else self.cursor(stream)
        return cursor.now(self.context.clock, self.config.safety_delay_s) if cursor else None

    def rewind(self, stream: Stream, start: Position) -> Position:
        cursor = None if self.tracked(stream) else self.cursor(stream)
        return Position(*rewound(start, cursor.earlier(start.cursor, self.config.overlap_s))) if cursor else start

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        cursor = self.cursor(stream)
        lower, upper = cursor.days(after, until) if cursor else (None, None)
        return Window(Position(lower) if lower else None, upper)

    def walked(
        self, stream: Stream, walker: Walker, cursor: Cursor | None, window: Window
    ) -> Generator[Page, None, Completeness]:
        """The pages of a window, or of everything where there is no cursor."""
        if cursor is None:
            walks = plan(self.context.system, None, "", max)
        else:
            end = window.end if window.end is not None else cursor.ahead(self.context.clock)
            walks = plan(self.context.system, window.start, end, cursor.later)
        rejected = 0
        for part in read(walker, walks):
            rejected += len(part.rejects)
            yield page_of(part) if cursor else Page(part.rows, None, part.gone, part.rejects)
        return Completeness(False, f"{rejected} records of {stream.name} could not be read") if rejected else PROVEN

    # Writing

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON137", message, SOURCES)
        return [WriteResult(*outcome) for outcome in self._writer(stream).write(batch)] if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> RecordWriter:
        if stream.external_id is None:
            message = (
                f"{self.context.system}: stream '{stream.name}' has no external_id, so it cannot be written safely"
            )
            raise Misconfigured.one("CON138", f"{message}; name the property that holds our id", SOURCES)
        return self.writer(stream)


def page_of(part: Part) -> Page:
    return Page(part.rows, Position(*part.at) if part.at else None, part.gone, part.rejects)
