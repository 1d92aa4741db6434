"""Mappings read backwards: a round trip gives the same canonical record, and what cannot go back says why."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.mapping import compile_mapping
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.reverse import BACK, LOSES, SAME, reverse
from goldbridge.mapping.value import Invalid
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read

MODEL = compile_model(
    read(
        """
entities:
  account:
    fields:
      name: {type: text, required: true}
      phones: {type: phone, many: true}
      tags: {type: text, many: true}
      capital: {type: money}
      status: {enum: [active, inactive]}
      opened: {type: datetime}
      upper: {reference: account}
      address: {type: address}
""",
        "config/model.yaml",
    )
)
FIELDS = """
  name: {from: NAME, via: [blank, fold_width], required: true}
  phones: {from: TEL, via: [blank, phones]}
  tags: {from: TAGS, via: [split: [";", "；"]]}
  capital: {from: CAPITAL, via: [blank, wan]}
  status: {from: STATUS, lookup: {"1": active, "0": inactive}}
  opened: {from: OPENED, via: [datetime]}
  upper: {from: UPPER, ref: crm.account}
"""


def document(fields: str) -> Any:
    return read(f"mapping: crm.account\ntarget: account\nkey: ID\nfields:\n{fields}", "mappings/crm/account.yaml")


def test_a_round_trip_says_the_same() -> None:
    source = document(FIELDS)
    back = reverse(source, "crm.account", {"phones", "tags"}, {}, "Asia/Shanghai")
    assert (back.refused, back.document is not None) == ((), True)
    assert back.document is not None
    into = compile_mapping(source, MODEL, zone="Asia/Shanghai")
    out = compile_mapping(back.document, MODEL, zone="Asia/Shanghai")
    row = {"ID": "1", "NAME": "ＪＩＡ", "TEL": "0571-87654321;13800138000", "TAGS": "a；b", "CAPITAL": "300",
           "STATUS": "0", "OPENED": "2026-03-01 08:00:00", "UPPER": "7"}  # fmt: skip
    (said,) = into.apply([row]).values
    assert said is not None
    (told,) = out.apply([{**said, "upper": "7"}]).values  # the flow resolves references
    assert told == {
        "NAME": "JIA", "TEL": "+8657187654321; +8613800138000", "TAGS": "a;b", "CAPITAL": "300", "STATUS": "0",
        "OPENED": "2026-03-01T00:00:00.000000Z", "UPPER": "7",
    }  # fmt: skip
    assert into.apply([{"ID": "1", **told}]).values == [said]
    assert (out.resolves, out.mark("STATUS").line) == ({"UPPER": "account"}, 10)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("name: {expr: 'NAME + SHORT'}", "10: `expr` does not run backwards"),
        ("name: {join: [NAME, SHORT]}", "10: it is made from NAME and SHORT"),
        ("phones: {from: [TEL, MOBILE], via: [phones]}", "12: it is made from TEL and MOBILE"),
        ("phones: {from: TEL, via: [phone]}", "18: TEL holds one value of many"),
        ("name: {from: NAME, via: [trim, truncate: 5]}", "34: 'truncate' does not run backwards: what it cuts"),
        ("name: {from: NAME, default: x}", "27: a default cannot be told"),
        ("status: {from: S, lookup: {a: active, b: active}}", "27: 'a' and 'b' both stand for 'active'"),
        ("upper: {from: UPPER, ref: erp.account}", "27: its key is one of erp.account"),
        ("address.line: {from: ADDR, via: [prefix: x]}", "38: 'prefix' does not run backwards: there is no step"),
    ],
)  # fmt: skip
def test_what_cannot_go_back_says_why_and_where(rule: str, reason: str) -> None:
    back = reverse(document(f"  {rule}\n"), "crm.account", {"phones", "tags"}, {}, None)
    (refused,) = back.refused
    assert (back.document, refused.mark.file, refused.mark.line) == (None, "mappings/crm/account.yaml", 5)
    column, _, text = reason.partition(": ")
    assert refused.reason.startswith(text)
    assert refused.mark.column >= int(column) - 2


def test_a_group_goes_back_whole_or_not_at_all() -> None:
    rules = "  name: {from: NAME}\n  address.line: {from: ADDR}\n  address.region: {first_of: [D, C], via: [region]}\n"
    back = reverse(document(rules), "crm.account", (), {}, None)
    assert back.fields == {"name"}
    assert [one.field for one in back.refused] == ["address.region"]


@pytest.mark.parametrize("name", sorted(SAME))
def test_a_step_that_needs_nothing_backwards_changes_nothing_twice(name: str) -> None:
    found = TRANSFORMS[name]
    for sample in found.samples:
        if not isinstance(sample.result, Invalid) and sample.result not in ("", None, []):
            again = found.bind(sample.argument).on_any(sample.result)
            assert again == sample.result, sample


def test_every_transform_is_known_to_go_back_or_not() -> None:
    told = {"split", "phones"}
    assert not SAME & LOSES.keys()
    assert not SAME & BACK.keys()
    assert SAME | LOSES.keys() | BACK.keys() | told <= TRANSFORMS.keys()
