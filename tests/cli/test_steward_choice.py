"""`goldbridge tasks choose`, as it is typed: both words are shown, the answer is told, and the undo asks again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.bad_input.desk import hear
from tests.flows.bench_two_way import TwoWayBench


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Iterator[TwoWayBench]:
    made = TwoWayBench(tmp_path / "project", sqlite_url, clock)
    yield made
    made.close()


def test_both_words_are_shown_one_is_chosen_and_the_undo_asks_again(
    bench: TwoWayBench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.type_in(1, name="Jia", website="https://jia.example", phone="0571-87654321")
    bench.sync()
    bench.type_in(1, website="https://legacy.example", phone="0571-88887777")
    bench.edit_row(bench.row()["_id"], website="https://new.example", phone="0571-88886666")
    bench.sync()
    bench.close()
    (asked,) = json.loads(hear(bench.root, capsys, "tasks", "--lane", "sides", "--json").out)
    number = str(asked["id"])
    shown = hear(bench.root, capsys, "tasks", number).out
    for line in ("website: https://jia.example was agreed on last", "crm.account says https://legacy.example",
                  "new_crm.AccountObj says https://new.example"):  # fmt: skip
        assert line in shown
    assert "MDM014" in hear(bench.root, capsys, "tasks", number, "same").errors[-1]
    for words, said in ((("erp",), "MDM087 task"), (("crm", "--field", "name=crm"), "does not ask about 'name'")):
        wrong = hear(bench.root, capsys, "tasks", "choose", number, *words)
        assert (wrong.status, said in wrong.errors[-1]) == (1, True)
    assert hear(bench.root, capsys, "tasks", "choose", number, "crm", "--field", "phone").status == 2
    done = hear(bench.root, capsys, "tasks", "choose", number, "crm", "--field", "phone=new_crm")
    assert "take it back with: goldbridge golden undo" in done.out
    decision = done.out.split()[1].rstrip(":")
    bench.sync()
    assert (bench.legacy()["website"], bench.row()["website"]) == ("https://legacy.example",) * 2
    assert (bench.legacy()["phone"], bench.row()["phone"]) == ("+8657188886666", "0571-88886666")
    bench.close()
    hear(bench.root, capsys, "golden", "undo", decision)
    assert json.loads(hear(bench.root, capsys, "tasks", "--lane", "sides", "--json").out)[0]["id"] == asked["id"]
    done = hear(bench.root, capsys, "tasks", "choose", number, "=https://third.example", "--field", "phone=crm")
    assert done.status == 0
    bench.sync()
    assert bench.legacy()["website"] == bench.row()["website"] == "https://third.example"
