"""The page about duplicates in a file, typed as it stands, beside files of the kind it speaks of."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.test_dedupe_label import write
from tests.dedupe.table.people import people
from tests.docs.page import blocks
from tests.docs.test_tour import Shell

PAGE = "docs/how-to/dedupe-a-file.md"
CUSTOMERS = """编号,公司名称,电话,地址,备注
A1,杭州示例智能装备有限公司,0571-87654321,浙江省杭州市滨江区江南大道3588号,
A2,示例智能装备（杭州）有限公司,057187654321,,急
A3,上海别家贸易有限公司,021-55556666,上海市浦东新区世纪大道100号,
A4,武汉宏达机械设备有限公司,027-81234567,,
A5,杭州示例智能装备有限公司北京分公司,0571-87654321,,
"""
PARTNERS = """name;tel;no
上海别家贸易公司;02155556666;1
成都天成科技有限公司;028-61234567;2
"""
KNOWN = "a,b\nA1,A2\n"
BOTH = """name,phone,system,answer
杭州示例智能装备有限公司,0571-87654321,crm,1
示例智能装备(杭州)有限公司,0571-87654321,erp,1
上海别家贸易有限公司,021-55556666,erp,2
"""


@pytest.mark.slow
def test_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    shell = Shell(tmp_path, environment)
    for name, content in (
        ("customers.csv", CUSTOMERS), ("partners.csv", PARTNERS), ("known.csv", KNOWN), ("both.csv", BOTH),
    ):  # fmt: skip
        (tmp_path / name).write_text(content, encoding="utf-8")
    cells, _ = people(60, 20)
    write(tmp_path / "people.csv", cells)
    (tmp_path / "people.labels.csv").write_text("left,right,verdict\n1,61,same\n2,3,different\n", encoding="utf-8")
    lines = [line for block in blocks(PAGE) if not block.language for line in block.text.strip().splitlines()]
    assert len(lines) >= 10
    for line in lines:
        shell.type(line)
    assert [(command, status, said) for command, status, said in shell.said if status] == []
    said = {command: text for command, _, text in shell.said}
    assert (
        "row 1 and row 2 are one: they join without a steward" in said["goldbridge dedupe customers.csv --explain 1 2"]
    )
    told = json.loads(said["goldbridge dedupe customers.csv --id 编号 --explain A1 A5 --json"])
    assert told["vetoes"][0]["veto"] == "head_office_and_branch"
    linked = said["goldbridge dedupe customers.csv partners.csv --out linked.csv"]
    assert "公司名称 = name" in linked
    assert "电话 = tel" in linked
    assert "7 rows are 6 things" in linked
    assert "2 labelled: 1 same, 1 different" in said["goldbridge dedupe label people.csv"]
    taught = said["goldbridge dedupe train people.csv"]
    assert "2 labels are too few to learn from" in taught
    assert "F1 1.0000" in said["goldbridge dedupe customers.csv --id 编号 --truth known.csv --force"]
    config = next(block.text for block in blocks(PAGE) if block.language == "yaml")
    (tmp_path / "customers.dedupe.yaml").write_text(config, encoding="utf-8")
    shell.type("goldbridge dedupe customers.csv --config customers.dedupe.yaml --force --json")
    command, status, output = shell.said[-1]
    assert status == 0, (command, output)
    assert json.loads(output)["bands_bits"] == {"auto": 26.0, "review": 10.0}
    assert (tmp_path / "duplicates.html").read_text(encoding="utf-8").startswith("<!doctype html>")
