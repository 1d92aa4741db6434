"""Suggestions for the sandbox's systems against the mappings that people wrote for them: how much is found, how much is
right, and that every file loads with examples that pass."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.discover import Discovery
from goldbridge import cli
from goldbridge.cli.sandbox import SECRETS
from goldbridge.mapping.catalogue import compile_named, try_examples
from goldbridge.mapping.suggest import Suggestion, suggest
from goldbridge.mapping.words import load
from goldbridge.settings.project import Project, load_project

STREAMS = (
    "legacy_crm.account", "legacy_crm.contact", "legacy_crm.contract", "erp.partner", "oa.PROC-CONTRACT",
    "new_crm.AccountObj", "new_crm.PartnerObj", "new_crm.ContactObj", "new_crm.SaleContractObj",
)  # fmt: skip
RECALL, PRECISION = 0.95, 0.95
Pairs = set[tuple[str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project of the template in front of a running landscape."""
    root = tmp_path_factory.mktemp("first")
    assert cli.main(["init", str(root)]) == 0
    folder = tmp_path_factory.mktemp("landscape")
    command = [
        sys.executable, "-m", "goldbridge.simulators", "--port", "0", "--customers", "300", "--seed", "4",
        "--dir", str(folder), "--limits", "roomy",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            roomy = "budget: {calls: 100000, per_s: 1, daily: 100000000}"
            places = {"oa": "dingtalk", "new_crm": "fxiaoke", "map": "amap", "registry": "qichacha"}
            overlay = [f"  {name}: {{base_url: '{told['url']}/{path}', {roomy}}}" for name, path in places.items()]
            (root / "config/env").mkdir(exist_ok=True)
            (root / "config/env/here.yaml").write_text("\n".join(["sources:", *overlay]) + "\n", encoding="utf-8")
            urls = {"LEGACY_CRM_URL": told["legacy_crm"], "ERP_URL": told["erp"]}
            secrets = {**SECRETS, **{name: f"sqlite:///{path}" for name, path in urls.items()}}
            yield load_project(root, "here", environ=secrets)
        finally:
            process.terminate()


def written(project: Project, name: str) -> Pairs:
    """(field, source field) of a mapping that a person wrote; an address and all of its parts are one field."""
    mapping = compile_named(project, name)
    return {(target.split(".")[0], read) for target in mapping.fields for read in mapping._given[target]}


def suggested(made: Suggestion) -> Pairs:
    return {(target, source) for target, sources in made.sources.items() for source in sources}


@pytest.fixture(scope="module")
def found(project: Project) -> dict[str, Suggestion]:
    words, made = load(), {}
    for name in STREAMS:
        system, _, stream = name.partition(".")
        with Discovery(project, system, 200) as discovery:
            made[name] = suggest(discovery.seen(stream), project.model, words, discovery.known(words))
    return made


def test_what_people_mapped_is_found_and_what_is_found_is_what_people_mapped(
    project: Project, found: dict[str, Suggestion]
) -> None:
    right = wanted = given = 0
    lines = []
    for name, made in found.items():
        by_hand, ours = written(project, name), suggested(made)
        right, wanted, given = right + len(by_hand & ours), wanted + len(by_hand), given + len(ours)
        lines.append(f"{name}: {len(by_hand & ours)} of {len(by_hand)}, {len(ours)} suggested")
        lines += [f"    missed {pair}" for pair in sorted(by_hand - ours)]
        lines += [f"    beyond {pair}" for pair in sorted(ours - by_hand)]
    recall, precision = right / wanted, right / given
    print("\n".join([*lines, f"recall {recall:.3f}, precision {precision:.3f}"]))
    assert recall >= RECALL
    assert precision >= PRECISION


@pytest.mark.parametrize("name", STREAMS)
def test_the_entity_is_told_without_being_asked(project: Project, found: dict[str, Suggestion], name: str) -> None:
    assert found[name].entity == project.mappings[name].data["target"]
    assert found[name].sure.startswith("sure")


@pytest.mark.parametrize("name", STREAMS)
def test_the_file_loads_and_its_examples_pass(
    project: Project, found: dict[str, Suggestion], tmp_path: Path, name: str
) -> None:
    root = tmp_path / "project"
    shutil.copytree(project.root, root)
    system, _, stream = name.partition(".")
    (root / f"mappings/{system}/{stream}.yaml").write_text(found[name].text, encoding="utf-8")
    (tested,) = try_examples(load_project(root, environ={}), [name])
    assert [str(problem) for problem in tested.problems] == []
    assert tested.examples == 3
    assert "expect:" in found[name].text


@pytest.mark.parametrize("name", [name for name in STREAMS if name.startswith(("legacy", "erp"))])
def test_no_value_of_the_source_is_in_the_file(project: Project, found: dict[str, Suggestion], name: str) -> None:
    system, _, stream = name.partition(".")
    with Discovery(project, system, 200) as discovery:
        columns = discovery.one(stream).columns
    kept = [
        value
        for column in columns
        if not column.is_code and column.looks_like not in ("date", "datetime", "industry")
        for value in column.values
        if len(value) > 4 and not re.fullmatch(r"[A-Z]*0+[123]", value) and value in found[name].text
    ]
    assert kept == []


def test_keys_lead_to_the_stream_they_are_of(found: dict[str, Suggestion]) -> None:
    assert "ref: legacy_crm.account}" in found["legacy_crm.contract"].text
    assert "{from: partner_id, ref: new_crm.PartnerObj}" in found["new_crm.ContactObj"].text
    assert "ref: legacy_crm.account}" in found["oa.PROC-CONTRACT"].text


def test_what_cannot_be_told_is_left_to_fill_in(found: dict[str, Suggestion]) -> None:
    text = found["legacy_crm.account"].text
    assert '"2": null  # fill in' in text
    assert "fill in what each value means: customer, dealer, supplier" in text


def test_two_fields_that_tell_a_status_together_are_read_together(found: dict[str, Suggestion]) -> None:
    assert "result == 'agree' ? 'approved'" in found["oa.PROC-CONTRACT"].text
