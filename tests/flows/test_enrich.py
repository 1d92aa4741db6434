"""Asking maps and registers: each question once while its answer is fresh, and nobody harmed when nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from flows.enrich import PATIENCE
from flows.hub import Hub
from flows.runner import Result, run_flow
from goldbridge.cli.flow import told
from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured
from goldbridge.http import HttpFactory
from goldbridge.settings.project import load_project
from goldbridge.simulators.amap import Amap as Map
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.qichacha import Qichacha as Register
from goldbridge.simulators.world import World
from goldbridge.state import golden, landing
from goldbridge.state.golden import Golden
from tests.connectors.rig import sim_clock
from tests.flows.bench import FLOWS, SOURCES, Bench, row

WORLD = World(customers=60, seed=7)
COMPANIES = [one for one in WORLD.companies if one.country == "CN" and one.credit_code and one.kind == "company"]
COMPANY = COMPANIES[0]
STRANGER = "绝无此名机械有限公司"
LOOKUPS = """
  registry: {connector: qichacha, base_url: http://127.0.0.1/qichacha, key: {secret: QCC_KEY},
             secret: {secret: QCC_SECRET}, budget: {calls: 1000, per_s: 1%s}, threads: 1}
  map: {connector: amap, base_url: http://127.0.0.1/amap, key: {secret: AMAP_KEY},
        budget: {calls: 1000, per_s: 1}, threads: 1}
"""
QUESTIONS = """
  ask_register: {enrich: party, with: [registry.company], max_age: 90 d, after: [parties]}
  ask_map: {enrich: party, with: [map.geocode], max_age: 90 d, after: [parties]}
  ask_both: {enrich: party, with: [registry.company, map.geocode], after: [parties]}
"""
REGISTER = """
mapping: registry.company
target: party
key: KeyNo
fields:
  name: {from: Name, via: [organisation], required: true}
  credit_code: {from: CreditCode, via: [blank, credit_code]}
  address: {from: Address, via: [blank, address]}
"""
GEOCODE = """
mapping: map.geocode
target: party
key: key
partial: true
fields:
  address.line: {from: formatted_address, inferred: true}
  address.region: {from: adcode, via: [region], inferred: true}
  address.point: {from: location, via: [point], inferred: true}
"""


class LookupBench(Bench):
    """The project with a register and a map of one pretend world, both in process and on the test's clock."""

    def __init__(self, root: Path, state_url: str, clock: FrozenClock) -> None:
        super().__init__(root, state_url, clock)
        self.write("config/sources.yaml", SOURCES + LOOKUPS.replace("%s", ""))
        self.write("flows.yaml", FLOWS + QUESTIONS)
        self.write("mappings/registry/company.yaml", REGISTER)
        self.write("mappings/map/geocode.yaml", GEOCODE)
        with (root / "config/secrets.env").open("a") as secrets:
            secrets.write("QCC_KEY=qcc-sandbox-key\nQCC_SECRET=qcc-sandbox-secret\nAMAP_KEY=amap-sandbox-key\n")
        self.register, self.map = (kind(WORLD, clock=sim_clock(clock)) for kind in (Register, Map))
        self.app = Starlette(routes=[Mount("/qichacha", app=self.register.app), Mount("/amap", app=self.map.app)])

    def hub(self) -> Hub:
        return Hub(load_project(self.root), self.clock, HttpFactory(self.clock, InProcess(self.app), draw=lambda: 0.5))

    def go(self, *names: str) -> Result:
        """Run flows; the account of each must add up. The result of the last."""
        with self.hub() as hub:
            for name in names:
                result = run_flow(hub, name)
                assert result.counters.balanced()
        return result

    def party(self, name: str) -> Golden:
        with self.hub() as hub, hub.store.read() as conn:
            (found,) = [one for one in golden.scan(conn, "party") if one.values["name"] == name]
            return found

    def answers(self, system: str) -> int:
        """How many answers of a look-up are landed."""
        with self.hub() as hub, hub.store.read() as conn:
            return sum(record.system == system for record in landing.scan_all(conn))


def fates(result: Result) -> dict[str, int]:
    return {fate: number for fate, number in result.counters.fates().items() if number}


def known(bench: LookupBench) -> LookupBench:
    """Two parties without a credit code: one that the register knows, one that it does not."""
    bench.put("crm", row("1", COMPANY.name), row("2", STRANGER))
    bench.go("crm", "erp", "parties")
    return bench


@pytest.fixture
def bench(tmp_path: Path, store_url: str, clock: FrozenClock) -> LookupBench:
    return known(LookupBench(tmp_path / "project", store_url, clock))


@pytest.fixture
def sqlite_bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> LookupBench:
    return known(LookupBench(tmp_path / "project", sqlite_url, clock))


def test_an_answer_completes_its_party_with_its_origin(bench: LookupBench) -> None:
    result = bench.go("ask_register")
    assert (fates(result), result.message) == ({"applied": 1, "filtered": 1}, "")
    bench.go("parties")
    party = bench.party(COMPANY.name)
    assert party.values["credit_code"] == COMPANY.credit_code
    with bench.hub() as hub, hub.store.read() as conn:
        origin = landing.load(conn, [party.lineage["credit_code"]["record"]])
    assert [(one.system, one.stream) for one in origin.values()] == [("registry", "company")]
    assert "credit_code" not in bench.party(STRANGER).values


def test_a_question_is_asked_once_while_its_answer_is_fresh(bench: LookupBench) -> None:
    bench.go("ask_register")
    assert bench.register.billed == 2  # the one without an answer costs too
    again = bench.go("ask_register")
    assert fates(again) == {"unchanged": 1, "filtered": 1}
    bench.go("parties")
    assert fates(bench.go("ask_register")) == {"filtered": 1}  # complete now: there is no question
    bench.clock.wait(89 * 86400)
    bench.go("ask_register")
    assert bench.register.billed == 2
    bench.clock.wait(2 * 86400)
    assert fates(bench.go("ask_register")) == {"filtered": 1}
    assert bench.register.billed == 3  # older than max_age: the stranger may be registered by now
    bench.go("ask_register")
    assert bench.register.billed == 3


def test_an_answer_about_an_address_follows_the_record_it_is_about(bench: LookupBench) -> None:
    address = COMPANY.address
    assert address is not None
    bench.put("erp", row("9", "杭州甲机械有限公司", address=address.text))
    bench.go("erp", "parties")
    assert fates(bench.go("ask_map")) == {"applied": 1}
    assert fates(bench.go("ask_map")) == {"unchanged": 1}
    assert bench.map.counters.calls == 1
    bench.go("parties")
    assert "point" in bench.party("杭州甲机械有限公司").values["address"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("reset", count=None), "CON001"),
        (Fault("unavailable", count=None), "CON002"),
        (Fault("truncated", count=None), "CON006"),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_a_look_up_that_is_down_is_left_alone_and_the_run_says_so(
    sqlite_bench: LookupBench, fault: Fault, code: str
) -> None:
    bench = sqlite_bench
    bench.put("crm", *(row(f"k{n}", company.name) for n, company in enumerate(COMPANIES[1:20])))
    bench.go("crm", "parties")
    with bench.hub() as hub, hub.store.read() as conn:
        before = {one.id: (one.version, one.values) for one in golden.scan(conn, "party")}
    bench.register.faults.add(fault)
    result = bench.go("ask_register")
    assert fates(result) == {"pending": len(before)}
    assert not result.needs_person
    assert result.message.startswith(f"{code} registry company ")
    assert result.message.endswith("; the next run asks what is open")
    assert f"; {result.message}" in told(result)
    assert bench.register.counters.calls < PATIENCE * 10  # the tries of a few questions, not of all
    bench.go("parties")
    with bench.hub() as hub, hub.store.read() as conn:
        assert {one.id: (one.version, one.values) for one in golden.scan(conn, "party")} == before

    bench.register.faults.clear()
    bench.clock.wait(3600)
    result = bench.go("ask_register")
    assert (result.counters.pending, result.message) == (0, "")
    assert bench.answers("registry") == result.counters.applied > 10


def test_a_look_up_that_takes_many_questions_in_one_call_is_asked_so(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    bench.write(
        "config/sources.yaml",
        SOURCES + LOOKUPS.replace("%s", "").replace("{connector: amap,", "{connector: amap, batch: true,"),
    )
    companies = [company for company in COMPANIES[1:20] if company.address]
    assert len(companies) > 10
    bench.put("crm", *(row(f"k{n}", one.name, address=one.address.text) for n, one in enumerate(companies)))
    bench.go("crm", "parties")
    bench.map.faults.add(Fault("unavailable", count=None))
    result = bench.go("ask_map")
    assert (result.counters.pending, result.counters.applied) == (len(companies), 0)
    assert bench.map.counters.calls < 2 * 10, "a call that fails is one failure, however many it asked"
    assert result.message.endswith("; the next run asks what is open") or "questions wait" in result.message

    bench.map.faults.clear()
    bench.clock.wait(3600)
    before = bench.map.counters.calls
    result = bench.go("ask_map")
    assert (result.counters.applied, result.counters.pending) == (len(companies), 0)
    assert bench.map.counters.calls - before < len(companies)


def test_a_quota_that_is_used_up_parks_the_rest_until_tomorrow(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    bench.write("config/sources.yaml", SOURCES + LOOKUPS.replace("%s", ", daily: 1"))
    result = bench.go("ask_register")
    assert result.counters.read == 2
    assert result.counters.pending == 1
    assert result.message.startswith("CON004 registry: the day's quota of 1 calls is used up; calls resume at ")
    assert bench.register.billed == 1
    assert fates(bench.go("ask_register"))["pending"] == 1  # remembered, and nothing is spent on asking again
    assert bench.register.billed == 1
    bench.clock.wait(86400)
    result = bench.go("ask_register")
    assert (result.counters.pending, result.message, bench.register.billed) == (0, "", 2)


def test_one_question_that_has_to_wait_stops_no_other(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    bench.register.faults.add(Fault("refuse", code="205"))
    result = bench.go("ask_register")
    assert result.counters.pending == 1
    assert result.message.startswith("one question waits for the next run: CON013 registry company ")
    assert bench.register.counters.calls == 2
    assert bench.go("ask_register").counters.pending == 0


def test_the_trouble_of_one_look_up_leaves_the_other_alone(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    assert COMPANY.address is not None
    bench.put("erp", row("9", "杭州甲机械有限公司", address=COMPANY.address.text))
    bench.go("erp", "parties")
    bench.register.faults.add(Fault("unavailable", count=None))
    result = bench.go("ask_both")
    assert result.message.startswith("CON002 registry company ")
    assert bench.answers("map") == 1


def test_wrong_credentials_stop_the_flow_and_harm_nobody(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    before = bench.party(COMPANY.name)
    bench.edit("config/secrets.env", "qcc-sandbox-secret", "another-word")
    with pytest.raises(Misconfigured, match="CON067"):
        bench.go("ask_register")
    assert bench.party(COMPANY.name) == before


def test_a_namesake_completes_nobody(sqlite_bench: LookupBench) -> None:
    bench = sqlite_bench
    other = COMPANIES[1]
    bench.put("erp", row("9", "杭州甲机械有限公司", code=other.credit_code))
    bench.go("erp", "parties")
    assert bench.go("ask_register").counters.filtered == 2  # the stranger, and a code that is another company's
    bench.go("parties")
    assert "address" not in bench.party("杭州甲机械有限公司").values
