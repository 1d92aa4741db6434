"""The page of transforms is written from the code and kept up to date."""

from __future__ import annotations

from pathlib import Path

from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.reference import PAGE, describe

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    written = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == describe(), "write it anew: python -m goldbridge.mapping.reference"


def test_the_page_has_every_transform_once() -> None:
    headings = [line.removeprefix("### ") for line in describe().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(TRANSFORMS)
    assert "| `" in describe()
