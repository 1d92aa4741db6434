"""The page about survivorship: its rules compile as they stand, and do what it says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldbridge.settings.project import Project, load_project
from goldbridge.settings.yaml import read
from mdm.claim import Claimant
from mdm.survivorship import survive
from mdm.survivorship_rule import Rules, bringers, compile_survivorship
from tests.architecture.tree import ROOT
from tests.docs.page import blocks

PAGE = "docs/how-to/survivorship.md"


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(Path(ROOT), environ={})


@pytest.fixture(scope="module")
def rules(project: Project) -> Rules:
    (text,) = [block.text for block in blocks(PAGE) if block.text.startswith("# config/survivorship.yaml")]
    return compile_survivorship(
        read(text, "config/survivorship.yaml"), project.model, project.sources, reach=bringers(project.mappings)
    )


def claim(number: int, system: str, event_at: str = "2026-01-01T00:00:00.000000Z", **said: Any) -> Claimant:
    return Claimant(number, system, "s", str(number), 0, 1, 1, event_at, "2026-03-01T00:00:00.000000Z", said)


def test_the_rules_of_the_page_do_what_it_says(project: Project, rules: Rules) -> None:
    old, new = "2025-05-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"
    claims = [
        claim(1, "erp", old, website="https://erp.example", status="active", industry="C34", capital_cny="9"),
        claim(2, "legacy_crm", new, website="https://old.example", status="inactive", reg_status="ACTIVE"),
        claim(3, "new_crm", new, owner=None, registration_no="330110000012345"),
        claim(4, "legacy_crm", new, owner="张三", registration_no="12"),
    ]
    found = survive(project.model.entities["party"], rules["party"], claims)
    assert found.values["website"] == "https://old.example"
    assert found.values["status"] == "inactive"
    assert (found.values["industry"], found.values.get("reg_status")) == ("C34", None)
    assert found.lineage["capital_cny"]["fallback"] == "registry"
    assert "owner" not in found.values
    assert found.values["registration_no"] == "330110000012345"


def test_the_sources_of_the_page_are_sources(project: Project) -> None:
    from connectors.file import FileConfig
    from connectors.sql.config import SqlConfig

    shown = [read(block.text, PAGE).data for block in blocks(PAGE) if block.text.find("sources:") >= 0]
    legacy, branch = (next(iter(each["sources"].values())) for each in shown)
    assert str(SqlConfig.model_validate({**legacy, "url": "sqlite://", "streams": {}}).until) == "2026-06-30"
    (stream,) = FileConfig.model_validate(branch).streams.values()
    assert (stream.partial, stream.changed_at) == (True, "changedAt")
