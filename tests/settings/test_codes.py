"""Every code in the source has a page and a test; every page belongs to a code that is in the source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/errors"
PREFIXES = "CFG|MOD|MAP|CON|STA|DED|MDM|FLW|CUT|SBX"
SOURCES = ("goldbridge", "connectors", "dedupe", "flows", "mdm")
SECTIONS = ("## What it means", "## What to do", "## Example")


def codes_in(*folders: str) -> dict[str, str]:
    """Code -> one file that has it."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for code in re.findall(rf"\b(?:{PREFIXES})\d{{3}}\b", path.read_text(encoding="utf-8")):
                found.setdefault(code, path.relative_to(ROOT).as_posix())
    return found


def test_every_code_has_a_page() -> None:
    missing = {code: file for code, file in codes_in(*SOURCES).items() if not (PAGES / f"{code}.md").is_file()}
    assert missing == {}


def test_every_page_has_a_code() -> None:
    known = codes_in(*SOURCES)
    assert [page.name for page in sorted(PAGES.glob("*")) if page.stem not in known] == []


def test_every_code_is_raised_in_a_test() -> None:
    tested = codes_in("tests")
    assert {code: file for code, file in codes_in(*SOURCES).items() if code not in tested} == {}


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_has_its_title_its_three_sections_and_a_real_message(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert re.fullmatch(rf"# {page.stem} \S.*[^.]", first)
    places = [text.index(f"\n{section}\n") for section in SECTIONS]
    assert places == sorted(places)
    for at, after in zip(places, [*places[1:], len(text)], strict=True):
        assert len(text[at:after].split("\n", 2)[2].strip()) > 20
    assert page.stem in text[places[-1] :]


def test_the_page_of_unknown_types_lists_every_type() -> None:
    from goldbridge.records.field import TYPES

    text = (PAGES / "MOD003.md").read_text(encoding="utf-8")
    assert [name for name, form in TYPES.items() if f"| {name} | {form} |" not in text] == []
