"""What it costs to read a large file: `python -m benchmarks.files [ROWS [FILE ...]]`.

Each format is written once and read in a process of its own, page by page, as a flow reads it. Memory is the peak above
what the process had after reading a file of ten rows, so that libraries do not count.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

PAGE = 500
FILES = ("f.csv", "f.csv.gz", "f.csv.zip", "f.jsonl", "f.parquet", "f.xlsx")
MOST_IN_A_SHEET = 100_000
COLUMNS = ("id", "name", "code", "phone", "city", "amount", "day", "note")


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    for at in range(count):
        name, code = f"上海示例{at % 9973}机械设备有限公司", f"9131{at:014}"
        yield (
            f"C{at:08}",
            name,
            code,
            f"021-{at % 10**8:08}",
            "上海市",
            at * 1.25,
            f"2024-{at % 12 + 1:02}-01",
            blake2b(str(at).encode(), digest_size=20).hexdigest(),
        )


def write(path: Path, count: int) -> None:
    import csv
    import gzip
    import zipfile

    import polars
    import xlsxwriter

    if path.suffix == ".parquet":
        polars.DataFrame(list(rows(count)), schema=COLUMNS, orient="row").write_parquet(path, row_group_size=count)
    elif path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate([COLUMNS, *rows(count)]):
                sheet.write_row(at, 0, row)
    elif path.suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows(count)
            )
    else:
        plain = path.with_name("plain.csv")
        with plain.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows(count)])
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(plain.read_bytes(), 1))
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.write(plain, "f.csv")
        else:
            plain.replace(path)


def read(path: Path) -> tuple[int, float]:
    """How many rows, and the CPU seconds."""
    from connectors.base import Context, Window
    from connectors.file import File, FileConfig
    from goldbridge.clock import SYSTEM
    from goldbridge.http import HttpFactory

    entry = {"path": path.name, "key": "id", "settle_s": 0}
    config = FileConfig.model_validate(
        {"connector": "file", "root": path.parent, "streams": {"f": entry}, "page_size": PAGE}
    )
    store: Any = None
    connector = File(config, Context("f", HttpFactory(SYSTEM), store, SYSTEM))
    start, count = time.process_time(), 0
    for page in connector.read(connector.streams["f"], Window()):
        count += len(page.rows)
    return count, time.process_time() - start


def measure(folder: Path, name: str) -> None:
    """In a process of its own: one line of JSON."""
    read(folder / "small" / name)
    before = peak()
    count, seconds = read(folder / name)
    print(json.dumps({"rows": count, "seconds": seconds, "above": peak() - before}))


def peak() -> float:
    """In MiB; what `resource` tells begins with the peak of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"^VmHWM:\s+(\d+) kB", status, re.M)[0]) / 1024


def main(count: int, names: Sequence[str]) -> None:
    print("| file | rows | size MiB | CPU s | CPU ms per 500 rows | MiB above imports |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "small").mkdir()
        for name in names:
            write(folder / "small" / name, 10)
            write(folder / name, min(count, MOST_IN_A_SHEET) if name.endswith(".xlsx") else count)
            command = [sys.executable, "-m", "benchmarks.files", "--measure", place, name]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            size, per_page = (folder / name).stat().st_size >> 20, found["seconds"] / found["rows"] * PAGE * 1000
            figures = f"{size} | {found['seconds']:.1f} | {per_page:.2f} | {found['above']:.0f}"
            print(f"| {name} | {found['rows']:,} | {figures} |", flush=True)
            (folder / name).unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, sys.argv[2:] or FILES)
