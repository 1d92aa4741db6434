"""`goldbridge mapping test` and `goldbridge preview`: exit status, words, JSON."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from goldbridge import cli
from goldbridge.cli import Group
from goldbridge.state import golden
from goldbridge.state.engine import open_store
from goldbridge.state.golden import Golden

ACCOUNT = """mapping: crm.account
target: party
key: ID
when: "GONE != '1'"
fields:
  name:        {from: NAME, via: [trim, fold_width], required: true}
  status:      {from: STATE, lookup: {"1": active, "0": inactive}, else: reject}
  capital_cny: {from: CAPITAL, via: [money]}
  address.line: {join: [CITY, STREET], with: ""}
examples:
  - given: {ID: 1, NAME: 甲, STATE: "1"}
    expect: {name: 甲, status: active}
"""
OUT = """mapping: new.account.out
source: party
target: new.Account
fields:
  name:   {from: name, required: true}
  upper:  {from: name, via: [prefix: "集团-"]}
"""
FILES = {
    "config/sources.yaml": "sources:\n  crm:\n    connector: sql\n    url: {secret: CRM_URL}\n    zone: Asia/Shanghai\n"
    "    streams: {account: {table: T, key: ID, cursor: AT}}\n",
    "config/model.yaml": "entities:\n  party:\n    fields:\n      name: {type: text, required: true}\n"
    "      status: {enum: [active, inactive]}\n      capital_cny: {type: money}\n      address: {type: address}\n",
    "flows.yaml": "flows: {}\n",
    "mappings/crm/account.yaml": ACCOUNT,
    "mappings/new/account.out.yaml": OUT,
}
ROWS = [
    ("C1", " 示例[集团]（一）", "1", "300万", "杭州市", "示例路1号", "0", "2026-03-01 08:00:00"),
    ("C2", "乙", "9", "x", None, None, "0", "2026-03-01 09:00:00"),
    ("C3", "丙", "1", "", "", "", "1", "2026-03-01 10:00:00"),
    ("C4", "丁", "0", "面议", "", "", "0", "2026-03-01 11:00:00"),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in FILES.items():
        write(tmp_path, path, text)
    with sqlite3.connect(tmp_path / "crm.sqlite") as conn:
        conn.execute("CREATE TABLE T (ID, NAME, STATE, CAPITAL, CITY, STREET, GONE, AT)")
        conn.executemany("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ROWS)
    conn.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_URL", f"sqlite:///{tmp_path / 'crm.sqlite'}")
    monkeypatch.setenv("COLUMNS", "160")
    if all(group.module != "mapping" for group in cli.GROUPS):
        monkeypatch.setattr(cli, "GROUPS", (*cli.GROUPS, Group("mapping", ("mapping", "preview"))))
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.usefixtures("root")
def test_examples_that_come_true_take_a_line_per_mapping(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "mapping", "test") == (
        0,
        "ok    crm.account: 1 example\nok    new.account.out: no examples\n",
        "",
    )
    assert run(capsys, "mapping", "test", "new") == (0, "ok    new.account.out: no examples\n", "")
    status, out, _ = run(capsys, "mapping", "test", "crm.account", "--json")
    assert (status, json.loads(out)) == (0, [{"mapping": "crm.account", "examples": 1, "problems": []}])


def test_an_example_that_fails_is_a_configuration_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "mappings/crm/account.yaml", ACCOUNT.replace("expect: {name: 甲", "expect: {name: 乙"))
    status, out, err = run(capsys, "mapping", "test")
    assert (status, out) == (2, "FAIL  crm.account: 1 example\nok    new.account.out: no examples\n")
    assert err == (
        "mappings/crm/account.yaml:12:13: MAP031 example 1 gives something else:\n    name: expected '乙', got '甲'\n"
    )
    status, out, err = run(capsys, "mapping", "test", "--json")
    assert (status, err) == (2, "")
    assert "MAP031" in json.loads(out)[0]["problems"][0]


def test_a_mapping_that_does_not_compile_fails_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "mappings/crm/account.yaml", ACCOUNT.replace("fold_width", "fold_with"))
    status, _, err = run(capsys, "mapping", "test", "crm")
    assert status == 2
    assert err == "mappings/crm/account.yaml:6:41: MAP014 unknown transform 'fold_with'; did you mean 'fold_width'?\n"


@pytest.mark.usefixtures("root")
def test_a_name_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "mapping", "test", "crm.acount")
    assert (status, err) == (2, "mappings: MAP003 there is no mapping 'crm.acount'; did you mean 'crm.account'?\n")
    status, _, err = run(capsys, "preview", "crm.acount")
    assert (status, err) == (2, "mappings: MAP003 there is no mapping 'crm.acount'; did you mean 'crm.account'?\n")


@pytest.mark.usefixtures("root")
def test_preview_shows_before_and_after_and_every_fate(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "preview", "crm.account")
    assert (status, err) == (0, "")
    flat = " ".join(out.split())
    assert "1. C1: applied" in flat
    assert "name 示例[集团](一) 示例[集团](一)" in flat.replace("（", "(").replace("）", ")")
    assert "status 1 active" in flat
    assert "capital_cny 300万 3000000" in flat
    assert "address.line CITY: 杭州市 杭州市示例路1号 STREET: 示例路1号" in flat
    assert "2. C2: dead letter" in flat
    assert "status 9 no lookup entry for '9'" in flat
    assert "mappings/crm/account.yaml:7:38: MAP041 status: no lookup entry for '9'" in flat
    assert "3. C3: filtered" in flat
    assert "4. C4: applied" in flat
    assert "面议" in flat
    assert flat.endswith("4 read: 2 applied, 1 filtered, 1 dead letter")


@pytest.mark.usefixtures("root")
def test_preview_takes_a_limit_and_gives_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "preview", "crm.account", "--limit", "2", "--json")
    first, second = json.loads(out)
    assert status == 0
    assert (first["key"], first["fate"], first["before"]["NAME"]) == ("C1", "applied", ROWS[0][1])
    assert first["after"] == {
        "name": "示例[集团](一)",
        "status": "active",
        "capital_cny": "3000000",
        "address": {"line": "杭州市示例路1号"},
    }
    assert second["after"] is None
    assert second["error"] == {
        "code": "MAP041",
        "field": "status",
        "message": "status: no lookup entry for '9'",
        "file": "mappings/crm/account.yaml",
        "line": 7,
        "column": 38,
    }


def test_preview_of_another_stream(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "mappings/crm/other.yaml", ACCOUNT.replace("crm.account", "crm.other"))
    status, out, _ = run(capsys, "preview", "crm.other", "--from", "crm.account", "--limit", "1", "--json")
    assert (status, json.loads(out)[0]["fate"]) == (0, "applied")
    status, _, err = run(capsys, "preview", "crm.other")
    assert status == 2
    assert "crm" in err


def test_preview_of_an_out_mapping_takes_golden_records(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "preview", "new.account.out")
    assert status == 2
    assert "MAP032 there are no golden records yet to preview 'new.account.out' on" in err
    store = open_store(f"sqlite:///{root / '.goldbridge' / 'state.sqlite'}", state_dir=root / ".goldbridge")
    with store.begin() as conn:
        golden.save(conn, [Golden(7, "party", 1, values={"name": "甲"})], "test", 1)
    store.close()
    status, out, _ = run(capsys, "preview", "new.account.out", "--json")
    (record,) = json.loads(out)
    assert status == 0
    assert record["after"] == {"name": "甲", "upper": "集团-甲"}
    assert record["before"]["id"].startswith("party-")
