"""How right and how fast are the parsers of goldbridge.text? Prints one table; speed is CPU time of this process.

Accuracy is over the labelled cases in tests/cases and, for addresses, over every current county written in ten styles
and every former county name (built from the same table the parser reads, so an upper bound). Speed is over seeded texts
that are all different; the first call of each parser, which loads its tables, is timed by itself.

    python benchmarks/text.py [--texts 40000] [--seed 7]
"""

from __future__ import annotations

import argparse
import csv
import platform
import random
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROADS = ("文一西路969号", "人民路1号", "解放大道88号", "中山北路12号3楼", "南京路200号", "建设街5号A座", "长江路18号")
BRANDS = "华东信诚天宇恒泰鑫源瑞丰万通金龙海德博远中科联创智汇优品嘉禾"
TRADES = ("电子科技", "医药", "机械设备", "建筑工程", "食品", "供应链管理", "信息技术", "物流", "贸易", "新能源科技")
# Legal forms in the shares of a public register: form, weight.
FORMS = (("有限公司", 62), ("有限责任公司", 7), ("专业合作社", 6), ("厂", 4), ("经营部", 3), ("股份有限公司", 1))


def cases(name: str) -> list[dict[str, str]]:
    with (ROOT / "tests" / "cases" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--texts", type=int, default=40_000)
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, seed {chosen.seed}")
    print(f"\n{'loading on first use':44}{'ms':>9}")
    for label, milliseconds in loading():
        print(f"{label:44}{milliseconds:9.1f}")
    print(f"\n{'accuracy':44}{'right':>9}{'of':>8}{'share':>9}")
    for label, right, total in accuracy():
        print(f"{label:44}{right:9,}{total:8,}{right / total:9.3f}")
    print(f"\n{'speed':44}{'texts':>9}{'per s':>12}")
    for label, call, texts in loads(chosen.texts, chosen.seed):
        call(texts.pop())
        print(f"{label:44}{len(texts):9,}{len(texts) / timed(call, texts):12,.0f}")


def loading() -> Iterable[tuple[str, float]]:
    """What the first call costs; only true before anything else has run."""
    start = time.process_time()
    from goldbridge.text import address, organisation

    yield "import address and organisation", (time.process_time() - start) * 1000
    for label, call in (
        (
            "first address (division table and changes)",
            lambda: address.parse_address("浙江省杭州市余杭区文一西路969号"),
        ),
        ("first name (trade words, forms)", lambda: organisation.parse_organisation("上海示例电子有限公司")),
        ("first Latin name (forms, places)", lambda: organisation.parse_organisation("Shanghai Example Co., Ltd.")),
    ):
        start = time.process_time()
        call()
        yield label, (time.process_time() - start) * 1000


def timed(call: Callable[[str], Any], texts: Iterable[str]) -> float:
    start = time.process_time()
    for text in texts:
        call(text)
    return max(time.process_time() - start, 1e-9)


def accuracy() -> Iterable[tuple[str, int, int]]:
    from goldbridge.text.address import parse_address
    from goldbridge.text.code import parse_credit_code
    from goldbridge.text.organisation import parse_organisation
    from goldbridge.text.phone import parse_phones

    rows = cases("names.csv")
    parts = ("region", "brand", "trade", "form", "branch", "branch_kind", "number_mark", "kind")
    for part in parts:
        yield (
            f"names.csv, {part}",
            sum(getattr(parse_organisation(r["name"]), part) == r[part] for r in rows),
            len(rows),
        )
    rows = cases("addresses.csv")
    right = sum(parse_address(r["address"])[:4] == (r["province"], r["city"], r["county"], r["region"]) for r in rows)
    yield "addresses.csv, three levels and code", right, len(rows)
    rows = cases("codes.csv")
    found = [(parse_credit_code(r["text"]), r) for r in rows]
    yield (
        "codes.csv",
        sum((c.value if c else "") == r["value"] and bool(c and c.valid) == (r["valid"] == "yes") for c, r in found),
        len(rows),
    )
    rows = cases("phones.csv")
    right = sum(";".join(f"{p.text} {p.kind}" for p in parse_phones(r["text"])) == r["numbers"] for r in rows)
    yield "phones.csv", right, len(rows)
    yield from every_county()


def every_county() -> Iterable[tuple[str, int, int]]:
    """All current counties in ten styles, and the former names; an ambiguous text is right when it is refused."""
    from opencc import OpenCC

    from goldbridge.text.address import parse_address
    from goldbridge.text.division import changes, stem, successor, table

    draw = random.Random(1)
    traditional = OpenCC("s2t").convert
    counties = [d for d in table().values() if d.county]
    often: dict[str, int] = {}
    for d in counties:
        often[d.county] = often.get(d.county, 0) + 1

    def city(d: Any) -> str:
        return "" if d.city == d.province else d.city

    def short(name: str) -> str:
        return stem(name) or name

    styles: dict[str, Callable[[Any], str]] = {
        "all levels": lambda d: d.province + city(d) + d.county,
        "with the filler city": lambda d: d.province + d.city + d.county,
        "no province": lambda d: city(d) + d.county,
        "county only": lambda d: d.county,
        "no city": lambda d: d.province + d.county,
        "all short": lambda d: short(d.province) + (short(d.city) if city(d) else "") + short(d.county),
        "short city": lambda d: short(d.city) + d.county,
        "traditional script": lambda d: traditional(d.province + city(d) + d.county),
        "blanks": lambda d: f"{d.province}　{d.city}　{d.county}　",
        "noise around": lambda d: (
            draw.choice(("收货地址:", "(310000)", "王五 13800138000 ")) + d.province + d.city + d.county
        ),
    }
    for label, style in styles.items():
        right = 0
        for d in counties:
            found = parse_address(style(d) + draw.choice(ROADS))
            right += found.region == d.code or (found.ambiguous and often[d.county] > 1)
        yield f"every county, {label}", right, len(counties)
    right = total = 0
    for event in changes():
        if (
            event.level == 3
            and event.year >= 1984
            and event.kind in ("rename", "dissolve", "upgrade")
            and event.old_code
        ):
            code = successor(event.old_code, event.old_name)
            if code:
                province = table()[event.old_code[:2] + "0000"].province
                found = parse_address(province + event.old_city + event.old_name + draw.choice(ROADS))
                total, right = total + 1, right + (found.region == code)
    yield "every former county since 1984", right, total


def loads(size: int, seed: int) -> Iterable[tuple[str, Callable[[str], Any], list[str]]]:
    from goldbridge.text.address import parse_address
    from goldbridge.text.code import ALPHABET, check_character, organisation_check_character, parse_credit_code
    from goldbridge.text.date import parse_datetime
    from goldbridge.text.division import stem, table
    from goldbridge.text.fold import fold_width, match_form
    from goldbridge.text.money import parse_money
    from goldbridge.text.organisation import parse_organisation
    from goldbridge.text.phone import parse_phone

    draw = random.Random(seed)
    counties = [d for d in table().values() if d.county]
    forms = [form for form, weight in FORMS for _ in range(weight)]

    def name() -> str:
        d = draw.choice(counties)
        region = draw.choice((d.city, stem(d.city), d.province + d.city, d.city + d.county, d.county, ""))
        made = "".join(draw.sample(BRANDS, 2)) + draw.choice(TRADES) + draw.choice(forms)
        roll = draw.random()
        if roll < 0.02:
            return f"{made[:-4]}({stem(d.city)}){made[-4:]}"
        return region + made + (f"{stem(d.city)}分公司" if roll > 0.935 else "")

    def address() -> str:
        d = draw.choice(counties)
        road = f"{draw.choice(('文一西路', '人民路', '中山北路', '解放大道', '南京路'))}{draw.randrange(1, 999)}号"
        head = draw.choice(
            (
                d.province + d.city + d.county,
                d.city + d.county,
                stem(d.province) + stem(d.city) + (stem(d.county) or d.county),
                d.county,
                f"{d.province} {d.city} 高新区",
            )
        )
        return head + road + draw.choice(("", "3幢201室", "恒通大厦12楼"))

    def code() -> str:
        body = "".join(draw.choices(ALPHABET, k=8))
        first = "91" + draw.choice(counties).code + body + organisation_check_character(body)
        return first + check_character(first)

    def different(make: Callable[[], str]) -> list[str]:
        return list(dict.fromkeys(make() for _ in range(size)))

    names = different(name)
    latin = [row["name"] for row in cases("names.csv") if row["name"].isascii()]
    yield "parse_organisation, register mix", parse_organisation, names
    yield (
        "parse_organisation, Latin",
        parse_organisation,
        different(lambda: f"{draw.choice('ABCDEFGH')}{draw.randrange(10**6):x} {draw.choice(latin)}"),
    )
    yield "parse_address, five styles", parse_address, different(address)
    yield "parse_phone, mobile", parse_phone, different(lambda: f"1{draw.randint(3, 9)}{draw.randrange(10**9):09}")
    yield "parse_phone, area code", parse_phone, different(lambda: f"0571-{draw.randrange(20000000, 89999999)}")
    yield (
        "parse_phone, international",
        parse_phone,
        different(lambda: f"+44 20 7{draw.randrange(100, 999)} {draw.randrange(1000, 9999)}")[: size // 10],
    )
    yield "parse_credit_code", parse_credit_code, different(code)
    yield "parse_money", parse_money, different(lambda: f"{draw.randrange(10**6)}.{draw.randrange(100):02}万元人民币")
    yield (
        "parse_datetime",
        parse_datetime,
        different(lambda: f"20{draw.randrange(10, 30)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02} "
                          f"{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"),
    )  # fmt: skip
    yield "fold_width", fold_width, [f"{text}（{at}）" for at, text in enumerate(names)]
    yield "match_form", match_form, [f"{text}（{at}）" for at, text in enumerate(names)]


if __name__ == "__main__":
    main()
