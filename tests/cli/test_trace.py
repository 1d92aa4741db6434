"""`goldbridge trace`: how a record is named, and what is said about it."""

from __future__ import annotations

import json

import pytest

from tests.bad_input.desk import Desk
from tests.cli.test_dead import ACCOUNT_OUT, OUT


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """Two companies landed and mastered, one of them set aside; a file has a record of the same key as one of them."""
    desk.edit("mappings/crm/account.yaml", "via: [trim]", "via: [blank]")
    desk.account(("1", "杭州甲机械有限公司", ""), ("2", "", ""))
    desk.write("inbox/customers.csv", "编号,名称,电话\n1,宁波乙电子有限公司,\n")
    assert [desk.type("run", flow).status for flow in ("crm", "files", "parties")] == [1, 0, 0]
    return desk


@pytest.mark.parametrize("words", [("crm", "1"), ("crm.account", "1"), ("crm.account/1",)], ids=" ".join)
def test_a_record_is_named_in_three_ways(worked: Desk, words: tuple[str, ...]) -> None:
    said = worked.type("trace", *words)
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0] == "crm.account/1"
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == [
        "landed", "mapped", "matched", "golden", "delivered",
    ]  # fmt: skip
    assert "  won name by only claim: 杭州甲机械有限公司" in said.out
    assert " by mappings/crm/account.yaml; revision " in said.out
    assert said.out.endswith("delivered  nowhere\n")


def test_json_holds_every_step(worked: Desk) -> None:
    found = json.loads(worked.type("trace", "crm", "1", "--json").out)
    assert list(found) == ["record", "landed", "mapped", "matched", "golden", "delivered", "dead_letters"]
    assert (found["landed"]["flow"], found["golden"]["won"]["name"]["rule"]) == ("crm", "only_claim")


def test_a_record_that_was_set_aside(worked: Desk) -> None:
    said = worked.type("trace", "crm", "2")
    assert "golden     none\n" in said.out
    *_, aside, letter = said.out.splitlines()
    assert " by flow crm: MAP040 name: required, but empty in the source (mappings/crm/account.yaml:6:" in aside
    assert letter.strip().startswith("letter 1, stage map, 1 times since ")


def test_a_row_that_could_not_be_read_was_never_landed(desk: Desk) -> None:
    desk.write("inbox/customers.csv", "编号,名称,电话\n1,甲公司,\n2,乙公司,\n2,丙公司,\n")
    desk.type("run", "files")
    said = desk.type("trace", "drop", "2")
    assert said.status == 0
    assert said.out.splitlines()[1] == "landed     never"
    assert "CON085" in said.out


def test_a_key_of_several_streams_must_be_told_apart(worked: Desk) -> None:
    desk = worked
    desk.edit("config/sources.yaml", "customers: {path: customers.csv, key: 编号, settle_s: 0}",
              "customers: {path: customers.csv, key: 编号, settle_s: 0}\n"
              "      people: {path: customers.csv, key: 编号, settle_s: 0}")  # fmt: skip
    desk.edit("flows.yaml", "files: {ingest: drop.customers}",
              "files: {ingest: drop.customers}\n  people: {ingest: drop.people, mapping: drop.customers}")  # fmt: skip
    assert desk.type("run", "people").status == 0
    said = desk.type("trace", "drop", "1")
    assert said.status == 2
    assert "'1' is in drop.customers and drop.people; say which" in " ".join(said.errors)
    assert desk.type("trace", "drop.people", "1").status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("crm", "99"), "nothing is known of '99' in crm"),
        (("crm.account/99",), "nothing is known of '99' in crm.account"),
        (("cmr", "1"), "there is no system 'cmr'; did you mean 'crm'?"),
        (("crm",), "write SYSTEM KEY, SYSTEM.STREAM KEY or SYSTEM.STREAM/KEY"),
    ],
)
def test_what_is_not_there_is_said(worked: Desk, words: tuple[str, ...], message: str) -> None:
    said = worked.type("trace", *words)
    assert said.status == 2
    assert message in " ".join(" ".join(said.errors).replace("│", " ").split())


def test_looking_makes_no_state(desk: Desk) -> None:
    assert desk.type("trace", "crm", "1").status == 2
    assert not (desk.root / ".goldbridge/state.sqlite").exists()


def test_what_was_written_to_a_target_over_http(worked: Desk, landscape: str) -> None:
    desk = worked
    desk.edit("config/sources.yaml", "http://127.0.0.1:9/fxiaoke", f"{landscape}/fxiaoke")
    desk.edit("config/sources.yaml", "timeout_s: 2", "timeout_s: 20\n    writes: enabled")
    desk.edit("flows.yaml", "accounts: {ingest: new_crm.AccountObj}",
              "accounts: {publish: party, to: new_crm.AccountObj, mapping: new_crm.account.out}")  # fmt: skip
    desk.write(OUT, ACCOUNT_OUT)
    assert desk.type("run", "accounts").status == 0
    (delivered,) = json.loads(desk.type("trace", "crm", "1", "--json").out)["delivered"]
    assert (delivered["state"], delivered["written"]["name"]) == ("done", "杭州甲机械有限公司")
    said = desk.type("trace", "crm", "1").out
    assert f" create new_crm.AccountObj/{delivered['key']}: done (flow accounts (run " in said
    assert "  name: 杭州甲机械有限公司\n" in said
    assert f"written to {delivered['key']} in all, last " in said
    assert desk.type("trace", "new_crm", delivered["key"]).out.startswith(f"new_crm.AccountObj/{delivered['key']}\n")
