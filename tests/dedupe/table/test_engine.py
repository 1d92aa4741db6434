"""How a table is compared is chosen by what it holds; a table that supports no decision gets none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from dedupe.table import engine
from dedupe.table.engine import guess_columns, is_about_organisations
from goldbridge import cli
from tests.dedupe.table.people import Cells, people

COMPANIES: Cells = {
    "公司名称": ["杭州示例智能装备有限公司", "示例智能装备(杭州)有限公司", "上海华信供应链管理有限公司"],
    "联系人": ["王伟", "王伟", "李强"],
    "电话": ["0571-87654321", "0571-87654321", "021-61234567"],
}


def test_companies_with_their_contacts_are_companies() -> None:
    guesses = guess_columns(COMPANIES, {})
    assert is_about_organisations(guesses)
    found = engine.resolve(COMPANIES, guesses)
    assert (found.method, found.labels) == ("rules", [0, 0, 1])


@pytest.mark.parametrize(
    "cells",
    [
        {
            "first name": ["anna", "bob"],
            "surname": ["smith", "jones"],
            "company": ["Acme Trading Ltd.", "Acme Foods Ltd."],
        },
        {"姓名": ["王伟", "李强"], "公司名称": ["杭州示例科技有限公司", "上海示例食品有限公司"]},
        {"title": ["deep learning", "of codes"], "authors": ["anna smith", "bob jones"]},
        {"曾用名": ["杭州示例科技有限公司", "上海示例食品有限公司"]},
    ],
)
def test_people_and_papers_are_no_companies(cells: Cells) -> None:
    assert not is_about_organisations(guess_columns(cells, {}))


def test_a_general_table_is_trained() -> None:
    cells, _ = people(40, 10)
    found = engine.resolve(cells, guess_columns(cells, {}))
    assert found.method == "trained"
    assert len(set(found.labels)) == 40


def test_what_is_declared_is_not_guessed() -> None:
    found = guess_columns(COMPANIES, {"联系人": "ignore", "电话": "code"})
    assert [(one.kind, one.sure, one.reason) for one in found[1:]] == [
        ("ignore", 1.0, "declared"),
        ("code", 1.0, "declared"),
    ]
    assert found[0].kind == "organisation"


def test_declared_a_name_a_company_stays_one() -> None:
    found = guess_columns(COMPANIES, {"公司名称": "name"})[0]
    assert found[:5] == ("公司名称", "organisation", 1.0, "declared", "name")
    assert guess_columns({"x": ["anna", "bob"]}, {"x": "name"})[0].kind == "name"
    assert guess_columns({"x": ["0571-87654321"]}, {"x": "phone"})[0].part == "phones"


def test_ignored_columns_are_not_compared() -> None:
    cells, _ = people(40, 10)
    without = {name: values for name, values in cells.items() if name != "phone"}
    ignored = engine.resolve(cells, guess_columns(cells, {"phone": "ignore"}))
    assert ignored.labels == engine.resolve(without, guess_columns(without, {})).labels
    with pytest.raises(ValueError, match="no column can be compared"):
        engine.resolve(cells, guess_columns(cells, dict.fromkeys(cells, "ignore")))


def test_numbers_of_rows_change_nothing() -> None:
    cells, _ = people(150, 30)
    rows = len(cells["name"])
    numbered = {"id": [str(number) for number in range(100, 100 + rows)], **cells}
    assert (
        engine.resolve(numbered, guess_columns(numbered, {})).labels
        == engine.resolve(cells, guess_columns(cells, {})).labels
    )


def namesakes(path: Path) -> Path:
    """People by first name, town and province: everybody agrees with somebody by chance."""
    draw = random.Random(4)
    province = {"leeds": "north", "york": "north", "hull": "north", "bath": "south", "ely": "east", "ripon": "north"}
    lines = ["first name,town,province"]
    for _ in range(200):
        town = draw.choice(list(province))
        lines.append(f"{draw.choice(['anna', 'bob', 'carl', 'dora', 'emil'])},{town},{province[town]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_ded031_the_command_refuses_a_table_that_cannot_tell_its_rows_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = namesakes(tmp_path / "people.csv")
    assert cli.main(["dedupe", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}:1:1: DED031 the columns cannot tell rows apart: by chance alone " in err
    assert not file.with_name("people.clusters.csv").exists()
