"""Why two are together or apart, also when nobody was ever asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.errors import Reject
from mdm.steward import different, merge, same
from mdm.steward.explanation import pairs, why
from tests.flows.bench import row
from tests.mdm.town import BING, BING_ERP, DING, JIA, JIA_ERP, YI, YI_ERP, Town, homes, record


@pytest.fixture
def town(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Town:
    return Town(tmp_path / "project", sqlite_url, clock)


def first(town: Town, a: str, b: str) -> str:
    with town.steward() as (conn, who):
        return str(why(conn, who, record(conn, a), record(conn, b))["sentences"][0])


def test_the_parts_add_up_and_the_keys_are_named(town: Town) -> None:
    with town.steward() as (conn, who):
        told = why(conn, who, record(conn, JIA), record(conn, JIA_ERP))
    assert told["together"]
    assert sum(part["bits"] for part in told["parts"]) == pytest.approx(told["bits"])
    assert told["keys"]
    assert told["sentences"][0] == f"{JIA} and {JIA_ERP} are together: by their own evidence"
    assert any(line.startswith("phone") and "speaks for it: +" in line for line in told["sentences"])


def test_why_two_are_apart(town: Town) -> None:
    assert first(town, BING, BING_ERP).endswith("apart: the evidence is too thin to join without a steward")
    assert first(town, JIA, DING).endswith("apart: nothing that could make them meet is the same")
    with town.steward() as (conn, who):
        different(conn, who, record(conn, JIA), record(conn, JIA_ERP), reason="two plants")
        told = why(conn, who, record(conn, JIA), record(conn, JIA_ERP))
    assert told["sentences"][0].endswith("apart: a decision keeps them apart")
    assert any("(decision 1 by anna): two plants" in line for line in told["sentences"])


def test_why_together_by_way_of_others_and_by_decision(town: Town) -> None:
    with town.steward() as (conn, who):
        merge(conn, who, [homes(conn, JIA), homes(conn, YI)])
        told = why(conn, who, record(conn, JIA_ERP), record(conn, YI_ERP))
        assert len(told["way"]) >= 2
        assert any(step["said"] == "decision 1" for step in told["way"])
        assert any("by way of" in line for line in told["sentences"])
        same(conn, who, record(conn, JIA), record(conn, DING))
        told = why(conn, who, record(conn, JIA), record(conn, DING))
    assert told["sentences"][0].endswith("together: held by decision, whatever the evidence says")


def test_which_pairs_answer_for_golden_records(town: Town) -> None:
    with town.steward() as (conn, who):
        jia, jia_erp, yi = (record(conn, one) for one in (JIA, JIA_ERP, YI))
        assert pairs(conn, who, [jia], [jia_erp, yi]) == [(jia, jia_erp)]
        assert [set(pair) for pair in pairs(conn, who, [jia, jia_erp], [])] == [{jia, jia_erp}]
        assert pairs(conn, who, [jia], []) == [(jia, jia_erp)]


def test_mdm024_a_record_that_is_gone(town: Town) -> None:
    town.put("crm", row("4", "绍兴丁纺织有限公司", gone="1", at="2026-02-02 08:00:00"))
    town.run("crm", "parties")
    with town.steward() as (conn, who):
        ding = record(conn, DING)
        with pytest.raises(Reject, match=f"MDM024 {DING} belongs to no golden record"):
            why(conn, who, record(conn, JIA), ding)
        with pytest.raises(Reject, match=f"MDM024 {DING} belongs to no golden record"):
            same(conn, who, record(conn, JIA), ding)
