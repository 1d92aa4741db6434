"""`goldbridge match`, as somebody types it who is about to create a company."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.bad_input.desk import Said, hear
from tests.docs.page import blocks
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import credit_code

PAGE = "docs/how-to/find-a-duplicate.md"
Type = Callable[..., Said]


@pytest.fixture
def town(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> Bench:
    bench = Bench(tmp_path / "project", sqlite_url, clock)
    bench.put(
        "crm",
        row("1", "杭州甲机械有限公司", tel="0571-87654321"), row("2", "温州丙阀门制造厂", tel="0577-88654321"),
    )  # fmt: skip
    bench.put("erp", row("1", "杭州甲机械有限公司", tel="0571-87654321", code=credit_code(1)))
    bench.edit("config/model.yaml", "      address:", "      website: {type: url}\n      address:")
    bench.run("crm", "erp", "parties")
    return bench


@pytest.fixture
def say(town: Bench, capsys: pytest.CaptureFixture[str]) -> Type:
    def typed(*words: str, status: int = 0) -> Said:
        said = hear(town.root, capsys, "match", *words)
        assert said.status == status, said
        return said

    return typed


def test_the_page_works_as_it_is_written(
    say: Type, town: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {}
    monkeypatch.chdir(town.root)
    for block in blocks(PAGE):
        for line in block.text.strip().splitlines():
            if not line.startswith("goldbridge "):
                subprocess.run(line, shell=True, check=True)
                continue
            command, _, source = line.partition(" < ")
            if source:
                monkeypatch.setattr("sys.stdin", io.StringIO(Path(source).read_text(encoding="utf-8")))
            said[line] = hear(town.root, capsys, *shlex.split(command)[1:])
    assert all(one.status == 0 and not one.errors for one in said.values()), said
    lines = iter(said.values())
    assert next(lines).out.startswith("known: it is party-")
    assert next(lines).out.startswith("known: it is party-")
    assert next(lines).out.startswith("known: it is party-")
    assert next(lines).out == "new: nobody is like it\n"
    assert next(lines).out.startswith("杭州甲机械有限公司:\nknown: it is party-")
    assert json.loads(next(lines).out)["verdict"] == "known"


def test_the_parts_add_up_to_the_weight(say: Type) -> None:
    found = json.loads(say("party", "--name", "杭州甲机械有限公司", "--phone", "0571-87654321", "--json").out)
    (one,) = found["candidates"]
    assert found["asked"] == {"name": "杭州甲机械有限公司", "phones": ["+8657187654321"]}
    assert round(sum(bits for _, _, bits in one["parts"]), 4) == one["bits"]
    assert one["records"] == sorted(one["records"], key=one["records"].index)
    assert set(one["records"]) == {"crm.account/1", "erp.partner/1"}
    assert "." in found["token"]


def test_a_question_for_a_person_is_exit_status_1(say: Type) -> None:
    said = say("party", "--name", "杭州甲机械有限公司", "--phone", "0571-87654321", "--code", credit_code(2), status=1)
    assert said.out.startswith("a person has to look: it may be\n")
    assert "veto: different_hard_id" in said.out


def test_it_answers_in_chinese_where_the_terminal_is(say: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert say("party", "--name", "苏州丁纺织有限公司").out == "新记录：没有相似的\n"
    assert say("party", "--name", "杭州甲机械有限公司").out.startswith("已有：就是 party-")


def test_many_at_once_each_with_its_answer(say: Type, town: Bench) -> None:
    path = town.root / "new.json"
    records = [{"name": "杭州甲机械有限公司"}, {"name": "苏州丁纺织有限公司", "phone": "0512-66668888; 13800138000"}]
    path.write_text(json.dumps(records), encoding="utf-8")
    found = [json.loads(line) for line in say("party", str(path), "--json").out.splitlines()]
    assert [one["verdict"] for one in found] == ["known", "new"]
    assert found[1]["asked"]["phones"] == ["+8651266668888", "+8613800138000"]
    path.write_text(json.dumps(records[0]), encoding="utf-8")
    assert say("party", str(path)).out.startswith("杭州甲机械有限公司:\nknown")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("party",), "say what to look for, as --name, or name a FILE"),
        (("party", "new.json", "--name", "x"), "say what to look for, as --name, or name a FILE"),
        (("partie", "--name", "x"), "the model has no entity 'partie'; did you mean 'party'?"),
        (("party", "--set", "x"), "'x' is not FIELD=TEXT"),
    ],
)
def test_what_cannot_be_meant_is_refused(say: Type, words: tuple[str, ...], why: str) -> None:
    said = say(*words, status=2)
    assert why in "".join(said.errors).replace("│", "").replace("\n", "")


def test_mdm019_a_field_that_is_not_there(say: Type) -> None:
    said = say("party", "--set", "adress=浙江省杭州市", status=1)
    assert said.error == "MDM019 party has no field 'adress'; did you mean 'address'?"
    said = say("party", "--phone", "无", status=1)
    assert said.error == "MDM019 nothing to compare is left of what was asked about a party; give a name"


def test_cfg090_a_file_that_holds_no_records(say: Type, town: Bench) -> None:
    path = town.root / "new.json"
    path.write_text('{"name": "a"}\n17\n', encoding="utf-8")
    said = say("party", str(path), status=2)
    assert 'new.json:2:1: CFG090 expected a record as {"name": "..."}' in said.error
    assert "CFG090 cannot be read" in say("party", str(town.root / "none.json"), status=2).error
