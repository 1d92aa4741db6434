"""What is shown before a decision is what happens; and who decides on what is no longer so is refused."""

from __future__ import annotations

import pytest

from goldbridge.errors import Reject
from mdm.identity import write_id
from mdm.steward import merge, split
from mdm.steward.joining import Merge
from mdm.steward.parting import Split
from mdm.steward.preview import preview
from mdm.steward.view import read_view
from tests.flows.bench import row
from tests.mdm.town import DING, JIA, JIA_ERP, PHONE, YI, YI_ERP, Town, homes, record


def test_a_preview_says_what_happens_and_leaves_nothing(town: Town) -> None:
    before = town.canonical()
    with town.steward() as (conn, who):
        jia, yi = homes(conn, JIA), homes(conn, YI)
        shown = preview(conn, who, Merge([jia, yi], survivor=yi))
    assert town.canonical() == before
    assert shown["redirects"] == {write_id("party", jia): [write_id("party", yi)]}
    (stays,) = [one for one in shown["goldens"] if one["after"] == "active"]
    assert stays["id"] == write_id("party", yi)
    assert stays["records"]["after"] == sorted([JIA, JIA_ERP, YI, YI_ERP])
    with town.steward() as (conn, who):
        merge(conn, who, [jia, yi], survivor=yi, seen=read_view(shown["view"]))
    values, _, _ = town.canonical()["golden"][yi]
    assert {name: cell["after"] for name, cell in stays["values"].items()} == values
    with town.steward() as (conn, who):
        shown = preview(conn, who, Split(homes(conn, YI), [[record(conn, YI)]]))
        assert shown["came_together"] == [YI_ERP]
        assert shown["second_person"] == ""


def test_e42_mdm023_a_decision_on_a_stale_view_is_refused_with_what_changed(town: Town) -> None:
    """Guard: mdm.steward.view:unchanged"""
    with town.steward() as (conn, who):
        jia, ding = homes(conn, JIA), homes(conn, DING)
        seen = read_view(preview(conn, who, Merge([jia, ding]))["view"])
    town.later()
    town.put("erp", row("9", "杭州甲机械有限公司", tel=PHONE, address="余杭区示例路1号", at="2026-02-03 08:00:00"))
    town.run("erp", "parties")
    before = town.canonical()
    with town.steward() as (conn, who), pytest.raises(Reject) as refused:
        merge(conn, who, [jia, ding], seen=seen)
    assert refused.value.code == "MDM023"
    assert f"{write_id('party', jia)} has another address and was joined" in refused.value.message
    assert "was joined by erp.partner/9; nothing was decided, look again" in refused.value.message
    assert town.canonical() == before
    with town.steward() as (conn, who):
        merge(conn, who, [jia, ding])
    with town.steward() as (conn, who), pytest.raises(Reject, match=r"MDM023 .* is redirected"):
        split(conn, who, ding, [1], seen=seen)


def test_mdm023_a_text_that_is_no_view() -> None:
    with pytest.raises(Reject, match="MDM023 this is no view of ours"):
        read_view("party-06b2w5njghbp8")
