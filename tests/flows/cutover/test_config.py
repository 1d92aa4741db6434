"""config/cutover.yaml: what is wrong in it is told at its place, all of it at once, with what to do."""

from __future__ import annotations

import pytest

from flows.config import compile_flows
from flows.cutover.config import compile_cutover, differences, fingerprint
from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured
from goldbridge.settings.project import load_project
from tests.flows.cutover.bench import BACK, CUTOVER, PATH, CutoverBench

BAD = [
    ("from: crm", "from: crn", "2:7: CUT001 there is no system 'crn'; did you mean 'crm'?"),
    ("to: new_crm", "to: crm", "3:5: CUT001 a cutover leads from one system to another, not to the same"),
    (
        "rest: {entities: [party]}",
        "rest: {entities: [party, partey]}",
        "6:28: CUT001 the model has no entity 'partey'; did you mean 'party'?",
    ),
    ("rollback:", "keep: [contact]\nrollback:", "13:8: CUT001 no wave moves 'contact'; there is party"),
    (
        "rest: {entities: [party]}",
        "rest: {entities: [party, party]}",
        "6:28: CUT002 'party' is in this wave twice; remove one",
    ),
    (
        "rest: {entities: [party]}",
        "rest: {entities: [party]}\n  more: {entities: [party]}",
        "7:21: CUT002 wave 'rest' takes every party already; give that one a `where`, or remove this",
    ),
    (
        "  rest: {entities: [party]}\n",
        "",
        "5:22: CUT002 a party that fits no `where` has no wave; add a last wave for party without `where`",
    ),
    (
        "rest: {entities: [party]}",
        "rest: {entities: [contact, party]}",
        "6:21: CUT003 contact.party cannot resolve: no party is there before",
    ),
    (
        "pilot: {entities: [party]",
        "pilot: {entities: [contact, party]",
        "5:31: CUT003 no reference of party leads to contact",
    ),
    (
        "address.line.starts",
        "adress.line.starts",
        "5:37: CUT004 `where`: party has no field 'adress'; did you mean 'address'?",
    ),
    ("address.line.startsWith('广东')", "address.line.startsWith(", "5:37: CUT004 `where` is no CEL expression: "),
    (
        "recon.count.diff == 0",
        "recon.count.dif == 0",
        "8:16: CUT005 there is no number 'recon.count.dif'; did you mean 'recon.count.diff'?",
    ),
    ("party.capital_cny", "party.capital", "8:41: CUT005 party has no field 'capital'; did you mean 'capital_cny'?"),
    ("party.capital_cny", "party.name", "8:41: CUT005 party.name is no number, so it has no sum"),
    ("party.capital_cny", "contract.amount_cny", "8:41: CUT005 no wave moves 'contract'"),
    (').diff == 0"', ').dif == 0"', "8:41: CUT005 a sum has expected, found, diff, not 'dif'; did you mean 'diff'?"),
    ("lag.p99_s < 300", "lag.p99_s <", "9:24: CUT005 in the expression, the expression ends too early"),
    ("lag.p99_s < 300", "1 == 1", "9:12: CUT005 a gate looks at a number at least; this one is always the same"),
    ("  shadow:", "  shado:", "9:3: CUT005 there is no phase 'shado' to leave; did you mean 'shadow'?"),
    ("  shadow:", "  done:", "9:3: CUT005 there is no phase 'done' to leave"),
    (
        "confirm: people log in to the new CRM",
        "confirm: x, do: [x]",
        "12:5: CUT007 step 'logins' has either `confirm` (a person) or `do` (a program)",
    ),
    (
        "confirm: people log in to the new CRM",
        "confirm: x, undo: [x]",
        "12:5: CUT007 step 'logins' is done by a person; `check` and `undo` belong to `do`",
    ),
    (
        "confirm: people log in to the new CRM",
        "do: []",
        "12:24: CUT007 `do` is a program with its arguments, e.g. [bin/switch, on]",
    ),
    (
        "  - {name: logins",
        "  - {name: logins, do: [x]}\n  - {name: logins",
        "13:12: CUT007 two steps are called 'logins'",
    ),
    ("rollback: {budget: 30 min", "rollback: {budget: soon", "13:20: CFG012 "),
    ("rollback: {", "rolback: {", "13:1: CFG010 unknown key 'rolback'; did you mean 'rollback'?"),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> CutoverBench:
    """The project once; each test writes its own file about the cutover."""
    from datetime import UTC, datetime

    root = tmp_path_factory.mktemp("cutover")
    return CutoverBench(
        root / "project", f"sqlite:///{root}/state.sqlite", FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))
    )


def problems(bench: CutoverBench, text: str) -> list[str]:
    bench.write(PATH, text)
    project = load_project(bench.root)
    try:
        compile_cutover(project, compile_flows(project))
    except Misconfigured as error:
        return [str(problem) for problem in error.problems]
    return []


def test_the_file_of_the_bench_compiles(shared: CutoverBench) -> None:
    assert problems(shared, CUTOVER) == []


@pytest.mark.parametrize(
    ("old", "new", "told"), BAD, ids=[told.split(" ", 2)[1] + str(at) for at, (_, _, told) in enumerate(BAD)]
)
def test_what_is_wrong_is_told_at_its_place(shared: CutoverBench, old: str, new: str, told: str) -> None:
    assert old in CUTOVER
    found = problems(shared, CUTOVER.replace(old, new, 1))
    assert any(line.startswith(f"{PATH}:{told}") for line in found), found


def test_everything_is_told_at_once(shared: CutoverBench) -> None:
    text = CUTOVER.replace("from: crm", "from: crn", 1).replace("lag.p99_s", "lag.p99").replace("confirm", "confrim")
    found = problems(shared, CUTOVER.replace("from: crm", "from: crn", 1).replace("lag.p99_s", "lag.p99"))
    assert [line.split()[1] for line in found] == [
        "CUT001",
        "CUT006",
        "CUT005",
    ]  # no flow leads back to an unknown system
    assert "unknown key 'confrim'" in problems(shared, text)[0]


def test_an_entity_that_no_flow_moves_is_refused(shared: CutoverBench) -> None:
    """Guard: flows.cutover.config:_Compiler.movers"""
    shared.edit("flows.yaml", BACK, "")
    try:
        (found,) = problems(shared, CUTOVER)
        assert found.startswith(
            f"{PATH}:5:22: CUT006 no flow of flows.yaml writes party back to crm, so nothing could be rolled back"
        )
        assert problems(shared, CUTOVER.replace("rollback: {budget: 30 min, keep_reverse: 14 d}\n", "")) == []
    finally:
        shared.write("flows.yaml", (shared.root / "flows.yaml").read_text() + BACK)
    (found,) = problems(shared, CUTOVER.replace("to: new_crm", "to: erp"))
    assert found.startswith(f"{PATH}:5:22: CUT006 no flow of flows.yaml writes party to erp; add one")


def test_no_file_is_told_as_such(shared: CutoverBench) -> None:
    assert problems(shared, "") == [
        f"{PATH}: CUT021 there is no cutover; write this file (docs/how-to/cutover.md shows one)"
    ]


def test_the_fingerprint_is_of_what_it_says() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert list(differences({"a": {"b": 1}, "c": 1}, {"a": {"b": 2}, "d": [1]})) == [
        "a.b: 1 -> 2",
        "c: 1 -> nothing",
        "d: nothing -> [1]",
    ]
