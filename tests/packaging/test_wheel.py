"""What is installed is the wheel, not the checkout: it holds everything it needs, nothing else, and no secret."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from goldbridge import __version__
from tests.architecture.tree import PACKAGES, ROOT, tracked
from tests.packaging.wheel import PLANTED, SECRET, Installed, build, copy_tree, install


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("built")
    return build(copy_tree(home / "source"), home / "dist")


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    work = tmp_path_factory.mktemp("work")
    return install(built[1], tmp_path_factory.mktemp("fresh") / "env", work)


@pytest.fixture(scope="module")
def names(built: tuple[Path, Path]) -> list[str]:
    with zipfile.ZipFile(built[1]) as archive:
        return archive.namelist()


def test_it_brings_five_packages_and_nothing_beside_them(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {name for name in tops if not name.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


def test_every_file_of_the_packages_is_inside(names: list[str]) -> None:
    expected = {path for path in tracked() if path.startswith(tuple(f"{name}/" for name in PACKAGES))}
    assert expected - set(names) == set()
    data = [name for name in names if not name.endswith(".py")]
    for folder in ("goldbridge/text/data/", "goldbridge/simulators/data/", "goldbridge/state/migrations/"):
        assert [name for name in data if name.startswith(folder)], folder


def test_templates_and_error_pages_are_inside(names: list[str]) -> None:
    places = {
        "config/": "goldbridge/_template/",
        "mappings/": "goldbridge/_template/",
        "flows.yaml": "goldbridge/_template/",
    }
    expected = {
        f"{target}{path}" for path in tracked() for prefix, target in places.items() if path.startswith(prefix)
    } | {f"goldbridge/_docs/errors/{Path(path).name}" for path in tracked() if path.startswith("docs/errors/")}
    assert len(expected) > 100
    assert expected - set(names) == set()


def test_nothing_comes_along_that_git_does_not_know(names: list[str]) -> None:
    """A wheel is built where developers work, among their secrets files and editors' leavings."""
    known = set(tracked())
    origins = {"goldbridge/_template/": "", "goldbridge/_docs/errors/": "docs/errors/"}
    strangers = []
    for name in names:
        origin = next(
            (name.replace(packed, place, 1) for packed, place in origins.items() if name.startswith(packed)), name
        )
        if origin not in known and ".dist-info/" not in name:
            strangers.append(name)
    assert strangers == []


@pytest.mark.parametrize("which", [0, 1], ids=["source archive", "wheel"])
def test_no_secret_is_ever_packed(built: tuple[Path, Path], which: int) -> None:
    assert all(SECRET in (built[0].parents[1] / "source" / path).read_text() for path in PLANTED)
    found = []
    if which == 0:
        with tarfile.open(built[0]) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member)
                if (
                    file is not None
                    and SECRET.encode() in file.read()
                    and not member.name.endswith("packaging/wheel.py")
                ):
                    found.append(member.name)
    else:
        with zipfile.ZipFile(built[1]) as archive:
            found = [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]
    assert found == []


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    script = """
import json, sys
import goldbridge, connectors, mdm, dedupe, flows
print(json.dumps([[each.__file__ for each in (goldbridge, connectors, mdm, dedupe, flows)], sys.path]))
"""
    files, path = json.loads(installed.run("python", "-c", script))
    assert [file for file in files if not Path(file).is_relative_to(installed.packages)] == []
    assert [place for place in path if place and Path(place).resolve() == ROOT] == []
    assert installed.run("goldbridge", "--version") == f"goldbridge {__version__}\n"
    assert installed.run("python", "-m", "goldbridge", "--version") == f"goldbridge {__version__}\n"


def test_a_project_starts_from_the_packed_templates(installed: Installed) -> None:
    installed.run("goldbridge", "init", "project")
    written = {
        path.relative_to(installed.work / "project").as_posix() for path in (installed.work / "project").rglob("*.yaml")
    }
    assert written == {path for path in tracked() if path.startswith(("config/", "mappings/")) or path == "flows.yaml"}
    assert installed.run("goldbridge", "--project", "project", "check", "--no-secrets").startswith("ok: ")
    # Migrations come along, or there would be no state to look at.
    assert "golden records" in installed.run("goldbridge", "--project", "project", "status")


def test_the_packed_pages_explain(installed: Installed) -> None:
    assert installed.run("goldbridge", "explain", "MAP014").startswith("# MAP014 ")
    listed = installed.run("goldbridge", "explain").splitlines()
    assert len(listed) == len(list((ROOT / "docs/errors").glob("*.md")))


def test_the_packed_sandbox_runs(installed: Installed) -> None:
    installed.run("goldbridge", "init", "sandbox")
    up = installed.run("goldbridge", "--project", "sandbox", "sandbox", "up", "--customers", "10", "--port", "0")
    try:
        assert "world of 10 companies" in up
        rows = json.loads(
            installed.run(
                "goldbridge", "--project", "sandbox", "--env", "sandbox", "preview", "legacy_crm.account", "--json"
            )
        )
        assert len(rows) == 5
    finally:
        installed.run("goldbridge", "--project", "sandbox", "sandbox", "down")
