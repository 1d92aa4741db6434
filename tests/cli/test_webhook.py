"""`goldbridge serve` as a process that receives: what it has thanked for survives SIGKILL, and hints wake flows.

The page on receiving events is typed as it stands.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from goldbridge.cli import main
from goldbridge.clock import SYSTEM
from goldbridge.state import inbox, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from tests.cli.test_serve import ended, started, until
from tests.docs.page import blocks
from tests.flows.bench import Bench, row
from tests.flows.test_receiving import free_port, with_shop

PAGE = "docs/how-to/receive-events.md"


@pytest.fixture
def bench(tmp_path: Path, store_url: str) -> Bench:
    """Flows that come once an hour by themselves, on each database in turn."""
    bench = with_shop(Bench(tmp_path / "project", store_url, SYSTEM))
    for flow in ("crm: {ingest: crm.account", "customers: {ingest: shop.customer"):
        bench.edit("flows.yaml", flow, f"{flow}, every: 1 h")
    return bench


class Seen:
    """The state as another process sees it."""

    def __init__(self, bench: Bench) -> None:
        url = re.findall(r'url: "(.*)"', (bench.root / "config/settings.yaml").read_text(encoding="utf-8"))[0]
        self.store = open_store(url, migrate=False)

    def landed(self, system: str = "shop") -> set[str]:
        with self.store.read() as conn:
            return {one.key for one in landing.scan_all(conn) if one.system == system}

    def kept(self) -> int:
        with self.store.read() as conn:
            return inbox.last(conn)

    def runs(self, flow: str) -> int:
        with self.store.read() as conn:
            return len([one for one in runs.list_runs(conn, flow=flow, limit=1000) if one.state == "done"])


@pytest.fixture
def seen(bench: Bench) -> Iterator[Seen]:
    opened = Seen(bench)
    yield opened
    opened.store.close()


def listening(bench: Bench) -> str:
    """The address of the shop's webhook, once somebody listens there."""
    address = re.findall(r"listen: (\S+)", (bench.root / "config/sources.yaml").read_text(encoding="utf-8"))[0]

    def answers() -> bool:
        try:
            return httpx.get(f"http://{address}/").status_code == 200
        except httpx.HTTPError:
            return False

    until(answers, 60)
    return f"http://{address}/shop"


def write_event(bench: Bench, event: str, key: str, type: str = "customer.created", **more: Any) -> str:
    path = bench.root / f"{event}.json"
    body = {"event": event, "type": type, "data": {"id": key, "name": f"杭州{key}机械有限公司", "rev": 1}, **more}
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return str(path)


def test_f73_what_was_thanked_for_survives_a_kill_and_is_read_by_the_next(bench: Bench, seen: Seen) -> None:
    bench.edit("config/sources.yaml", "settle_s: 0", "settle_s: 3600")
    with started(bench, "serve", "--no-at-start") as serve:
        listening(bench)
        for number in range(3):
            assert ended_send(bench, write_event(bench, f"e{number}", f"K{number}")) == (0, "200: kept\n")
        serve.kill()
        serve.communicate()
    assert (seen.kept(), seen.landed()) == (3, set()), "killed between the insert and the reading"
    bench.edit("config/sources.yaml", "settle_s: 3600", "settle_s: 0")
    with started(bench, "serve", "--no-at-start") as serve:
        until(lambda: seen.landed() == {"K0", "K1", "K2"})
        listening(bench)
        assert ended_send(bench, write_event(bench, "e2", "K2")) == (0, "200: kept\n")
        serve.send_signal(signal.SIGTERM)
        assert ended(serve)[0] == 143
    assert seen.kept() == 3


def ended_send(bench: Bench, file: str) -> tuple[int, str]:
    """`webhook send` from this process: exit status and what it said."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main(["webhook", "send", "shop", file, "--project", str(bench.root)])
    return status, said.getvalue()


def test_a_hint_wakes_the_polling_flow_of_its_stream(bench: Bench, seen: Seen) -> None:
    with started(bench, "serve", "--no-at-start") as serve:
        listening(bench)
        bench.put("crm", row("C1", "杭州甲机械有限公司"))
        assert ended_send(bench, write_event(bench, "h1", "", "account", account="C1"))[0] == 0
        until(lambda: seen.landed("crm") == {"C1"})
        until(lambda: seen.runs("crm") == 1)
        assert ended_send(bench, write_event(bench, "e1", "K1"))[0] == 0
        until(lambda: seen.landed() == {"K1"})
        assert seen.runs("crm") == 1, "what came for another flow wakes nobody else"
        serve.send_signal(signal.SIGTERM)
        status, said = ended(serve)
    assert status == 143
    assert "receiving at http://127.0.0.1:" in said


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = with_shop(Bench(tmp_path / "project", sqlite_url, SYSTEM))
    monkeypatch.chdir(bench.root)
    return bench


def test_list_and_status_show_the_door(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webhook", "list"]) == 0
    assert capsys.readouterr().out == "shop: nothing waits; no event yet\n"
    store = open_store(re.findall(r'url: "(.*)"', (desk.root / "config/settings.yaml").read_text())[0])
    part = inbox.Part("record", "customer", "A", "1", content={"body": {}})
    with store.begin() as conn:
        inbox.put(conn, "shop", "e1", [part, part._replace(kind="unclaimed", stream="")])
        inbox.tally(conn, "shop", {"taken": 1, "CON350": 2})
    store.close()
    assert main(["status"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    expected = r"shop: waiting: 1 customer; 1 that no stream and no hint takes; last event \S+; 2 CON350, 1 taken"
    assert re.fullmatch(expected, line)
    assert main(["webhook", "list", "--json"]) == 0
    (door,) = json.loads(capsys.readouterr().out)
    assert (door["waiting"], door["counts"]) == ({"customer": 1}, {"CON350": 2, "taken": 1})
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inbox"] == [door]


def test_preview_looks_into_the_inbox(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "shop.customer"]) == 0
    capsys.readouterr()
    store = open_store(re.findall(r'url: "(.*)"', (desk.root / "config/settings.yaml").read_text())[0])
    content = {"body": {"data": {"id": "A", "name": "杭州甲机械有限公司", "rev": 1}}}
    with store.begin() as conn:
        inbox.put(conn, "shop", "e1", [inbox.Part("record", "customer", "A", "1", content=content)])
    store.close()
    assert main(["preview", "shop.customer"]) == 0
    assert "杭州甲机械有限公司" in capsys.readouterr().out


def test_systems_test_says_that_nobody_listens(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", "test", "shop", "--timeout", "3"]) == 1
    assert "unreachable  reachable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send", "shap", "e.json"], "there is no webhook 'shap'; did you mean 'shop'?"),
        (["send", "crm", "e.json"], "there is no webhook 'crm'"),
        (["send", "shop", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["send", "shop", "e.json", "--header", "x"], "'x' is not a header; write NAME:VALUE"),
    ],
)
def test_what_can_be_wrong_with_send(
    desk: Bench, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (desk.root / "e.json").write_text("{}")
    assert main(["webhook", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_flw093_send_to_nobody(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.root / "e.json").write_text("{}")
    assert main(["webhook", "send", "shop", "e.json"]) == 1
    assert capsys.readouterr().err.startswith("FLW093 http://127.0.0.1:")


def block(language: str, number: int = 0) -> str:
    return [one.text for one in blocks(PAGE) if one.language == language][number]


def test_the_page_on_receiving_events_typed_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A project made by `init`, with what the page says typed into it; only the port is another."""
    root = tmp_path / "p"
    assert main(["init", str(root)]) == 0
    monkeypatch.chdir(root)
    for folder in ("mappings", "config/env"):
        shutil.rmtree(root / folder, ignore_errors=True)
    subprocess.run(block(""), shell=True, check=True, cwd=root)
    port = str(free_port())
    sources = "sources:\n" + block("yaml").replace("8470", port)
    (root / "config/sources.yaml").write_text(sources, encoding="utf-8")
    (root / "mappings/shop").mkdir(parents=True)
    (root / "mappings/shop/customer.yaml").write_text(block("yaml", 1), encoding="utf-8")
    parties = "  parties: {master: [party], after: [shop_customers], every: 1 s}\n"
    (root / "flows.yaml").write_text("flows:\n" + block("yaml", 2) + parties, encoding="utf-8")
    (root / "config/survivorship.yaml").write_text("party: {}\n", encoding="utf-8")
    (root / "event.json").write_text(block("json"), encoding="utf-8")

    typed = [
        line.partition("#")[0].split() for one in blocks(PAGE) if one.language == "" for line in one.text.splitlines()
    ]
    check, serve, send, listed, test, show = [words[1:] for words in typed if words and words[0] == "goldbridge"]
    assert main(check) == 0, capsys.readouterr()
    here = Bench.__new__(Bench)
    here.root = root
    with started(here, *serve) as process:
        listening(here)
        capsys.readouterr()
        assert main(send) == 0
        assert capsys.readouterr().out == "200: kept\n"
        assert main(listed) == 0
        assert capsys.readouterr().out.startswith("shop: ")
        assert main(test) == 0

        def golden() -> bool:
            status = main(show)
            return status == 0 and "杭州示例机械有限公司" in capsys.readouterr().out

        until(golden, 60)
        process.send_signal(signal.SIGTERM)
        assert ended(process, 60)[0] == 143
    hints = block("yaml", 3)
    (root / "config/sources.yaml").write_text(sources + hints.replace("legacy_crm.account", "shop.customer"), "utf-8")
    assert main(check) == 0
