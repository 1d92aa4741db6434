"""A table of organisations is judged by the shipped rules for parties: parsed names, vetoes, one to one."""

from __future__ import annotations

import random

from dedupe.prepare import prepare
from dedupe.score import score
from dedupe.table.company import resolve
from dedupe.table.engine import guess_columns
from dedupe.table.resolution import Resolution
from tests.dedupe.table.people import Cells
from tests.dedupe.world import credit_code

HERE = "浙江省杭州市滨江区江南大道3588号"
ROWS = [
    ("杭州示例智能装备有限公司", "0571-87654321", "", HERE),
    ("示例智能装备（杭州）有限公司", "0571-87654321", "", ""),
    ("杭州市示例智能装备有限公司", "", credit_code(1), HERE),
    ("杭州示例智能装备有限公司北京分公司", "0571-87654321", "", HERE),
    ("杭州示例软件有限公司", "0571-87654321", "", HERE),
    ("成都天成科技有限公司", "028-61234567", credit_code(2, "510107"), ""),
    ("成都天成科技有限公司", "028-61234567", credit_code(3, "510107"), ""),
    ("上海凌云管道工程有限公司", "021-61234567", "", ""),
    ("凌云管道", "021-61234567", "", ""),
    ("上海凌芸管道工程有限公司", "021-61234567", "", ""),
]


def table(rows: list[tuple[str, str, str, str]]) -> Cells:
    return {
        header: list(column)
        for header, column in zip(("公司名称", "电话", "信用代码", "地址"), zip(*rows, strict=True), strict=True)
    }


def resolved(
    rows: list[tuple[str, str, str, str]], sources: list[str] | None = None, single: bool = False
) -> Resolution:
    cells = table(rows)
    return resolve(cells, guess_columns(cells, {}), sources=sources, one_to_one=single)


def test_spellings_meet_and_branches_relatives_and_namesakes_stay_apart() -> None:
    found = resolved(ROWS)
    assert found.labels == [0, 0, 0, 1, 2, 3, 4, 5, 5, 5]
    assert found.method == "rules"
    assert [row for row, golden in enumerate(found.golden) if golden] == [0, 3, 4, 5, 6, 7]
    assert found.weights[3] is None
    assert found.doubtful >= 1  # two numbers under one name and one telephone are a question (E05)


def test_the_order_of_rows_does_not_matter() -> None:
    expected = {frozenset((0, 1, 2)), frozenset((7, 8, 9))}
    for seed in range(3):
        order = random.Random(seed).sample(range(len(ROWS)), len(ROWS))
        found = resolved([ROWS[row] for row in order])
        groups = {
            frozenset(order[at] for at, each in enumerate(found.labels) if each == label) for label in set(found.labels)
        }
        assert {group for group in groups if len(group) > 1} == expected


def test_the_model_gives_each_pair_its_weight_again() -> None:
    found = resolved(ROWS)
    assert found.model is not None
    rules, numbers = found.model
    cells = table(ROWS)
    records = [
        prepare(
            rules,
            {
                "name": cells["公司名称"][row],
                "phones": [cells["电话"][row]],
                "credit_code": cells["信用代码"][row],
                "address": cells["地址"][row],
            },
        )
        for row in range(3)
    ]
    weights = [score(rules, numbers, records[a], records[b]).weight for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found.weights[:3] == [max(weights[0], weights[1]), max(weights[0], weights[2]), max(weights[1], weights[2])]


def test_linking_takes_each_row_once_and_only_across_sources() -> None:
    rows = [ROWS[0], ROWS[1], ROWS[7], ROWS[2], ROWS[9]]
    found = resolved(rows, ["crm", "crm", "crm", "erp", "erp"], single=True)
    sizes = [found.labels.count(label) for label in found.labels]
    assert max(sizes) == 2
    assert found.labels[2] == found.labels[4]
    assert found.labels[3] in found.labels[:2]
    assert found.labels[0] != found.labels[1]  # one source holds each thing once
    many = resolved(rows, ["crm", "crm", "crm", "erp", "erp"])
    assert many.labels[0] == many.labels[1] == many.labels[3]  # both meet the third


def test_what_is_a_question_is_guessed_and_does_not_join_unasked() -> None:
    found = resolved([("上海凌云管道工程有限公司", "", "", ""), ("上海凌云", "", "", "")], ["crm", "erp"], single=True)
    assert (found.auto_labels, found.labels) == ([0, 1], [0, 0])
    assert found.edges.band(0) == "review"


def test_other_telling_columns_count_beside_the_rules() -> None:
    cells = table(ROWS[:3]) | {"联系人": ["王伟", "王伟", "李强"], "备注": ["", "急", ""]}
    found = resolve(cells, guess_columns(cells, {}))
    assert found.model is not None
    assert "联系人" in {item.name for item in found.model.rules.comparisons}
    assert "备注" not in {item.name for item in found.model.rules.comparisons}


def test_an_address_in_parts_is_put_together() -> None:
    cells = {
        "公司名称": ["示例智能装备有限公司", "示例智能装备有限公司"],
        "省份": ["浙江省", "四川省"],
        "城市": ["杭州市", "成都市"],
        "地址": ["滨江区江南大道3588号", "武侯区天府大道100号"],
    }
    guesses = guess_columns(cells, {})
    assert [guess.part for guess in guesses] == ["name", "province", "city", "line"]
    assert resolve(cells, guesses).labels == [0, 1]  # namesakes in two cities
