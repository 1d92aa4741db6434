"""Reads the labelled cases that the tests of this folder and the benchmarks share."""

import csv
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "cases"


def read(name):
    """The rows of one case file as dicts."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
