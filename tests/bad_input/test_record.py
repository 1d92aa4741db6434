"""Records that cannot be used as they are: kept with a note where possible, else dead letters; none is lost."""

from __future__ import annotations

import pytest

from goldbridge.settings.project import load_project
from goldbridge.state import dead, landing
from goldbridge.state.dead import DeadLetter
from goldbridge.state.engine import open_store
from tests.bad_input.desk import Desk

SOURCES, INBOX = "config/sources.yaml", "inbox/customers.csv"
HEADER = "编号,名称,电话\n"
FATES = ("applied", "unchanged", "filtered", "dead", "pending")


def letters(desk: Desk) -> list[DeadLetter]:
    project = load_project(desk.root)
    store = open_store(project.settings.state_url, state_dir=project.state_dir)
    try:
        with store.read() as conn:
            return list(dead.list_letters(conn))
    finally:
        store.close()


def records(desk: Desk, system: str, stream: str, *keys: str) -> dict[str, landing.Landed]:
    project = load_project(desk.root)
    store = open_store(project.settings.state_url, state_dir=project.state_dir)
    try:
        with store.read() as conn:
            ids = landing.find(conn, system, stream, keys)
            found = landing.load(conn, list(ids.values()))
            return {key: found[id] for key, id in ids.items()}
    finally:
        store.close()


def test_ragged_rows_are_set_aside_one_by_one(desk: Desk) -> None:
    rows = ["1,甲公司,", "2,乙公司", "3,丙公司,0571-87654321,多一列", ",丁公司,", "5,戊公司,13800138000", "6,,"]
    desk.write(INBOX, HEADER + "\n".join(rows) + "\n")
    result = desk.result("run", "files")
    assert result["status"] == 1
    assert result["read"] == len(rows) == sum(result[fate] for fate in FATES)
    assert (result["applied"], result["dead"]) == (2, 4)
    found = {letter.key: letter for letter in letters(desk)}
    assert len(found) == 4
    told = "\n".join(letter.message for letter in found.values())
    for line, what in ((3, "2 values"), (4, "4 values"), (5, "no value in its key column '编号'")):
        (message,) = [text for text in told.splitlines() if f"customers.csv:{line} has " in text]
        assert what in message
    assert "name: required" in found["6"].message
    assert "completeness" in result
    assert result["completeness"].startswith("unproven: ")

    # Set right and delivered again, everything is applied, and the letters are gone.
    good = ["1,甲公司,", "2,乙公司,", "3,丙公司,0571-87654321", "4,丁公司,", "5,戊公司,13800138000", "6,己公司,"]
    desk.write(INBOX, HEADER + "\n".join(good) + "\n")
    result = desk.result("run", "files")
    assert (result["status"], result["read"], result["dead"]) == (0, 6, 0)
    assert (result["applied"], result["unchanged"], result["completeness"]) == (4, 2, "proven")


def test_two_rows_that_claim_one_key_are_both_kept_out(desk: Desk) -> None:
    desk.write(INBOX, HEADER + "1,甲公司,\n2,乙公司,\n2,丙公司,\n")
    result = desk.result("run", "files")
    assert (result["status"], result["read"], result["applied"], result["dead"]) == (1, 3, 1, 2)
    assert "key '2' stands in several rows that differ" in letters(desk)[0].message


@pytest.mark.parametrize(
    ("declared", "content", "message"),
    [
        (
            "utf-8",
            (HEADER + "1,甲公司,\n").encode("gb18030"),
            "the header line does not decode; its encoding is declared as utf-8, correct `encoding`",
        ),
        (
            "gb18030",
            (HEADER + "1,甲公司有限责任,\n").encode(),
            "it is declared as gb18030, but its bytes are utf-8; correct `encoding`",
        ),
        (None, (HEADER + "1,甲公司,\n").encode("utf-16"), "its bytes are neither utf-8"),
    ],
    ids=["gb18030 as utf-8", "utf-8 as gb18030", "utf-16"],
)
def test_a_file_in_the_wrong_encoding_is_refused_whole(
    desk: Desk, declared: str | None, content: bytes, message: str
) -> None:
    if declared:
        desk.edit(SOURCES, "settle_s: 0", f"settle_s: 0, encoding: {declared}")
    desk.write(INBOX, content)
    said = desk.type("run", "files")
    assert said.status == 2
    assert said.error.startswith(f"config/sources.yaml: CON083 drop customers: customers.csv: {message}")
    assert letters(desk) == []


def test_a_file_without_the_declared_key(desk: Desk) -> None:
    desk.write(INBOX, "编码,名称,电话\n1,甲公司,\n")
    said = desk.type("run", "files")
    assert said.status == 2
    assert "CON084 drop customers: customers.csv has no column '编号', which `key` names" in said.error


@pytest.mark.parametrize(("content", "code"), [(None, "CON080"), ("", "CON084")], ids=["not there", "empty"])
def test_a_file_that_was_not_delivered(desk: Desk, content: str | None, code: str) -> None:
    if content is not None:
        desk.write(INBOX, content)
    said = desk.type("run", "files")
    assert said.status == 1
    assert said.error.startswith(f"{code} drop customers: ")


def test_a_credit_code_that_fails_its_check_is_kept_as_a_hint(desk: Desk) -> None:
    # The last character of the second one is wrong; the third is no credit code at all.
    desk.account(("1", "甲公司", "91330110MA2EXAMP5K"), ("2", "乙公司", "91330110MA2EXAMP50"), ("3", "丙公司", "12345"))
    result = desk.result("run", "crm")
    assert (result["status"], result["applied"], result["dead"]) == (0, 3, 0)
    found = records(desk, "crm", "account", "1", "2", "3")
    assert found["1"].canonical["credit_code"] == "91330110MA2EXAMP5K"
    assert "credit_code" not in (found["1"].notes or {})
    assert found["2"].canonical["credit_code"] == "91330110MA2EXAMP50"
    assert found["2"].notes["credit_code"] == {"invalid": "the check character is 0, the other 17 ask for K"}
    assert "invalid" in found["3"].notes["credit_code"]
    # Soft evidence: two records with the same wrong code are not the same company for it.
    desk.account(("4", "完全不同的公司", "91330110MA2EXAMP50"))
    desk.result("run", "crm")
    assert desk.result("run", "parties")["golden_created"] == 4


def test_a_record_without_its_required_field(desk: Desk) -> None:
    desk.account(("1", "", ""), ("2", "乙公司", ""))
    result = desk.result("run", "crm")
    assert (result["status"], result["read"], result["applied"], result["dead"]) == (1, 2, 1, 1)
    (letter,) = letters(desk)
    assert (letter.system, letter.stream, letter.key, letter.field) == ("crm", "account", "1", "name")
    assert letter.message == "name: required, but empty in the source"
    assert str(letter.rule) == "mappings/crm/account.yaml:6:9"
    said = desk.type("run", "crm")
    assert "2 read = 1 unchanged, 1 dead letters" in said.out
