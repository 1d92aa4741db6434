"""Two-way: whoever edits a field is heard, on both sides at once, and nothing of ours comes back as news."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.bench_two_way import TwoWayBench


@pytest.fixture
def bench(tmp_path: Path, store_url: str, clock: FrozenClock) -> TwoWayBench:
    return TwoWayBench(tmp_path / "project", store_url, clock)


@pytest.fixture
def pair(bench: TwoWayBench) -> TwoWayBench:
    """One record, equal on both sides."""
    bench.type_in(1, name="Ｊｉａ Machines", phone="0571-87654321", credit_limit="100", website="https://jia.example")
    bench.sync()
    bench.settled()
    return bench


def test_f46_both_sides_change_different_fields_and_each_is_written_once(pair: TwoWayBench) -> None:
    key = pair.row()["_id"]
    pair.type_in(1, phone="0571-88887777")
    pair.edit_row(key, website="https://yi.example", status="inactive")
    assert pair.sync() == {"crm.account": 1, "new_crm.AccountObj": 1}
    assert pair.legacy() == {
        "name": "Ｊｉａ Machines", "phone": "0571-88887777", "website": "https://yi.example", "credit_limit": "100",
        "status": "I",
    }  # fmt: skip
    shown = pair.row()
    assert (shown["phone"], shown["website"], shown["status"]) == ("+8657188887777", "https://yi.example", "inactive")
    pair.settled()
    assert (pair.tasks(), pair.broken()) == ([], [])
