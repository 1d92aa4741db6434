"""The table of connectors in docs/systems/README.md is what the peers of the suite say."""

from __future__ import annotations

from flows.wiring import KINDS
from tests.architecture.tree import text
from tools.reference import system


def test_the_table_is_what_the_suite_says() -> None:
    page = text("docs/systems/README.md")
    assert page.partition(system.BEGIN)[2].partition(system.END)[0].strip() == system.suite(), "run `make reference`"


def test_every_connector_of_the_house_is_in_it() -> None:
    rows = [line for line in system.suite().splitlines() if line.startswith("| [")]
    assert [row.split("]")[0].removeprefix("| [") for row in rows] == sorted(KINDS)


def test_what_is_unproven_is_counted_where_the_page_says_so() -> None:
    assert system.unproven("dynamics") == 3
    assert system.unproven("nowhere") == 0
    assert system.clients("salesforce") == ["@jsforce/jsforce-node", "simple-salesforce", "tap-salesforce"]
    assert system.clients("sql") == []
