"""Wrong configuration: exit status 2, one line per problem with its place, and nothing was run."""

from __future__ import annotations

import pytest

from tests.bad_input.desk import Desk

MAPPING = "mappings/crm/account.yaml"
SOURCES = "config/sources.yaml"


@pytest.mark.parametrize("words", [("check",), ("run", "crm"), ("status",)], ids=" ".join)
def test_a_broken_file_stops_every_command(desk: Desk, words: tuple[str, ...]) -> None:
    desk.edit(SOURCES, "url: {secret: CRM_URL}", "url: {secret: CRM_URL")
    said = desk.type(*words)
    assert said.status == 2
    assert said.errors[0] == (
        "config/sources.yaml:5:10: CFG001 the '{' opened here is not closed by '}' before line 6, "
        "where ':' makes no sense inside it"
    )
    assert len(said.errors) == (2 if words == ("check",) else 1)


def test_a_file_from_another_editor(desk: Desk) -> None:
    text = (desk.root / SOURCES).read_text(encoding="utf-8")
    desk.write(SOURCES, text.replace("inbox", "收件").encode("gb18030"))
    assert desk.type("run", "crm").error == (
        "config/sources.yaml:10:11: CFG004 the file seems to be GB18030, not UTF-8; "
        "convert it with: iconv -f GB18030 -t UTF-8 FILE"
    )
    desk.write(SOURCES, text.replace("    connector: sql", "\tconnector: sql"))
    assert desk.type("run", "crm").error == (
        "config/sources.yaml:4:1: CFG001 a tab cannot be used for indentation; use spaces"
    )


def test_an_unknown_field_of_the_model(desk: Desk) -> None:
    desk.edit(MAPPING, "credit_code: {from", "credit_cod: {from")
    for words in (("check",), ("run", "crm")):
        said = desk.type(*words)
        assert said.status == 2
        assert said.error == (
            "mappings/crm/account.yaml:7:3: MAP005 party has no field 'credit_cod'; did you mean 'credit_code'?"
        )


def test_an_unknown_field_of_the_source_is_found_before_the_run(desk: Desk) -> None:
    desk.edit(MAPPING, "from: NAME", "from: NMAE")
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error == (
        "mappings/crm/account.yaml:6:16: MAP021 stream 'account' has no field 'NMAE'; did you mean 'NAME'?"
    )
    assert "0 dead letters" in desk.type("status").out


def test_all_problems_of_all_files_come_at_once(desk: Desk) -> None:
    desk.edit(MAPPING, "via: [trim]", "vai: [trim]")
    desk.edit(MAPPING, "credit_code]", "creditcode]")
    desk.edit("flows.yaml", "every: 1 h", "every: 1 hour")
    desk.edit("config/model.yaml", "identifier: soft", "identifier: weak")
    said = desk.type("check")
    assert said.status == 2
    # What needs the model waits until the model is right.
    assert [line.split(" ")[1] for line in said.errors] == ["MOD006", "checked"]
    desk.edit("config/model.yaml", "identifier: weak", "identifier: soft")
    said = desk.type("check")
    assert [line.split(" ")[:2] for line in said.errors] == [
        ["flows.yaml:3:37:", "CFG012"],
        ["mappings/crm/account.yaml:6:22:", "MAP002"],
        ["mappings/crm/account.yaml:7:42:", "MAP014"],
    ]


def test_a_missing_secret(desk: Desk) -> None:
    desk.secrets(CRM_URL="")
    for words in (("check",), ("run", "crm")):
        said = desk.type(*words)
        assert said.status == 2
        assert said.error == (
            "config/sources.yaml:5:10: CFG007 secret CRM_URL is not set; "
            "export it or add it to the secrets file config/secrets.env"
        )
    desk.write("inbox/customers.csv", "编号,名称,电话\n1,甲公司,\n")
    assert desk.type("run", "files").status == 0  # it needs no secret of another system


def test_a_secrets_file_that_others_may_read(desk: Desk) -> None:
    (desk.root / "config/secrets.env").chmod(0o644)
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error == (
        "config/secrets.env: CFG009 the secrets file is open to others (mode 0644); run: chmod 600 config/secrets.env"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "crmm"), "flows.yaml: FLW011 there is no flow 'crmm'; did you mean 'crm'?"),
        (("chek",), "Error: there is no command 'chek'; did you mean 'check'?"),
        (("run",), "Error: Invalid value for FLOW: name flows, or say --all"),
        (
            ("golden", "show", "crm.account/1"),
            "Error: Invalid value for ID: there is no golden record for 'crm.account/1'",
        ),
        (
            ("check", "--env", "prd"),
            "config/env/prd.yaml: CFG013 there is no environment 'prd'; write this file, or leave out --env",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_on_the_command_line(desk: Desk, words: tuple[str, ...], message: str) -> None:
    said = desk.type(*words)
    assert said.status == 2
    assert message in said.errors


def test_no_project_here(desk: Desk) -> None:
    (desk.root / "config").rename(desk.root / "elsewhere")
    (desk.root / "flows.yaml").unlink()
    said = desk.type("run", "crm")
    assert said.status == 2
    assert (
        "CFG014 there is no project in this folder; run `goldbridge init project`, or correct --project" in said.error
    )
