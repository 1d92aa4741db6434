"""`goldbridge reconcile --report`: a page and a JSON file that somebody signs. `goldbridge diff`: the same for one
flow, without a trace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from goldbridge import cli
from goldbridge.simulators.kit.loopback import Loopback
from tests.flows.bench_crm import CrmBench, company, credit_code
from tests.flows.conftest import sqlite_crm

__all__ = ["sqlite_crm"]
PAGE = "https://crm.example/{object}?id={key}"


@pytest.fixture
def published(sqlite_crm: CrmBench) -> Iterator[CrmBench]:
    """Two companies in a target that listens."""
    crm = sqlite_crm
    crm.accounts(
        "crm",
        company("1", "杭州甲<b>机械有限公司", code=credit_code(1), capital="100000.10"),
        company("2", "宁波乙电子有限公司", code=credit_code(2), capital="200000.20"),
    )
    crm.go("crm", "parties", "accounts")
    crm.edit("flows.yaml", "reconcile: [accounts, partners, contacts, contracts, orders]", "reconcile: [accounts]")
    crm.edit(
        "flows.yaml",
        "sums: {new_crm.SaleContractObj: [contract_amount], new_crm.AccountObj: [capital__c]}",
        "sums: {new_crm.AccountObj: [capital__c]}\n    groups: {new_crm.AccountObj: [name]}",
    )
    with Loopback(crm.app) as url:
        crm.edit("config/sources.yaml", "http://127.0.0.1/", f"{url}/")
        yield crm


def reconcile(crm: CrmBench, *options: str) -> tuple[int, str, dict[str, Any]]:
    out = crm.root / "signed.html"
    status = cli.main(["reconcile", "--project", str(crm.root), "--report", str(out), *options])
    return status, out.read_text(encoding="utf-8"), json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))


def test_a_report_that_agrees_says_so_and_covers_its_json(published: CrmBench) -> None:
    status, page, told = reconcile(published)
    assert (status, told["ok"]) == (0, True)
    assert "Both sides agree, row by row and field by field." in page
    assert "杭州甲&lt;b&gt;机械有限公司" in page
    assert "<b>" not in page
    raw = (published.root / "signed.json").read_bytes()
    assert f"signed.json, SHA-256 {sha256(raw).hexdigest()}" in page
    (report,) = told["runs"][0]["objects"]
    assert report["fingerprints"]["expected"] == report["fingerprints"]["found"]
    assert report["fields"]["capital__c"]["found"] == {
        "filled": 2, "min": "100000.1", "max": "200000.2", "sum": "300000.3",
    }  # fmt: skip
    assert {value: both["expected"]["rows"] for value, both in report["groups"]["name"].items()} == {
        "杭州甲<b>机械有限公司": 1, "宁波乙电子有限公司": 1,
    }  # fmt: skip


def test_a_difference_leads_to_its_records(published: CrmBench) -> None:
    published.edit("config/sources.yaml", "connector: fxiaoke", f"connector: fxiaoke\n    page: '{PAGE}'")
    row = next(row for row in published.rows() if row["capital__c"] == "100000.10")
    published.tenant.edit("AccountObj", row["_id"], {"capital__c": "7"})
    status, page, told = reconcile(published, "--lang", "zh")
    assert (status, told["ok"]) == (1, False)
    shown = told["runs"][0]["objects"][0]["shown"][0]
    assert (shown["external_id"], shown["key"], shown["field"]) == (row["golden_id__c"], row["_id"], "capital__c")
    assert "crm.account/1" in shown["records"]
    assert f'href="https://crm.example/AccountObj?id={row["_id"]}"' in page
    assert "两侧不一致" in page
    assert not re.search(r"<script|src=|@import", page)


@pytest.mark.parametrize("page", ["crm.example/{key}", "https://crm.example/", "https://crm.example/{id}/{key}"])
def test_a_page_that_shows_no_record_is_a_mistake_of_the_file(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    sqlite_crm.edit("config/sources.yaml", "connector: fxiaoke", f"connector: fxiaoke\n    page: '{page}'")
    assert cli.main(["check", "--project", str(sqlite_crm.root)]) == 2
    told = capsys.readouterr().err
    assert re.search(
        r"config/sources.yaml:\d+:\d+: CFG\d+ page\b.* write the address of a record with {key} in it", told
    )


def test_a_report_of_another_kind_is_refused_before_anything_runs(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reconcile", "--project", str(sqlite_crm.root), "--report", "report.pdf"]) == 2
    assert "report.pdf does not end in .html" in capsys.readouterr().err


def test_flw014_a_group_of_what_no_flow_writes_is_a_mistake_of_the_file(
    published: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    published.edit("flows.yaml", "groups: {new_crm.AccountObj: [name]}", "groups: {new_crm.AccountObj: [regoin]}")
    assert cli.main(["check", "--project", str(published.root)]) == 2
    assert "FLW014 no mapping to new_crm.AccountObj writes 'regoin', so there is nothing to group by" in (
        capsys.readouterr().err
    )


def diff(crm: CrmBench, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.main(["diff", "accounts", "--project", str(crm.root), *options])
    return status, capsys.readouterr().out


def test_a_diff_tells_what_differs_and_changes_nothing(published: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    crm = published
    assert diff(crm, capsys) == (0, "new_crm.AccountObj: 2 rows wanted, 2 there: agrees\n")
    row = next(row for row in crm.rows() if row["capital__c"] == "100000.10")
    crm.tenant.edit("AccountObj", row["_id"], {"capital__c": "7"})
    crm.tenant.add("AccountObj", {"name": "丙", "golden_id__c": "party-0000000000000"})
    crm.accounts("crm", company("3", "温州丙阀门有限公司", code=credit_code(3)))
    crm.go("crm", "parties")
    before = crm.rows()
    status, said = diff(crm, capsys)
    first, *lines = said.splitlines()
    counted = "1 to create, 1 with other values (1 fields), 1 that nobody asks for"
    assert (status, first) == (1, f"new_crm.AccountObj: 3 rows wanted, 3 there: {counted}")
    assert f"  ~ {row['golden_id__c']} {row['_id']} capital__c: '7.00' -> '100000.10' (crm.account/1)" in lines
    assert sum(line.startswith("  + party-") and line.endswith("(crm.account/3)") for line in lines) == 1
    assert sum(line.startswith("  ? party-0000000000000 ") for line in lines) == 1
    assert crm.rows() == before
    told = json.loads(diff(crm, capsys, "--json", "--limit", "1")[1])
    assert (told["flow"], told["changed"], len(told["shown"])) == ("accounts", 1, 1)
    crm.go("accounts")
    assert diff(crm, capsys)[1].startswith("new_crm.AccountObj: 3 rows wanted, 4 there: 1 with other values (1 fields)")


def test_flw005_a_flow_that_writes_nothing_has_no_diff(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["diff", "parties", "--project", str(sqlite_crm.root)]) == 2
    assert re.search(r"flows.yaml:\d+:\d+: FLW005 'parties' is not a publish or sync flow", capsys.readouterr().err)
