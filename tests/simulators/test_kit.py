"""The kit breaks things on demand, and only then."""

import gzip
from collections.abc import Iterable

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.simulators.kit import (
    Answer,
    Call,
    Endpoint,
    Fault,
    FaultSwitch,
    Limit,
    Limiter,
    Refused,
    SimClock,
    Simulator,
    json_answer,
)
from goldbridge.simulators.kit.loopback import InProcess, Loopback

START = 1_790_000_000.0


class Shop(Simulator):
    """A small pretend system with one list that grows."""

    name = "shop"
    sheet_limits = {"/things": Limit(3, 10.0)}

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.things: list[str] = ["一", "二"]
        self.expired = 0

    def endpoints(self) -> Iterable[Endpoint]:
        return (
            Endpoint("GET", "/things", lambda call: json_answer({"things": self.things, "q": call.query})),
            Endpoint("POST", "/things", self.add),
            Endpoint("GET", "/things/{name}", lambda call: json_answer({"name": call.params["name"]})),
        )

    def add(self, call: Call) -> Answer:
        if "name" not in call.json:
            raise Refused("E1", "no name")
        self.counters.writes += 1
        self.things.append(call.json["name"])
        return json_answer({"ok": True})

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer({"code": code, "message": message}, status or 200)

    def expire_tokens(self) -> None:
        self.expired += 1

    def edit_rows(self, call: Call, rows: int) -> None:
        self.things[:rows] = ["改"] * rows


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def shop(clock: SimClock) -> Shop:
    return Shop(clock=clock)


@pytest.fixture
def client(shop: Shop) -> httpx.Client:
    return httpx.Client(transport=InProcess(shop.app), base_url="http://shop")


def test_calls_and_writes_are_counted(shop: Shop, client: httpx.Client) -> None:
    assert client.get("/things", params={"a": "1"}).json() == {"things": ["一", "二"], "q": {"a": "1"}}
    assert client.post("/things", json={"name": "三"}).json() == {"ok": True}
    assert client.post("/things", json={}).json() == {"code": "E1", "message": "no name"}
    assert client.get("/things/x").json() == {"name": "x"}
    assert client.post("/things", content=b"{").status_code == 400
    assert client.get("/nothing").status_code == 404
    assert client.delete("/things").status_code in (404, 405)
    stats = shop.stats()
    assert (stats["writes"], stats["refused"]) == (1, 2)
    assert stats["calls"] == sum(stats["by_endpoint"].values()) >= 6


def test_answers_carry_the_simulators_own_time(client: httpx.Client, clock: SimClock) -> None:
    clock.shift(3600)
    assert client.get("/things").headers["date"] == "Mon, 21 Sep 2026 15:13:20 GMT"


def test_limits_hold_only_when_asked_for(clock: SimClock) -> None:
    for limits, statuses in (("roomy", [200] * 5), ("sheet", [200, 200, 200, 429, 429])):
        shop = Shop(clock=clock, limits=limits)
        client = httpx.Client(transport=InProcess(shop.app), base_url="http://shop")
        assert [client.get("/things").status_code for _ in range(5)] == statuses
    assert int(client.get("/things").headers["retry-after"]) >= 10
    clock.shift(10)
    assert client.get("/things").status_code == 200
    with pytest.raises(ValueError, match="roomy"):
        Shop(limits="generous")


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.integers(1, 5), st.floats(0.5, 20))
def test_no_window_ever_holds_more_calls_than_the_limit(waits: list[float], calls: int, per_s: float) -> None:
    clock = SimClock()
    clock.freeze(START)
    limiter = Limiter(clock, {"*": Limit(calls, per_s, shared=True)})
    passed: list[float] = []
    for number, wait in enumerate(waits):
        clock.shift(wait)
        if limiter.take(f"/{number}") == 0.0:
            passed.append(clock.now())
    for at in passed:
        assert sum(1 for other in passed if at - per_s < other <= at) <= calls


def test_a_limited_client_that_waits_as_told_gets_through(clock: SimClock) -> None:
    limiter = Limiter(clock, {"/a": Limit(2, 7.0)})
    assert [limiter.take("/a"), limiter.take("/a")] == [0.0, 0.0]
    clock.shift(limiter.take("/a"))
    assert limiter.take("/a") == 0.0
    assert limiter.take("/free") == 0.0


def test_a_fault_matches_path_method_and_body_and_counts_down() -> None:
    switch = FaultSwitch()
    switch.add(Fault("html", path="/a/*", method="POST", contains="needle", skip=1, count=2))
    hit = ("POST", "/a/b", b"a needle")
    assert switch.pick("GET", "/a/b", b"needle") == []
    assert switch.pick("POST", "/b", b"needle") == []
    assert switch.pick("POST", "/a/b", b"hay") == []
    assert [len(switch.pick(*hit)) for _ in range(5)] == [0, 1, 1, 0, 0]
    assert switch.fired == {"html": 2}
    assert switch.armed() == []


def test_probable_faults_repeat_with_the_seed() -> None:
    def fires(seed: int) -> list[int]:
        switch = FaultSwitch(seed)
        switch.add({"kind": "latency", "probability": 0.4, "count": None})
        return [len(switch.pick("GET", "/", b"")) for _ in range(200)]

    assert fires(1) == fires(1) != fires(2)
    assert 50 < sum(fires(1)) < 110


@pytest.mark.parametrize(("data", "says"), [({"kind": "latecny"}, "no fault of kind"), ({"kindd": 1}, "'kindd'")])
def test_a_wrong_fault_is_explained(data: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault.parse(data)


def test_faults_that_answer_instead(shop: Shop, client: httpx.Client) -> None:
    def once(**fault: object) -> httpx.Response:
        shop.faults.add(fault)
        return client.post("/things", json={"name": "不"})

    later = once(kind="throttle", after_s=5)
    assert (later.status_code, later.headers["retry-after"]) == (429, "5")
    dated = once(kind="throttle", after_s=5, as_date=True, skew_s=60)
    assert dated.headers["retry-after"] == "Mon, 21 Sep 2026 14:14:25 GMT"
    assert dated.headers.get_list("date") == ["Mon, 21 Sep 2026 14:14:20 GMT"], "the clock that the answer is dated by"
    assert "retry-after" not in once(kind="throttle").headers
    assert once(kind="unavailable", status=500).status_code == 500
    assert once(kind="refuse", code="E9", message="no").json() == {"code": "E9", "message": "no"}
    assert once(kind="error_body", body={"code": 7}).json() == {"code": 7}
    assert "<form>" in once(kind="html").text
    assert len(once(kind="bomb", size_mb=2).content) == 2 << 20
    assert shop.things == ["一", "二"]
    assert client.get("/things").status_code == 200


def test_faults_that_spoil_an_answer(shop: Shop, client: httpx.Client) -> None:
    def once(**fault: object) -> httpx.Response:
        shop.faults.add(fault)
        return client.get("/things")

    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(once(kind="truncated").content)
    assert orjson.loads(once(kind="encoding", code="gbk").content.decode("gb18030"))["things"] == ["一", "二"]
    assert once(kind="encoding", code="bom").content[:3] == b"\xef\xbb\xbf"
    with pytest.raises(UnicodeDecodeError):
        once(kind="encoding", code="invalid").content.decode()
    assert once(kind="edit", rows=1).json()["things"] == ["改", "二"]
    once(kind="expire")
    assert shop.expired == 1


def test_a_lost_answer_hides_a_write_that_happened(shop: Shop, client: httpx.Client) -> None:
    shop.faults.add({"kind": "lost"}, {"kind": "reset", "when": "after", "skip": 1})
    assert client.post("/things", json={"name": "三"}).status_code == 502
    with pytest.raises(httpx.ReadError):
        client.post("/things", json={"name": "四"})
    assert shop.things == ["一", "二", "三", "四"]


def test_latency_and_slow_bodies_move_the_simulated_clock(shop: Shop, client: httpx.Client, clock: SimClock) -> None:
    shop.faults.add({"kind": "latency", "delay_s": 30})
    client.get("/things")
    assert clock.now() == START + 30
    shop.faults.add({"kind": "slow", "delay_s": 1, "rows": 10})
    size = len(client.get("/things").content)
    assert clock.now() == START + 30 + -(-size // 10)


def test_a_clock_that_runs_can_be_shifted_frozen_and_released() -> None:
    now = [START]
    clock = SimClock(now=lambda: now[0])
    clock.shift(5)
    clock.freeze()
    now[0] += 100
    assert clock.now() == START + 5
    clock.run()
    now[0] += 1
    assert clock.now_ms() == int((START + 6) * 1000)


def test_the_network_shows_resets(shop: Shop) -> None:
    with Loopback(shop.app) as url, httpx.Client(base_url=url) as client:
        assert client.get("/things").json()["things"] == ["一", "二"]
        shop.faults.add({"kind": "reset"})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.post("/things", json={"name": "三"})
        shop.faults.add({"kind": "reset", "when": "mid"})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.post("/things", json={"name": "四"})
        assert client.get("/things").json()["things"] == ["一", "二", "四"]


def test_a_bomb_is_small_on_the_wire(shop: Shop) -> None:
    shop.faults.add({"kind": "bomb", "size_mb": 8})
    with (
        Loopback(shop.app) as url,
        httpx.Client(base_url=url) as client,
        client.stream("GET", "/things") as reply,
    ):
        packed = b"".join(reply.iter_raw())
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == 8 << 20
