"""`goldbridge systems`: what there is, what answers, who acts when it does not; simulators and databases are real."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

import httpx
import psycopg
import pytest

from goldbridge.cli.sandbox import SECRETS
from goldbridge.clock import SYSTEM
from tests.architecture.tree import ROOT
from tests.bad_input.desk import Desk

SOURCES = "config/sources.yaml"
NOWHERE = "http://127.0.0.1:9/fxiaoke"
OTHERS = """\
  oa: {connector: dingtalk, base_url: %(url)s/dingtalk, app_key: ding-sandbox,
       app_secret: {secret: DINGTALK_SECRET}, processes: [PROC-CONTRACT]}
  map: {connector: amap, base_url: %(url)s/amap, key: {secret: AMAP_KEY}}
  registry: {connector: qichacha, base_url: %(url)s/qichacha, key: {secret: QICHACHA_KEY},
             secret: {secret: QICHACHA_SECRET}}
"""


@pytest.fixture
def tried(desk: Desk) -> Callable[..., tuple[int, dict[str, dict[str, tuple[str, str]]]]]:
    """Run the test: its exit status, and system -> step -> (outcome, code)."""

    def run(*words: str) -> tuple[int, dict[str, dict[str, tuple[str, str]]]]:
        said = desk.type("systems", "test", *words, "--json")
        found = json.loads(said.out)
        assert all(bool(check["remedy"]) == (check["outcome"] in ("failed", "unreachable") and bool(check["code"]))
                   for one in found for check in one["checks"])  # fmt: skip
        return said.status, {
            one["system"]: {check["step"]: (check["outcome"], check["code"]) for check in one["checks"]}
            for one in found
        }

    return run


@pytest.fixture
def whole(desk: Desk, landscape: str) -> Desk:
    """A system of every kind that the simulators play, a database and a file."""
    desk.edit(SOURCES, NOWHERE, f"{landscape}/fxiaoke")
    desk.edit(SOURCES, "timeout_s: 2", "timeout_s: 20")
    text = (desk.root / SOURCES).read_text(encoding="utf-8")
    desk.write(SOURCES, f"{text.rstrip()}\n{OTHERS % {'url': landscape}}")
    desk.secrets(**SECRETS)
    desk.write("inbox/customers.csv", "编号,名称,电话\n1,甲公司,\n")
    desk.account(("1", "甲公司", ""), ("2", "乙公司", ""))
    return desk


def answer(landscape: str, system: str, *faults: dict[str, Any]) -> None:
    body = {"system": system, "clear": True, "faults": list(faults)}
    assert httpx.post(f"{landscape}/_control/faults", json=body, timeout=10).status_code == 200


def test_every_kind_answers(whole: Desk, tried: Any) -> None:
    status, found = tried()
    assert status == 0
    assert list(found) == ["crm", "drop", "new_crm", "oa", "map", "registry"]
    for checks in found.values():
        assert [checks[step] for step in ("configured", "reachable", "authenticated")] == [("ok", "")] * 3
    assert found["crm"]["read account"] == found["drop"]["read customers"] == ("ok", "")
    assert found["oa"]["read PROC-CONTRACT"] == ("ok", "")
    objects = ("AccountObj", "PartnerObj", "ContactObj", "SaleContractObj")
    assert [found["new_crm"][f"read {name}"] for name in objects] == [("ok", "")] * 4
    assert found["new_crm"]["write"] == ("off", "")


def test_nothing_is_kept_and_nothing_is_written(whole: Desk, landscape: str) -> None:
    def stats() -> dict[str, Any]:
        return dict(httpx.get(f"{landscape}/_control/stats", timeout=10).json())

    before = stats()
    said = whole.type("systems", "test")
    assert said.status == 0
    assert json.dumps(before).count('"writes": 0') == json.dumps(stats()).count('"writes": 0') > 0
    assert not (whole.root / ".goldbridge/state.sqlite").exists()
    assert "  ok           read account: a row was read\n" in said.out
    assert "甲公司" not in said.out


def test_reads_are_small(whole: Desk, landscape: str, tried: Any) -> None:
    refusal = {"kind": "refuse", "path": "*/data/query", "contains": '"limit":100', "code": "10006", "count": None}
    answer(landscape, "new_crm", refusal)
    try:
        assert tried("new_crm")[0] == 0
    finally:
        answer(landscape, "new_crm")


def test_what_was_given_as_a_secret_is_shown_by_nobody(desk: Desk) -> None:
    desk.edit(SOURCES, "root: inbox", "root: {secret: INBOX}")
    desk.secrets(INBOX=f"{desk.root}/a-place-of-ours")
    for words in (("test", "drop"), ("test", "drop", "--json"), ("list",), ("list", "--json")):
        said = desk.type("systems", *words)
        assert "[secret]" in said.out
        assert "a-place-of-ours" not in said.out + "".join(said.errors)


def test_names_choose_and_a_slip_is_noticed(whole: Desk, tried: Any) -> None:
    assert list(tried("map", "crm", "map")[1]) == ["map", "crm"]
    said = whole.type("systems", "test", "crn")
    assert said.status == 2
    assert "there is no system 'crn'; did you mean 'crm'?" in " ".join(said.errors)


def test_a_system_that_is_down_is_1_and_says_what_to_look_at(desk: Desk, tried: Any) -> None:
    status, found = tried("new_crm", "--timeout", "3")
    assert status == 1
    assert found["new_crm"] == {
        "configured": ("ok", ""), "reachable": ("unreachable", "CON001"), "authenticated": ("not tried", ""),
        "read": ("not tried", ""), "write": ("off", ""),
    }  # fmt: skip
    said = desk.type("systems", "test", "new_crm", "--timeout", "3")
    assert "  unreachable  reachable: CON001 new_crm token: 127.0.0.1:9: [Errno 111] Connection refused" in said.out
    assert "  -> CON001: Check that the machine can reach the host" in said.out


@pytest.mark.parametrize(("secret", "word"), [("FXIAOKE_SECRET", "appSecret"), ("FXIAOKE_CODE", "permanentCode")])
def test_wrong_credentials_are_2_and_are_not_shown(whole: Desk, tried: Any, secret: str, word: str) -> None:
    whole.secrets(**{secret: "a-wrong-word"})
    status, found = tried("new_crm", "map")
    assert status == 2
    assert (found["new_crm"]["reachable"], found["new_crm"]["authenticated"]) == (("ok", ""), ("failed", "CON044"))
    assert "read AccountObj" not in found["new_crm"]
    assert found["map"]["authenticated"] == ("ok", "")
    said = whole.type("systems", "test", "new_crm")
    assert word in said.out
    assert "a-wrong-word" not in said.out + "".join(said.errors)


def test_what_is_wrong_outweighs_what_is_down(whole: Desk, tried: Any) -> None:
    whole.secrets(AMAP_KEY="a-wrong-word")
    whole.edit(SOURCES, "url: {secret: CRM_URL}", "url: {secret: CRM_URL}\n    timeout_s: 2")
    whole.secrets(CRM_URL="postgresql://reader:pass-of-the-reader@127.0.0.1:9/crm?connect_timeout=2")
    assert tried("crm")[0] == 1
    assert tried("crm", "map")[0] == 2
    assert "pass-of-the-reader" not in whole.type("systems", "test", "crm", "map").out


def test_a_secret_that_is_not_set(desk: Desk, tried: Any) -> None:
    desk.secrets(FXIAOKE_SECRET="", FXIAOKE_CODE="")
    status, found = tried("new_crm")
    assert (status, found["new_crm"]) == (2, {"configured": ("failed", "CFG007")})
    said = desk.type("systems", "test", "new_crm").out
    assert said.count("configured: CFG007 config/sources.yaml:") == 2
    assert said.count("-> CFG007") == 1


def test_a_web_page_in_place_of_the_system(desk: Desk, tried: Any, html_server: str) -> None:
    desk.edit(SOURCES, NOWHERE, html_server)
    status, found = tried("new_crm")
    assert (status, found["new_crm"]["reachable"]) == (2, ("failed", "CON007"))


def test_an_address_that_is_refused_before_anybody_is_called(desk: Desk, tried: Any) -> None:
    desk.edit(SOURCES, NOWHERE, "http://crm.example.com")
    assert tried("new_crm") == (2, {"new_crm": {"configured": ("failed", "CON021")}})
    desk.secrets(CRM_URL=f"sqlite:///{desk.root}/crn.sqlite")
    status, found = tried("crm")
    assert (status, found["crm"]["reachable"]) == (2, ("failed", "CON071"))


def test_a_used_up_quota_is_nobodys_mistake(whole: Desk, landscape: str, tried: Any) -> None:
    answer(landscape, "map", {"kind": "refuse", "code": "10044", "count": None})
    try:
        status, found = tried("map")
    finally:
        answer(landscape, "map")
    assert (status, found["map"]["reachable"]) == (1, ("unreachable", "CON004"))


def test_each_stream_is_tried_though_one_fails(whole: Desk, tried: Any) -> None:
    more = "\n      gone: {table: GONE, key: ID}\n      last: {table: ACCOUNT, key: ID}"
    whole.edit(SOURCES, "account: {table: ACCOUNT, key: ID}", "account: {table: ACCOUNT, key: ID}" + more)
    status, found = tried("crm")
    assert status == 2
    assert [found["crm"][f"read {name}"] for name in ("account", "gone", "last")] == [
        ("ok", ""), ("failed", "CON074"), ("ok", ""),
    ]  # fmt: skip


def test_an_object_that_the_tenant_does_not_have(whole: Desk, tried: Any) -> None:
    whole.edit(SOURCES, "app_id: FSAID_sandbox", "app_id: FSAID_sandbox\n    objects: [AccountObj, AcountObj]")
    status, found = tried("new_crm")
    assert status == 2
    assert found["new_crm"]["authenticated"] == ("ok", "")
    assert found["new_crm"]["offers what is configured"] == ("failed", "CON040")
    assert found["new_crm"]["read AccountObj"] == ("ok", "")


def test_a_row_that_cannot_be_read_is_told_and_is_no_failure_of_the_system(desk: Desk) -> None:
    desk.write("inbox/customers.csv", "编号,名称,电话\n,甲公司,\n")
    said = desk.type("systems", "test", "drop")
    assert said.status == 0
    assert "read customers: read, but not all of it: customers.csv:2: CON086 " in said.out


def test_what_flows_write_must_be_switched_on(whole: Desk, tried: Any) -> None:
    whole.edit("flows.yaml", "accounts: {ingest: new_crm.AccountObj}",
               "accounts: {publish: party, to: new_crm.AccountObj, mapping: new_crm.account.out}")  # fmt: skip
    whole.write("mappings/new_crm/account.out.yaml",
                "mapping: new_crm.account.out\nsource: party\ntarget: new_crm.AccountObj\n"
                "fields: {golden_id__c: {from: id}, name: {from: name, required: true}}\n")  # fmt: skip
    status, found = tried("new_crm")
    assert (status, found["new_crm"]["write AccountObj"]) == (2, ("failed", "FLW022"))
    assert "write AccountObj: FLW022 flows.yaml:5:" in whole.type("systems", "test", "new_crm").out
    whole.edit(SOURCES, "timeout_s: 20", "timeout_s: 20\n    writes: enabled")
    status, found = tried("new_crm")
    assert (status, found["new_crm"]["write AccountObj"]) == (0, ("not tried", ""))


def test_what_flows_want_and_a_system_does_not_have(whole: Desk, tried: Any) -> None:
    whole.edit("flows.yaml", "files: {ingest: drop.customers}",
               "files: {ingest: drop.custommers, mapping: drop.customers}\n"
               "  codes: {enrich: party, with: [map.weather]}")  # fmt: skip
    whole.write(
        "mappings/map/weather.yaml",
        "mapping: map.weather\ntarget: party\nkey: key\npartial: true\nfields: {name: {from: n}}\n",
    )
    status, found = tried("drop", "map")
    assert status == 2
    assert found["drop"]["read custommers"] == found["map"]["ask weather"] == ("failed", "FLW021")


def test_flows_that_are_not_in_order_keep_nobody_from_trying(whole: Desk, tried: Any) -> None:
    whole.edit("flows.yaml", "master: [party]", "master: [nobody]")
    assert tried("crm")[0] == 0


@pytest.fixture
def reader(postgres: str) -> Iterator[str]:
    """The URL of a database and of a user who may see its table ACCOUNT and not read it."""
    url = postgres.replace("/postgres?", "/closed?").replace("://postgres:@", "://looker:@")
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("CREATE ROLE looker LOGIN")
        conn.execute("CREATE DATABASE closed")
        with psycopg.connect(postgres.replace("/postgres?", "/closed?"), autocommit=True) as inside:
            inside.execute('CREATE TABLE "ACCOUNT" ("ID" text PRIMARY KEY, "NAME" text, "CODE" text)')
        yield url
        conn.execute("DROP DATABASE closed WITH (FORCE)")
        conn.execute("DROP ROLE looker")


@pytest.mark.postgres
def test_a_table_that_may_not_be_read(desk: Desk, tried: Any, reader: str) -> None:
    desk.secrets(CRM_URL=reader)
    status, found = tried("crm")
    assert status == 2
    assert (found["crm"]["authenticated"], found["crm"]["read account"]) == (("ok", ""), ("failed", "CON077"))
    said = desk.type("run", "crm")
    assert said.status == 2
    assert said.error == (
        "config/sources.yaml: CON077 crm: the database refuses to be read: permission denied for table ACCOUNT"
    )


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_system_that_hangs_is_left_after_its_time(desk: Desk, tried: Any, deaf: str) -> None:
    desk.secrets(CRM_URL=f"postgresql://reader:pass-of-the-reader@{deaf}/crm")  # its driver has no limit of its own
    desk.edit(SOURCES, NOWHERE, f"http://{deaf}/fxiaoke")
    began = SYSTEM.monotonic()
    status, found = tried("crm", "new_crm", "drop", "--timeout", "1")
    assert SYSTEM.monotonic() - began < 20
    assert status == 2  # the file is not there
    assert found["crm"] == {"configured": ("ok", ""), "reachable": ("unreachable", "CON001")}
    assert found["new_crm"]["reachable"] == ("unreachable", "CON001")
    assert found["drop"]["reachable"] == ("failed", "CON080")


def test_the_command_ends_though_a_system_still_hangs(desk: Desk, deaf: str) -> None:
    desk.secrets(CRM_URL=f"postgresql://reader:pass-of-the-reader@{deaf}/crm")
    command = [
        sys.executable,
        "-m",
        "goldbridge",
        "systems",
        "test",
        "crm",
        "--timeout",
        "0.5",
        "--project",
        str(desk.root),
    ]
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "reachable: CON001 crm: no answer within 0.5 s; is it running, is the address right?" in ended.stdout


def test_systems_are_tried_side_by_side(desk: Desk, tried: Any) -> None:
    """A system that answers only while the other one is being asked too."""
    meeting = Barrier(2)

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                meeting.wait(20)
                status = 400
            except BrokenBarrierError:
                status = 503
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        desk.edit(SOURCES, NOWHERE, address)
        text = (desk.root / SOURCES).read_text(encoding="utf-8")
        _, _, entry = text.partition("  new_crm:\n")
        desk.write(SOURCES, f"{text.rstrip()}\n  other_crm:\n{entry}".replace("timeout_s: 2", "timeout_s: 20"))
        _, found = tried("new_crm", "other_crm", "--timeout", "60")
    finally:
        meeting.abort()
        server.shutdown()
        server.server_close()
        thread.join()
    assert found["new_crm"]["reachable"] == found["other_crm"]["reachable"] == ("ok", "")


BROKEN = """
from connectors.base import ConnectorConfig, Connector


class Broken(Connector[ConnectorConfig]):
    kind = "broken"
    config_model = ConnectorConfig

    def probe(self):
        raise ZeroDivisionError("token=do-not-print-me")


class Worse(Broken):
    kind = "worse"

    def __init__(self, config, context):
        raise ZeroDivisionError("on the way up")


class Quiet(Connector[ConnectorConfig]):
    kind = "quiet"
    config_model = ConnectorConfig
"""


def test_a_defect_of_one_connector_hides_no_other(
    whole: Desk, tried: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connectors of somebody else, installed beside ours."""
    told = tmp_path / "site" / "broken_connector-1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-connector\nVersion: 1\n")
    kinds = "".join(f"{kind} = broken_connector:{kind.title()}\n" for kind in ("broken", "worse", "quiet"))
    (told / "entry_points.txt").write_text(f"[goldbridge.connectors]\n{kinds}")
    (told.parent / "broken_connector.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(str(told.parent))
    text = (whole.root / SOURCES).read_text(encoding="utf-8")
    theirs = "".join(f"  {name}: {{connector: {kind}}}\n" for name, kind in (
        ("theirs", "broken"), ("other", "worse"), ("quiet", "quiet")))  # fmt: skip
    whole.write(SOURCES, f"{text.rstrip()}\n{theirs}")
    status, found = tried("theirs", "other", "quiet", "drop")
    assert (status, found["drop"]["read customers"]) == (2, ("ok", ""))
    assert found["theirs"] == {"configured": ("ok", ""), "reachable": ("failed", "")}
    assert found["other"] == {"configured": ("failed", "")}
    assert found["quiet"] == {"configured": ("ok", ""), "reachable": ("not tried", "")}
    said = whole.type("systems", "test", "theirs").out
    assert "  failed       reachable: unexpected ZeroDivisionError: token=[secret]\n" in said


def test_a_stream_without_its_column(whole: Desk, tried: Any) -> None:
    whole.edit(SOURCES, "account: {table: ACCOUNT, key: ID}", "account: {table: ACCOUNT, key: ID, cursor: AT}")
    status, found = tried("crm")
    assert (status, found["crm"]["read account"]) == (2, ("failed", "CON075"))


def test_the_list_asks_nobody(whole: Desk, tmp_path: Path) -> None:
    whole.edit("flows.yaml", "accounts: {ingest: new_crm.AccountObj}",
               "accounts: {ingest: new_crm.AccountObj}\n  codes: {enrich: party, with: [map.geocode]}")  # fmt: skip
    whole.write(
        "mappings/map/geocode.yaml",
        "mapping: map.geocode\ntarget: party\nkey: key\npartial: true\nfields: {name: {from: n}}\n",
    )
    whole.edit(SOURCES, "connector: file", "connector: fiel")
    whole.secrets(CRM_URL="postgresql://reader:pass-of-the-reader@127.0.0.1:9/crm")
    said = whole.type("systems", "list", "--json")
    assert said.status == 0
    found = {one["system"]: one for one in json.loads(said.out)}
    assert list(found) == ["crm", "drop", "new_crm", "oa", "map", "registry"]
    assert (found["crm"]["address"], found["crm"]["streams"], found["crm"]["read_by"]) == (
        "postgresql://127.0.0.1:9/crm", ["account"], ["crm"],
    )  # fmt: skip
    assert (found["new_crm"]["writes"], found["new_crm"]["read_by"]) == ("disabled", ["accounts"])
    assert (found["map"]["questions"], found["map"]["asked_by"]) == (["geocode", "regeo"], ["codes"])
    assert "FLW020 there is no connector 'fiel'; did you mean 'file'?" in found["drop"]["problem"]
    told = whole.type("systems", "list").out
    assert [line.split()[0] for line in told.splitlines()[:2]] == ["system", "crm"]
    assert "pass-of-the-reader" not in told + said.out
