"""The pretend Tianyancha answers as its sheet says, quirks included, about the companies of the truth."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.tianyancha import TOKEN, Tianyancha
from goldbridge.simulators.world import World

WORLD = World(60, 7)
COMPANY = next(c for c in WORLD.companies if c.credit_code and c.kind == "company" and c.former)
PUBLIC = next((c for c in World(400, 7).companies if c.kind == "public"), None)
FACE = "/ic/baseinfo/normal"


class Register:
    """A register with a clock that stands still, and how to ask it."""

    def __init__(self, world: World = WORLD, **options: Any) -> None:
        self.clock = SimClock()
        self.clock.freeze(1_790_000_000.0)
        self.sim = Tianyancha(world, clock=self.clock, **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://register/services/open")

    def ask(self, path: str = FACE, token: str = TOKEN, **query: str) -> Any:
        answer = self.http.get(path, params=query, headers={"Authorization": token})
        assert answer.status_code == 200
        return answer.json()

    def code(self, path: str = FACE, token: str = TOKEN, **query: str) -> int:
        found: int = self.ask(path, token, **query)["error_code"]
        return found


def test_a_company_is_found_by_name_id_number_code_and_former_name() -> None:
    register = Register()
    found = register.ask(keyword=COMPANY.name)
    assert (found["reason"], found["error_code"]) == ("ok", 0)
    row = found["result"]
    assert (row["name"], row["creditCode"]) == (COMPANY.name, COMPANY.credit_code)
    assert row["id"] > 2**32
    assert row["historyNames"].split(";") == row["historyNameList"] == [each.name for each in COMPANY.former]
    for keyword in (str(row["id"]), row["regNumber"], COMPANY.credit_code, COMPANY.former[0].name):
        assert register.ask(keyword=keyword)["result"]["id"] == row["id"]


def test_times_are_midnights_in_beijing_in_milliseconds() -> None:
    at = Register().ask(keyword=COMPANY.name)["result"]["estiblishTime"]
    assert (at / 1000 + 8 * 3600) % 86_400 == 0


def test_numbers_are_text_in_one_interface_and_contacts_are_in_another() -> None:
    register = Register()
    assert isinstance(register.ask("/ic/baseinfo/2.0", keyword=COMPANY.name)["result"]["id"], str)
    assert "phoneNumber" not in register.ask(keyword=COMPANY.name)["result"]
    assert "phoneNumber" in register.ask("/ic/baseinfoV2/2.0", keyword=COMPANY.name)["result"]


def test_a_search_marks_what_matched() -> None:
    register = Register()
    word = COMPANY.name[:4]
    result = register.ask("/search/2.0", word=word, pageSize="2")["result"]
    assert result["total"] >= len(result["items"])
    assert len(result["items"]) <= 2
    assert f"<em>{word}</em>" in result["items"][0]["name"]
    assert register.code("/search/2.0", keyword=word) == 300008
    assert register.code("/search/2.0", word="绝无此名") == 300000
    assert register.code("/search/2.0", word=word, pageSize="21") == 300008


def test_changes_tell_former_names() -> None:
    register = Register()
    result = register.ask("/ic/changeinfo/2.0", keyword=COMPANY.name)["result"]
    assert result["total"] == len(COMPANY.former)
    assert COMPANY.former[-1].name in result["items"][0]["contentBefore"]
    never = next(c for c in WORLD.companies if c.credit_code and not c.former)
    assert register.code("/ic/changeinfo/2.0", keyword=never.name) == 300000


def test_special_bodies_have_an_interface_of_their_own() -> None:
    register = Register(World(400, 7))
    assert PUBLIC is not None
    assert register.code(keyword=PUBLIC.name) == 300000
    assert register.ask("/ic/baseinfo/special", keyword=PUBLIC.name)["result"]["creditCode"] == PUBLIC.credit_code
    other = next(c for c in World(400, 7).companies if c.kind == "company" and c.credit_code)
    assert register.code("/ic/baseinfo/special", keyword=other.name) == 300000


def test_refusals() -> None:
    assert Register().code(token=f"Bearer {TOKEN}", keyword=COMPANY.name) == 300009
    assert Register().code() == 300008
    assert Register().code("/nothing/2.0") == 300010
    assert Register().ask(keyword="绝无此名") == {"result": None, "reason": "无数据", "error_code": 300000}
    assert Register(interfaces=frozenset({"/search/2.0"})).code(keyword=COMPANY.name) == 300005
    broke = Register(balance=1)
    assert [broke.code(keyword=COMPANY.name) for _ in range(2)] == [0, 300006]


def test_queries_and_hits_are_counted_apart() -> None:
    register = Register()
    register.ask(keyword="绝无此名")
    register.ask(keyword=COMPANY.name)
    stats = register.sim.stats()
    assert (stats["asked"], stats["hits"]) == (2, 1)


def test_each_interface_has_its_own_limit() -> None:
    register = Register(limits="sheet")
    assert [register.code(keyword=COMPANY.name) for _ in range(61)] == [0] * 60 + [300004]
    assert register.code("/ic/baseinfo/2.0", keyword=COMPANY.name) == 0
    register.clock.shift(60)
    assert register.code(keyword=COMPANY.name) == 0


@pytest.mark.parametrize("path", [FACE, "/search/2.0"])
def test_faults(path: str) -> None:
    register = Register()
    register.sim.faults.add({"kind": "refuse", "code": "300012"}, {"kind": "forbid", "skip": 1})
    query = {"keyword": COMPANY.name, "word": COMPANY.name}
    assert [register.code(path, **query) for _ in range(3)] == [300012, 300005, 0]
