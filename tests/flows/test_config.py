"""flows.yaml: whatever it names has to be there; `check` and every command say so, with place and remedy."""

from __future__ import annotations

import pytest

from tests.bad_input.desk import hear
from tests.flows.bench_crm import CrmBench

MISTAKES = {
    "no kind": (
        "crm: {ingest: crm.account}",
        "crm: {ingset: crm.account}",
        ("3:3: FLW001 flow 'crm' is of no kind; it needs one of ingest, master, enrich, publish, sync, reconcile"),
    ),
    "two kinds": (
        "crm: {ingest: crm.account}",
        "crm: {ingest: crm.account, master: [party]}",
        ("3:3: FLW001 flow 'crm' is of no kind; it needs one of ingest, master, enrich, publish, sync, reconcile"),
    ),
    "source system": (
        "erp: {ingest: erp.partner}",
        "erp: {ingest: epr.partner}",
        "4:17: FLW002 there is no source system 'epr'; did you mean 'erp'?",
    ),
    "target system": (
        "to: new_crm.AccountObj",
        "to: new_cmr.AccountObj",
        "11:56: FLW002 there is no source system 'new_cmr'; did you mean 'new_crm'?",
    ),
    "look-up": (
        "people: {ingest: crm.contact}",
        "people: {enrich: party, with: [registry.company]}",
        "5:34: FLW002 there is no source system 'registry'; known: crm, erp, new_crm",
    ),
    "mapping": (
        "mapping: new_crm.account.out",
        "mapping: new_crm.acount.out",
        "11:85: FLW004 there is no mapping 'new_crm.acount.out'; did you mean 'new_crm.account.out'?",
    ),
    "predecessor": (
        "after: [crm, erp, typed]",
        "after: [crm, erp, tiped]",
        "8:48: FLW005 there is no flow 'tiped'; did you mean 'typed'?",
    ),
    "flow that writes nothing": (
        "reconcile: [accounts, partners, contacts, contracts, orders]",
        "reconcile: [accounts, partners, contacts, contracts, orders, crm]",
        "28:66: FLW005 'crm' is not a publish or sync flow; known: accounts, contacts, contracts, orders, partners",
    ),
    "entity": (
        "master: [party, contact]",
        "master: [party, contcat]",
        "9:30: FLW006 the model has no entity 'contcat'; did you mean 'contact'?",
    ),
    "two schedules": (
        "crm: {ingest: crm.account}",
        'crm: {ingest: crm.account, every: 5 min, cron: "0 3 * * *"}',
        "3:44: FLW007 give `every` or `cron`, not both",
    ),
    "circle": (
        "erp: {ingest: erp.partner}",
        "erp: {ingest: erp.partner, after: [everyone]}",
        "4:30: FLW008 `after` goes in a circle: erp, everyone, parties",
    ),
    "field of a condition": (
        "has_role('customer')",
        "staus == 'active'",
        "11:28: FLW009 `when`: party has no field 'staus'; did you mean 'status'?",
    ),
    "function of a condition": (
        "has_role('customer')",
        "has_rol('customer')",
        "11:28: FLW009 `when`: there is no function 'has_rol'; did you mean 'has_role'?",
    ),
    "no condition": ("has_role('customer')", "status ==", "11:28: FLW009 `when` is no CEL expression: "),
    "long condition": (
        "has_role('customer')",
        "status == '" + "x" * 1000 + "'",
        "11:28: FLW009 `when` is longer than 1000 characters",
    ),
    "mapping of another object": (
        "mapping: new_crm.account.out",
        "mapping: new_crm.partner.out",
        "11:85: FLW012 mapping 'new_crm.partner.out' makes new_crm.PartnerObj, not new_crm.AccountObj",
    ),
    "other mapping out": (
        "    mapping: crm.contract\n",
        "    mapping: crm.contract\n    out: new_crm.account.out\n",
        "20:10: FLW012 mapping 'new_crm.account.out' makes new_crm.AccountObj, not new_crm.SaleContractObj",
    ),
    "no mapping out": (
        "sync: {from: crm.contract, to: new_crm.SaleContractObj}",
        "sync: {from: crm.contract, to: new_crm.ContactObj}",
        "18:11: FLW013 no mapping leads from contract to new_crm.ContactObj; name one with `out:`",
    ),
}


@pytest.fixture
def crm(sqlite_crm: CrmBench, monkeypatch: pytest.MonkeyPatch) -> CrmBench:
    monkeypatch.chdir(sqlite_crm.root)
    return sqlite_crm


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_flows_yaml(crm: CrmBench, capsys: pytest.CaptureFixture[str], mistake: str) -> None:
    old, new, message = MISTAKES[mistake]
    crm.edit("flows.yaml", old, new)
    said = hear(crm.root, capsys, "check")
    assert said.status == 2
    assert said.error.startswith(f"flows.yaml:{message}")
    if "FLW009" not in message:  # it costs to compile a condition, so only a run that needs it does
        said = hear(crm.root, capsys, "run", "typed")
        assert said.status == 2
        assert said.error.startswith(f"flows.yaml:{message}")


def test_a_condition_stops_the_flow_that_has_it(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    crm.edit("flows.yaml", "has_role('customer')", "staus == 'active'")
    said = hear(crm.root, capsys, "run", "accounts")
    assert said.status == 2
    assert said.error == "flows.yaml:11:28: FLW009 `when`: party has no field 'staus'; did you mean 'status'?"


def test_the_shipped_kind_of_file_has_no_mistake(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    said = hear(crm.root, capsys, "check")
    assert (said.status, said.errors) == (0, [])


@pytest.mark.parametrize("text", ["flow: {}\n", "flows: [crm]\n", ""], ids=["misspelt", "a list", "empty"])
def test_flw001_a_file_without_flows(crm: CrmBench, capsys: pytest.CaptureFixture[str], text: str) -> None:
    crm.write("flows.yaml", text)
    said = hear(crm.root, capsys, "check")
    assert said.status == 2
    assert said.error.endswith("FLW001 flows.yaml needs a mapping `flows:` of flow names")


def test_all_mistakes_come_at_once(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("source system", "predecessor", "entity", "two schedules"):
        old, new, _ = MISTAKES[name]
        crm.edit("flows.yaml", old, new)
    said = hear(crm.root, capsys, "check")
    assert [line.split()[1] for line in said.errors] == ["FLW007", "FLW002", "FLW005", "FLW006"]
