"""Landing a watched folder: every new file is read once, in its order, and nothing is moved away or taken for gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldbridge.errors import Retry
from goldbridge.state import landing
from tests.flows.bench import Bench
from tests.flows.test_ingest import fates

SOURCE = """
  crm:
    connector: file
    zone: Asia/Shanghai
    root: %s
    streams:
      account: {path: "c_*.csv", key: ID, take: %s}
"""
DATABASE = """
  crm:
    connector: sql
    url: {secret: CRM_URL}
    zone: Asia/Shanghai
    streams:
      account: {table: ACCOUNT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
"""


class Folder:
    def __init__(self, bench: Bench, take: str) -> None:
        self.bench, self.root = bench, bench.root / "in"
        self.root.mkdir()
        bench.edit("config/sources.yaml", DATABASE, SOURCE % (self.root, take))

    def deliver(self, name: str, *rows: tuple[str, str], age_s: float = 60.0) -> Path:
        path = self.root / name
        lines = [f"{key},{text},,,,,\n" for key, text in rows]
        path.write_text("ID,NAME,CODE,TEL,ADDRESS,GONE,AT\n" + "".join(lines), encoding="utf-8")
        at = self.bench.clock.now().timestamp() - age_s
        os.utime(path, (at, at))
        return path

    def names(self) -> dict[str, str]:
        with self.bench.hub() as hub, hub.store.read() as conn:
            return {record.key: (record.canonical or {})["name"] for record in landing.scan_all(conn)}


def test_files_of_changes_are_landed_once_each_and_in_their_order(bench: Bench) -> None:
    folder = Folder(bench, "changes")
    folder.deliver("c_1.csv", ("1", "杭州甲机械有限公司"), ("2", "杭州乙机械有限公司"))
    assert fates(bench) == {"read": 2, "applied": 2}
    assert fates(bench) == {"read": 2, "unchanged": 2}
    folder.deliver("c_2.csv", ("2", "宁波乙机械有限公司"), ("3", "杭州丙机械有限公司"))
    assert fates(bench) == {"read": 3, "applied": 2, "unchanged": 1}
    assert fates(bench) == {"read": 3, "unchanged": 3}  # the older word about 2 does not come back
    assert folder.names() == {"1": "杭州甲机械有限公司", "2": "宁波乙机械有限公司", "3": "杭州丙机械有限公司"}
    (folder.root / "c_1.csv").unlink()
    assert fates(bench) == {"read": 2, "unchanged": 2}
    (result,) = bench.run("crm", full=True)
    assert "deleted" not in result.counters.other
    assert len(folder.names()) == 3


def test_a_half_written_file_waits_while_those_before_it_are_landed(bench: Bench) -> None:
    folder = Folder(bench, "changes")
    folder.deliver("c_1.csv", ("1", "杭州甲机械有限公司"))
    path = folder.deliver("c_2.csv", ("1", "宁波甲机械有限公司"), age_s=1)
    assert fates(bench) == {"read": 1, "applied": 1}
    path.unlink()
    folder.deliver("c_2.csv", ("1", "宁波甲机械有限公司"))
    assert fates(bench) == {"read": 1, "applied": 1}
    assert folder.names() == {"1": "宁波甲机械有限公司"}


def test_of_files_that_say_everything_the_newest_says_what_is_gone(bench: Bench) -> None:
    folder = Folder(bench, "newest")
    folder.deliver("c_9.csv", *((str(number), f"杭州{number}号机械有限公司") for number in range(20)))
    assert fates(bench) == {"read": 20, "applied": 20}
    folder.deliver("c_10.csv", *((str(number), f"杭州{number}号机械有限公司") for number in range(19)), age_s=1)
    with pytest.raises(Retry):
        bench.run("crm", full=True)
    assert len(folder.names()) == 20
    bench.clock.wait(60)
    (result,) = bench.run("crm", full=True)
    assert result.counters.other["deleted"] == 1
