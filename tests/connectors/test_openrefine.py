"""OpenRefine against a pretend reconciliation service: candidates, batches, extension, manifests, every status."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from connectors.openrefine import OpenRefine
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.openrefine import API_KEY
from goldbridge.simulators.openrefine import OpenRefine as Service
from goldbridge.simulators.openrefine.entity import identity
from goldbridge.simulators.world import World
from tests.connectors.rig import CLASSES, NOON, connect, outcome, sim_clock, table

WORLD = World(customers=60, seed=7)
COMPANIES = [c for c in WORLD.companies if "customer" in c.roles and c.credit_code]
COMPANY = COMPANIES[0]


class Case:
    """A service and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Service(WORLD, clock=sim_clock(self.clock), **options)

    def connect(self, **more: Any) -> OpenRefine:
        more = {"base_url": "http://127.0.0.1/reconcile", "properties": {"credit_code": "uscc"}, **more}
        return connect(OpenRefine, self.sim, self.clock, **more)


def ask(connector: OpenRefine, name: str = COMPANY.name, code: str = COMPANY.credit_code) -> Any:
    return connector.ask("entity", {"name": name, "credit_code": code})


def test_a_certain_candidate_is_the_answer() -> None:
    answer = ask(Case().connect())
    assert (answer.found, answer.key, answer.stream) == (True, identity(COMPANY), "entity")
    assert (answer.row["name"], answer.row["match"]) == (COMPANY.name, True)
    assert answer.row["question"]["credit_code"] == COMPANY.credit_code
    assert answer.row["candidates"][0]["id"] == answer.key
    assert ask(Case().connect(), name="").key == answer.key, "a code alone is a question, too"
    assert not ask(Case().connect(), code="").found, "this service is never certain of a name"


def test_only_terms_with_a_property_go_along() -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(properties={}), name="")) == (Reject, "CON245")
    assert case.sim.counters.calls == 0


def test_an_uncertain_candidate_is_taken_only_from_a_score_on() -> None:
    near = COMPANY.name[:-4] + "集团股份公司"
    doubtful = ask(Case().connect(), near, "")
    assert (doubtful.found, doubtful.row) == (False, {})
    assert doubtful.reason.startswith("no candidate is certain; the best has ")
    score = doubtful.reason.rsplit(" ", 1)[1]
    taken = ask(Case().connect(min_score=score), near, "")
    assert (taken.found, str(taken.row["score"])) == (True, score)
    assert not ask(Case().connect(min_score="99.9"), near, "").found
    nothing = ask(Case().connect(min_score="1"), "绝无此名", "")
    assert nothing.reason == "the service knows nothing like it"


def test_two_certain_candidates_are_no_certain_answer() -> None:
    case = Case()
    twins = [{"id": id, "name": "x", "score": 100, "match": True} for id in ("A", "B")]
    case.sim.faults.add(Fault("error_body", body={"q0": {"result": twins}}))
    answer = ask(case.connect(min_score="1"))
    assert (answer.found, answer.reason) == (False, "several candidates are called certain")


def test_values_of_what_was_found_are_fetched_in_one_call() -> None:
    case = Case()
    connector = case.connect(extend=["uscc", "status", "capital", "city", "founded"], batch=30)
    found = connector.ask_many("entity", [{"name": c.name, "credit_code": c.credit_code} for c in COMPANIES[:20]])
    assert case.sim.counters.calls == 2
    for company, answer in zip(COMPANIES, found, strict=False):
        values = answer.row["values"]  # type: ignore[union-attr]
        assert values["uscc"] == [company.credit_code]
        assert values["status"] == [company.status == "ACTIVE", company.status_text]
        assert values["founded"] == [f"{company.founded}T00:00:00Z"]
        assert values["city"][0]["id"] == company.region
        assert not any(isinstance(each, float) for each in values["capital"])
    one = connector.ask("extend", {"id": identity(COMPANY)})
    assert one.row == {"id": identity(COMPANY), "values": found[0].row["values"]}  # type: ignore[union-attr]
    assert not connector.ask("extend", {"id": "GR-999999"}).found


def test_a_batch_keeps_its_order_and_its_bad_questions_apart() -> None:
    case = Case()
    asked = [{"name": c.name, "credit_code": c.credit_code} for c in COMPANIES[:23]]
    asked[4:4] = [{"name": "", "city": "杭州"}, {"name": "绝无此名"}]
    together = case.connect().ask_many("entity", asked)
    assert case.sim.counters.calls == 3
    alone = case.connect(batch=1).ask_many("entity", asked)
    assert [getattr(each, "key", None) for each in together] == [getattr(each, "key", None) for each in alone]
    assert isinstance(together[4], Reject)
    assert [getattr(each, "found", None) for each in together[4:6]] == [None, False]


def test_f27_a_batch_that_is_refused_is_halved_until_the_bad_question_stands_alone() -> None:
    case = Case(largest=8)
    case.sim.faults.add(Fault("poison", key=COMPANIES[5].name, count=None))
    asked = [{"name": c.name, "credit_code": c.credit_code} for c in COMPANIES[:16]]
    found = case.connect(batch=16).ask_many("entity", asked)
    assert [at for at, each in enumerate(found) if isinstance(each, Reject)] == [5]
    assert found[5].code == "CON246"  # type: ignore[union-attr]
    assert case.sim.counters.calls <= 11


def test_f41_a_question_that_is_left_out_is_not_taken_for_unknown() -> None:
    case = Case()
    case.sim.faults.add(Fault("partial", rows=2))
    found = case.connect().ask_many("entity", [{"name": c.name} for c in COMPANIES[:4]])
    assert [getattr(each, "code", "") for each in found] == ["CON247", "CON247", "", ""]


def test_suggesting() -> None:
    connector = Case().connect()
    found = connector.ask("suggest_entity", {"prefix": COMPANY.name[:3]})
    assert identity(COMPANY) in [item["id"] for item in found.row["items"]]
    assert connector.ask("suggest_property", {"prefix": "ci"}).row["items"] == [{"id": "city", "name": "City"}]
    assert not connector.ask("suggest_type", {"prefix": "zzz"}).found
    assert len(connector.ask("properties", {"type": "customer"}).row["items"]) == 5
    assert outcome(lambda: connector.ask("suggest_type", {"prefix": " "})) == (Reject, "CON245")


def test_what_a_service_does_not_offer_is_said() -> None:
    case = Case()
    bare = {"versions": ["0.2"], "name": "x", "identifierSpace": "urn:x", "schemaSpace": "urn:x"}
    case.sim.faults.add(Fault("error_body", method="GET", body=bare))
    with pytest.raises(Misconfigured, match="does not offer to suggest type") as caught:
        case.connect().ask("suggest_type", {"prefix": "x"})
    assert caught.value.code == "CON248"
    with pytest.raises(Misconfigured, match="did you mean 'entity'"):
        case.connect().ask("entiti", {})


@pytest.mark.parametrize(
    ("options", "word"), [({"versions": ("0.1",)}, "not 0.2"), ({"versions": ()}, "an older version, not 0.2")]
)
def test_another_version_is_named(options: Any, word: str) -> None:
    with pytest.raises(Misconfigured, match=word) as caught:
        Case(**options).connect().probe()
    assert caught.value.code == "CON249"
    assert "Sandbox companies" in Case().connect().probe()


def test_a_manifest_without_a_name_is_none() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"versions": ["0.2"]}))
    with pytest.raises(Misconfigured, match="has no name"):
        case.connect().probe()


def test_a_locked_service_wants_its_key_where_it_says() -> None:
    case = Case(locked=True)
    assert ask(case.connect(api_key=API_KEY)).found
    for settings in ({}, {"api_key": "wrong"}, {"api_key": API_KEY, "api_key_in": "query"}):
        assert outcome(lambda more=settings: ask(case.connect(**more))) == (Misconfigured, "CON249")  # type: ignore[misc]


def test_the_key_never_goes_to_another_host_than_the_roots() -> None:
    case = Case(locked=True, services="http://localhost")
    serve, sent = InProcess(case.sim.app), []

    def look(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.host, request.headers.get("x-api-key")))
        return serve.handle_request(request)

    settings = {"base_url": "http://127.0.0.1/reconcile", "api_key": API_KEY}
    connector = connect(OpenRefine, None, case.clock, transport=httpx.MockTransport(look), **settings)
    assert outcome(lambda: connector.ask("suggest_type", {"prefix": "d"})) == (Misconfigured, "CON249")
    assert sent == [("127.0.0.1", API_KEY), ("localhost", None)]


def test_a_root_keeps_its_last_slash() -> None:
    case, sent = Case(), []
    serve = InProcess(case.sim.app)

    def look(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        plain = httpx.Request(request.method, str(request.url).rstrip("/"), headers=request.headers)
        return serve.handle_request(plain)

    for root in ("http://127.0.0.1/reconcile/", "http://127.0.0.1/reconcile"):
        connect(OpenRefine, None, case.clock, transport=httpx.MockTransport(look), base_url=root).probe()
    assert sent == ["/reconcile/", "/reconcile"]


SHEET = {
    "fatal-record": ["400", "413", "414"],
    "fatal-config": ["401", "403", "404"],
    "throttle": ["429"],
    "retry": ["500", "502", "503"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_status_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {"fatal-record": (Reject, "CON246"), "fatal-config": (Misconfigured, "CON249")}
    assert outcome(lambda: ask(case.connect())) == expected[name]


def test_f14_a_root_that_is_no_object_is_no_empty_answer() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body=[]))
    assert outcome(lambda: ask(case.connect())) == (Halt, "CON015")


@pytest.mark.parametrize("kind", ["truncated", "reset", "unavailable", "html", "lost"])
def test_f16_f20_f25_a_passing_fault_is_asked_again(kind: str) -> None:
    case = Case()
    case.sim.faults.add(Fault(kind))
    assert ask(case.connect()).found
    assert case.sim.counters.calls == 2


def test_s6_no_key_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(locked=True)
    connector = case.connect(api_key=API_KEY)
    case.sim.faults.add(Fault("refuse", code="500", message=f"key {API_KEY}", count=None))
    with pytest.raises(Retry) as caught:
        ask(connector)
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    assert API_KEY not in everything
