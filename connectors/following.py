"""Follows what a system lists by its time of start only and says nothing about later: approvals of an OA.

A position carries what is still open: the start time up to which everything was listed, and what was running then.
Each run first asks for those again, then lists what started since. A start time never changes, so a closed window of it
stands still; pages may be counted off by the server, so a list of several pages is taken until two listings agree.
A system describes itself as a `Trail`; times are whole numbers in its own unit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from connectors.base import PROVEN, Completeness, Page, Pages, Position, RawRow
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http.narrow import is_fault

_LISTINGS = 4
_REPEATS = 3
Detail = RawRow | Reject | Retry


@dataclass(frozen=True, slots=True)
class Trail:
    """How one system lists and shows one kind of thing that starts, runs and ends.

    `list_page` gets both ends of a window (met or not, both are asked for) and a token ("" first) and returns keys and
    the next token ("" at the end). `runs` says whether a row may still change and is asked for again. `alive` is a
    cheap call that fails when the server is down, so that nobody blames a record. `span` is the longest window. A list
    of `most` keys or more may be cut off, so its window is halved (0: no list is); `crowd_code` is for a window that
    cannot be. What started before `oldest` is not listed, as the sentence `horizon` says.
    """

    subject: str
    list_page: Callable[[int, int, str], tuple[list[str], str]]
    detail: Callable[[str], Detail]
    runs: Callable[[RawRow], bool]
    started: Callable[[RawRow], int]
    alive: Callable[[], object]
    span: int
    chunk: int
    threads: int
    follow: int
    loop_code: str
    most: int = 0
    crowd_code: str = ""
    oldest: int = 0
    horizon: str = ""


class Progress:
    """What a position says, and how it grows: `cursor` in the system's unit, tie `step:lower:open`.

    `step` counts up while the cursor stands still, so that positions only ever grow. `lower` is where to list from when
    that is before the cursor. `open` are the keys that run on as a JSON list, or `@` and the oldest start time when
    there are too many to name: everything since then is listed again.
    """

    def __init__(self, start: Position | None, earliest: int = 0) -> None:
        self.base = int(start.cursor or "0") if start else earliest
        step, lower, opened = start.tie.split(":", 2) if start and start.tie else ("0", "", "[]")
        self._step = int(step)
        self.lower = int(lower) if lower else self.base
        self.open: dict[str, int] = {}
        self._since = ""
        if opened.startswith("@"):
            self._since = opened
            self.lower = min(self.lower, int(opened[1:]) - 1)
        else:
            self.open = dict.fromkeys(json.loads(opened), 0)

    def rewound(self, overlap: int) -> Position:
        """The same place, to be listed from `overlap` earlier."""
        lower = max(0, min(self.lower, self.base - overlap))
        opened = self._since or json.dumps(sorted(self.open), separators=(",", ":"))
        return Position(str(self.base), f"{self._step:06d}:{lower}:{opened}")

    def note(self, key: str, found: Detail, trail: Trail) -> None:
        """Keep what runs on, and what could not be served; drop what is over or gone."""
        if isinstance(found, dict) and trail.runs(found):
            self.open[key] = trail.started(found)
        elif not isinstance(found, Retry):
            self.open.pop(key, None)
        else:
            self.open.setdefault(key, 0)

    def reach(self, upper: int) -> None:
        """Everything up to `upper` is listed."""
        if upper > self.base:
            self.base, self._step, self._since = upper, 0, ""

    def position(self, follow: int) -> Position:
        self._step += 1
        return Position(str(self.base), f"{self._step:06d}::{self._since or self._named(follow)}")

    def _named(self, follow: int) -> str:
        known = [at for at in self.open.values() if at]
        if len(self.open) > follow and len(known) == len(self.open):
            return f"@{min(known)}"
        return json.dumps(sorted(self.open), separators=(",", ":"))


def follow(trail: Trail, start: Position | None, end: int, earliest: int) -> Pages:
    """What was open at `start`, then what started since, up to `end`; a first read begins at `earliest`."""
    progress = Progress(start, earliest)
    lower, rejected = max(progress.lower, trail.oldest), 0
    doubts = {trail.horizon} if lower > progress.lower else set[str]()
    before = set(progress.open)
    for keys in _chunks(sorted(progress.open), trail.chunk):
        page = _page(trail, keys, progress)
        rejected += len(page.rejects)
        yield page
    while lower < end:
        upper, listed, stable = _list(trail, lower, min(end, lower + trail.span))
        if not stable:
            doubts.add("a list did not stand still while it was read")
        for keys in _chunks([key for key in listed if key not in before], trail.chunk):
            page = _page(trail, keys, progress)
            rejected += len(page.rejects)
            yield page
        before.update(listed)  # both ends of a window count, so its border is met twice
        lower = upper
        progress.reach(upper)
        yield Page([], progress.position(trail.follow))
    if rejected:
        doubts.add(f"{rejected} of {trail.subject} could not be read")
    return Completeness(False, "; ".join(sorted(doubts))) if doubts else PROVEN


def _list(trail: Trail, first: int, last: int) -> tuple[int, list[str], bool]:
    """Where a window had to end, its keys, and whether the list stood still: something that vanishes shifts the rest
    across a border."""
    seen: list[list[str]] = []
    while len(seen) < _LISTINGS:
        keys, steady = _walk(trail, first, last)
        if trail.most and len(keys) >= trail.most:
            last, seen = first + (last - first) // 2, []
            if last == first:
                raise Halt(trail.crowd_code, f"{trail.subject}: more than {trail.most} started at one time, {first}")
            continue
        if steady or (steady is None and seen and sorted(seen[-1]) == sorted(keys)):
            return last, keys, True
        seen.append(keys)
    return last, list(dict.fromkeys(key for keys in seen for key in keys)), False


def _walk(trail: Trail, first: int, last: int) -> tuple[list[str], bool | None]:
    """All keys of a window, and whether they are all there: True for one page, None when another walk must agree.

    The end is a missing token, not a short page. A page that comes twice, or is empty although more should follow, is
    asked for again; a hollow walk proves nothing, so it gets False.
    """
    keys: dict[str, None] = {}
    token, tokens = "", {""}
    before: list[str] = []
    repeats, hollow = 0, False
    while True:
        page, following = trail.list_page(first, last, token)
        suspect = page == before if page else bool(following)
        if suspect and repeats < _REPEATS:
            repeats += 1
            continue
        if suspect and page:
            raise _loop(trail)
        hollow, repeats = hollow or suspect, 0
        keys.update(dict.fromkeys(page))
        if not following:
            return list(keys), False if hollow else True if len(tokens) == 1 else None
        if following in tokens:
            raise _loop(trail)
        tokens.add(following)
        token, before = following, page


def _loop(trail: Trail) -> Halt:
    return Halt(trail.loop_code, f"{trail.subject}: paging loop: the list does not go on")


def _page(trail: Trail, keys: Sequence[str], progress: Progress) -> Page:
    """These in full; one that the server cannot serve is set aside and asked for again by the next run."""
    found = in_full(keys, trail.detail, trail.alive, trail.threads)
    for key, one in zip(keys, found, strict=True):
        progress.note(key, one, trail)
    page = page_of(keys, found)
    page.at = progress.position(trail.follow)
    return page


def in_full(
    keys: Sequence[str], detail: Callable[[str], Detail], alive: Callable[[], object], threads: int
) -> list[Detail]:
    """What is behind these keys, in their order; raises when it is the server that fails, and no record."""
    with ThreadPoolExecutor(max_workers=threads) as pool:
        found = list(pool.map(detail, keys))
    broken = [error for error in found if isinstance(error, Retry)]
    if broken:
        if len(broken) == len(keys) > 1 or not all(is_fault(error) for error in broken):
            raise broken[0]
        alive()
    return found


def page_of(keys: Sequence[str], found: Sequence[Detail]) -> Page:
    """The rows, and apart from them what could not be had."""
    page = Page([])
    for key, one in zip(keys, found, strict=True):
        if isinstance(one, dict):
            page.rows.append(one)
        else:
            page.rejects.append((key, Reject(one.code, one.message)))
    return page


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
