"""`goldbridge dead replay`, typed at a desk: what it says, its exit status, and a target that answers over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from goldbridge.settings.project import load_project
from goldbridge.state import dead
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from tests.bad_input.desk import Desk

MAPPING, OUT = "mappings/crm/account.yaml", "mappings/new_crm/account.out.yaml"
ACCOUNT_OUT = """
mapping: new_crm.account.out
source: party
target: new_crm.AccountObj
fields:
  golden_id__c: {from: id}
  name: {from: name, required: true}
"""


def letters(desk: Desk) -> list[dead.DeadLetter]:
    project = load_project(desk.root)
    store = open_store(project.settings.state_url, state_dir=project.state_dir)
    try:
        with store.read() as conn:
            return dead.list_letters(conn)
    finally:
        store.close()


def replay(desk: Desk, *words: str) -> dict[str, Any]:
    said = desk.type("dead", "replay", *words, "--json")
    return {**json.loads(said.out), "status": said.status}


@pytest.fixture
def aside(desk: Desk) -> Desk:
    """Two records without a name were set aside; the code of one could stand for it."""
    desk.account(("1", "", "甲机械有限公司"), ("2", "", ""))
    desk.edit(MAPPING, "via: [trim]", "via: [blank]")
    assert desk.type("run", "crm").status == 1
    return desk


def correct(desk: Desk) -> None:
    desk.edit(
        MAPPING,
        "name: {from: NAME, via: [blank]",
        "name: {first_of: [{from: NAME, via: [blank]}, {from: CODE, via: [blank]}]",
    )


def test_what_became_of_each_is_told_with_the_reason(aside: Desk) -> None:
    desk = aside
    correct(desk)
    said = desk.type("dead", "replay", "crm", "--dry-run")
    assert said.status == 1
    assert said.out.splitlines()[0] == "crm: 2 dead letters: would be 1 applied, 1 still dead"
    said = desk.type("dead", "replay", "crm")
    first, second = said.out.splitlines()
    assert (said.status, first) == (1, "crm: 2 dead letters: 1 applied, 1 still dead")
    assert second.startswith("     2  MAP040  crm account 2  name: required")
    assert desk.type("dead", "replay", "crm").out.splitlines()[0] == "crm: 1 dead letter: 1 still dead"


def test_nothing_left_is_exit_status_0_however_often(aside: Desk) -> None:
    desk = aside
    correct(desk)
    assert replay(desk, "1")["status"] == 0
    again = replay(desk, "1")
    assert (again["status"], again["gone"], again["letters"]) == (0, [1], [])
    said = desk.type("dead", "replay", "1")
    assert said.out.splitlines() == [
        "no dead letters to replay",
        "1: there is no such dead letter; it may have applied since",
    ]


def test_json_holds_the_counts_and_every_letter(aside: Desk) -> None:
    correct(aside)
    found = replay(aside, "--all")
    assert {name: found[name] for name in ("applied", "filtered", "pending", "superseded", "dead")} == {
        "applied": 1, "filtered": 0, "pending": 0, "superseded": 0, "dead": 1,
    }  # fmt: skip
    assert [(one["key"], one["fate"]) for one in found["letters"]] == [("1", "applied"), ("2", "dead")]
    assert (found["status"], found["dry_run"]) == (1, False)


def test_it_must_be_said_which(aside: Desk) -> None:
    for words in ((), ("crm", "--all")):
        said = aside.type("dead", "replay", *words)
        assert said.status == 2
        assert "name flows or numbers, or say --all or --code CODE" in " ".join(said.errors)
    assert "FLW011 there is no flow 'crmm'; did you mean 'crm'?" in aside.type("dead", "replay", "crmm").error
    assert replay(aside, "--code", "MAP040")["dead"] == 2
    assert replay(aside, "--code", "MAP041")["letters"] == []


def test_a_flow_that_runs_elsewhere_is_75_and_the_others_go(aside: Desk) -> None:
    desk = aside
    desk.write("inbox/customers.csv", "编号,名称,电话\n7,,\n")
    assert desk.type("run", "files").status == 1
    project = load_project(desk.root)
    store = open_store(project.settings.state_url, state_dir=project.state_dir)
    with store.begin() as conn:
        runs.acquire(conn, "crm", holder="elsewhere")
    store.close()
    said = desk.type("dead", "replay", "--all")
    assert said.status == 75
    assert said.error.startswith("STA010 flow crm is already running by elsewhere")
    assert said.out.startswith("files: 1 dead letter: 1 still dead\n")


def test_a_row_that_could_not_be_read_says_what_to_do_and_goes_when_it_was_read(desk: Desk) -> None:
    inbox = "inbox/customers.csv"
    desk.write(inbox, "编号,名称,电话\n1,甲公司,\n2,乙公司,\n2,丙公司,\n,丁公司,\n")
    assert desk.type("run", "files").status == 1
    said = desk.type("dead", "replay", "files")
    assert said.status == 1
    assert said.out.count("; nothing of it was landed: correct it at its source, then run files\n") == 2
    # One of the two is read now, but nobody knows which row the other one was.
    desk.write(inbox, "编号,名称,电话\n1,甲公司,\n2,乙公司,\n3,丙公司,\n,丁公司,\n")
    desk.type("run", "files")
    assert [letter.key for letter in letters(desk)] == ["customers.csv:5"]
    desk.write(inbox, "编号,名称,电话\n1,甲公司,\n2,乙公司,\n3,丙公司,\n4,丁公司,\n")
    assert desk.type("run", "files").status == 0
    assert letters(desk) == []


def test_a_write_that_was_refused_goes_out_with_the_next_run(desk: Desk, landscape: str) -> None:
    desk.edit("config/sources.yaml", "http://127.0.0.1:9/fxiaoke", f"{landscape}/fxiaoke")
    desk.edit("config/sources.yaml", "timeout_s: 2", "timeout_s: 20\n    writes: enabled")
    desk.edit("flows.yaml", "accounts: {ingest: new_crm.AccountObj}",
              "accounts: {publish: party, to: new_crm.AccountObj, mapping: new_crm.account.out}")  # fmt: skip
    desk.write(OUT, ACCOUNT_OUT)
    desk.account(("1", "杭州甲机械有限公司", ""))
    fault = {"kind": "refuse", "path": "*/data/create", "code": "11018013", "message": "字段的值超出范围"}
    armed = httpx.post(f"{landscape}/_control/faults", json={"system": "new_crm", "faults": [fault]}, timeout=10)
    assert armed.status_code == 200
    assert [desk.type("run", flow).status for flow in ("crm", "parties", "accounts")] == [0, 0, 1]
    assert desk.type("run", "accounts").status == 0  # by itself nothing is tried again
    assert [letter.stage for letter in letters(desk)] == ["write"]
    said = desk.type("dead", "replay", "accounts")
    assert (said.status, said.out.splitlines()[0]) == (0, "accounts: 1 dead letter: 1 pending")
    assert said.out.splitlines()[1].endswith("ready; the next run of accounts sends it")
    assert desk.result("run", "accounts")["applied"] == 1
    assert letters(desk) == []


def test_a_replay_makes_no_secret_known(desk: Desk, tmp_path: Path) -> None:
    desk.account(("1", "", ""))
    desk.edit(MAPPING, "via: [trim]", "via: [blank]")
    desk.type("run", "crm")
    desk.secrets(CRM_URL="postgresql://reader:pass-of-the-reader@127.0.0.1:9/crm?connect_timeout=2")
    said = desk.type("dead", "replay", "--all")
    assert said.status == 1
    assert "pass-of-the-reader" not in said.out + "".join(said.errors)
