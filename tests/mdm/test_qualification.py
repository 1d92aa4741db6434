"""Where roles stand: by themselves, by stewards, after merges and splits, and what lets nobody through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from mdm.qualification import Step, standing
from mdm.qualification_rule import Process, compile_qualification

MODEL = """
entities:
  party:
    mastered: true
    roles: {customer: {}, dealer: {qualification: onboarding}}
    fields: {name: {type: text}, status: {type: text}, credit_code: {type: credit_code, identifier: hard}}
"""
PROCESS = """
onboarding:
  states: [rejected, suspended, applied, in_review, qualified]
  start: applied
  qualified: [qualified]
  asks: {in_review: who is it}
  moves:
    known:   {from: applied, to: qualified, when: "'old' in systems"}
    submit:  {from: applied, to: in_review, when: "credit_code != null"}
    suspend: {from: [in_review, qualified], to: suspended, when: "status == 'REVOKED'"}
    approve: {from: in_review, to: qualified, by: steward, documents: [licence]}
    reject:  {from: [in_review, suspended], to: rejected, by: steward}
    restore: {from: suspended, to: qualified, by: steward}
    reopen:  {from: rejected, to: in_review, by: steward}
"""


def compiled(text: str = PROCESS, model: str = MODEL) -> Process:
    return compile_qualification(read(text, "config/qualification.yaml"), compile_model(read(model, "m")))["party"][
        "dealer"
    ]


def stands(values: dict[str, Any], steps: Sequence[Step] = (), systems: Sequence[str] = ("new",)) -> tuple[str, bool]:
    found = standing(compiled(), steps, 1, {**values, "systems": list(systems), "roles": ["dealer"]})
    return found.state, found.fell


@pytest.mark.parametrize(
    ("values", "systems", "state"),
    [
        ({}, ["new"], "applied"),
        ({"credit_code": "X"}, ["new"], "in_review"),
        ({}, ["old"], "qualified"),
        ({"credit_code": "X", "status": "REVOKED"}, ["new"], "suspended"),
        ({"credit_code": None}, ["new"], "applied"),
    ],
)
def test_moves_without_a_person_follow_the_data(values: dict[str, Any], systems: list[str], state: str) -> None:
    assert stands(values, systems=systems)[0] == state


def test_what_takes_a_qualification_away_is_to_be_kept_and_nothing_else_is() -> None:
    assert stands({"status": "REVOKED"}, systems=["old"]) == ("suspended", True)
    assert stands({"credit_code": "X", "status": "REVOKED"}) == ("suspended", False)  # it never was qualified
    assert stands({"credit_code": "X"}) == ("in_review", False)


def test_a_kept_state_does_not_come_back_by_itself() -> None:
    fallen = Step(7, 1, "suspended", "suspend")
    assert stands({"status": "ACTIVE", "credit_code": "X"}, [fallen], ["old"]) == ("suspended", False)


def test_the_newest_word_on_a_record_counts_in_any_order() -> None:
    said = [Step(3, 1, "qualified", "approve"), Step(9, 1, "rejected", "reject"), Step(5, 1, "suspended", "suspend")]
    assert stands({}, said)[0] == stands({}, said[::-1])[0] == "rejected"


def test_of_several_records_the_most_restrictive_state_counts() -> None:
    """Guard: mdm.qualification:most_restrictive"""
    said = [Step(3, 1, "qualified", "approve"), Step(4, 2, "suspended", "suspend")]
    assert stands({}, said)[0] == "suspended"
    assert stands({}, said[::-1])[0] == "suspended"


def test_a_state_that_the_process_lost_says_nothing() -> None:
    assert stands({}, [Step(3, 1, "on_probation", "approve")])[0] == "applied"


def test_two_moves_that_undo_each_other_come_to_rest() -> None:
    turning = PROCESS.replace(
        "approve:", "back: {from: suspended, to: qualified, when: \"status == 'REVOKED'\"}\n    approve:"
    )
    found = standing(compiled(turning), [], 1, {"status": "REVOKED", "systems": ["old"], "roles": ["dealer"]})
    assert found.state == "suspended"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("onboarding:\n", "onbording:\n", "1:1: MDM075 role 'dealer' of party needs the process 'onboarding'"),
        ("  start: applied", "  start: aplied", "3:10: MDM076 there is no state 'aplied'; did you mean 'applied'?"),
        ("qualified: [qualified]", "qualified: []", "4:14: MDM076 `qualified` lists the states that allow business"),
        ("qualified: [qualified]", "qualified: [done]", "4:15: MDM076 there is no state 'done'"),
        ("to: rejected,", "to: refused,", "11:49: MDM076 there is no state 'refused'"),
        ("from: rejected, to", "from: refused, to", "13:21: MDM076 there is no state 'refused'"),
        ("by: steward}\n    reopen", "by: anyone}\n    reopen", "12:51: MDM076 `by` is steward"),
        (", by: steward}\n    reopen", "}\n    reopen", "12:5: MDM076 move 'restore' needs `when`"),
        ("{from: applied, to: in", "{frm: applied, to: in", "8:15: MDM076 a move has no key 'frm'"),
        ("in_review: who", "in_revew: who", "5:10: MDM076 there is no state 'in_revew'; did you mean 'in_review'?"),
        ("'old' in systems", "'old' in sistems", "7:61: MDM077 `when`: party has no field 'sistems'; did you mean"),
        ("status == 'REVOKED'", "status ==", "9:76: MDM077 `when`: in the expression, the expression ends too early"),
        ("[rejected, suspended,", "[rejected, old, suspended,", "2:22: MDM076 no move leads from 'applied' to 'old'"),
        ("    known:", "    K: 1\n    known:", "7:5: MDM076 move 'K' is written as in"),
        ("to: suspended, when", "to: suspended, documents: [x], when", "9:60: MDM076 only a steward"),
    ],
)  # fmt: skip
def test_a_process_with_a_mistake_is_refused_at_its_place(old: str, new: str, said: str) -> None:
    assert old in PROCESS
    text = PROCESS.lstrip("\n").replace(old, new, 1)
    with pytest.raises(Misconfigured) as caught:
        compiled(text)
    assert f"config/qualification.yaml:{said}" in str(caught.value)


def test_a_process_needs_a_role_and_a_mastered_entity() -> None:
    with pytest.raises(Misconfigured, match="MDM075 no role needs the process 'other'"):
        compiled(f"{PROCESS}other: {{states: [a], start: a, qualified: [a], moves: {{}}}}\n")
    with pytest.raises(Misconfigured, match="MDM075 party is not mastered"):
        compiled(model=MODEL.replace("mastered: true", "mastered: false"))
