"""One Spark for the tests of a module: local, two cores, made for small tables, from an environment of its own.

pyspark is half a gigabyte, so that it is not among the locked dependencies: it is installed beside them on first use
and its folder put behind ours. Without Java, or where it cannot be installed, the tests are skipped and say why.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goldbridge.spark.session import JAVA, java
from tests.architecture.tree import ROOT
from tests.clients.environment import python

SPARK = (
    "--no-deps", "pyspark==4.3.0", "py4j==0.10.9.9", "pyarrow==26.0.1", "pandas==2.3.3",
    "python-dateutil==4.0.0", "pytz==2026.6", "tzdata==2026.6",
)  # fmt: skip
QUICK = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    # Compiling a query costs more than running it over some hundred rows.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "1g",
}


def installed() -> Path:
    """Where pyspark lies; skips the test when it cannot."""
    if java() is None:
        pytest.skip(JAVA)
    return next((python(*SPARK).parents[1] / "lib").glob("python*/site-packages"))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running session, which `goldbridge.spark` takes for its own."""
    beside = str(installed())
    was = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join((str(ROOT), beside))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_LOCAL_DIRS"] = str(tmp_path_factory.mktemp("spark"))
    sys.path.append(beside)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in QUICK.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    sys.path.remove(beside)
    os.environ.clear()
    os.environ.update(was)
