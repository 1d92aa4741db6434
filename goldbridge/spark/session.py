"""A Spark session, or one sentence that says what is missing and how to get it.

Where Spark runs is said in Spark's own ways (`spark-defaults.conf`, `spark-submit`); nothing said, it is all cores of
this machine.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from goldbridge.errors import Mark, Misconfigured

JAVA = "Spark needs Java 17 or later; on Debian: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
_ROWS_PER_BATCH = 10_000
"""Of an exchange with a Python worker: enough to compare many at once, and a few megabytes of text."""
_ROWS_PER_PARTITION = 10_000
"""A row has a few dozen pairs, and a pair carries what is known of both rows: some hundred megabytes."""


def check(where: Mark) -> None:
    """Raise `Misconfigured` DED060 without pyspark and what it needs, DED061 without Java."""
    missing = [name for name in ("pyspark", "pyarrow", "pandas") if importlib.util.find_spec(name) is None]
    if missing:
        message = f"--engine spark needs {' and '.join(missing)}: pip install 'goldbridge[spark]'"
        raise Misconfigured.one("DED060", message, where)
    if os.environ.get("SPARK_REMOTE"):
        raise Misconfigured.one(
            "DED061", "Spark Connect (SPARK_REMOTE) is not enough for --engine spark; unset it", where
        )
    if java() is None:
        raise Misconfigured.one("DED061", f"there is no Java on this machine. {JAVA}", where)


@contextmanager
def working(where: Mark) -> Iterator[None]:
    """Work of a session; raises `Misconfigured` DED062 with the line that says most when it fails."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = [line for line in lines if _says_why.match(line)]
        line = (said or lines or [type(error).__name__])[0]
        raise Misconfigured.one("DED062", f"Spark gave up: {line[:300]}", where) from error


_says_why = re.compile(r"[A-Za-z_.]*(?:Error|Exception): ")


def java() -> str | None:
    """The Java that Spark would start; None when there is none."""
    home = os.environ.get("JAVA_HOME")
    if home:
        program = Path(home) / "bin" / "java"
        return str(program) if program.is_file() else None
    return shutil.which("java")


def session(where: Mark, rows: int) -> Any:
    """The session of this process, started when there is none, ready for so many rows; it ends with the process."""
    check(where)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # The weakest of the ways to say it: spark-defaults.conf and spark-submit win.
    os.environ.setdefault("SPARK_DRIVER_MEMORY", "4g")
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is None:
        builder = SparkSession.builder.appName("goldbridge dedupe")
        for name, value in (("spark.ui.enabled", "false"), ("spark.ui.showConsoleProgress", "false")):
            builder = builder.config(name, value)
        try:
            running = builder.getOrCreate()
            running.sparkContext.setLogLevel("ERROR")
        except (PySparkException, RuntimeError, OSError) as error:
            first = (str(error) or type(error).__name__).splitlines()[0]
            raise Misconfigured.one("DED061", f"Spark did not start ({first}). {JAVA}", where) from None
    running.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(_ROWS_PER_BATCH))
    context = running.sparkContext
    if not context.getConf().contains("spark.sql.shuffle.partitions"):
        # The two hundred of Spark's own are two hundred exchanges with a worker, however small the table.
        parts = max(context.defaultParallelism, rows // _ROWS_PER_PARTITION)
        running.conf.set("spark.sql.shuffle.partitions", str(parts))
    return running
