"""The whole program, really started, asked and steered over HTTP."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.landscape import Landscape, area_names
from goldbridge.simulators.world import World

COMMAND = [sys.executable, "-m", "goldbridge.simulators"]


@contextmanager
def running(
    folder: Path, *options: str, hash_seed: str = "0"
) -> Iterator[tuple[dict[str, Any], subprocess.Popen[bytes]]]:
    """The program with 60 customers on a free port; yields its ready line."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--customers", "60", "--seed", "5", "--dir", str(folder), *options],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    try:
        assert process.stdout is not None
        yield orjson.loads(process.stdout.readline()), process
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


def test_the_program_starts_answers_and_stops(tmp_path: Path) -> None:
    with running(tmp_path, "--truth-out", str(tmp_path / "truth.json")) as (ready, process):
        assert ready["ready"] is True
        assert ready["url"].startswith("http://127.0.0.1:")
        with httpx.Client(base_url=ready["url"]) as http:
            health = http.get("/_control/health").json()
            assert health["status"] == "ok"
            assert health["records"] == ready["records"]
            truth = http.get("/_control/truth").json()
            assert truth == orjson.loads((tmp_path / "truth.json").read_bytes())
            with closing(sqlite3.connect(ready["legacy_crm"])) as database:
                keys = {key for [key] in database.execute("SELECT CUST_ID FROM T_CUSTOMER")}
            assert keys == set(truth["records"]["legacy_crm.account"])
            found = http.get("/amap/v3/geocode/geo", params={"key": "amap-sandbox-key", "address": "杭州市"}).json()
            assert found["geocodes"][0]["adcode"] == "330100"
            body = {"appId": "FSAID_sandbox", "appSecret": "fx-sandbox-app-secret",
                    "permanentCode": "fx-sandbox-permanent-code", "grantType": "app_secret"}  # fmt: skip
            assert http.post("/fxiaoke/oauth2.0/token", json=body).json()["errorCode"] == 0
            ding = {"appKey": "ding-sandbox", "appSecret": "ding-sandbox-secret"}
            assert "accessToken" in http.post("/dingtalk/v1.0/oauth2/accessToken", json=ding).json()
            assert http.get("/qichacha/ECIV4/GetBasicDetailsByName").json()["Status"] == "101"
            stats = http.get("/_control/stats").json()
            assert {name: stats[name]["calls"] for name in ("new_crm", "oa", "map", "registry")} == {
                "new_crm": 1, "oa": 1, "map": 1, "registry": 1,
            }  # fmt: skip
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_two_processes_serve_the_same_truth_whatever_their_hash_seed(tmp_path: Path) -> None:
    truths = []
    for hash_seed in ("1", "99"):
        with running(tmp_path / hash_seed, hash_seed=hash_seed) as (ready, _):
            truths.append(httpx.get(f"{ready['control']}/truth").content)
    assert truths[0] == truths[1]


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with running(tmp_path) as (ready, _):
        port = int(ready["url"].rsplit(":", 1)[1])
        with socket.socket() as other, pytest.raises(OSError):  # noqa: PT012
            other.settimeout(2)
            other.connect(("127.0.0.2", port))


def _refused(*options: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, "--customers", "5", *options], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = _refused("--port", str(port), "--dir", str(tmp_path))
    assert status == 2
    assert said.startswith(f"SBX011 port {port} on 127.0.0.1 cannot be used")
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, said = _refused("--port", "0", "--dir", str(tmp_path / "file" / "below"))
    assert status == 2
    assert said.startswith("SBX012 cannot write")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "options", [("--port", "99999"), ("--customers", "0"), ("--as-of", "soon"), ("--limits", "none")]
)
def test_senseless_options_are_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    status, said = _refused("--dir", str(tmp_path), *options)
    assert status == 2
    assert options[1] in said


class Panel:
    """A landscape in this process, and its control surface."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimClock()
        self.clock.freeze(1_790_000_000.0)
        self.landscape = Landscape(World(60, 5), folder, clock=self.clock)
        self.http = httpx.Client(transport=InProcess(self.landscape.app), base_url="http://landscape")

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        answer = self.http.post(f"/_control{path}", json=body)
        return answer.status_code, answer.json()

    def geocode(self) -> httpx.Response:
        return self.http.get("/amap/v3/geocode/geo", params={"key": "amap-sandbox-key", "address": "杭州市"})


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("landscape"))


def test_faults_are_armed_fired_counted_and_cleared(panel: Panel) -> None:
    status, armed = panel.post("/faults", {"system": "map", "faults": [{"kind": "unavailable", "status": 500}]})
    assert status == 200
    assert [fault["kind"] for fault in armed["map"]] == ["unavailable"]
    assert armed["oa"] == []
    assert panel.geocode().status_code == 500
    assert panel.geocode().status_code == 200
    assert panel.http.get("/_control/stats").json()["map"]["faults"] == {"unavailable": 1}
    panel.post("/faults", {"system": "*", "faults": [{"kind": "unavailable", "count": None}]})
    assert all(panel.http.get("/_control/faults").json().values())
    panel.post("/faults", {"system": "*", "clear": True})
    assert not any(panel.http.get("/_control/faults").json().values())
    assert panel.geocode().status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"system": "nobody"}, "new_crm"),
        ({"system": "map", "faults": [{"kind": "earthquake"}]}, "earthquake"),
        ({"system": "map", "faults": [{"kind": "latency", "colour": 1}]}, "colour"),
        ({"system": "map", "faults": {"kind": "latency"}}, "list"),
        ({"system": "map", "fault": []}, "fault"),
        ([], "object"),
    ],
)
def test_senseless_faults_are_refused_and_nothing_is_armed(panel: Panel, body: Any, word: str) -> None:
    status, answer = panel.post("/faults", body)
    assert status == 400
    assert word in answer["error"]
    assert not any(panel.http.get("/_control/faults").json().values())


def test_a_body_that_is_not_json_is_refused(panel: Panel) -> None:
    answer = panel.http.post("/_control/edit", content=b"{")
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_the_clock_is_set_for_all_systems_at_once(tmp_path: Path) -> None:
    panel = Panel(tmp_path)
    assert panel.post("/clock", {"freeze": "2026-10-01T08:00:00Z"}) == (200, {"now": "2026-10-01T08:00:00.000000Z"})
    assert panel.post("/clock", {"shift_s": 90})[1]["now"] == "2026-10-01T08:01:30.000000Z"
    assert panel.geocode().headers["date"] == "Thu, 01 Oct 2026 08:01:30 GMT"
    assert panel.post("/clock", {"freeze": "2026-10-01T08:00:00"})[1]["now"] == "2026-10-01T08:00:00.000000Z"
    panel.post("/clock", {"run": True})
    assert panel.http.get("/_control/clock").json()["now"] >= "2026-10-01T08:00:00"
    assert panel.post("/clock", {"freeze": True})[0] == 200
    assert panel.post("/clock", {"freeze": "noon"})[0] == 400
    assert panel.post("/clock", {"shift_s": "1"})[0] == 400
    assert panel.post("/clock", {"speed": 2})[0] == 400


def test_edits_are_made_dated_and_counted(tmp_path: Path) -> None:
    panel = Panel(tmp_path)
    status, answer = panel.post("/edit", {"n": 15, "seed": 3})
    assert status == 200
    assert len(answer["edits"]) == 15
    with closing(sqlite3.connect(panel.landscape.legacy_path)) as database:
        times = {
            moment
            for edit in answer["edits"]
            if edit["stream"] == "account"
            for [moment] in database.execute("SELECT UPDATED_AT FROM T_CUSTOMER WHERE CUST_ID = ?", [edit["key"]])
        }
    assert times == {"2026-09-21 22:13:20"}
    stats = panel.http.get("/_control/stats").json()
    assert stats["legacy_crm"]["edits"] + stats["erp"]["edits"] == 15
    assert panel.post("/edit", {"n": 0})[1]["edits"] == []
    assert panel.post("/edit", {"n": -1})[0] == 400
    assert panel.post("/edit", {"n": 1, "seed": "x"})[0] == 400


def test_the_new_crm_and_the_oa_hold_what_the_world_says(panel: Panel) -> None:
    world, simulators = panel.landscape.world, panel.landscape.simulators
    truth = world.truth()["records"]
    for name in ("AccountObj", "PartnerObj", "ContactObj"):
        rows = simulators["new_crm"].rows(name)  # type: ignore[attr-defined]
        assert {row["_id"] for row in rows} == set(truth[f"new_crm.{name}"])
        assert not any(row.get("golden_id__c") for row in rows)
    assert {row["instance_id"] for row in simulators["oa"].rows()} == set(truth["oa.PROC-CONTRACT"])  # type: ignore[attr-defined]


def test_areas_have_names_on_all_levels() -> None:
    names = area_names()
    assert [names[code] for code in ("330000", "330100", "330110", "310000", "310100", "429004", "441900")] == [
        "浙江省", "杭州市", "余杭区", "上海市", "上海市", "仙桃市", "东莞市",
    ]  # fmt: skip
