"""The rehearsal: the whole way on systems of its own, and nothing of it in the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from flows.cutover.office import control_of
from flows.cutover.rehearsal import Report, rehearse
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.http import HttpFactory
from goldbridge.settings.project import load_project
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from tests.flows.bench_crm import company, credit_code
from tests.flows.cutover.bench import PATH, CutoverBench

ENVIRONMENT = """\
sources:
  crm: {url: {secret: DRESS_URL}}
  new_crm: {base_url: http://127.0.0.1/dress}
"""
REAL = company("9", "广州真实有限公司", code=credit_code(9), capital="9", address="广东省广州市9号", status="A")


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> CutoverBench:
    """The project, and beside it an old CRM and a tenant to rehearse with."""
    dress = CutoverBench(tmp_path / "dress", sqlite_url, clock)
    dress.accounts(
        "crm",
        company(
            "1", "广州甲机械有限公司", code=credit_code(1), capital="100.10", address="广东省广州市1号", status="A"
        ),
        company(
            "2", "广州乙电子有限公司", code=credit_code(2), capital="200.20", address="广东省广州市2号", status="A"
        ),
        company(
            "3", "宁波丙阀门有限公司", code=credit_code(3), capital="300.30", address="浙江省宁波市3号", status="A"
        ),
    )
    bench = CutoverBench(tmp_path / "project", sqlite_url, clock)
    bench.accounts("crm", REAL)
    bench.write("config/env/dress.yaml", ENVIRONMENT)
    with (bench.root / "config/secrets.env").open("a") as secrets:
        secrets.write(f"DRESS_URL=sqlite:///{dress.database('crm')}\n")
    bench.other, bench.dress = Tenant(clock=SimClock(now=lambda: clock.now().timestamp(), wait=clock.wait)), dress  # type: ignore[attr-defined]
    return bench


def play(bench: Any, env: str | None = "dress", **more: Any) -> Report:
    app = Starlette(routes=[Mount("/dress", app=bench.other.app)])
    with bench.hub() as hub:
        http = HttpFactory(bench.clock, InProcess(app), draw=lambda: 0.5)
        return rehearse(control_of(hub), load_project(bench.root, env), "pilot", bench.clock, http, **more)


def test_the_whole_way_is_rehearsed_and_timed_and_pins_the_file(bench: Any) -> None:
    """Guard: flows.cutover.rehearsal:_own_state"""
    report = play(bench)
    assert report.stopped == ""
    assert report.passed
    assert report.edits == {"old": 2, "new": 2}
    assert {"load", "freeze", "flip", "rollback", "second_flip"} <= report.seconds.keys()
    assert all(gate["met"] for gate in report.gates)
    assert len([row for row in bench.other.rows("AccountObj") if row["life_status"] != "invalid"]) == 2
    assert [row["CAPITAL"] for row in bench.dress.old_rows()] == ["102.1", "202.2", "300.30"]  # both edits came back
    # The real systems know nothing of it, and the real wave may load now.
    assert bench.rows() == []
    assert [row["CAPITAL"] for row in bench.old_rows()] == ["9"]
    for phase in ("profile", "rehearse", "bulk_load"):
        assert bench.advance("pilot", to=phase).moved
    bench.edit(PATH, "lag.p99_s < 300", "lag.p99_s < 3000")
    with pytest.raises(Halt, match="changed since wave 'pilot' was rehearsed"):
        bench.advance("pilot")


def test_a_gate_that_fails_ends_it_and_lets_nothing_load(bench: Any) -> None:
    bench.edit(PATH, "recon.count.diff == 0", "recon.count.found == 7")
    report = play(bench)
    assert (report.passed, report.stopped) == (False, "bulk_load: recon.count.found == 7")
    for phase in ("profile", "rehearse"):
        assert bench.advance("pilot", to=phase).moved
    assert not bench.advance("pilot").moved


def test_what_is_no_place_to_rehearse_is_refused(bench: Any) -> None:
    """Guard: flows.cutover.rehearsal:_apart"""
    with pytest.raises(Halt, match="needs an environment") as caught:
        play(bench, None)
    assert caught.value.code == "CUT034"
    bench.write("config/env/dress.yaml", "sources:\n  crm: {url: {secret: DRESS_URL}}\n")
    with pytest.raises(Halt, match="new_crm is the same system as without it"):
        play(bench)
    bench.write("config/env/dress.yaml", ENVIRONMENT + "cutover: {gates: {shadow: []}}\n")
    with pytest.raises(Halt, match="changes the cutover itself"):
        play(bench)
