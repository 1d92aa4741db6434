"""Walks a window of a stream, and says at the end whether everything in it was certainly met.

Keyset: each page is asked for by the cursor and the key of the last row before, so nothing that moves can hide; a
position is the last row. All other styles count pages on the other side: a row that is edited meanwhile leaves the
window, the rest moves up, and one of them slips through between two pages. So a window of several pages is certain only
when its closed count stood still, when the vendor promises that rows stand still, or when two walks saw the same; it is
walked again a few times, and otherwise it is not proven and the position stays where it was, so that the next run reads
it again. A window too deep for the API is cut in two; a token that has expired starts the window again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from connectors.base import PROVEN, Completeness, Page, Pages, Position, RawRow
from connectors.rest.answer import EXPIRED
from connectors.rest.config import StreamConfig
from connectors.rest.cursor import Cursor, falling
from connectors.rest.narrow import Counted, Timed
from connectors.rest.page import Answered, Loops, Pager
from connectors.rest.read_config import ReadConfig
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http.narrow import IN_A_PAGE, blamed, is_fault
from goldbridge.ports import Json

NO_RECORD = "CON100"
_RESTARTS = 3
_WALKS = 4


class _TooDeep(Exception):
    """The API does not serve the rest of this window."""


@dataclass(slots=True)
class _Span:
    """A part of the window; ends are positions. What is certainly complete moves the lower end up."""

    lower: str
    upper: str
    restarts: int = 0


@dataclass(slots=True)
class _Met:
    """What was met in all, for the verdict."""

    doubts: list[str] = field(default_factory=list)
    rejected: int = 0
    broken: int = 0
    moving: bool = False
    narrowed: bool = False

    def reject(self, rejects: Sequence[tuple[str, Reject]]) -> None:
        strange = sum(error.code == NO_RECORD for _, error in rejects)
        self.rejected, self.broken = self.rejected + strange, self.broken + len(rejects) - strange


@dataclass(slots=True)
class _Turn:
    """One walk through a span: how many pages and rows, and what it is recognised by."""

    pages: int = 0
    count: int = 0
    total: int | None = None
    digest: int = 0
    newest: str = ""

    def add(self, answered: Answered) -> None:
        self.pages += 1
        self.count += len(answered.rows) + len(answered.rejects)
        self.digest = hash((self.digest, answered.print))


class Walk:
    """Reads windows of one stream. `now` is the earlier of both clocks, for windows without an end."""

    def __init__(
        self, pager: Pager, stream: StreamConfig, read: ReadConfig, cursor: Cursor, *, page_size: int, now: datetime
    ) -> None:
        self._pager, self._stream, self._read, self._cursor = pager, stream, read, cursor
        self._size, self._windowed = page_size, stream.windowed
        self._sends_end = "until" in read.names()
        self._ahead = now + timedelta(days=1)
        self._about = pager.about
        self._counted = Counted(pager, read, stream.key, page_size)
        self._timed = Timed(pager, read, cursor, self._window)

    def pages(self, start: Position | None, end: str | None) -> Pages:
        """The pages of a window, and the verdict."""
        lower = upper = tie = ""
        if self._windowed:
            if start is not None and start.cursor:
                lower, tie = self._cursor.canonical(start.cursor), start.tie
            if end:
                upper = self._cursor.canonical(end)
            elif self._read.depth is not None:  # windows that are cut in two need an end
                upper = self._cursor.notation.write(self._ahead)
        met = _Met()
        if self._read.paging == "keyset":
            yield from self._keyset(lower, upper, tie, met)
        else:
            yield from self._spans(_Span(lower, upper), met)
        if met.rejected:
            met.doubts.append(f"{met.rejected} rows are no records")
        if met.broken:
            met.doubts.append(f"{met.broken} records break the pages they are on")
        return Completeness(False, "; ".join(dict.fromkeys(met.doubts))) if met.doubts else PROVEN

    # Keyset

    def _keyset(self, cursor: str, end: str, tie: str, met: _Met) -> Iterator[Page]:
        loops, size = Loops(self._about), self._size
        while True:
            try:
                answered = self._pager.ask(self._window(cursor, end, tie), self._pager.first(), size)
            except Retry as error:
                if is_fault(error) and self._timed.halves(size):
                    size = size // 2 if self._serves_one(cursor, end, tie) else 1
                    continue
                served, broken = self._timed.first(cursor, end, tie, error)
                if met.broken >= IN_A_PAGE:
                    raise
                if served:
                    yield from self._keyset(cursor, served, tie, met)
                page = self._step_over(broken, error, met)
                yield page if broken != cursor else replace(page, at=None)  # positions only ever grow
                cursor, tie, size = broken, "", self._size
                continue
            rows = self._behind(answered.rows, cursor, tie)
            if not rows and answered.following is None and not answered.rejects:
                return
            if not rows and answered.rows:  # nothing but the row we stand on
                return
            if loops.again(answered):
                continue
            if not rows:
                raise Halt("CON103", f"{self._about}: the page after {tie!r} holds no record to go on from")
            self._check_order(rows, cursor, tie, met)
            inside = self._inside(rows, end)
            if inside:
                cursor, tie = self._cursor.place(inside[-1])
                met.reject(answered.rejects)
                yield Page(inside, Position(cursor, tie) if self._windowed else None, rejects=answered.rejects)
            if answered.following is None or len(inside) < len(rows):
                return

    def _serves_one(self, cursor: str, end: str, tie: str) -> bool:
        try:
            self._pager.ask(self._window(cursor, end, tie), self._pager.first(), 1)
        except Retry:
            return False
        return True

    def _step_over(self, at: str, error: Retry, met: _Met) -> Page:
        """A record that only its time is known of; others of the very same time may be missing with it."""
        place = f"{self._cursor.name} {at}"
        met.broken += 1
        return Page([], Position(at), rejects=[(place, blamed(error, f"of {place}"))])

    def _behind(self, rows: list[RawRow], cursor: str, tie: str) -> list[RawRow]:
        """Without the row we stand on, which APIs that compare with `>=` serve again."""
        if rows and tie and str(rows[0].get(self._stream.key)) == tie and self._cursor.place(rows[0])[0] == cursor:
            return rows[1:]
        return rows

    def _check_order(self, rows: Sequence[RawRow], cursor: str, tie: str, met: _Met) -> None:
        """Keyset paging loses rows where the API does not sort: never in silence."""
        name, key = self._stream.cursor, self._stream.key
        keys = [str(row.get(key)) for row in rows]
        if tie:
            keys.insert(0, tie)
        if name is None:
            misplaced = falling(keys)
        else:
            values = [row.get(name) for row in rows]
            if None in values:
                self._cursor.place(rows[values.index(None)])
            ranks = self._cursor.ranks([cursor, *values] if cursor else values)
            if any(later < earlier for earlier, later in pairwise(ranks)):
                raise Halt(
                    "CON104",
                    f"{self._about}: rows do not come in the order of '{name}'; add the parameter that sorts them "
                    f"(by '{name}', then '{key}') to `read`",
                )
            if cursor and not tie:
                del ranks[0]
            tied = zip(pairwise(ranks), pairwise(keys), strict=True)
            misplaced = any(before == after and falling(two) for (before, after), two in tied)
        if misplaced:
            met.doubts.append(f"rows of one '{name or key}' do not come in the order of '{key}', so some may be missed")

    # All other styles

    def _spans(self, span: _Span, met: _Met) -> Iterator[Page]:
        waiting = [span]
        while waiting:
            span = waiting.pop()
            begun = span.lower
            try:
                yield from self._span(span, met)
            except _TooDeep:
                waiting += [span] if span.lower != begun else self._cut(span)
            except Retry as error:
                middle = self._timed.middle(span.lower, span.upper, error)
                if not met.narrowed:
                    met.narrowed = True
                    self._timed.alive(span.upper)
                if middle:
                    waiting += [_Span(middle, span.upper), _Span(span.lower, middle)]
                elif met.broken >= IN_A_PAGE:
                    raise
                else:
                    page = self._step_over(span.upper, error, met)
                    yield replace(page, at=None if met.moving else page.at)
            except Halt as error:
                if error.code != EXPIRED:
                    raise
                span.restarts = 1 if span.lower != begun else span.restarts + 1
                if span.restarts > _RESTARTS:
                    what = f"{error.message} ({span.restarts} times in one place); make pages larger or windows smaller"
                    raise Halt(EXPIRED, what) from None
                waiting.append(span)
            else:
                if self._windowed and span.upper and not met.moving:
                    yield Page([], Position(span.upper))

    def _span(self, span: _Span, met: _Met) -> Iterator[Page]:
        """Walk a span until it is certain that nothing slipped from page to page, at most a few times."""
        window = self._window(span.lower, span.upper)
        doubt, before, served = "", 0, set[int]()
        for _ in range(_WALKS):
            turn = _Turn()
            yield from self._turn(window, span, turn, served, met)
            doubt = self._doubt(window, span, turn, before)
            if not doubt:
                if turn.newest and not span.upper and not met.moving:
                    yield Page([], Position(turn.newest))
                return
            before = turn.digest
        met.moving = True
        met.doubts.append(doubt)

    def _turn(self, window: dict[str, Json], span: _Span, turn: _Turn, served: set[int], met: _Met) -> Iterator[Page]:
        """All pages once; those that an earlier turn served already are only looked at."""
        read, loops, step, last = self._read, Loops(self._about), self._pager.first(), ""
        while True:
            answered = self._counted.ask(window, step, last)
            last = str(answered.rows[-1].get(self._stream.key)) if answered.rows else last
            if turn.pages == 0:
                turn.total = answered.total
                if read.depth is not None and not read.stable and (answered.total or 0) > read.depth:
                    raise _TooDeep
            if loops.again(answered):
                continue
            rows = answered.rows
            turn.add(answered)
            at = self._progress(rows, span, turn)
            inside = self._inside(rows, span.upper)
            if answered.print not in served:
                served.add(answered.print)
                met.reject(answered.rejects)
                yield Page(inside, at, rejects=answered.rejects)
            if answered.following is None or (read.ordered and len(inside) < len(rows)):
                return
            step = answered.following
            if read.depth is not None and turn.count >= read.depth:
                raise _TooDeep

    def _progress(self, rows: Sequence[RawRow], span: _Span, turn: _Turn) -> Position | None:
        """The position that is certainly complete after these rows; keeps the newest cursor met in the turn.

        Only where nothing can slip from one page to another: elsewhere a window is certain as a whole or not at all.
        """
        cursor, ordered = self._cursor, self._read.ordered
        if not self._windowed or not (ordered or not span.upper):
            return None
        values = [value for row in rows if (value := row.get(str(cursor.name))) is not None]
        if not values:
            return None
        if not ordered:
            top = cursor.canonical(max(values, key=cursor.rank))
            turn.newest = top if cursor.later(top, turn.newest) else turn.newest
            return None
        last = cursor.canonical(values[-1])
        if turn.newest and cursor.later(turn.newest, last):
            raise Halt("CON104", f"{self._about}: rows do not come in the order of '{cursor.name}'; leave `order` out")
        earlier = next((text for value in reversed(values) if (text := cursor.canonical(value)) != last), "")
        safe = earlier or (turn.newest if turn.newest != last else "")
        turn.newest = last
        if not self._read.stable or not safe or not cursor.later(safe, span.lower):
            return None
        if span.upper and cursor.later(safe, span.upper):
            return None
        span.lower = safe
        return Position(safe)

    def _doubt(self, window: dict[str, Json], span: _Span, turn: _Turn, before: int) -> str:
        """Why this turn does not prove the span complete, empty when it does."""
        if turn.pages == 1 or self._read.stable or turn.digest == before:
            return ""
        if self._read.total:
            now = self._pager.total(window)
            if now != turn.total:
                return f"the number of rows went from {turn.total} to {now} while they were read, {_WALKS} times"
            if turn.count == now and span.upper and self._sends_end:
                return ""
        return f"rows moved between pages while they were read, {_WALKS} times"

    def _cut(self, span: _Span) -> list[_Span]:
        """Two spans in place of one, the earlier one on top."""
        middle = self._cursor.middle(span.lower, span.upper)
        if not middle:
            raise Halt(
                "CON106",
                f"{self._about}: more than {self._read.depth} rows between {span.lower or 'the beginning'} and "
                f"{span.upper}, and the API serves no more; read by keyset, or narrow the stream by a parameter",
            )
        return [_Span(middle, span.upper), _Span(span.lower, middle)]

    # Windows

    def _window(self, lower: str, upper: str, tie: str = "") -> dict[str, Json]:
        if not self._windowed:
            return {"after_tie": tie or None}
        after = self._cursor.sent(lower) if lower else self._stream.begin or None
        return {"after": after, "until": self._cursor.sent(upper) if upper else None, "after_tie": tie or None}

    def _inside(self, rows: list[RawRow], upper: str) -> list[RawRow]:
        """Rows of the window; where the API is not told the end, those behind it are left to the next run."""
        if not upper or self._sends_end or not self._windowed:
            return rows
        return [row for row in rows if not self._cursor.beyond(row, upper)]
