"""What the guide to mappings shows works, and what it lists is all there is."""

from __future__ import annotations

import re
from pathlib import Path

from goldbridge.mapping.example import check_examples
from goldbridge.mapping.spec import FIELD_KEYS, TOP_KEYS
from tests.mapping.small import compiled, document, table

GUIDE = (Path(__file__).resolve().parents[2] / "docs/how-to/write-a-mapping.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_first_example_comes_true() -> None:
    start, _, more, _ = BLOCKS
    text = start + more.split("\n", 1)[1]
    text = text.replace("fields:\n", "when: \"IS_DELETED != '1'\"\nfields:\n").replace(
        "examples:\n", "  credit_code: {from: CREDIT_CODE, via: [credit_code]}\nexamples:\n"
    )
    assert check_examples(compiled(text), document(text)) == []


def test_the_expressions_compile() -> None:
    lines = "".join(f"  {line}\n" for line in BLOCKS[1].splitlines())
    mapping = compiled(f"mapping: crm.account\ntarget: party\nkey: id\nfields:\n  name: {{from: name}}\n{lines}")
    assert {"level", "CAPITAL", "CAPITAL_UNIT"} <= mapping.reads


def test_the_out_mapping_compiles() -> None:
    from goldbridge.mapping import compile_mapping
    from goldbridge.records.model import compile_model
    from goldbridge.settings.yaml import read

    root = Path(__file__).resolve().parents[2]
    model = compile_model(read(root / "config/model.yaml"))
    tables = table("table: new_crm_contract_status\nentries: {a: draft}\n", "new_crm_contract_status")
    mapping = compile_mapping(document(BLOCKS[3]), model, tables=tables, zone="Asia/Shanghai")
    assert mapping.resolves == {"account_id": "AccountObj"}


def test_every_key_is_explained() -> None:
    for key in (*TOP_KEYS, *FIELD_KEYS):
        assert f"`{key}" in GUIDE, key
