"""Settings of a webhook, what it makes of events, and how it reads them: the newest version of each key, once."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Position
from connectors.webhook.call import Call, Opened
from connectors.webhook.event import Router, rank
from connectors.webhook.markup import DEPTH, Malformed, read_xml
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.state.engine import Store
from goldbridge.state.inbox import Inbox
from tests.connectors.rig import outcome
from tests.connectors.webhook_desk import AES_KEY, HMAC, SECRET, SIGNATURES, body, door, read, webhook


def event(made: Any, content: bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Router(made.config).event(Call("POST", named, {}, content), Opened(content, stamp="1"))


def keep(made: Any, inbox: Inbox, *contents: bytes) -> None:
    for content in contents:
        found = event(made, content)
        inbox.put("shop", found.id, found.parts)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"listen": "0.0.0.0:8470"}, "listen: 0.0.0.0 can be reached from other machines"),
        ({"listen": "10.1.2.3:8470"}, "or say `tls: proxy` when one stands before this address"),
        ({"listen": "example.com:8470"}, "'example.com:8470' is not an address and a port, e.g. 127.0.0.1:8470"),
        ({"listen": "127.0.0.1:99999"}, "is not an address and a port"),
        ({"path": "crm"}, "path 'crm' must start with '/'"),
        ({"streams": {}}, "name what the events are: `streams`, `hints` or both"),
        ({"streams": {"a": {"key": "id", "version": "v", "event_version": "t"}}}, "say `version`"),
        ({"hints": {"h": {"stream": "account"}}}, "pattern"),
        ({"signature": {"style": "none"}}, "'hmac', 'token', 'feishu'"),
        ({"signature": {"style": "hmac", "secret": SECRET}}, "'header' is missing for style hmac"),
        ({"signature": {**HMAC, "query": "k"}}, "'query' has no meaning for style hmac"),
        ({"signature": {**HMAC, "owner": "x"}}, "'owner' has no meaning for style hmac"),
        ({"signature": {**HMAC, "signed": "{body}"}}, "a time that is not signed proves nothing"),
        ({"signature": {**HMAC, "signed": "{timestamp}"}}, "without {body} anybody can change what was sent"),
        ({"signature": {**HMAC, "signed": "{time}.{body}"}}, "unknown {time}"),
        ({"signature": {**HMAC, "signed": "{id}.{timestamp}.{body}"}}, "{id} needs `id_header`"),
        ({"signature": {**HMAC, "secret_form": "base64", "secret": "?"}}, "this is no base64 text"),
        ({"signature": {**SIGNATURES["wecom"], "aes_key": AES_KEY[1:]}}, "the key has 43 letters and digits"),
        ({"signature": {"style": "token", "secret": SECRET, "header": "A", "query": "b"}}, "not both"),
        (
            {"signature": {**HMAC, "timestamp_header": "", "timestamp_prefix": "t="}},
            "timestamp_prefix: needs `separator`",
        ),
    ],
)
def test_a_mistake_in_the_settings_has_one_clear_message(
    clock: FrozenClock, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        webhook(None, clock, **changes)
    assert len(caught.value.errors()) == 1
    assert said in str(caught.value.errors()[0]["msg"])
    assert SECRET not in str(caught.value.errors()[0]["msg"])


def test_where_it_listens(clock: FrozenClock) -> None:
    assert webhook(None, clock).url == "http://127.0.0.1:8470"
    assert webhook(None, clock).path == "/shop"
    assert webhook(None, clock, listen="0.0.0.0:8443", tls="proxy", path="/in").url == "http://127.0.0.1:8443"
    assert webhook(None, clock, listen="[::1]:8443").url == "http://[::1]:8443"


def test_con355_without_a_state_there_is_no_inbox(clock: FrozenClock) -> None:
    assert outcome(lambda: webhook(None, clock).bound(webhook(None, clock).streams["order"])) == (Halt, "CON355")


def test_con356_the_probe_asks_the_receiver(clock: FrozenClock, sqlite_store: Store) -> None:
    with door(Inbox(sqlite_store), clock) as here:
        port = here.url.rpartition(":")[2]
        made = webhook(None, clock, listen=f"127.0.0.1:{port}")
        assert made.probe() == f"the receiver listens at {here.url}/shop"
        other = webhook(None, clock, listen=f"127.0.0.1:{port}", path="/other")
        assert outcome(other.probe) == (Misconfigured, "CON356")
    assert outcome(made.probe)[0] is Retry


def test_an_event_of_several_records_is_a_part_each(clock: FrozenClock) -> None:
    made = webhook(None, clock)
    found = event(made, body("e1", {"id": "A", "rev": 1}, {"id": 20026800000000000001, "rev": 2}))
    assert found.id == "e1"
    assert [(one.kind, one.key) for one in found.parts] == [("record", "A"), ("record", "20026800000000000001")]
    assert [one.content["body"]["data"] for one in found.parts] == [
        [{"id": "A", "rev": 1}],
        [{"id": "20026800000000000001", "rev": 2}],
    ]
    assert {one.content["body"]["type"] for one in found.parts} == {"order.updated"}


def test_hints_conditions_and_what_nobody_waits_for(clock: FrozenClock) -> None:
    made = webhook(
        None,
        clock,
        id=["header:X-Delivery"],
        headers=["X-Kind"],
        streams={"order": {"key": "id", "when": {"header:X-Kind": ["order*"]}}},
        hints={"account": {"stream": "crm.account", "key": "object.id", "when": {"object.type": ["account", "true"]}}},
    )
    order = event(made, b'{"id": "A"}', x_delivery="d1", x_kind="order.created")
    assert (order.id, order.parts[0].kind, order.parts[0].stream) == ("d1", "record", "order")
    assert order.parts[0].content == {"body": {"id": "A"}, "headers": {"X-Kind": "order.created"}}
    (hint,) = event(made, b'{"object": {"type": "account", "id": 7}}', x_kind="touch").parts
    assert (hint.kind, hint.stream, hint.key) == ("hint", "crm.account", "7")
    (other,) = event(made, b'{"object": {"type": "contact"}}', x_kind="touch").parts
    assert other.kind == "unclaimed"
    assert Router(made.config).route(other.content) == [other]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"data": [{"id": "A"', "line 1 column 21"),
        (b"id=A", "line 1 column 1"),
        (b'"text"', "neither an object nor a list"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b"", "line 1 column 1"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_con353_a_body_that_cannot_be_read_says_where(clock: FrozenClock, content: bytes, where: str) -> None:
    found = event(webhook(None, clock), content)
    assert where in found.garbled
    (part,) = found.parts
    assert (part.kind, part.stream) == ("problem", "order")
    assert part.problem.startswith("CON353 event ")
    assert where in part.problem


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({"rev": 1}, "data[0] has no key 'id'"),
        ({"id": None, "rev": 1}, "data[0] has no key 'id'"),
        ({"id": "", "rev": 1}, "data[0] has no key 'id'"),
        ({"id": {"a": 1}, "rev": 1}, "data[0] has no key 'id'"),
        ({"id": "A" * 501, "rev": 1}, "longer than 500"),
        ({"id": "A\0", "rev": 1}, "holds a NUL"),
        ({"id": "A"}, "'rev' of data[0] is neither a number nor a time"),
        ({"id": "A", "rev": "soon"}, "'rev' of data[0] is neither a number nor a time"),
        ("A", "there is no record at data[0]"),
    ],
)
def test_con354_a_record_without_its_place_is_set_aside_alone(
    clock: FrozenClock, sqlite_store: Store, record: Any, where: str
) -> None:
    inbox = Inbox(sqlite_store)
    made = webhook(inbox, clock)
    keep(made, inbox, body("e1", record, {"id": "B", "rev": 1}))
    rows, rejects, _ = read(made)
    assert rows == [{"id": "B", "rev": 1}]
    ((key, error),) = rejects
    assert (key, error.code) == ("e1/0", "CON354")
    assert where in error.message


def test_ids_fall_back_to_what_makes_a_call_unlike_others(clock: FrozenClock) -> None:
    made, content = webhook(None, clock, id=[]), b'{"data": []}'
    router, call = Router(made.config), Call("POST", {}, {}, content)
    first = router.event(call, Opened(content, stamp="1700000000")).id
    assert router.event(call, Opened(content, stamp="1700000000")).id == first
    assert router.event(call, Opened(content, stamp="1700000001")).id != first
    assert router.event(call, Opened(content)).id != router.event(call, Opened(content)).id
    whole = Router(webhook(None, clock, id=["nowhere", "*"]).config)
    assert whole.event(call, Opened(content)).id == whole.event(call, Opened(content, stamp="2")).id


def test_an_empty_list_of_records_is_nothing(clock: FrozenClock) -> None:
    assert [one.kind for one in event(webhook(None, clock), body("e1")).parts] == ["unclaimed"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (1, 2),
        (9, 10),
        ("9", "10"),
        ("1.05", "1.5"),
        (1700000000000, 1700000000001),
        ("99999999999999999999", "100000000000000000000"),
        ("2026-03-01 08:00:00", "2026-03-01 08:00:01"),
        ("2026-03-01T08:00:00+08:00", "2026-03-01T00:00:01Z"),
    ],
)
def test_versions_rank_by_size_or_by_moment(older: Any, newer: Any) -> None:
    assert "" < rank(older, "Asia/Shanghai") < rank(newer, "Asia/Shanghai")


@pytest.mark.parametrize("none", [None, True, "", "x", "1.25e0", -1, [1], {}])
def test_what_has_no_rank_is_no_version(none: Any) -> None:
    assert rank(none, "UTC") == ""


def test_of_each_key_the_newest_is_read_once_and_an_older_one_never_wins(clock: FrozenClock, store: Store) -> None:
    inbox = Inbox(store)
    made = webhook(inbox, clock, page_size=2)
    keep(made, inbox, body("e1", {"id": "A", "rev": 1}), body("e2", {"id": "A", "rev": 3}, {"id": "B", "rev": 1}))
    keep(made, inbox, body("e3", {"id": "A", "rev": 2}))
    rows, _, at = read(made)
    assert rows == [{"id": "A", "rev": 3}, {"id": "B", "rev": 1}]
    assert read(made, at) == ([], [], at)
    keep(made, inbox, body("e4", {"id": "A", "rev": 2, "late": "yes"}), body("e5", {"id": "B", "rev": 1, "same": "1"}))
    rows, _, at = read(made, at)
    assert rows == [{"id": "B", "rev": 1, "same": "1"}]
    keep(made, inbox, body("e6", {"id": "B", "rev": 2}, type="order.deleted"), body("e7", {"id": "B", "rev": 1}))
    rows, _, at = read(made, at)
    assert rows == ["B"], "deleted, and not risen again by what came late"


def test_events_of_other_streams_and_systems_move_the_position_on(clock: FrozenClock, sqlite_store: Store) -> None:
    inbox = Inbox(sqlite_store)
    streams = {name: {"key": "id", "when": {"type": [name]}} for name in ("a", "b")}
    made = webhook(inbox, clock, streams=streams, id=[])
    for number in range(3):
        keep(made, inbox, json.dumps({"id": number, "type": "a"}).encode())
    assert read(made, stream="b") == ([], [], Position(str(inbox.last("shop"))))
    assert [row["id"] for row in read(made, stream="a")[0]] == [0, 1, 2]


def test_a_record_whose_place_was_changed_since_is_told(clock: FrozenClock, sqlite_store: Store) -> None:
    inbox = Inbox(sqlite_store)
    keep(webhook(inbox, clock), inbox, body("e1", {"id": "A", "rev": 1}))
    moved = webhook(inbox, clock, streams={"order": {"records": "items", "key": "id"}})
    _, ((key, error),), _ = read(moved)
    assert (key, error.code) == ("A", "CON354")
    assert "no longer at items" in error.message


def test_backfill_goes_by_the_day_of_arrival(clock: FrozenClock, sqlite_store: Store) -> None:
    inbox = Inbox(sqlite_store)
    made = webhook(inbox, clock, zone="Asia/Shanghai")
    for day in range(3):  # 16:00 of the 1st, 2nd and 3rd in Shanghai
        keep(made, inbox, body(f"e{day}", {"id": f"K{day}", "rev": 1}))
        clock.advance(86_400)
    window = made.slice(made.streams["order"], "2026-03-02", "2026-03-02")
    pages = list(made.read(made.streams["order"], window))
    assert [row["id"] for page in pages for row in page.rows] == ["K1"]
    everything = made.slice(made.streams["order"], None, None)
    assert (everything.start, everything.end) == (None, None)


def test_a_backfill_does_not_bring_back_an_older_version(clock: FrozenClock, sqlite_store: Store) -> None:
    inbox = Inbox(sqlite_store)
    made = webhook(inbox, clock)
    keep(made, inbox, body("e1", {"id": "A", "rev": 1}))
    clock.advance(86_400)
    keep(made, inbox, body("e2", {"id": "A", "rev": 2}))
    window = made.slice(made.streams["order"], "2026-03-01", "2026-03-01")
    assert [row for page in made.read(made.streams["order"], window) for row in page.rows] == []


COUNT = itertools.count()
CHANGES = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 6)), min_size=1, max_size=14)


@given(CHANGES, st.sets(st.integers(0, 14), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_f73_whatever_the_order_the_repeats_and_the_runs_the_newest_version_stays(
    sqlite_store: Store, changes: list[tuple[str, int]], runs: set[int], chance: Any
) -> None:
    """A target that keeps the last row it was given ends at each key's newest version, and never goes back."""
    clock = FrozenClock(sqlite_store.clock.now())
    inbox, system = Inbox(sqlite_store), f"shop{next(COUNT)}"
    made = webhook(inbox, clock, system)
    order = [*changes, *chance.sample(changes, len(changes) // 2)]
    chance.shuffle(order)
    target: dict[str, int] = {}
    at = Position(made.bound(made.streams["order"]) or "0")

    def run() -> None:
        nonlocal at
        rows, _, end = read(made, at)
        for row in rows:
            assert row["rev"] >= target.get(row["id"], -1)
            target[row["id"]] = row["rev"]
        at = end or at

    for number, (key, version) in enumerate(order):
        found = event(made, body(f"{key}{version}", {"id": key, "rev": version}))
        inbox.put(system, found.id, found.parts)
        if number in runs:
            run()
    run()
    assert target == {key: max(v for k, v in changes if k == key) for key in {k for k, _ in changes}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<xml><A>1</A><B><![CDATA[甲&<]]></B></xml>", {"A": "1", "B": "甲&<"}),
        ("<xml><A>1</A><A>2</A><A/></xml>", {"A": ["1", "2", ""]}),
        ("<xml><L><I><N>x</N></I></L></xml>", {"L": {"I": {"N": "x"}}}),
        ("<xml/>", {}),
    ],
)
def test_xml_as_a_document(text: str, found: dict[str, Any]) -> None:
    assert read_xml(text.encode()) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>', "a document type is not taken"),
        ("<xml><A></xml>", "line 1, column 11: mismatched tag"),
        ("<a>" * (DEPTH + 1), f"more than {DEPTH} elements deep"),
        ("", "no element found"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "encoding"),
    ],
)
def test_xml_that_is_refused(text: str, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_xml(text.encode())
