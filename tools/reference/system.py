"""The table of docs/systems/README.md: what the conformance suite asks of each connector, and what nobody has seen.

It is made of what the peers declare; that every declared fault is passed is a test of the suite itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from goldbridge.cli.conformance import found, scope_of
from tools.reference.markdown import table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "systems" / "README.md"
BEGIN, END = "<!-- The suite, by `make reference` -->", "<!-- End of the suite -->"
UNPROVEN = "What is unproven"
_PINNED = re.compile(r'"(@?[A-Za-z0-9_./-]+)(?:==|@)[0-9][^"]*"')
_BESIDES = frozenset(
    {"certifi", "charset-normalizer", "cryptography", "idna", "pycryptodomex", "requests", "setuptools", "six"}
    | {"urllib3"}
)  # fmt: skip
"""What clients need and do not bring."""
_HEAD = (
    "kind",
    "read in the suite",
    "written",
    "asked",
    "faults passed",
    "not played",
    "independent client",
    "unproven",
)


def suite() -> str:
    """One row per kind of connector."""
    connectors, peers = found(None, ())
    rows = []
    for kind, connector in sorted(connectors.items()):
        scope = scope_of(connector, [peer for peer in peers if peer.kind is connector])
        absent = sorted({each["fault"] for each in scope.absent} - set(scope.played), key=lambda each: int(each[1:]))
        rows.append(
            (
                f"[{kind}]({kind}.md)",
                _names(scope.read),
                _names(scope.written),
                _names(scope.asked),
                " ".join(scope.played),
                " ".join(absent),
                ", ".join(clients(kind)),
                str(unproven(kind)),
            )
        )
    return table(_HEAD, rows)


def write(page: Path = PAGE) -> Path:
    """Write the table anew between its marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{suite()}\n{END}{after}", encoding="utf-8")
    return page


def clients(kind: str) -> list[str]:
    """The packages by which strangers speak to the simulator of this kind."""
    test = ROOT / "tests" / "clients" / f"test_{kind}.py"
    return sorted(set(_PINNED.findall(test.read_text(encoding="utf-8"))) - _BESIDES) if test.exists() else []


def unproven(kind: str) -> int:
    """Facts marked as assumed or unverified in the section of the page that is about them."""
    page = ROOT / "docs" / "systems" / f"{kind}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    section = re.search(rf"^## {UNPROVEN}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return len(re.findall(r"\[(?:assumed|unverified)\]", section[1])) if section else 0


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
