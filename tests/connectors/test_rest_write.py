"""Writing through declared requests: one effect however often it is sent, one result per record, nothing guessed."""

from __future__ import annotations

import base64
import hmac
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from connectors.base import Write
from connectors.rest import Rest
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.plain import CLIENT_SECRET, KEY, REFRESH_TOKEN, SIGNING_KEY, Plain
from tests.connectors.rest_shape import AUTHS, BATCH, WRITE, Case, account, new, source, write
from tests.connectors.rig import NOON, NOON_MS, connect, outcome

CREATE = "/account"
UPSERT: dict[str, Any] = {
    "external_id": "external_id",
    "upsert": {"method": "PUT", "path": "/account/by-external/{external_id}", "body": "{values}", "key": "id"},
    "read_back": {"path": "/account/by-external/{external_id}"},
}
SHAPES = {"one": WRITE, "upsert": UPSERT, "batch": BATCH}
PATHS = {"one": "/account", "upsert": "/account/by-external/*", "batch": "/account/batch"}


def case(shape: str = "one", count: int = 0, **more: Any) -> Case:
    return Case(count, stream={"write": SHAPES[shape]}, **more)


@pytest.mark.parametrize("envelope", ["status", "code"])
def test_create_update_and_deactivate(envelope: str) -> None:
    data = "data." if envelope == "code" else ""
    declared = {**WRITE, "create": {**WRITE["create"], "key": f"{data}id"}}
    declared["read_back"] = {**WRITE["read_back"], "rows": f"{data}items"}
    there = Case(stream={"write": declared}, envelope=envelope)
    connector = there.connect()
    created = write(connector, new(1, tel="1", note=None))[0]
    row = there.sim.rows("account")[0]
    assert (created.outcome, created.key) == ("written", str(row["id"]))
    assert (row["external_id"], row["tel"], row["note"]) == ("g1", "1", None)
    changed = write(connector, Write("update", "g1", {"tel": "2"}, key=created.key))[0]
    assert (changed.outcome, there.sim.rows("account")[0]["tel"]) == ("written", "2")
    gone = Write("deactivate", "g1", {}, key=created.key)
    assert [write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert there.sim.rows("account")[0]["archived"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_create_that_is_repeated_changes_what_the_first_one_left(shape: str) -> None:
    there = case(shape)
    first = write(there.connect(), new(1), new(2))
    again = write(there.connect(), new(1, tel="9"), new(2), new(3))
    assert [result.key for result in again][:2] == [result.key for result in first]
    assert [row.get("tel") for row in there.sim.rows("account")] == ["9", None, None]


@pytest.mark.parametrize("fault", [Fault("lost"), Fault("reset", when="after")])
@pytest.mark.parametrize("shape", SHAPES)
def test_f1_f28_a_write_whose_answer_was_lost_is_unknown_and_read_back(shape: str, fault: Fault) -> None:
    there = case(shape)
    connector = there.connect()
    there.sim.faults.add(
        Fault(fault.kind, path=PATHS[shape], when=fault.when, method="PUT" if shape == "upsert" else "*")
    )
    result = write(connector, new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON005")
    back = connector.read_back(connector.streams["account"], ["g1", "g404"])
    assert {one: row["id"] for one, row in back.items()} == {"g1": there.ids()[0]}
    assert write(connector, new(1))[0].key == str(there.ids()[0])
    assert len(there.ids()) == 1


def test_f28_a_write_that_was_never_done_is_not_found_and_sent_again() -> None:
    there = case()
    there.sim.faults.add(Fault("unavailable", path=CREATE, status=502))
    connector = there.connect()
    assert write(connector, new(1))[0].outcome == "unknown"
    assert connector.read_back(connector.streams["account"], ["g1"]) == {}
    assert write(connector, new(1))[0].outcome == "written"


@pytest.mark.parametrize("shape", SHAPES)
def test_f38_f39_a_refused_record_leaves_the_rest_alone(shape: str) -> None:
    there = case(shape)
    results = write(there.connect(), new(1), new(2, email="private value"), new(3))
    assert [result.outcome for result in results] == ["written", "rejected", "written"]
    assert results[1].code == ("CON116" if shape == "batch" else "CON012")
    assert "g2" in results[1].message
    assert "bad_email" in results[1].message
    assert "private value" not in results[1].message
    assert [row["external_id"] for row in there.sim.rows("account")] == ["g1", "g3"]


@pytest.mark.parametrize("shape", SHAPES)
def test_one_id_twice_in_a_batch_makes_one_record(shape: str) -> None:
    there = case(shape)
    assert [result.outcome for result in write(there.connect(), new(1), new(1, tel="2"))] == ["written", "retry"]
    assert len(there.ids()) == 1


def test_f40_f41_results_of_a_batch_are_matched_by_id() -> None:
    there = case("batch")
    there.sim.faults.add(Fault("partial", path="*/batch", rows=2))
    connector = there.connect(envelope="status")
    results = write(connector, *(new(number) for number in range(5)))
    assert [result.outcome for result in results] == ["rejected", "rejected", "written", "written", "written"]
    there.sim.faults.add(Fault("error_body", body={"results": [{"external_id": "g8", "id": 7}]}, path="*/batch"))
    missing, found = write(connector, new(7), new(8))
    assert (missing.outcome, missing.code) == ("unknown", "CON115")
    assert (found.outcome, found.key) == ("written", "7")


def test_a_row_code_that_passes_is_sent_again() -> None:
    there = case("batch")
    envelope = {"code": "error.code", "classes": {"locked": "retry"}}
    entry = {**source(stream={"write": BATCH}), "envelope": envelope}
    there.sim.faults.add(Fault("partial", path="*/batch", rows=1))
    results = write(connect(Rest, there.sim, there.clock, **entry), new(1), new(2))
    assert [result.outcome for result in results] == ["retry", "written"]


def test_results_without_ids_count_only_when_none_is_missing() -> None:
    declared = {**BATCH, "batch": {**BATCH["batch"], "id": ""}}
    there = Case(stream={"write": declared})
    connector = there.connect()
    for body, expected in (
        ({"results": [{"id": 1}, {"error": {"code": "E"}}]}, ["written", "rejected"]),
        ({"results": [{"id": 1}]}, ["unknown", "unknown"]),
        ({}, ["unknown", "unknown"]),
    ):
        there.sim.faults.add(Fault("error_body", body=body, path="*/batch"))
        assert [result.outcome for result in write(connector, new(1), new(2))] == expected


def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_record_is_alone() -> None:
    there = case("batch")
    there.sim.faults.add(Fault("error_body", status=422, body={}, path="*/batch", contains="新建3有限公司", count=None))
    results = write(there.connect(), *(new(number) for number in range(7)))
    assert [result.outcome for result in results] == ["written"] * 3 + ["rejected"] + ["written"] * 3
    assert len(there.ids()) == 6


def test_batches_are_as_large_as_declared() -> None:
    there = case("batch")
    write(there.connect(), *(new(number) for number in range(45)))
    assert there.sim.counters.by_endpoint["/{object}/batch"] == 3
    assert there.connect().streams["account"].write_batch == 20


def test_a_phantom_is_not_found_when_it_is_looked_for() -> None:
    there = case()
    there.sim.faults.add(Fault("phantom", path=CREATE))
    connector = there.connect()
    assert write(connector, new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams["account"], ["g1"]) == {}


def test_a_trimmed_field_is_seen_when_it_is_read_back() -> None:
    there = case()
    there.sim.faults.add(Fault("trim", path=CREATE, field="tel"))
    connector = there.connect()
    write(connector, new(1, tel="1"))
    assert "tel" not in connector.read_back(connector.streams["account"], ["g1"])["g1"]


def test_an_answer_without_the_key_is_read_back_or_unknown() -> None:
    there = case(rows=None)
    there.sim.faults.add(Fault("error_body", body={}, path=CREATE))
    result = write(there.connect(), new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON114")


def test_an_update_without_key_finds_the_record_or_says_so() -> None:
    there = Case(rows=[account(1, external_id="g1")], stream={"write": WRITE})
    found, lost = write(there.connect(), Write("update", "g1", {"tel": "9"}), Write("update", "g404", {"tel": "9"}))
    assert (found.outcome, found.key) == ("written", "1")
    assert (lost.outcome, lost.code) == ("rejected", "CON113")
    gone = write(there.connect(), Write("deactivate", "g404", {}))[0]
    assert gone.outcome == "written"


def test_f34_a_record_that_is_gone_is_a_dead_letter_and_a_delete_of_it_is_done() -> None:
    there = case()
    connector = there.connect()
    result, done = write(
        connector, Write("update", "g1", {"tel": "9"}, key="77"), Write("deactivate", "g2", {}, key="78")
    )
    assert (result.outcome, result.code) == ("rejected", "CON012")
    assert done.outcome == "written"


def test_only_what_says_so_counts_as_nothing_there() -> None:
    codes = {"code": "code", "success": ["0"], "classes": {"not_found": "fatal-record", "bad_question": "fatal-record"}}
    for absent, expected in ((["not_found"], "written"), ([], None)):
        back = {**UPSERT["read_back"], "rows": "data", "absent": absent}
        declared = {**WRITE, "create": {**WRITE["create"], "key": "data.id"}, "read_back": back}
        there = Case(stream={"write": declared}, envelope="code")
        entry = {**source(envelope="code", stream={"write": declared}), "envelope": codes}
        connector = connect(Rest, there.sim, there.clock, **entry)
        if expected is None:
            assert outcome(lambda connector=connector: write(connector, new(1))) == (Halt, "CON012")
        else:
            assert [write(connector, new(1))[0].outcome for _ in range(2)] == [expected] * 2
        assert len(there.ids()) == (expected is not None)


def test_read_back_asks_in_batches() -> None:
    there = Case(rows=[account(number, external_id=f"g{number}") for number in range(230)], stream={"write": WRITE})
    connector = there.connect()
    found = connector.read_back(connector.streams["account"], [f"g{number}" for number in range(0, 460, 2)])
    assert set(found) == {f"g{number}" for number in range(0, 230, 2)}
    assert there.sim.counters.by_endpoint["/{object}/find"] == 5


def test_without_a_way_back_the_effect_is_at_least_once() -> None:
    plain = {name: declared for name, declared in WRITE.items() if name != "read_back"}
    assert Case(stream={"write": plain}).connect().streams["account"].effect == "at_least_once"
    assert case().connect().streams["account"].effect == "once"
    assert case("upsert").connect().streams["account"].one_by_one


def test_an_operation_that_is_not_declared_is_named() -> None:
    connector = case("upsert").connect()
    result = write(connector, Write("deactivate", "g1", {}))[0]
    assert (result.outcome, result.code) == ("rejected", "CON112")
    assert "`write.deactivate`" in result.message


def test_writing_is_off_unless_it_is_switched_on_and_declared() -> None:
    there = case()
    assert outcome(lambda: write(there.connect(writes="disabled"), new(1))) == (Misconfigured, "CON109")
    assert outcome(lambda: write(Case().connect(), new(1))) == (Halt, "CON110")
    only = Case(stream={"read": None, "write": WRITE}).connect()
    assert outcome(lambda: list(only.read(only.streams["account"], None))) == (Halt, "CON110")  # type: ignore[arg-type]
    assert there.sim.counters.calls == 0


def test_f17_401_mid_batch_is_renewed_and_nothing_is_sent_twice() -> None:
    there = case(auth="client_credentials")
    there.sim.faults.add(Fault("expire", path=CREATE, skip=2))
    results = write(there.connect(), *(new(number) for number in range(5)))
    assert {result.outcome for result in results} == {"written"}
    assert (len(there.ids()), there.sim.gate.issued) == (5, 2)


def test_a_fault_of_the_whole_target_stops_the_rest_and_keeps_what_is_done() -> None:
    there = case()
    there.sim.faults.add(Fault("forbid", path=CREATE, skip=2, count=None))
    connector = there.connect()
    results = write(connector, *(new(number) for number in range(5)))
    assert [(result.outcome, result.code) for result in results] == [("written", "")] * 2 + [("retry", "CON011")] * 3
    assert there.sim.counters.by_endpoint["/{object}"] == 3
    assert outcome(lambda: write(connector, new(9))) == (Misconfigured, "CON011")


# Tokens and secrets


def test_f17_many_threads_share_one_token() -> None:
    sim = Plain(auth="client_credentials")
    with Loopback(sim.app) as url:
        entry = source(auth="client_credentials", stream={"write": WRITE})
        connector = connect(Rest, None, Clock(), base_url=url, **entry)
        sim.faults.add(Fault("expire", path=CREATE, skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda number: write(connector, new(number), new(number + 8)), range(8)))
    assert {result.outcome for two in results for result in two} == {"written"}
    assert (sim.gate.issued, len(sim.rows("account"))) == (2, 16)


def test_f18_a_rotated_refresh_token_survives_a_restart() -> None:
    there = case(auth="refresh_token")
    for _ in range(3):
        assert write(there.connect(), new(1))[0].outcome == "written"
    assert there.sim.gate.issued == 3
    assert there.sim.gate.refresh_token in str(there.store.kept)


def test_f18_a_refresh_token_that_is_used_up_says_what_to_do_and_a_new_one_is_heard() -> None:
    there = case(auth="refresh_token")
    connector = there.connect()
    connector.probe()
    there.sim.gate.refresh_token = "plain-sandbox-new"
    with pytest.raises(
        Misconfigured, match=r"sign in at the vendor's site .* `goldbridge systems test demo`"
    ) as caught:
        there.connect().probe()
    assert caught.value.code == "CON111"
    entry = source(auth="refresh_token")
    entry["auth"] = {**AUTHS["refresh_token"], "refresh_token": "plain-sandbox-new"}
    connect(Rest, there.sim, there.clock, store=there.store, **entry).probe()


@pytest.mark.parametrize("send", ["form", "basic", "json"])
def test_the_token_endpoint_is_asked_as_it_wants(send: str) -> None:
    there = case(auth="client_credentials")
    entry = source(auth="client_credentials")
    entry["auth"] = {**AUTHS["client_credentials"], "send": send}
    connect(Rest, there.sim, there.clock, **entry).probe()
    assert there.sim.gate.issued == 1


@pytest.mark.parametrize("kind", AUTHS)
def test_s6_no_secret_reaches_a_log_or_an_error(
    kind: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    there = case(auth=kind, count=3)
    connector = there.connect()
    secrets = (KEY, CLIENT_SECRET, SIGNING_KEY, REFRESH_TOKEN) if kind != "none" else (CLIENT_SECRET,)
    connector.probe()
    said = f"bad call with {KEY} {SIGNING_KEY} {CLIENT_SECRET} plain-sandbox-token-0001"
    there.sim.faults.add(Fault("error_body", status=503, body={"error": {"code": "x", "message": said}}, count=None))
    with pytest.raises(Retry) as caught:
        connector.probe()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (*secrets, "plain-sandbox-token-0001"):
        if secret in AUTHS[kind].values() or (secret.endswith("-0001") and "token_url" in AUTHS[kind]):
            assert secret not in everything


def test_a_signature_may_cover_the_sorted_query() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"items": [], "has_more": False})

    auth = {
        "kind": "hmac", "key": "signing-key", "key_id": "app7", "sign": "{method}&{sorted_query}&{timestamp_ms}",
        "digest": "sha1", "output": "base64", "headers": {"X-Sign": "{signature}"}, "params": {"app": "{key_id}"},
    }  # fmt: skip
    entry = {**source(), "auth": auth}
    connect(Rest, None, FrozenClock(NOON), transport=httpx.MockTransport(answer), **entry).probe()
    text = f"GET&app=app7&limit=1&{NOON_MS}"
    wanted = base64.b64encode(hmac.new(b"signing-key", text.encode(), "sha1").digest()).decode()
    assert asked[0].headers["x-sign"] == wanted
    assert asked[0].url.params["app"] == "app7"
