"""Partner onboarding from a landed record to a qualified dealer: moves, tasks, merges, undo, who may be published."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.condition import Condition
from goldbridge import cli
from goldbridge.errors import Mark
from goldbridge.state import crosswalk, decision, golden, landing, task
from tests.flows.bench import Bench, row

PROCESS = """
onboarding:
  states: [suspended, applied, in_review, qualified]
  start: applied
  qualified: [qualified]
  asks: {in_review: does this dealer qualify?}
  moves:
    submit:  {from: applied, to: in_review, when: "credit_code != null"}
    suspend: {from: qualified, to: suspended, when: "phones == null"}
    approve: {from: in_review, to: qualified, by: steward, documents: [licence], when: "size(phones) > 0"}
    restore: {from: suspended, to: qualified, by: steward}
"""
CODE, OTHER = "91330106MA27XAMP09", "91310115MA1K4BCD5X"
PHONE = "0571-87654321"


@pytest.fixture
def onboarding(bench: Bench) -> Bench:
    bench.edit("config/model.yaml", "dealer: {}", "dealer: {qualification: onboarding}")
    bench.edit("mappings/crm/account.yaml", "role: {value: customer}", "role: {value: dealer}")
    bench.write("config/qualification.yaml", PROCESS)
    bench.put(
        "crm", row("1", "杭州甲机械有限公司", code=CODE, tel=PHONE), row("2", "杭州乙电子有限公司", tel="0571-86543210")
    )
    bench.put("erp", row("7", "上海丙贸易有限公司", tel="021-55556666"))
    bench.run("crm", "erp", "parties")
    return bench


def values(bench: Bench, key: str = "1", system: str = "crm", stream: str = "account") -> dict[str, Any]:
    with bench.hub() as hub, hub.store.read() as conn:
        record = landing.record_id(system, stream, key)
        return golden.load(conn, [crosswalk.golden_of(conn, [record])[record]]).popitem()[1].values


def states(bench: Bench) -> dict[str, str]:
    return {key: values(bench, key)["qualification"]["dealer"] for key in ("1", "2")}


def tasks(bench: Bench) -> list[task.Task]:
    with bench.hub() as hub, hub.store.read() as conn:
        return task.list_tasks(conn, kinds=["qualification"])


def type_(bench: Bench, *words: str) -> int:
    return cli.main([*words, "--project", str(bench.root)])


def approve(bench: Bench, *more: str) -> int:
    words = ("golden", "qualify", "crm.account/1", "dealer", "approve", *more)
    return type_(bench, *words, "-m", "papers are in order")


def test_a_role_stands_where_its_data_put_it_and_asks_there(onboarding: Bench) -> None:
    assert states(onboarding) == {"1": "in_review", "2": "applied"}
    assert values(onboarding)["qualified"] == []
    assert "qualification" not in values(onboarding, "7", "erp", "partner")
    (asked,) = tasks(onboarding)
    assert "does this dealer qualify?" in asked.payload["reason"]
    assert "golden qualify party-" in asked.payload["reason"]
    assert asked.queue == "partners"


def test_a_steward_approves_with_documents_and_takes_it_back(
    onboarding: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(onboarding) == 1
    assert "MDM078 approve asks for documents that were not named: --document licence=..." in capsys.readouterr().err
    assert approve(onboarding, "--document", "licence=DOC-17") == 0
    said = capsys.readouterr().out
    assert "is qualified\n" in said
    assert "take it back with: goldbridge golden undo" in said
    assert states(onboarding)["1"] == "qualified"
    assert values(onboarding)["qualified"] == ["dealer"]
    assert tasks(onboarding) == []
    with onboarding.hub() as hub, hub.store.read() as conn:
        (made,) = [one for one in decision.list_decisions(conn) if one.kind == "qualify"]
        (kept,) = decision.active_overrides(conn)
    assert kept.value == {"state": "qualified", "move": "approve", "documents": {"licence": "DOC-17"}}
    assert type_(onboarding, "golden", "undo", str(made.id)) == 0
    assert states(onboarding)["1"] == "in_review"
    assert len(tasks(onboarding)) == 1


def test_what_cannot_be_done_is_refused_with_what_can(onboarding: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (("crm.account/1", "dealer", "restore"), "is in_review; what can be done is: approve"),
        (("crm.account/2", "dealer", "approve"), "is applied; what can be done is: nothing"),
        (("crm.account/1", "dealer", "aprove"), "onboarding has no move 'aprove'; what can be done is: approve"),
        (
            ("crm.account/1", "customer", "approve"),
            "role 'customer' of party needs no qualification; those that do: dealer",
        ),
        (("erp.partner/7", "dealer", "approve"), "is no dealer"),
    ):
        capsys.readouterr()
        assert type_(onboarding, "golden", "qualify", *words) == 1
        assert said in capsys.readouterr().err


def test_a_qualification_that_fell_stays_down_until_a_person_restores_it(onboarding: Bench) -> None:
    approve(onboarding, "--document", "licence=DOC-17")
    onboarding.put("crm", row("1", "杭州甲机械有限公司", code=CODE, at="2026-02-02 08:00:00"))
    onboarding.run("crm", "parties")
    assert states(onboarding)["1"] == "suspended"
    onboarding.put("crm", row("1", "杭州甲机械有限公司", code=CODE, tel=PHONE, at="2026-02-03 08:00:00"))
    onboarding.run("crm", "parties")
    assert states(onboarding)["1"] == "suspended"
    (again,) = onboarding.run("parties")
    assert again.counters.other.get("golden_versions", 0) == 0
    assert type_(onboarding, "golden", "qualify", "crm.account/1", "dealer", "restore") == 0
    assert states(onboarding)["1"] == "qualified"


def test_e84_a_merge_qualifies_nobody_and_a_split_gives_each_its_own_back(onboarding: Bench) -> None:
    """Guard: mdm.qualification:most_restrictive"""
    approve(onboarding, "--document", "licence=DOC-17")
    onboarding.put("crm", row("2", "杭州乙电子有限公司", code=OTHER, tel="0571-86543210", at="2026-02-02 08:00:00"))
    onboarding.run("crm", "parties")
    words = ("golden", "qualify", "crm.account/2", "dealer", "approve", "--document", "licence=DOC-18")
    assert type_(onboarding, *words) == 0
    onboarding.put("crm", row("2", "杭州乙电子有限公司", code=OTHER, at="2026-02-03 08:00:00"))
    onboarding.run("crm", "parties")
    assert states(onboarding) == {"1": "qualified", "2": "suspended"}
    assert type_(onboarding, "golden", "merge", "crm.account/1", "crm.account/2", "-m", "one firm") == 0
    assert states(onboarding) == {"1": "suspended", "2": "suspended"}
    assert values(onboarding)["qualified"] == []
    with onboarding.hub() as hub, hub.store.read() as conn:
        (made,) = [one for one in decision.list_decisions(conn) if one.kind == "merge"]
    assert type_(onboarding, "golden", "undo", str(made.id)) == 0
    assert states(onboarding) == {"1": "qualified", "2": "suspended"}


def test_a_customer_stays_one_whatever_becomes_of_the_dealer(onboarding: Bench) -> None:
    assert type_(onboarding, "golden", "merge", "crm.account/2", "erp.partner/7", "-m", "one firm") == 0
    found = values(onboarding, "2")
    assert (found["roles"], found["qualified"]) == (["customer", "dealer"], ["customer"])
    with onboarding.hub() as hub:
        entity = hub.project.model.entities["party"]
    asked = {when: Condition(when, entity, Mark("flows.yaml"))(found) for when in (
        "has_role('dealer')", "qualified('dealer')", "qualified('customer')")}  # fmt: skip
    assert asked == {"has_role('dealer')": True, "qualified('dealer')": False, "qualified('customer')": True}


def test_another_process_moves_everybody_at_the_next_run(onboarding: Bench) -> None:
    onboarding.edit(
        "config/qualification.yaml",
        "moves:\n",
        "moves:\n    known: {from: applied, to: qualified, when: 'phones != null'}\n",
    )
    onboarding.run("parties")
    assert states(onboarding) == {"1": "qualified", "2": "qualified"}
    (again,) = onboarding.run("parties")
    assert again.counters.other.get("golden_versions", 0) == 0


def test_a_flow_that_would_publish_the_unqualified_is_refused(
    onboarding: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    onboarding.edit(
        "flows.yaml",
        "parties:",
        "out: {publish: party, when: \"has_role('dealer')\", to: erp.partner, mapping: erp.partner.out}\n  parties:",
    )
    onboarding.write(
        "mappings/erp/partner.out.yaml",
        "mapping: erp.partner.out\nsource: party\ntarget: erp.partner\nfields: {NAME: {from: name}}\n",
    )
    assert type_(onboarding, "check", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    told = [one for one in found if one["code"] == "FLW016"]
    assert told, found
    assert "write qualified('dealer') instead of has_role('dealer')" in told[0]["message"]
