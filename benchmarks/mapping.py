"""How many records a second does a mapping take on one core? Prints one table; figures are CPU time of this process.

15 fields, two CEL expressions, batches of 1,000. The first row is the honest worst case: every name, code, phone,
amount and time is different. The second has phones that repeat as they do in a CRM (a third of the records on shared
switchboards or entered twice); the third adds free-text addresses, each of them different, which cost a parse.

    python benchmarks/mapping.py [--records 100000] [--seed 7]
"""

from __future__ import annotations

import argparse
import gc
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from goldbridge.mapping import Mapping, compile_mapping
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from goldbridge.text.code import check_character, organisation_check_character

BATCH = 1_000

MODEL = """
entities:
  party:
    fields:
      name:         {type: text, required: true}
      short_name:   {type: text}
      credit_code:  {type: credit_code, identifier: hard}
      phone:        {type: phone}
      email:        {type: email}
      address:      {type: address}
      capital_cny:  {type: money}
      revenue_cny:  {type: money}
      status:       {enum: [active, inactive]}
      level:        {enum: [high, normal]}
      owner:        {type: text}
      founded_on:   {type: date}
      updated_at:   {type: datetime}
      employees:    {type: integer}
    roles: {customer: {}, dealer: {}}
"""

MAPPING = """
mapping: crm.account
target: party
key: id
fields:
  name:         {from: name, via: [trim, fold_width], required: true}
  short_name:   {from: short, via: [trim, blank]}
  credit_code:  {from: code, via: [trim, upper, credit_code]}
  role:         {from: type, lookup: {"1": customer, "2": dealer}, else: reject}
  status:       {expr: "level == '0' ? 'inactive' : 'active'"}
  capital_cny:  {expr: "unit == '万元' ? double(capital) * 10000.0 : double(capital)"}
  phone:        {first_of: [tel, mobile], via: [blank, phone]}
  email:        {from: mail, via: [trim, lower, email]}
  address.line: {join: [province, city, street], with: ""}
  address.region: {from: area, default: "330110"}
  revenue_cny:  {from: revenue, via: [money]}
  owner:        {from: owner, via: [trim]}
  founded_on:   {from: founded, via: [date]}
  updated_at:   {from: updated, via: [datetime]}
  employees:    {from: staff, via: [integer]}
"""
ADDRESSES = MAPPING.replace(
    '  address.line: {join: [province, city, street], with: ""}\n  address.region: {from: area, default: "330110"}\n',
    '  address:      {join: [province, city, street], with: "", via: [address]}\n',
).replace("  owner: ", '  level:        {from: type, lookup: {"1": high}, else: normal}\n  owner: ')

_WORDS = "华东北方南光明科远大鑫隆盛泰和顺安信达美佳"
_TRADES = ("机电", "贸易", "信息技术", "建材", "食品", "物流")


def moment(rng: random.Random) -> str:
    """A local time in 2026, to the second."""
    day = f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    return f"{day} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"


def records(count: int, rng: random.Random, *, shared_phones: bool) -> Iterator[dict[str, object]]:
    """Raw rows as a CRM gives them; nothing repeats but the codes of lists, owners and places."""
    switchboards = [f"0571-8{rng.randrange(1_000_000, 9_999_999)}" for _ in range(50)]
    for at in range(count):
        name = f"{''.join(rng.choices(_WORDS, k=3))}{at}{rng.choice(_TRADES)}"
        inner = f"MA{rng.randrange(10**6):06d}"
        body = f"91330110{inner}{organisation_check_character(inner)}"
        phone = (
            f"1{rng.choice('3589')}{rng.randrange(10**9):09d}"
            if at % 2
            else f"0571-{rng.randrange(2 * 10**7, 9 * 10**7)}"
        )
        if shared_phones and rng.random() < 0.34:
            phone = rng.choice(switchboards)
        yield {
            "id": f"C{at:07d}",
            "name": f" 杭州{name}（集团）有限公司",
            "short": name if at % 3 else "-",
            "code": body + check_character(body) if at % 3 else "",
            "type": "1" if at % 5 else "2",
            "level": "1" if at % 9 else "0",
            "unit": "万元" if at % 4 else "元",
            "capital": f"{rng.randrange(10, 10**6)}.{rng.randrange(10, 99)}",
            "tel": phone,
            "mobile": "",
            "mail": f"{rng.choice(('info', 'sales', 'hr'))}{at}@example{at % 997}.com",
            "province": "浙江省",
            "city": "杭州市",
            "street": f"余杭区示例{rng.randrange(3000)}路{at}号",
            "area": "330110" if at % 2 else None,
            "revenue": f"{rng.randrange(10**8)}.{rng.randrange(100):02d}",
            "owner": rng.choice(("王晓岚", "陈志远", "赵敏")),
            "founded": f"{rng.randrange(1990, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            "updated": moment(rng),
            "staff": str(rng.randrange(5000)),
        }


def mapping(text: str) -> Mapping:
    return compile_mapping(
        read(text, "crm/account.yaml"), compile_model(read(MODEL, "model.yaml")), zone="Asia/Shanghai"
    )


def measure(work: Callable[[list[dict[str, object]]], object], rows: list[dict[str, object]]) -> float:
    """CPU seconds for all rows, batch by batch."""
    started = time.process_time()
    for at in range(0, len(rows), BATCH):
        work(rows[at : at + BATCH])
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    gc.set_threshold(10_000, 10, 10)  # as the command line does
    cases = (
        ("all values distinct", MAPPING, False),
        ("shared phones", MAPPING, True),
        ("distinct, addresses parsed", ADDRESSES, False),
    )
    print(f"{platform.machine()}, Python {platform.python_version()}, {options.records} records, batches of {BATCH}\n")
    print(f"{'data':<28}{'records/s':>12}{'us/record':>12}{'applied':>10}")
    for label, text, shared in cases:
        compiled = mapping(text)
        compiled.apply(
            list(records(10, random.Random(0), shared_phones=False))
        )  # imports and tables, outside the clock
        rows = list(records(options.records, random.Random(options.seed), shared_phones=shared))
        applied = 0

        def work(batch: list[dict[str, object]], compiled: Mapping = compiled) -> None:
            nonlocal applied
            applied += compiled.apply(batch).fates.count("applied")

        seconds = measure(work, rows)
        print(f"{label:<28}{options.records / seconds:>12,.0f}{seconds / options.records * 1e6:>12.1f}{applied:>10}")


if __name__ == "__main__":
    main()
