"""requirements.lock names everything, pins it with hashes, and does not say where it came from."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
OURS = "goldbridge"


def entries() -> dict[str, str]:
    """Name -> the entry without its hashes."""
    joined = LOCK.replace("\\\n", " ")
    found = {}
    for line in joined.splitlines():
        if line.strip():
            requirement = line.split("--hash", 1)[0].strip()
            found[canonicalize_name(Requirement(requirement).name)] = requirement
    return found


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_host_and_no_index_is_named() -> None:
    assert re.findall(r"https?:|--index|--extra-index|--find-links|\bfile:|@ ", LOCK) == []


def test_everything_is_pinned_with_hashes() -> None:
    for line in LOCK.replace("\\\n", " ").splitlines():
        if line.strip():
            assert re.match(r"[a-z0-9._-]+==[^ ]+ ", line), line
            assert "--hash=sha256:" in line, line


def test_what_the_project_asks_for_is_there_in_a_version_that_fits() -> None:
    data = project()
    asked = [*data["project"]["dependencies"], *data["dependency-groups"]["dev"]]  # type: ignore[index]
    locked = entries()
    for text in asked:
        wanted = Requirement(text)
        pinned = Requirement(locked[canonicalize_name(wanted.name)])
        version = next(iter(pinned.specifier)).version
        assert wanted.specifier.contains(version, prereleases=True), (text, version)


def test_the_lock_is_complete() -> None:
    """It is installed without asking who needs what, so whatever an installed package needs must be in it."""
    locked = entries()
    missing = []
    for each in distributions():
        name = canonicalize_name(each.metadata["Name"] or "")
        for text in each.requires or () if name in locked or name == OURS else ():
            needed = Requirement(text)
            applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
            if applies and canonicalize_name(needed.name) not in locked:
                missing.append(f"{name} needs {text}")
    assert missing == []


def test_what_is_installed_is_what_is_locked() -> None:
    installed = {canonicalize_name(each.metadata["Name"] or ""): each.version for each in distributions()}
    wrong = []
    for name, text in entries().items():
        pinned = Requirement(text)
        if pinned.marker is not None and not pinned.marker.evaluate():
            continue
        if not pinned.specifier.contains(installed.get(name, "0"), prereleases=True):
            wrong.append(f"{text}: {installed.get(name, 'not installed')}")
    assert wrong == [], f"run `make .venv/ready` with {sys.executable}"


def test_nothing_public_takes_our_names() -> None:
    assert set(entries()) & {"connectors", "dedupe", "flows", "mdm", "goldbridge"} == set()
