"""What is missing is said in one line, before the file is read."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from goldbridge.errors import Mark, Misconfigured
from goldbridge.spark.session import check, java

PROGRAM = [str(Path(sys.executable).with_name("goldbridge")), "dedupe", "list.csv", "--engine", "spark"]


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is not None, reason="pyspark is installed here")
def test_without_pyspark_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name,town\nAnna,Hamm\nBert,Ulm\n", encoding="utf-8")
    done = subprocess.run(PROGRAM, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert re.search(r"list.csv: DED060 --engine spark needs pyspark.*'goldbridge\[spark\]'", done.stderr)
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]


def test_without_java_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyarrow", "pandas"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Misconfigured, match=r"DED061 there is no Java.*openjdk-17-jre-headless"):
        check(Mark("list.csv"))
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java() is None
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.touch()
    program.chmod(0o700)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path), str(program.parent))))
    assert java() == str(program)
