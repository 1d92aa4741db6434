"""Tryton: a real server, with one clock for its rows and for us; the network in between is what breaks.

The server gives rows the time of this machine. Afterwards the peer writes the time of the test's clock into its
database, so that rows are as old as they claim and nobody has to wait.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import Connector, Context, Write
from connectors.testkit import Peer
from connectors.tryton import Tryton
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS
from tests.conformance.wire import BreakingWire
from tests.connectors.rig import NOON
from tests.tryton_server import DATABASE, PASSWORD, USER, NotInstalled, TrytonServer, ready

_PARTY = "party.party"
_left = ExitStack()


@cache
def server() -> TrytonServer:
    """One server for all checks of a process."""
    folder = _left.enter_context(tempfile.TemporaryDirectory())
    return _left.enter_context(TrytonServer(Path(folder)))


def end() -> None:
    """Put the server away, if there is one."""
    _left.close()
    server.cache_clear()


@cache
def _missing() -> str:
    try:
        ready()
    except NotInstalled as error:
        return str(error)
    return ""


class TrytonPeer(Peer):
    kind = Tryton
    stream = "party"
    read_faults = ALL_READ_FAULTS - {"duplicate_page", "short_page", "poison"}
    write_faults = ALL_WRITE_FAULTS
    cannot: ClassVar = {
        "duplicate_page": "a real server answers, and serves no page twice",
        "short_page": "a real server answers, and serves no short page",
        "poison": "a real server answers, and no record of it breaks a page",
    }
    secrets = (PASSWORD,)
    small_pages: ClassVar = {"page_size": 3, "overlap_s": 0.0}

    @classmethod
    def lacking(cls) -> str:
        return _missing()

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.server = server()
        self.wire = BreakingWire()
        self.count = 0
        self.logins = 0
        if ids := self._ids():
            self.server.call(f"{_PARTY}.delete", ids)

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        entry = {"connector": "tryton", "base_url": self.server.url, "database": DATABASE, "user": USER}
        config = Tryton.config_model.model_validate({**entry, "password": PASSWORD, **settings})
        http = HttpFactory(self.clock, self.wire, draw=lambda: 0.5)
        return Tryton(config, Context("erp", http, store, self.clock))

    def keys(self) -> list[str]:
        return [str(id) for id in self._ids()]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            made = self.server.call(f"{_PARTY}.create", [{"name": f"示例{self.count:04d}号有限公司"}])
            self._date(made, self.clock.now())
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.server.call(f"{_PARTY}.write", [int(key)], {"name": "改"})
        self._date([int(key)], self.clock.now())

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        """A probe counts, a read searches, a write creates: the method in the body tells them apart."""
        rows = int(options.pop("rows", 1))
        word = f'"model.{_PARTY}.create"' if write else f'"model.{_PARTY}.search'
        if not write and options.get("count", 1) is not None:
            word += "_read"
        before: Callable[[], None] | None = {
            "edit": lambda: self._edit_all(self.keys()[:rows]),
            "tie": lambda: self._date(self._ids()[-rows:], self.clock.now()),
            "expire": self.server.forget_sessions,
        }.get(kind)
        self.wire.fault(kind, word, before, **options)

    def _edit_all(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.edit(key)

    def expire_tokens(self) -> None:
        self.server.forget_sessions()

    def new(self, number: int, *, bad: bool = False) -> Write:
        address = {"country": "XX"} if bad else {}
        return Write("create", f"g{number}", {"name": f"新建{number}有限公司", **address})

    def rows_of(self, external_id: str) -> int:
        return len(self.server.call(f"{_PARTY}.search", [["code", "=", external_id]], 0, None, None))

    def token_calls(self) -> int | None:
        return sum("common.db.login" in body for body in self.wire.sent)

    def calls(self) -> int | None:
        return self.wire.calls

    def _ids(self) -> list[int]:
        found: list[int] = self.server.call(f"{_PARTY}.search", [], 0, None, [["id", "ASC"]])
        return found

    def _date(self, ids: Sequence[int], at: datetime) -> None:
        """The time of these parties, as the database keeps it."""
        text = at.replace(tzinfo=None).isoformat(" ")
        with self.server._database() as conn:
            for id in ids:
                conn.execute("UPDATE party_party SET create_date = ?, write_date = ? WHERE id = ?", (text, text, id))
            conn.commit()
