"""The conformance suite finds what it looks for: a shop that keeps every promise passes, each broken one is told."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import Field, SecretStr

from connectors.base import (
    PROVEN,
    Answer,
    Completeness,
    ConnectorConfig,
    Context,
    Lookup,
    Page,
    Pages,
    Position,
    RawRow,
    Reader,
    Stream,
    Window,
    Write,
    Writer,
    WriteResult,
)
from connectors.testkit import KeptTokens, Nonconformance, Peer, checks, hold
from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors.rig import NOON

_HTTP = HttpFactory(FrozenClock(NOON))
KEY = "open-sesame-1234"
POISON = "F27 one record breaks every page it is on"


class TestkitConfig(ConnectorConfig):
    """A shop in memory."""

    __test__ = False
    page_size: int = Field(100, description="rows per page")
    key: SecretStr = Field(SecretStr(KEY), description="what opens the shop")


class Shop:
    """What the connector speaks to: rows by key, and the one fault that waits."""

    def __init__(self, broken: str) -> None:
        self.broken = broken
        self.rows: dict[str, dict[str, Any]] = {}
        self.now, self.tokens, self.refused, self.calls = 0, 0, 0, 0
        self.signed_in = False
        self.fault, self.lasting = "", False
        self.poisoned: set[str] = set()
        self.bad_pages = 0

    def trip(self) -> str:
        """A call: the fault that hits it, if one waits."""
        self.calls += 1
        fault = self.fault
        if not self.lasting:
            self.fault = ""
        return fault


class Sold(Reader[TestkitConfig], Writer[TestkitConfig], Lookup[TestkitConfig]):
    kind = "test_testkit"
    config_model = TestkitConfig
    questions: ClassVar[Mapping[str, tuple[str, ...]]] = {"owner": ("name",)}
    shop: Shop

    @property
    def streams(self) -> Mapping[str, Stream]:
        external = None if self.shop.broken == "no id" else "external"
        return {"thing": Stream("thing", key="id", cursor="at", writable=True, external_id=external, write_batch=10)}

    def probe(self) -> str:
        if self.shop.broken == "says it aloud":
            print(f"signing in with {KEY}", file=sys.stderr)
        self.shop.refused += self.shop.broken == "limits"
        signed_in, self.shop.signed_in = self.shop.signed_in, True
        self.shop.tokens += not signed_in or self.shop.broken == "tokens"
        if self.shop.broken == "renewals" and self.shop.tokens > 1:
            self.shop.tokens += 1
        if self.shop.trip() == "unavailable":
            raise Retry("CON002", f"closed; the key was {KEY if self.shop.broken == 'secret' else '...'}")
        return "open"

    def bound(self, stream: Stream) -> str | None:
        return f"{self.shop.now:06}"

    def read(self, stream: Stream, window: Window) -> Pages:
        shop, size = self.shop, self.config.page_size
        at = window.start or Position("", "")
        first, left_out = True, False
        while True:
            if shop.trip():
                if shop.broken == "storms" and shop.lasting:
                    shop.calls += 1000
                if shop.broken == "gives up silently":
                    return PROVEN
                if shop.broken == "skips" and at.cursor:
                    at = Position(f"{int(at.cursor) + size:06}", "")
                elif shop.broken == "rejects":
                    raise Reject("CON012", "a row?")
                elif shop.broken != "bears it" or shop.lasting:
                    raise Retry("CON002", "closed for a moment")
            beyond = [
                row for row in sorted(shop.rows.values(), key=lambda row: (row["at"], row["id"]))
                if (row["at"], row["id"]) > tuple(at) and row["at"] <= (window.end or "~")
            ]  # fmt: skip
            if shop.broken == "loses one" and first:
                beyond = beyond[1:]
            rows = [dict(row) for row in beyond[:size]]
            if shop.poisoned & {row["id"] for row in rows}:
                at = Position(rows[-1]["at"], rows[-1]["id"])
                yield self._without(rows, at)
                left_out = shop.broken not in ("tells nobody", "whole all the same")
                continue
            if not rows and left_out:
                return Completeness(False, "one record could not be read")
            if not rows:
                reason = "" if shop.broken == "no reason" else "nobody counted"
                return Completeness(False, reason) if shop.broken in ("no reason", "unproven") else PROVEN
            at = Position(rows[-1]["at"], rows[-1]["id"])
            if shop.broken == "floats":
                rows[0]["price"] = 0.1
            if shop.broken == "doubles" and first:
                rows.append(rows[0])
            if shop.broken == "invents":
                rows.append({"id": "nowhere", "at": "0"})
            first = False
            yield Page(rows, Position("", "") if shop.broken == "no position" else at)

    def _without(self, rows: list[dict[str, Any]], at: Position) -> Page:
        """The page without the records that break it, which are told by their place."""
        broken = self.shop.broken
        bad = [number for number, row in enumerate(rows) if row["id"] in self.shop.poisoned]
        self.shop.bad_pages += 1
        if broken == "stops at the second page" and self.shop.bad_pages > 1:
            raise Retry("CON013", "500")
        if broken == "stops at poison" or (broken == "stops at two" and len(bad) > 1):
            raise Retry("CON013", "500")
        places = ["" if broken == "nameless" else f"{rows[0]['at']} +{number}" for number in bad]
        if broken in ("tells nobody", "tells of one"):
            places = places[: broken == "tells of one"]
        kept = [row for row in rows if row["id"] not in self.shop.poisoned and broken != "drops the page"]
        if broken == "takes the one behind" and len(bad) > 1:
            kept = kept[: bad[0]]
        return Page(kept, at, rejects=[(place, Reject("CON013", "it breaks its page")) for place in places])

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        shop, fault = self.shop, self.shop.trip()
        if fault == "unavailable":
            raise Retry("CON002", "closed for a moment")
        results = []
        for write in batch:
            if write.values.get("bad"):
                if shop.broken == "all or nothing":
                    raise Reject("CON012", "not like this")
                if shop.broken == "takes anything":
                    shop.rows[write.external_id] = {"id": write.external_id, "at": "0", "external": write.external_id}
                results.append(WriteResult(write.external_id, "rejected", code="CON012", message="not like this"))
                continue
            known = {} if shop.broken == "forgets" else self.read_back(stream, [write.external_id])
            key = str(known[write.external_id]["id"]) if known else f"k{len(shop.rows)}"
            shop.rows[key] = {"id": key, "at": f"{shop.now:06}", "external": write.external_id}
            results.append(WriteResult(write.external_id, "written", None if shop.broken == "no key" else key))
        if fault == "lost":
            if shop.broken == "lost is refused":
                return [WriteResult(write.external_id, "rejected", code="CON012") for write in batch]
            raise OutcomeUnknown("CON005", "no answer came")
        return results[:-1] if shop.broken == "short answer" else results

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> dict[str, RawRow]:
        if self.shop.broken == "blind":
            return {}
        return {row["external"]: row for row in self.shop.rows.values() if row.get("external") in external_ids}

    def ask(self, question: str, terms: Mapping[str, str]) -> Answer:
        if self.shop.trip():
            if self.shop.broken == "takes a fault for no":
                return Answer(False, "owner", reason="no such name")
            raise Retry("CON002", "closed for a moment")
        if terms["name"] == "nobody":
            return Answer(False, "owner", reason="" if self.shop.broken == "speechless" else "no such name")
        return Answer(True, "owner", key="" if self.shop.broken == "keyless" else "1", row={"name": "甲"})


class ShopPeer(Peer):
    kind = Sold
    stream = "thing"
    read_faults = frozenset({"unavailable", "html", "poison"})
    write_faults = frozenset({"lost", "unavailable"})
    secrets = (KEY,)
    question = ("owner", {"name": "somebody"}, {"name": "nobody"})

    def __init__(self, broken: str = "") -> None:
        self.shop = Shop(broken)

    def connect(self, store: TokenStore, **settings: Any) -> Sold:
        clock = FrozenClock(NOON)
        config = TestkitConfig.model_validate({"connector": "test_testkit", **settings})
        made = Sold(config, Context("shop", _HTTP, store, clock))
        made.shop = self.shop
        return made

    def keys(self) -> list[str]:
        return list(self.shop.rows)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.shop.now += 1
            key = f"k{len(self.shop.rows):03}"
            self.shop.rows[key] = {"id": key, "at": f"{self.shop.now:06}"}

    def edit(self, key: str) -> None:
        self.shop.now += 1
        self.shop.rows[key]["at"] = f"{self.shop.now:06}"

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        self.shop.fault, self.shop.lasting = kind, options.get("count", 1) is None

    def poison(self, key: str) -> None:
        self.shop.poisoned.add(key)

    def expire_tokens(self) -> None:
        self.shop.signed_in = False

    def calls(self) -> int | None:
        return self.shop.calls

    def pass_time(self, seconds: float) -> None:
        if self.shop.lasting:
            self.shop.fault = ""

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write("create", f"g{number}", {"bad": bad})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("external") == external_id for row in self.shop.rows.values())

    def token_calls(self) -> int | None:
        return self.shop.tokens

    def refused_calls(self) -> int | None:
        return self.shop.refused


def failed(broken: str = "", only: str = "") -> dict[str, str]:
    """Check -> what it said, for those that did not hold."""
    found = {}
    for name, check in checks(ShopPeer):
        if only not in ("", name):
            continue
        try:
            hold(lambda: ShopPeer(broken), check)
        except Nonconformance as error:
            found[name] = str(error)
    return found


def test_a_secret_in_the_log_is_told() -> None:
    with pytest.raises(Nonconformance, match="1 of 1 secrets stand in the log"):
        hold(ShopPeer, lambda _: print(f"key={KEY}", file=sys.stderr))
    hold(ShopPeer, lambda _: print("key=..."))


@pytest.mark.parametrize("kept", ["", "bears it", "unproven"])
def test_a_shop_that_keeps_its_promises_passes(kept: str) -> None:
    assert failed(kept) == {}
    assert len(list(checks(ShopPeer))) == 23


@pytest.mark.parametrize(
    ("broken", "check", "told"),
    [
        ("loses one", "reads every row once", "missed k000"),
        ("invents", "reads every row once", "what is not there: nowhere"),
        ("doubles", "reads every row once", "delivered twice"),
        ("floats", "reads every row once", "rounded to floats: price"),
        ("no reason", "reads every row once", "unproven without a reason"),
        ("skips", "F28 the server is down for a moment", "a run that says it is complete left out k003, k004"),
        ("gives up silently", "F28 the server is down for a moment", "a run that says it is complete left out k003"),
        ("rejects", "F28 the server is down for a moment", "which only writing may"),
        ("no id", "says what it is", "neither external_id nor natural_key"),
        ("no key", "writes once and reads back", "without the target's own key"),
        ("blind", "writes once and reads back", "read_back does not find g0, g1, g2"),
        ("short answer", "writes once and reads back", "3 writes, 2 results: g2"),
        ("forgets", "a write that is repeated makes no second row", "rows per record should be one"),
        ("all or nothing", "one refused record does not stop the others", "took 2 others with it"),
        ("takes anything", "one refused record does not stop the others", "there all the same"),
        ("blind", "F1 the write happens and its answer is lost", ""),
        ("lost is refused", "F1 the write happens and its answer is lost", "taken for a bad record"),
        ("speechless", "answers, and says when there is no answer", "needs found=False and a reason"),
        ("keyless", "answers, and says when there is no answer", "no row or key"),
        ("tokens", "many threads share one token", "8 threads asked for 8 tokens"),
        ("renewals", "many threads share one token", "tokens when theirs had died"),
        ("limits", "stays within the vendor's limits", "60 calls broke"),
        ("limits", "keeps its secrets", "calls broke the vendor's limit"),
        ("storms", "gives up in time", "1001 calls to a system under 'unavailable'"),
        ("gives up silently", "gives up in time", "under 'unavailable' that stays it ended in NoneType"),
        ("stops at poison", f"{POISON}: the middle", "a bad record stops the stream"),
        ("stops at two", f"{POISON}: two next to each other", "a bad record stops the stream"),
        ("stops at the second page", f"{POISON}: the first and the last", "a bad record stops the stream"),
        ("takes the one behind", f"{POISON}: two next to each other", "with what is bad k005 did not come"),
        ("tells of one", f"{POISON}: two next to each other", "2 records cannot be read, and 1 of them are told"),
        ("drops the page", f"{POISON}: the middle", "with what is bad k003, k005 did not come"),
        ("tells nobody", f"{POISON}: the first", "nobody is told"),
        ("nameless", f"{POISON}: the last", "without a key or a place"),
        ("whole all the same", f"{POISON}: the middle", "does not know what it left out"),
        ("takes a fault for no", "F28 the server is down for a moment, asking", "the answer is 'no such thing'"),
        ("says it aloud", "keeps its secrets", "1 of 1 secrets stand in the log"),
        ("secret", "keeps its secrets", "1 of 1 secrets"),
    ],
)
def test_a_broken_promise_is_told(broken: str, check: str, told: str) -> None:
    assert told in failed(broken, check)[check]


def test_a_kill_that_loses_its_place_is_told() -> None:
    assert "a later run meets only what is new" not in failed("no position")


def test_what_a_connector_says_of_itself_is_looked_at() -> None:
    class Silent(ConnectorConfig):
        depth: int = 1

    class Odd(Sold):
        kind = "elsewhere"
        config_model: ClassVar[type[ConnectorConfig]] = Silent

    class OddPeer(ShopPeer):
        kind = Odd

    (_, check), *_ = checks(OddPeer)
    with pytest.raises(
        Nonconformance, match=r"kind is 'elsewhere', but its class lives in tests\.connectors\.test_testkit"
    ):
        check(OddPeer())
    Odd.kind = "test_testkit"
    with pytest.raises(Nonconformance, match="settings without a description: depth"):
        check(OddPeer())


def test_tokens_are_kept_as_the_state_keeps_them() -> None:
    kept = KeptTokens()
    assert kept.load("shop", "token") is None
    kept.save("shop", "token", {"value": "t"})
    assert kept.load("shop", "token") == {"value": "t"}
    with pytest.raises(TypeError):
        kept.save("shop", "token", Misconfigured)
