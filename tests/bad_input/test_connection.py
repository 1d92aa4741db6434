"""Systems that do not answer, answer nonsense or do not let us in: one message, and nothing is half done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.bad_input.desk import Desk

SOURCES = "config/sources.yaml"
NOWHERE = "http://127.0.0.1:9/fxiaoke"
"""The discard port: nobody listens."""


def test_an_api_that_cannot_be_reached(desk: Desk) -> None:
    said = desk.type("run", "accounts")
    assert said.status == 1
    assert said.error.startswith("CON001 new_crm token: 127.0.0.1:9: [Errno 111] Connection refused (")
    assert said.out == ""  # what is logged on the way goes to stderr
    (line,) = [line for line in json.loads(desk.type("status", "--json").out)["flows"] if line["flow"] == "accounts"]
    assert (line["state"], line["message"].split(" ")[0]) == ("halted", "CON001")


def test_a_database_that_cannot_be_reached(desk: Desk) -> None:
    desk.secrets(CRM_URL="postgresql://reader:pass-of-the-reader@127.0.0.1:9/crm?connect_timeout=2")
    said = desk.type("run", "crm")
    assert said.status == 1
    assert said.error.startswith("CON073 crm: postgresql+psycopg://reader:***@127.0.0.1:9/crm")
    assert said.error.endswith("Connection refused); is it running, is the host right?")
    assert "pass-of-the-reader" not in said.error


def test_a_host_that_does_not_exist(desk: Desk) -> None:
    desk.secrets(CRM_URL="postgresql://reader:pass-of-the-reader@no-such-host.invalid/crm")
    said = desk.type("run", "crm")
    assert said.status == 1
    assert "no-such-host.invalid/crm cannot be reached (failed to resolve host" in said.error


def test_a_database_file_that_does_not_exist(desk: Desk) -> None:
    desk.secrets(CRM_URL=f"sqlite:///{desk.root}/crn.sqlite")
    said = desk.type("run", "crm")
    assert said.status == 1
    assert said.error.startswith("CON071 crm: ")
    assert "crn.sqlite" in said.error
    assert not (desk.root / "crn.sqlite").exists()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql+nodriver://u:p-of-u@127.0.0.1/x", "Can't load plugin"),
        ("not an address", "Could not parse SQLAlchemy URL"),
    ],
)
def test_an_address_that_is_none(desk: Desk, url: str, why: str) -> None:
    desk.secrets(CRM_URL=url)
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error.startswith("config/sources.yaml: CON070 crm: the database URL cannot be used: ")
    assert why in said.error
    assert "p-of-u" not in said.error


def test_a_table_that_does_not_exist(desk: Desk) -> None:
    desk.edit(SOURCES, "table: ACCOUNT", "table: ACCOUNTS")
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error == (
        "config/sources.yaml: CON074 crm: stream 'account': there is no table 'ACCOUNTS' for this user"
    )


@pytest.mark.parametrize("key", ["key", "cursor"])
def test_con075_a_column_that_does_not_exist(desk: Desk, key: str) -> None:
    desk.edit(SOURCES, "{table: ACCOUNT, key: ID}", "{table: ACCOUNT, key: ID, cursor: NAME}")
    desk.edit(SOURCES, f"{key}: {'ID' if key == 'key' else 'NAME'}", f"{key}: UPDATED")
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error == (
        "config/sources.yaml: CON075 crm: stream 'account': table 'ACCOUNT' has no column 'UPDATED'; "
        "it has CODE, ID, NAME"
    )


def test_con076_a_position_of_another_type_than_its_column(desk: Desk) -> None:
    desk.edit(SOURCES, "{table: ACCOUNT, key: ID}", "{table: ACCOUNT, key: ID, cursor: CODE}")
    desk.account(("1", "甲公司", "2026-02-01"), ("2", "乙公司", "2026-02-02"))
    assert desk.result("run", "crm")["applied"] == 2
    with sqlite3.connect(desk.root / "crm.sqlite") as conn:
        conn.execute("DROP TABLE ACCOUNT")
        conn.execute("CREATE TABLE ACCOUNT (ID TEXT PRIMARY KEY, NAME TEXT, CODE INTEGER)")
        conn.execute("INSERT INTO ACCOUNT VALUES ('1', '甲公司', 1), ('2', '乙公司', 2)")
    advice = (
        "does not fit column 'CODE' (INTEGER), so it cannot be read from there; read everything instead, with --full"
    )
    said = desk.type("run", "crm")
    assert (said.status, said.error) == (1, f"CON076 crm account: the position '2026-02-01 23:58:00' {advice}")
    said = desk.type("backfill", "crm", "--from", "2026-01-01", "--to", "2026-01-31")
    assert (said.status, said.error) == (1, f"CON076 crm account: the position '2026-01-31 23:59:59.999999' {advice}")

    assert desk.result("run", "crm", "--full")["read"] == 2  # as it says
    desk.account(("3", "丙公司", "3"))
    result = desk.result("run", "crm")
    assert (result["status"], result["applied"]) == (0, 1)


def test_sta007_the_database_of_the_state_does_not_answer(desk: Desk) -> None:
    desk.write("config/settings.yaml", "state: {url: {secret: STATE_URL}}\n")
    desk.secrets(STATE_URL="postgresql://hub:pass-of-the-hub@127.0.0.1:9/hub?connect_timeout=2")
    said = desk.type("status")
    assert said.status == 1
    assert said.error.startswith("STA007 the database of the state does not answer: ")
    assert "Connection refused" in said.error
    assert said.error.endswith("check that it runs and that `state.url` names it")
    assert "pass-of-the-hub" not in said.error


@pytest.mark.parametrize(("secret", "word"), [("FXIAOKE_SECRET", "appSecret"), ("FXIAOKE_CODE", "permanentCode")])
def test_wrong_credentials_of_an_api(desk: Desk, landscape: str, secret: str, word: str) -> None:
    desk.edit(SOURCES, NOWHERE, f"{landscape}/fxiaoke")
    assert desk.type("run", "accounts").status == 0
    desk.secrets(**{secret: "a-wrong-word"})
    for path in (desk.root / ".goldbridge").glob("state.sqlite*"):
        path.unlink()  # the token it got before
    said = desk.type("run", "accounts")
    assert said.status == 2
    assert said.error.startswith("config/sources.yaml: CON044 new_crm token: ")
    assert word in said.error
    assert "a-wrong-word" not in said.error


@pytest.fixture
def reader(postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL user who needs a password, with a wrong one."""
    with psycopg.connect(postgres, autocommit=True) as conn:
        (path,) = conn.execute("SHOW hba_file").fetchone() or ("",)
        kept = Path(path).read_text()
        Path(path).write_text(f"local all reader scram-sha-256\n{kept}")
        conn.execute("CREATE ROLE reader LOGIN PASSWORD 'the-right-word'")
        conn.execute("SELECT pg_reload_conf()")
        yield postgres.replace("://postgres:@", "://reader:the-wrong-word@")
        Path(path).write_text(kept)
        conn.execute("DROP ROLE reader")
        conn.execute("SELECT pg_reload_conf()")


@pytest.mark.postgres
def test_a_wrong_password_of_a_database(desk: Desk, reader: str) -> None:
    desk.secrets(CRM_URL=reader)
    said = desk.type("run", "crm")
    assert said.status == 1
    assert "CON072 crm: postgresql+psycopg://reader:***@" in said.error
    assert "refused the credentials (" in said.error
    assert said.error.endswith("correct the secret behind `url`")
    assert "the-wrong-word" not in said.error


def test_an_api_that_answers_with_a_web_page(desk: Desk, html_server: str) -> None:
    desk.edit(SOURCES, NOWHERE, html_server)
    said = desk.type("run", "accounts")
    assert said.status == 1
    assert said.error == (
        "CON007 new_crm token: HTTP 200 with a web page; "
        "open base_url in a browser: a login page or a proxy answers instead of the API"
    )
    assert "do-not-print-me" not in said.out + said.error


def test_credentials_never_travel_unencrypted(desk: Desk) -> None:
    desk.edit(SOURCES, NOWHERE, "http://crm.example.com")
    said = desk.type("run", "accounts")
    assert said.status == 2
    assert "CON021 new_crm: base_url is plain http, so credentials would travel unencrypted; use https" in said.error


def test_programs_read_clean_json_whatever_is_logged(desk: Desk) -> None:
    desk.account(("1", "甲公司", ""))
    said = desk.type("run", "crm", "--json")
    assert said.status == 0
    assert [result["applied"] for result in json.loads(said.out)] == [1]
