"""What a steward's answer does to golden records, and what is no question for a steward."""

from __future__ import annotations

import pytest

from goldbridge.errors import Reject
from mdm.steward import answer
from tests.bad_input.desk import hear
from tests.flows.bench_crm import CrmBench, company, credit_code, written

JIA = company("1", "杭州甲机械有限公司", code=credit_code(1), tel="0571-87654321")


@pytest.mark.parametrize("judgement", ["same", "different", "unsure"])
def test_mdm014_two_rows_in_a_target_are_settled_there(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str], judgement: str
) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go("crm", "parties", "accounts")
    crm.clock.wait(60)
    crm.tenant.add("AccountObj", {"name": "杭州甲机械有限公司", "uniform_social_credit_code": credit_code(1)})
    crm.clock.wait(60)
    crm.go("typed", "parties")
    (asked,) = crm.tasks()
    assert asked.payload["golden"] == written(crm.home("crm.account", "1"))
    said = hear(crm.root, capsys, "tasks", str(asked.id), judgement)
    assert said.status == 1
    assert said.error == (
        f"MDM014 task {asked.id} does not ask whether two records are one: two rows in new_crm.AccountObj; "
        "merge or remove one of them there; `goldbridge tasks` lists those that do"
    )
    assert [one.version for one in crm.tasks()] == [asked.version]


def test_a_task_that_is_not_there(sqlite_crm: CrmBench) -> None:
    sqlite_crm.accounts("crm", JIA)
    sqlite_crm.go("crm", "parties")
    with sqlite_crm.steward() as (conn, who), pytest.raises(Reject, match="MDM014 task 7 does not ask"):
        answer(conn, who, 7, "same")
