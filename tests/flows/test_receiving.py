"""Events become records: from the door through the inbox into the landing store, and flows that run early for them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from flows.hub import Hub
from flows.receiving import Receiving, send
from flows.runner import Options, run_flow
from flows.status import Door, doors
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.state import dead, landing
from tests.flows.bench import Bench, row

MAPPING = """
mapping: shop.customer
target: party
key: id
fields:
  name: {from: name, via: [blank, organisation], required: true}
  role: {value: customer}
drop: [rev]
"""
SHOP = """
  shop:
    connector: webhook
    listen: 127.0.0.1:%d
    signature: {style: hmac, secret: {secret: SHOP_SECRET}, header: X-Signature}
    id: [event]
    settle_s: 0
    keep_days: 2
    streams:
      customer: {when: {type: ["customer.*"]}, records: data, key: id, version: rev, gone: {type: [customer.deleted]}}
    hints:
      account: {when: {type: [account]}, stream: crm.account, key: account}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


@pytest.fixture
def shop(bench: Bench) -> Bench:
    """The bench with a webhook beside its two sources."""
    return with_shop(bench)


@pytest.fixture
def sqlite_shop(sqlite_bench: Bench) -> Bench:
    return with_shop(sqlite_bench)


def with_shop(bench: Bench) -> Bench:
    with (bench.root / "config/sources.yaml").open("a", encoding="utf-8") as file:
        file.write(SHOP % free_port())
    with (bench.root / "config/secrets.env").open("a", encoding="utf-8") as file:
        file.write("SHOP_SECRET=secret-of-the-shop\n")
    bench.write("mappings/shop/customer.yaml", MAPPING)
    bench.edit("flows.yaml", "parties:", "customers: {ingest: shop.customer}\n  parties:")
    return bench


class Open:
    """A hub whose webhooks listen, and the flows that were woken."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.woken: list[str] = []
        self.receiving = Receiving(hub, self.early)

    def early(self, flows: Sequence[str], seconds: float) -> None:
        self.woken += flows

    def send(self, event: str, type: str = "customer.updated", *records: dict[str, Any], **more: Any) -> int:
        body = json.dumps({"event": event, "type": type, "data": list(records), **more}).encode()
        return send(self.hub.connections.get("shop"), body, {}).status  # type: ignore[arg-type]

    def run(self, flow: str, **options: Any) -> Any:
        return run_flow(self.hub, flow, options=Options(**options))

    def door(self) -> Door:
        with self.hub.store.read() as conn:
            (found,) = doors(self.hub, conn)
        return found

    def landed(self) -> dict[str, Any]:
        with self.hub.store.read() as conn:
            found = landing.scan_all(conn)
            return {one.key: (one.canonical or {}).get("name") for one in found if one.system == "shop"}


@contextmanager
def open_door(bench: Bench) -> Iterator[Open]:
    with bench.hub() as hub:
        opened = Open(hub)
        with opened.receiving:
            yield opened


def customer(key: str, name: str, rev: int) -> dict[str, Any]:
    return {"id": key, "name": name, "rev": rev}


def test_f73_lost_doubled_out_of_order_and_forged_events(shop: Bench) -> None:
    with open_door(shop) as here:
        assert here.send("e1", "customer.created", customer("A", "杭州甲机械有限公司", 1)) == 200
        assert here.send("e3", "customer.updated", customer("A", "杭州丙机械有限公司", 3)) == 200
        assert here.send("e2", "customer.updated", customer("A", "杭州乙机械有限公司", 2)) == 200
        assert here.send("e3", "customer.updated", customer("A", "杭州丙机械有限公司", 3)) == 200
        assert here.woken == ["customers"] * 3
        assert here.door().waiting == {"customer": 3}
        url = here.receiving.addresses[0]
        assert httpx.post(url, content=b"{}", headers={"X-Signature": "0" * 64}).status_code == 401
        done = here.run("customers")
        assert (done.counters.read, done.counters.applied) == (1, 1)
        assert done.completeness.startswith("unproven: events can be lost on their way")
        assert here.landed() == {"A": "杭州丙机械有限公司"}
        assert here.send("e0", "customer.updated", customer("A", "杭州零机械有限公司", 0)) == 200
        assert here.run("customers").counters.read == 0
        assert here.landed() == {"A": "杭州丙机械有限公司"}
        assert here.send("e4", "customer.deleted", customer("A", "", 4)) == 200
        assert here.run("customers").counters.other["deleted"] == 1
        assert here.landed() == {}
        assert here.door().waiting == {}
    with shop.hub() as hub, hub.store.read() as conn:
        (found,) = doors(hub, conn)
    assert found.counts == {"CON350": 1, "repeated": 1, "taken": 5}, "written down at the end"
    assert found.last_at


def test_what_was_sent_to_a_hub_that_died_is_read_by_the_next(shop: Bench) -> None:
    with open_door(shop) as here:
        here.send("e1", "customer.created", customer("A", "杭州甲机械有限公司", 1))
    with open_door(shop) as here:
        assert here.woken == []
        here.receiving.catch_up()
        assert here.woken == ["customers"]
        here.run("customers")
        assert here.landed() == {"A": "杭州甲机械有限公司"}
        here.woken.clear()
        here.receiving.catch_up()
        assert here.woken == []


def test_garbage_and_records_without_a_key_are_dead_letters_that_say_where(shop: Bench) -> None:
    with open_door(shop) as here:
        webhook = here.hub.connections.get("shop")
        assert send(webhook, b'{"event": "e1", "type"', {}).status == 400  # type: ignore[arg-type]
        assert here.send("e2", "customer.created", {"name": "甲"}, customer("B", "杭州乙机械有限公司", 1)) == 200
        done = here.run("customers")
        assert (done.counters.read, done.counters.applied, done.counters.dead) == (3, 1, 2)
        with here.hub.store.read() as conn:
            letters = dead.list_letters(conn, flow="customers")
        assert [(one.code, one.stage) for one in letters] == [("CON353", "read"), ("CON354", "read")]
        assert "line 1 column 23" in letters[0].message
        assert "event e2: data[0] has no key 'id'" in letters[1].message
        assert here.landed() == {"B": "杭州乙机械有限公司"}


def test_a_full_read_of_an_inbox_deletes_nothing(shop: Bench) -> None:
    with open_door(shop) as here:
        for number in range(3):
            here.send(f"e{number}", "customer.created", customer(f"K{number}", f"杭州{number}机械有限公司", 1))
        here.run("customers")
        here.hub.clock.advance(86_400 * 5)  # type: ignore[attr-defined]
        here.receiving._prune()
        assert here.run("customers", full=True).counters.read == 0
        assert len(here.landed()) == 3


def test_what_was_not_read_is_never_pruned(shop: Bench) -> None:
    with open_door(shop) as here:
        here.send("e1", "customer.created", customer("A", "杭州甲机械有限公司", 1))
        here.send("h1", "account", account="C1")
        here.send("u1", "nobody")
        here.hub.clock.advance(86_400 * 5)  # type: ignore[attr-defined]
        assert (here.door().waiting, here.door().unclaimed) == ({"crm.account": 1, "customer": 1}, 1)
        here.receiving._prune()
        assert (here.door().waiting, here.door().unclaimed) == ({"customer": 1}, 0)
        here.run("customers")
        assert here.landed() == {"A": "杭州甲机械有限公司"}


def test_a_hint_wakes_the_flows_that_read_the_stream_until_one_ran(shop: Bench) -> None:
    shop.put("crm", row("C1", "杭州甲机械有限公司"))
    shop.edit(
        "flows.yaml", "erp: {ingest", "off: {ingest: crm.account, mapping: crm.account, enabled: false}\n  erp: {ingest"
    )
    with open_door(shop) as here:
        assert here.send("h1", "account", account="C1") == 200
        assert here.woken == ["crm"]
        assert here.door().waiting == {"crm.account": 1}
    with open_door(shop) as here:
        here.receiving.catch_up()
        assert here.woken == ["crm"], "nobody ran since"
        here.hub.clock.advance(1)  # type: ignore[attr-defined]
        here.run("crm")
        here.receiving.catch_up()
        assert here.woken == ["crm"]
        assert here.door().waiting == {}


def test_what_nobody_waited_for_is_taken_up_when_somebody_does(shop: Bench) -> None:
    shop.edit("config/sources.yaml", '["customer.*"]', '["costumer.*"]')
    with open_door(shop) as here:
        assert here.send("e1", "customer.created", customer("A", "杭州甲机械有限公司", 1)) == 200
        assert here.send("e2", "customer.created", {"nr": "B", "name": "杭州乙机械有限公司", "rev": 1}) == 200
        assert here.woken == []
        here.run("customers")
        assert (here.landed(), here.door().unclaimed) == ({}, 2)
    shop.edit("config/sources.yaml", '["costumer.*"]', '["customer.*"]')
    with open_door(shop) as here:
        here.receiving.catch_up()
        assert here.woken == ["customers"]
        done = here.run("customers")
        assert here.landed() == {"A": "杭州甲机械有限公司"}
        assert done.counters.read == 1, "the other has no key yet, and still waits to be understood"
        assert here.door().unclaimed == 1


def test_flw090_two_webhooks_at_one_address(sqlite_shop: Bench) -> None:
    text = (sqlite_shop.root / "config/sources.yaml").read_text(encoding="utf-8")
    copy = text[text.index("  shop:") :].replace("  shop:", "  shop2:").replace("keep_days: 2", "path: /shop")
    (sqlite_shop.root / "config/sources.yaml").write_text(text + copy, encoding="utf-8")
    with sqlite_shop.hub() as hub, pytest.raises(Misconfigured) as caught:
        Receiving(hub, lambda flows, seconds: None)
    (problem,) = caught.value.problems
    assert str(problem).startswith("config/sources.yaml:")
    assert "FLW090 shop listens at http://127.0.0.1:" in str(problem)


def test_two_webhooks_share_an_address_by_their_paths(sqlite_shop: Bench) -> None:
    text = (sqlite_shop.root / "config/sources.yaml").read_text(encoding="utf-8")
    (sqlite_shop.root / "config/sources.yaml").write_text(
        text + text[text.index("  shop:") :].replace("  shop:", "  shop2:"), encoding="utf-8"
    )
    with open_door(sqlite_shop) as here:
        first, second = here.receiving.addresses
        assert first.rpartition("/")[0] == second.rpartition("/")[0]
        assert here.send("e1", "customer.created", customer("A", "甲", 1)) == 200
        assert httpx.post(second, content=b"").status_code == 401


def test_flw091_an_address_that_is_taken(sqlite_shop: Bench) -> None:
    with open_door(sqlite_shop) as here, sqlite_shop.hub() as hub:
        second = Receiving(hub, lambda flows, seconds: None)
        with pytest.raises(Halt) as caught:
            second.__enter__()
    assert caught.value.code == "FLW091"
    assert here.hub.connections.get("shop").config.listen in caught.value.message


def test_flw092_a_hint_that_wakes_nobody(sqlite_shop: Bench) -> None:
    sqlite_shop.edit("config/sources.yaml", "stream: crm.account", "stream: crm.acount")
    with sqlite_shop.hub() as hub, pytest.raises(Misconfigured) as caught:
        Receiving(hub, lambda flows, seconds: None)
    assert "FLW092 no enabled flow reads crm.acount, so this hint wakes nobody" in str(caught.value)


def test_flw093_nobody_listens(sqlite_shop: Bench) -> None:
    with sqlite_shop.hub() as hub, pytest.raises(Retry, match="is `goldbridge serve` running") as caught:
        send(hub.connections.get("shop"), b"{}", {})  # type: ignore[arg-type]
    assert caught.value.code == "FLW093"


def test_counts_are_written_down_while_it_listens(sqlite_shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import receiving
    from goldbridge.clock import SYSTEM

    monkeypatch.setattr(receiving, "WRITE_DOWN_S", 0.02)
    with open_door(sqlite_shop) as here:
        here.send("e1", "customer.created", customer("A", "甲", 1))
        end = SYSTEM.monotonic() + 20
        while here.door().counts != {"taken": 1}:
            assert SYSTEM.monotonic() < end
            SYSTEM.wait(0.02)


def test_without_a_webhook_nothing_listens(sqlite_bench: Bench) -> None:
    with sqlite_bench.hub() as hub, Receiving(hub, lambda flows, seconds: None) as receiving:
        receiving.catch_up()
        assert receiving.addresses == []
        with hub.store.read() as conn:
            assert doors(hub, conn) == []


def test_a_backfill_reads_the_days_on_which_events_came(shop: Bench) -> None:
    from flows.backfill import backfill

    with open_door(shop) as here:
        here.send("e1", "customer.created", customer("A", "杭州甲机械有限公司", 1))
        here.hub.clock.advance(timedelta(days=1).total_seconds())  # type: ignore[attr-defined]
        here.send("e2", "customer.created", customer("B", "杭州乙机械有限公司", 1))
        done = backfill(here.hub, "customers", "2026-03-01", "2026-03-01", 1)
        assert done.counters.read == 1
        assert here.landed() == {"A": "杭州甲机械有限公司"}
        assert here.run("customers").counters.read == 2, "the live flow has a place of its own"
