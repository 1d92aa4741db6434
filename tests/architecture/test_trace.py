"""Nothing in the repository says where or with what it was made: no registry hosts, no paths of one machine."""

from __future__ import annotations

import re

import pytest

from tests.architecture.tree import ROOT, tracked

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    "|".join(
        re.escape(f"{name}.{ending}")
        for name, ending in (
            ("py" + "pi", "org"),
            ("python" + "hosted", "org"),
            ("npm" + "js", "org"),
            ("yarn" + "pkg", "com"),
            ("crates", "i" + "o"),
            ("proxy.golang", "o" + "rg"),
            ("deb.debian", "o" + "rg"),
            ("repo.maven" + ".apache", "org"),
            ("tuna.tsing" + "hua", "edu.cn"),
            ("mirrors.ali" + "yun", "com"),
        )
    )
    + "|--(extra-)?index"
    + "-url [a-z<$]"
)
MACHINE = re.compile(
    r"(?<![\w.~:*-])/(?:" + "|".join(("ro" + "ot", "wor" + "k", "far" + "m", "ho" + "me/[a-z]+")) + r")/[\w.]"
)
LOCKS = re.compile(r"(^|/)(uv\.lock|pylock[^/]*\.toml|package-lock\.json|poetry\.lock)$")


def lines() -> list[tuple[str, int, str]]:
    found = []
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" in content[:8000]:
            continue
        decoded = content.decode("utf-8", "replace").splitlines()
        found += [(path, number, line) for number, line in enumerate(decoded, 1)]
    return found


def test_no_registry_hosts() -> None:
    assert [(path, number) for path, number, line in lines() if REGISTRIES.search(line)] == []


def test_no_paths_of_one_machine() -> None:
    assert [(path, number, line[:80]) for path, number, line in lines() if MACHINE.search(line)] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /wor" + "k/x/y.py", True),
        ("file:///ro" + "ot/.cache/x", True),
        ("home = /ho" + "me/alice/env", True),
        ("https://example.com/ro" + "ot/x", False),
        ("docs/wor" + "k/flow.md", False),
        ("/usr/bin/env", False),
        ("~/wor" + "k/crm", False),
    ],
)
def test_what_counts_as_a_path_of_one_machine(line: str, found: bool) -> None:
    assert bool(MACHINE.search(line)) is found


def test_no_lock_that_records_hosts() -> None:
    assert [path for path in tracked() if LOCKS.search(path)] == []


def test_no_private_keys_and_no_environment_files() -> None:
    assert [path for path in tracked() if path.endswith((".env", ".pem", ".key", ".p12"))] == []
    marker = "-----BEGIN " + "PRIVATE KEY"
    assert [(path, number) for path, number, line in lines() if marker in line] == []
