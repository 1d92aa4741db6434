"""All mappings of a project: every problem of every file, tables nobody uses, zones by system."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.mapping.catalogue import check_tables, compile_all, compile_named, names_like, try_examples, zone_of
from goldbridge.settings.project import Project, load_project

HEAD = "target: party\nkey: id\nfields:\n"
ACCOUNT = """mapping: crm.account
target: party
key: id
fields:
  name: {from: n}
  at: {from: at, via: [datetime]}
  status: {from: s, lookup: states}
examples:
  - {given: {id: 1, n: a}, expect: {name: b}}
  - {given: {id: 1, n: a}, expect: {name: a}}
"""
SOURCES = """sources:
  crm: {connector: sql, url: x, zone: Asia/Tokyo}
  erp: {connector: sql, url: x}
"""
MODEL = """entities:
  party: {fields: {name: {type: text}, at: {type: datetime}, status: {enum: [on, off]}}}
"""
OUT = "mapping: erp.party.out\nsource: party\ntarget: erp.Party\nfields:\n  n: {from: name}\n"
FILES = {
    "config/sources.yaml": SOURCES,
    "config/model.yaml": MODEL,
    "config/settings.yaml": "zone: UTC\n",
    "flows.yaml": "flows: {}\n",
    "mappings/crm/account.yaml": ACCOUNT,
    "mappings/crm/contact.yaml": f"mapping: crm.contact\n{HEAD}  name: {{from: n}}\n",
    "mappings/erp/partner.yaml": f"mapping: erp.partner\n{HEAD}  at: {{from: at, via: [datetime]}}\n",
    "mappings/erp/party.out.yaml": OUT,
    "mappings/tables/states.yaml": 'table: states\nentries: {a: "on", b: "off"}\n',
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        write(tmp_path, path, text)
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def project(root: Path) -> Project:
    return load_project(root, environ={})


def test_every_mapping_compiles_in_the_zone_of_its_system(root: Path) -> None:
    found = project(root)
    assert (zone_of(found, "crm.account"), zone_of(found, "erp.partner"), zone_of(found, "x.y")) == (
        "Asia/Tokyo",
        "UTC",
        "UTC",
    )
    compiled = compile_all(found)
    assert list(compiled) == ["crm.account", "crm.contact", "erp.partner", "erp.party.out"]
    row = {"id": "1", "n": "a", "at": "2026-03-01 09:00:00"}
    assert (compiled["crm.account"].apply([row]).values[0] or {})["at"] == "2026-03-01T00:00:00.000000Z"
    assert (compiled["erp.partner"].apply([row]).values[0] or {})["at"] == "2026-03-01T09:00:00.000000Z"


def test_problems_of_all_files_come_together(root: Path) -> None:
    write(root, "mappings/crm/contact.yaml", FILES["mappings/crm/contact.yaml"] + "  nmae: {from: n}\n")
    write(root, "mappings/erp/partner.yaml", FILES["mappings/erp/partner.yaml"].replace("datetime", "datetme"))
    write(root, "mappings/tables/spare.yaml", "table: spare\nentries: {a: b}\n")
    write(root, "mappings/tables/wrong.yaml", "table: rong\nentries: {a: b}\n")
    with pytest.raises(Misconfigured) as caught:
        compile_all(project(root))
    assert [str(problem).split(" ", 2)[:2] for problem in caught.value.problems] == [
        ["mappings/crm/contact.yaml:6:3:", "MAP005"],
        ["mappings/erp/partner.yaml:5:24:", "MAP014"],
        ["mappings/tables/spare.yaml:1:1:", "MAP011"],
        ["mappings/tables/wrong.yaml:1:1:", "MAP011"],
        ["mappings/tables/wrong.yaml:1:8:", "MAP012"],
    ]
    assert "no mapping uses table 'spare'; remove the file" in caught.value.problems[2].message


def test_a_broken_table_is_told_once(root: Path) -> None:
    write(root, "mappings/tables/states.yaml", 'table: sates\nentries: {a: "on"}\n')
    with pytest.raises(Misconfigured) as caught:
        compile_all(project(root))
    assert [problem.code for problem in caught.value.problems] == ["MAP012"]
    assert [problem.code for problem in check_tables(project(root))] == ["MAP012"]


def test_fields_of_streams_and_of_objects_are_asked_for_by_name(root: Path) -> None:
    asked: list[str] = []

    def fields(stream: str) -> frozenset[str] | None:
        asked.append(stream)
        return frozenset({"nn"}) if stream == "erp.Party" else None

    with pytest.raises(Misconfigured) as caught:
        compile_all(project(root), fields)
    assert asked == ["crm.account", "crm.contact", "erp.partner", "erp.Party"]
    assert [problem.code for problem in caught.value.problems] == ["MAP005"]


def test_mappings_by_name_and_by_system(root: Path) -> None:
    found = project(root)
    assert len(names_like(found, None)) == 4
    assert names_like(found, "crm") == ["crm.account", "crm.contact"]
    assert names_like(found, "crm.account") == ["crm.account"]
    for call in (lambda: names_like(found, "crm.acount"), lambda: compile_named(found, "crm.acount")):
        with pytest.raises(Misconfigured) as caught:
            call()
        assert str(caught.value) == "mappings: MAP003 there is no mapping 'crm.acount'; did you mean 'crm.account'?"


def test_examples_of_one_broken_mapping_do_not_stop_the_others(root: Path) -> None:
    write(root, "mappings/crm/contact.yaml", FILES["mappings/crm/contact.yaml"] + "  nmae: {from: n}\n")
    tested = {one.name: one for one in try_examples(project(root), ["crm.account", "crm.contact", "erp.partner"])}
    assert [problem.code for problem in tested["crm.account"].problems] == ["MAP031"]
    assert tested["crm.account"].examples == 2
    assert [problem.code for problem in tested["crm.contact"].problems] == ["MAP005"]
    assert (tested["erp.partner"].examples, tested["erp.partner"].problems) == (0, ())
