"""What `check` says of two-way flows: every problem at its place, with what to do."""

from __future__ import annotations

import pytest

from flows.config import TwoWayFlow, compile_flows
from flows.two_way_plan import Plan, plan
from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured
from goldbridge.settings.project import load_project
from tests.flows.bench_two_way import TwoWayBench

PHONES = "phone: {from: [TEL, SITE], via: [blank, phone]}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TwoWayBench:
    from datetime import UTC, datetime

    root = tmp_path_factory.mktemp("plan") / "project"
    return TwoWayBench(root, "sqlite:///unused", FrozenClock(datetime(2026, 3, 1, tzinfo=UTC)))


@pytest.fixture
def bench(made: TwoWayBench) -> TwoWayBench:
    """The project as it was at first; one folder serves all of these tests."""
    from tests.flows.bench_two_way import ACCOUNT, FLOWS, LEGACY

    made.write("flows.yaml", FLOWS)
    made.write("mappings/new_crm/AccountObj.yaml", ACCOUNT)
    for system in ("crm", "erp"):
        made.write(f"mappings/{system}/account.yaml", LEGACY % system)
    (made.root / "mappings/new_crm/account.out.yaml").unlink(missing_ok=True)
    return made


def problems(bench: TwoWayBench) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        compile_flows(load_project(bench.root))
    return [str(problem) for problem in caught.value.problems]


def planned(bench: TwoWayBench) -> Plan:
    project = load_project(bench.root)
    flow = compile_flows(project)["accounts"]
    assert isinstance(flow, TwoWayFlow)
    return plan(project, flow)


def test_a_field_is_owned_by_who_is_named_and_the_rest_by_the_star(bench: TwoWayBench) -> None:
    made = planned(bench)
    assert made.owner["credit_limit"] == "crm.account"
    assert made.owner["name"] == "new_crm.AccountObj"
    assert made.carried == {"name", "phone", "website", "credit_limit", "status"}
    assert not made.strict


def test_flw023_a_field_that_cannot_be_written_back_is_told_with_the_step_in_the_way(bench: TwoWayBench) -> None:
    bench.edit("mappings/crm/account.yaml", "phone: {from: TEL, via: [blank, phone]}", PHONES)
    assert problems(bench) == [
        (
            "mappings/crm/account.yaml:7:17: FLW023 'phone' cannot be written back to crm.account by flow 'accounts': "
            "it is made from TEL and SITE, and nobody knows which part is to go where; let crm own it "
            "(`own: {crm: [phone]}`), or write a mapping to crm.account that says how"
        )
    ]
    bench.edit("flows.yaml", "crm: [credit_limit]", "crm: [credit_limit, phone]")
    assert planned(bench).strict == {"phone"}


def test_flw023_who_is_told_in_part_cannot_own_the_whole(bench: TwoWayBench) -> None:
    bench.write(
        "mappings/new_crm/account.out.yaml",
        """
        mapping: new_crm.account.out
        source: account
        target: new_crm.AccountObj
        fields:
          name: {from: name}
          tel: {from: phone, via: [replace: {"+86": ""}]}
        """,
    )
    unwritten, partly = problems(bench)
    assert unwritten.startswith("flows.yaml:6:5: FLW023 'credit_limit' cannot be written back to new_crm.AccountObj by")
    assert partly.startswith(
        "mappings/new_crm/account.out.yaml:7:28: FLW023 what new_crm.AccountObj says of 'phone' is not the whole value"
    )
    bench.edit("flows.yaml", "crm: [credit_limit]", "crm: [phone]")
    assert planned(bench).strict == {"phone", "credit_limit", "website", "status"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("new_crm: \"*\"", "old_crm: \"*\"", "flows.yaml:6:32: FLW024 'old_crm' is not one of the sides"),
        ("[credit_limit]", "[credit]", "flows.yaml:6:17: FLW024 account has no field 'credit'; did you"),
        ("new_crm: \"*\"", "new_crm: [credit_limit]", "flows.yaml:6:42: FLW024 crm owns 'credit_limit' already"),
        ("entity: account", "entity: acount", "flows.yaml:5:13: FLW006 the model has no entity 'acount'"),
        ("crm.account,", "crm.acount,", "flows.yaml:4:22: FLW004 there is no mapping 'crm.acount'"),
        ("crm.account,", "old.account,", "flows.yaml:4:22: FLW002 there is no source system 'old'"),
        ("crm.account,", "new_crm.AccountObj,", "flows.yaml:4:42: FLW024 new_crm.AccountObj is named twice"),
        ("steward", "merge\n    out: {crm.account: new_crm.AccountObj}", "flows.yaml:8:24: FLW012 mapping 'new"),
        ("steward", "merge\n    out: {crm.acount: x}", "flows.yaml:8:11: FLW024 'crm.acount' is not one of the sides"),
        (', new_crm: "*"}\n    conflict: steward', "}\n    conflict: merge",
         "flows.yaml:6:5: FLW024 `conflict: merge` needs an owner of name, phone, status, website; add `own:"),
    ],
)  # fmt: skip
def test_flw024_what_is_wrong_with_sides_and_owners(bench: TwoWayBench, old: str, new: str, said: str) -> None:
    bench.edit("flows.yaml", old, new)
    assert problems(bench)[0].startswith(said)


def test_flw024_a_ring_without_an_owner_is_refused_whatever_its_policy(bench: TwoWayBench) -> None:
    bench.edit("flows.yaml", "new_crm.AccountObj]", "new_crm.AccountObj, erp.account]")
    bench.edit("flows.yaml", ', new_crm: "*"}', "}")
    assert problems(bench) == [
        'flows.yaml:6:5: FLW024 a ring of systems needs an owner of name, phone, status, website; add `own: {erp: "*"}`'
    ]


def test_flw025_two_flows_that_write_or_own_the_same_field_are_refused(bench: TwoWayBench) -> None:
    rival = '  other:\n    sync: {between: [erp.account, %s]}\n    entity: account\n    own: {erp: "*"}\n'
    text = (bench.root / "flows.yaml").read_text()
    bench.write("flows.yaml", text + rival % "new_crm.AccountObj")
    assert problems(bench) == [
        (
            "flows.yaml:8:3: FLW025 flows 'accounts' and 'other' both write 'name' of new_crm.AccountObj; put all "
            "systems under one `between`, or take one of the two away"
        )
    ]
    bench.write(
        "mappings/new_crm/account.out.yaml",
        "mapping: new_crm.account.out\nsource: account\ntarget: new_crm.AccountObj\nfields: {name: {from: name}}\n",
    )
    published = "  out: {publish: account, to: new_crm.AccountObj, mapping: new_crm.account.out}\n"
    bench.write("flows.yaml", text.replace('crm: [credit_limit], new_crm: "*"', 'crm: "*"') + published)
    assert "both write 'name' of new_crm.AccountObj; take one of the two away" in problems(bench)[-1]


def test_flw026_point_to_point_flows_that_lead_back_are_a_ring_without_an_owner(bench: TwoWayBench) -> None:
    ways = [("a", "crm.account", "new_crm.AccountObj"), ("b", "new_crm.AccountObj", "crm.account")]
    flows = "".join(f"  {n}: {{sync: {{from: {f}, to: {t}}}, mapping: {f}, out: {t}}}\n" for n, f, t in ways)
    bench.write("flows.yaml", f"flows:\n{flows}")
    (said,) = [one for one in problems(bench) if "FLW026" in one]
    assert said.startswith(
        "flows.yaml:2:13: FLW026 flows a, b carry records in a ring, and no system owns what goes ro"
    )
    assert "sync: {between: [crm.account, new_crm.AccountObj]} with `own`" in said
