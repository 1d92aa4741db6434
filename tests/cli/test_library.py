"""`goldbridge mapping copy`: ready-made mappings that pass their examples under the names a project has for systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.cli.library import shelves
from goldbridge.cli.project import template_root
from goldbridge.mapping.catalogue import names_like, try_examples
from goldbridge.settings.project import load_project
from tests.bad_input.desk import hear
from tests.cli.test_check import write

SOURCES = """sources:
  crm: {connector: sql, url: {secret: CRM_URL}, streams: {account: {table: T, key: ID, cursor: AT}}}
  books: {connector: kingdee, base_url: https://erp.example.com/k3cloud, acct_id: a, user: hub}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the house's model, a database and an account book."""
    model = (template_root() / "config/model.yaml").read_text(encoding="utf-8")
    for path, text in {"config/sources.yaml": SOURCES, "config/model.yaml": model, "flows.yaml": "flows: {}\n"}.items():
        write(tmp_path, path, text)
    return tmp_path


@pytest.mark.parametrize("kind", shelves())
def test_every_mapping_of_the_library_passes_its_examples_in_a_project(
    kind: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = hear(root, capsys, "mapping", "copy", kind, "--as", "their_own")
    assert (said.status, said.errors) == (0, [])
    project = load_project(root, environ={})
    tested = try_examples(project, names_like(project, "their_own"))
    assert {one.name for one in tested} == {f"their_own.{file.stem}" for file in shelves()[kind]}
    assert [str(problem) for one in tested for problem in one.problems] == []
    assert all(one.examples for one in tested)
    everything = "".join(file.read_text(encoding="utf-8") for file in (root / "mappings/their_own").iterdir())
    assert f"ref: {kind}." not in everything


def test_the_one_system_of_a_kind_gives_its_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = hear(root, capsys, "mapping", "copy", "kingdee")
    assert said.status == 0
    assert said.out.splitlines()[-1] == "next: goldbridge mapping test books, then goldbridge preview books.customer"
    text = (root / "mappings/books/receivable.yaml").read_text(encoding="utf-8")
    assert "mapping: books.receivable" in text
    assert text.count("ref: books.customer") == 2
    assert "the key of kingdee.customer" in text, "comments stay as they are"


def test_what_exists_is_never_overwritten_and_nothing_is_half_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root, "mappings/books/supplier.yaml", "mapping: books.supplier\n")
    said = hear(root, capsys, "mapping", "copy", "kingdee")
    assert said.status == 2
    reason = "the file exists and is not overwritten; move it away, or copy under another name with --as"
    assert said.errors == [f"mappings/books/supplier.yaml: CFG020 {reason}"]
    assert [path.name for path in (root / "mappings/books").iterdir()] == ["supplier.yaml"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kingde"], "there are no mappings for 'kingde'; did you mean 'kingdee'?"),
        (["sap"], "no system of sources.yaml is of kind sap; name the system with --as"),
        (["sap", "--as", "../x"], "a system's name is lower-case letters, digits and _"),
    ],
)
def test_slips(root: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    found = hear(root, capsys, "mapping", "copy", *words)
    assert found.status == 2
    assert said in found.errors[-1]


def test_without_a_kind_it_lists_what_there_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = hear(root, capsys, "mapping", "copy")
    assert "kingdee: customer, material, receivable, supplier" in said.out.splitlines()
    assert not (root / "mappings").exists()
