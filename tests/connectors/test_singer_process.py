"""A tap is a stranger: what it may know, how long it may take, and that nothing of it is left afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from connectors.base import Reading, Window
from connectors.singer.connector import VARIABLE
from flows.stop import StoppableClock
from goldbridge.clock import SYSTEM
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.log import remember_secret
from tests.connectors.singer_desk import Desk, Told, record, schema, state

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path / "tap")
    monkeypatch.setenv(VARIABLE, str(desk.tap))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return desk


def left(desk: Desk) -> list[str]:
    """What lies about of the folders that were made for the tap."""
    return [path.name for path in desk.folder.parent.glob("goldbridge-tap-*")]


def cleared(desk: Desk) -> bool:
    """Whether nothing lies about; the guard removes the folder after the tap is gone, so this waits, not for ever."""
    end = SYSTEM.monotonic() + 60
    while left(desk) and SYSTEM.monotonic() < end:
        SYSTEM.wait(0.02)
    return not left(desk)


class TestAllowed:
    def test_nothing_runs_that_the_operator_did_not_name(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        for said in ("", "tap-other:/bin/true", str(desk.folder), f"{desk.tap}x"):
            monkeypatch.setenv(VARIABLE, said)
            with pytest.raises(Misconfigured, match=VARIABLE) as caught:
                desk.connect().probe()
            assert caught.value.code == "CON340"
        assert desk.calls() == []

    def test_a_program_is_the_same_by_name_and_by_path(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", f"{desk.folder}{os.pathsep}{os.environ['PATH']}")
        for allowed, named in (("tap-told", str(desk.tap)), (str(desk.tap), "tap-told"), ("a:tap-told", "tap-told")):
            monkeypatch.setenv(VARIABLE, allowed)
            assert "offers 1 streams: orders" in desk.connect(command=[named]).probe()

    def test_a_path_cannot_be_walked_out_of(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "/bin/true")
        told = desk.connect(command=[f"/bin/true/../../{desk.tap}"])
        with pytest.raises(Misconfigured) as caught:
            told.probe()
        assert caught.value.code == "CON340"

    def test_a_tap_that_is_not_there(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        missing = desk.folder / "tap-missing"
        monkeypatch.setenv(VARIABLE, str(missing))
        with pytest.raises(Misconfigured, match="tap-missing") as caught:
            desk.connect(command=[str(missing)]).probe()
        assert caught.value.code == "CON341"

    def test_a_tap_that_cannot_be_started(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.tap.write_text("#!/no/such/interpreter\n")
        told = Told(desk.connect(catalog="none"))
        assert isinstance(told.error, Halt)
        assert (told.code, "exit status 127" in str(told.error)) == ("CON342", True)

    @pytest.mark.parametrize(
        "settings",
        [
            {"command": []},
            {"command": ["./tap"]},
            {"command": ["tap", "--config=/etc/shadow"]},
            {"command": ["tap", "--state"]},
            {"command": "tap --x"},
            {"env": {"LD_PRELOAD": "/x.so"}},
            {"env": {"PATH": "/x"}},
            {"env": {"PYTHONSTARTUP": "/x"}},
            {"env": {"A=B": "x"}},
            {"streams": {}},
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, desk: Desk, settings: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            desk.connect(**settings) if "streams" not in settings else type(desk.connect()).config_model.model_validate(
                {"connector": "singer", "command": ["tap"], **settings}
            )


class TestSurroundings:
    def test_a_tap_knows_what_it_was_told_and_nothing_else(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOLDBRIDGE_KEY", "the-master-key")
        desk.does(schema(), record(1))
        Told(desk.connect(env={"REGION": "cn-north-1"}, command=[str(desk.tap)]))
        for call in desk.calls():
            assert {name for name in call["env"] if name != "LC_CTYPE"} == {"PATH", "HOME", "LANG", "REGION"}
            assert call["env"]["HOME"] == call["cwd"]
            assert call["env"]["HOME"].startswith(str(desk.folder.parent))
            assert call["modes"] == ["0o600", "0o700"]
        assert "the-master-key" not in (desk.folder / "calls.jsonl").read_text()
        assert left(desk) == []

    def test_its_settings_are_in_no_argument_and_gone_afterwards(self, desk: Desk) -> None:
        desk.does(schema(), {"exit": 1})
        Told(desk.connect(config={"password": "open-sesame"}))
        assert all("open-sesame" not in " ".join(call["argv"]) for call in desk.calls())
        assert desk.calls()[-1]["config"]["password"] == "open-sesame"
        assert left(desk) == []

    def test_its_own_arguments_come_first(self, desk: Desk) -> None:
        desk.does(schema())
        desk.connect(command=[str(desk.tap), "--dev", "x; rm -rf /"], catalog="none")
        Told(desk.connect(command=[str(desk.tap), "--dev", "x; rm -rf /"], catalog="none"))
        assert desk.calls()[-1]["argv"][:3] == ["--dev", "x; rm -rf /", "--config"]

    def test_f18_a_token_that_the_tap_renewed_is_there_the_next_time(self, desk: Desk) -> None:
        desk.does({"configure": {"refresh_token": "second-token"}}, {"exit": 1})
        Told(desk.connect(config={"refresh_token": "first-token"}))
        desk.does(schema())
        Told(desk.connect(config={"refresh_token": "first-token"}))
        assert desk.calls()[-1]["config"]["refresh_token"] == "second-token"
        Told(desk.connect(config={"refresh_token": "by-hand"}))  # somebody edited sources.yaml: that counts
        assert desk.calls()[-1]["config"]["refresh_token"] == "by-hand"

    def test_what_it_says_beside_its_messages_is_logged_bounded_and_without_secrets(self, desk: Desk) -> None:
        remember_secret("open-sesame")
        noise = [{"complain": f"INFO line {number}"} for number in range(300)]
        desk.does({"complain": "WARNING signing in with open-sesame"}, *noise, {"complain": "ERROR password=hunter22"},
                  {"exit": 1})  # fmt: skip
        with capture_logs() as logged:
            told = Told(desk.connect())
        said = [each["said"] for each in logged if each["event"] == "tap"]
        assert said[0] == "WARNING signing in with [secret]"
        assert len(said) == 200
        assert {each["log_level"] for each in logged if each.get("said") == said[0]} == {"warning"}
        assert "open-sesame" not in json.dumps(logged) + str(told.error)
        assert "hunter22" not in json.dumps(logged) + str(told.error)
        assert "password=[secret]" in str(told.error)  # its last words say why it ended


class TestEnding:
    @pytest.mark.parametrize(
        ("status", "kind"), [(1, Retry), (2, Halt), (75, Retry), (127, Halt)], ids=["1", "2", "75", "127"]
    )
    def test_what_came_before_a_bad_end_is_kept(self, desk: Desk, status: int, kind: type[Exception]) -> None:
        desk.does(schema(), record(1), state("one"), record(2), {"complain": "no route"}, {"exit": status})
        told = Told(desk.connect())
        assert ([row["id"] for row in told.rows], told.state, told.verdict) == ([1, 2], "one", None)
        assert type(told.error) is kind
        assert (told.code, f"exit status {status}" in str(told.error)) == ("CON342", True)
        assert "no route" in str(told.error)

    def test_which_status_needs_a_person_is_a_setting(self, desk: Desk) -> None:
        desk.does(schema(), {"exit": 3})
        assert isinstance(Told(desk.connect(halt_on=[3])).error, Halt)

    def test_f20_a_line_that_was_cut_off_by_its_end_is_no_garbage(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1), {"raw": '{"type": "RECORD", "stre'}, {"die": 0})
        told = Told(desk.connect())
        assert (told.code, isinstance(told.error, Retry), "signal 9" in str(told.error)) == ("CON342", True, True)
        assert ([row["id"] for row in told.rows], told.state) == ([1], 1)

    def test_a_last_line_without_its_end_counts_when_the_tap_ended_well(self, desk: Desk) -> None:
        desk.does(schema(), {"raw": '{"type": "RECORD", "stream": "orders", "record": {"id": 1}}'})
        assert len(Told(desk.connect()).rows) == 1

    @pytest.mark.parametrize(
        "raw",
        ["Downloading...\n", "[1, 2]\n", '{"type": "HELLO"}\n', '{"type": "RECORD", "stream": "orders"}\n',
         '{"type": "SCHEMA", "stream": "orders"}\n', '{"type": "STATE"}\n', '{"type": "RECORD", "record": {}}\n',
         "[" * 100_000 + "\n"],
        ids=["text", "list", "type", "record", "schema", "state", "stream", "deep"],
    )  # fmt: skip
    def test_garbage_stops_the_run_at_its_line_and_loses_nothing(self, desk: Desk, raw: str) -> None:
        desk.does(schema(), record(1), state("one"), {"raw": "\n" + raw}, record(2), {"hang": True})
        told = Told(desk.connect())
        assert isinstance(told.error, Halt)
        assert (told.code, "line 5 of the tap" in str(told.error)) == ("CON344", True)
        assert ([row["id"] for row in told.rows], told.state) == ([1], "one")
        assert left(desk) == []

    def test_a_record_before_its_schema_is_garbage(self, desk: Desk) -> None:
        desk.does(record(1))
        assert Told(desk.connect()).code == "CON344"

    def test_f23_a_message_that_is_too_large_is_not_swallowed(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1), record(2, name="x" * (1 << 20)))
        told = Told(desk.connect(message_mb=1))
        assert (told.code, "line 4" in str(told.error), len(told.rows)) == ("CON345", True, 1)
        desk.does(schema(), {"raw": "x" * (3 << 20)}, {"hang": True})  # one that never ends
        assert Told(desk.connect(message_mb=1)).code == "CON345"
        desk.does(schema(), state("x" * (1 << 20)))
        assert Told(desk.connect()).code == "CON345"

    def test_batches_are_refused_with_what_to_do(self, desk: Desk) -> None:
        desk.does(schema(), {"say": {"type": "BATCH", "stream": "orders", "manifest": ["file:///x"]}})
        told = Told(desk.connect())
        assert (told.code, "batch_config" in str(told.error)) == ("CON349", True)

    def test_f24_a_tap_that_hangs_is_stopped_and_what_it_said_is_kept(self, desk: Desk) -> None:
        alive = desk.watch()
        desk.does({"live": 0}, {"spawn": 0}, schema(), record(1), state(1), {"complain": "waiting"}, {"hang": 0})
        told = Told(desk.connect(silence_s=0.7))
        assert isinstance(told.error, Retry)
        assert (told.code, "silence_s" in str(told.error), "waiting" in str(told.error)) == ("CON343", True, True)
        assert (len(told.rows), told.state) == (1, 1)
        assert alive.began()
        assert alive.gone()

    def test_f68_a_slow_tap_gives_a_sign_of_life_and_what_it_has(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("connectors.singer.process._PULSE_S", 0.3)
        desk.does(schema(), record(1), state(1), {"hang": 0})
        told = Told(desk.connect(silence_s=2.2))
        assert told.code == "CON343"
        assert len(told.rows) == 1
        handed = next(number for number, page in enumerate(told.pages) if page.rows)
        assert told.pages[handed].at is not None
        assert len(told.pages) - handed > 2  # and empty ones after it, while nothing comes

    def test_a_run_has_a_deadline_however_much_it_says(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1), {"hang": 0})
        told = Told(desk.connect(deadline_s=0.7))
        assert (told.code, "deadline_s" in str(told.error), len(told.rows)) == ("CON343", True, 1)

    def test_f5_a_process_that_is_told_to_stop_does_not_wait_for_the_tap(self, desk: Desk) -> None:
        clock = StoppableClock()
        desk.clock = clock
        desk.does(schema(), record(1), state(1), {"hang": 0})
        singer = desk.connect(page_size=1)
        reading = Reading(singer.read(singer.streams["orders"], Window()))
        assert len(next(reading).rows) == 1
        clock.stop("a person")
        with pytest.raises(Retry) as caught:
            list(reading)
        assert caught.value.code == "FLW061"
        assert left(desk) == []

    def test_closing_the_connector_ends_its_taps(self, desk: Desk) -> None:
        alive = desk.watch()
        desk.does({"live": 0}, schema(), record(1), state(1), {"hang": 0})
        singer = desk.connect(page_size=1)
        reading = Reading(singer.read(singer.streams["orders"], Window()))
        next(reading)
        assert alive.began()
        singer.close()
        assert alive.gone()

    def test_a_tap_that_leaves_children_behind_takes_them_along(self, desk: Desk) -> None:
        alive = desk.watch()
        desk.does({"live": 0}, {"spawn": 0}, schema(), record(1))
        told = Told(desk.connect())
        assert (told.error, len(told.rows)) == (None, 1)
        assert alive.began()
        assert alive.gone()


CHILD = """
import sys
from pathlib import Path
from connectors.base import Reading, Window
from tests.connectors.singer_desk import Desk

desk = Desk(Path(sys.argv[1]))
singer = desk.connect(page_size=1)
reading = Reading(singer.read(singer.streams["orders"], Window()))
next(reading)
print("reading", flush=True)
next(reading)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_f1_whatever_kills_the_hub_the_tap_and_its_settings_go_too(desk: Desk, number: signal.Signals) -> None:
    alive = desk.watch()
    desk.does({"live": 0}, {"spawn": 0}, schema(), record(1), state(1), {"hang": 0})
    hub = subprocess.Popen(
        [sys.executable, "-c", dedent(CHILD), str(desk.folder)],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(desk.folder.parent)}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert hub.stdout is not None
    assert hub.stdout.readline() == b"reading\n"
    assert alive.began()
    assert left(desk)
    hub.send_signal(number)
    hub.wait(60)
    hub.stdout.close()
    assert alive.gone()
    assert cleared(desk)
