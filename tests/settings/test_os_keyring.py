"""The operating system's keyring: asked last, only where there can be one, and never in anybody's way."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import null

from goldbridge import log
from goldbridge.errors import Misconfigured
from goldbridge.settings.os_keyring import OsKeyring
from goldbridge.settings.project import load_project
from goldbridge.settings.secret import Secrets
from tests.architecture.tree import ROOT

NAMED = {"PYTHON_KEYRING_BACKEND": "tests.settings.test_os_keyring.FileKeyring"}


class FileKeyring(keyring.backend.KeyringBackend):
    """Keeps its entries in a file; the simplest one there can be."""

    priority = 0.1  # type: ignore[assignment]  # never chosen by itself
    path = Path()
    asked = 0

    def _entries(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return found

    def get_password(self, service: str, username: str) -> str | None:
        type(self).asked += 1
        return self._entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.path.write_text(json.dumps({**self._entries(), f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        del entries[f"{service} {username}"]
        self.path.write_text(json.dumps(entries))


class Locked(keyring.backend.KeyringBackend):
    """Refuses everything, and names the value while it does."""

    priority = 0.1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("the collection is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(f"cannot set {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise keyring.errors.KeyringLocked("the collection is locked")


class Silent(Locked):
    """Waits for somebody to unlock it, and nobody comes."""

    gate = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.gate.wait()
        return None


@pytest.fixture(autouse=True)
def backend(tmp_path: Path) -> Iterator[FileKeyring]:
    """A keyring in a file for the time of a test; whatever the machine has is left alone."""
    before = keyring.get_keyring()
    made = FileKeyring()
    FileKeyring.path, FileKeyring.asked = tmp_path / "keyring.json", 0
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def ring(service: str = "goldbridge", environ: dict[str, str] | None = None, **options: float) -> OsKeyring:
    return OsKeyring(service, NAMED if environ is None else environ, **options)


def test_what_is_kept_is_found_by_another_process_and_forgotten_when_removed() -> None:
    ring().store("CRM_PASSWORD", "hunter22")
    assert ring().find("CRM_PASSWORD") == "hunter22"
    one = ring()
    one.remove("CRM_PASSWORD")
    assert one.find("CRM_PASSWORD") is None
    assert ring().find("CRM_PASSWORD") is None


def test_two_services_are_apart() -> None:
    ring("crm_test").store("CRM_PASSWORD", "hunter22")
    assert ring("crm_live").find("CRM_PASSWORD") is None


def test_it_is_asked_after_environment_mounted_file_and_secrets_file(tmp_path: Path) -> None:
    kept = ring()
    for name in ("A", "B", "C", "D"):
        kept.store(name, f"ring-{name}")
    mounted, file = tmp_path / "mounted", tmp_path / "secrets.env"
    mounted.write_text("mount-b")
    file.write_text("C=file-c\n")
    file.chmod(0o600)
    FileKeyring.asked = 0
    secrets = Secrets({"A": "env-a", "B_FILE": str(mounted)}, [file], root=tmp_path, keyring=ring())
    assert [secrets.find(name) for name in "ABCD"] == ["env-a", "mount-b", "file-c", "ring-D"]
    assert FileKeyring.asked == 1
    assert [secrets.place(name) for name in "ABCDE"] == [
        "environment",
        "file in B_FILE",
        "secrets file secrets.env",
        "keyring 'goldbridge'",
        "",
    ]
    assert secrets.find("D") == "ring-D"
    assert FileKeyring.asked == 2, "each name is looked up once"


def test_whoever_gets_a_value_cannot_print_it() -> None:
    ring().store("CRM_URL", "postgresql://u:p4ssw0rd@h/db")
    assert Secrets({}, keyring=ring()).find("CRM_URL")
    assert "p4ssw0rd" not in log.redact("cannot connect with p4ssw0rd")


def test_on_a_server_nothing_is_imported_and_nothing_found(tmp_path: Path) -> None:
    code = (
        "import sys; from goldbridge.settings.os_keyring import OsKeyring as K;"
        f"assert K('goldbridge', {{'HOME': {str(tmp_path)!r}}}).find('A') is None; assert 'keyring' not in sys.modules"
    )
    if sys.platform == "linux":
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows always have one")
def test_where_there_can_be_one(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert not ring(environ=home).expected
    assert ring(environ={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus"}).expected
    assert ring(environ=NAMED).expected
    file = tmp_path / ".config/python_keyring/keyringrc.cfg"
    file.parent.mkdir(parents=True)
    file.touch()
    assert ring(environ=home).expected
    assert ring(environ={"XDG_CONFIG_HOME": str(tmp_path / ".config")}).expected


@pytest.mark.parametrize("environ", [{}, NAMED])
def test_to_keep_something_where_there_is_no_keyring_is_refused(environ: dict[str, str]) -> None:
    keyring.set_keyring(null.Keyring())
    with pytest.raises(Misconfigured) as caught:
        ring(environ=environ).store("CRM_PASSWORD", "hunter22")
    assert str(caught.value).startswith("keyring: CFG021 this machine has no keyring (no ")
    assert "put CRM_PASSWORD into the secrets file" in str(caught.value)
    assert ring(environ=environ).find("CRM_PASSWORD") is None


def test_a_locked_keyring_has_no_values_and_is_asked_once() -> None:
    keyring.set_keyring(Locked())
    secrets = Secrets({}, keyring=ring())
    with pytest.raises(Misconfigured) as caught:
        secrets.resolve({"secret": "CRM_PASSWORD"})
    assert str(caught.value) == (
        "environment: CFG007 secret CRM_PASSWORD is not set; export it or add it to the secrets file, or to the "
        "keyring: goldbridge secrets set CRM_PASSWORD (the keyring cannot be asked: KeyringLocked the collection is "
        "locked)"
    )
    keyring.set_keyring(FileKeyring())
    assert secrets.find("OTHER") is None
    assert FileKeyring.asked == 0


def test_a_locked_keyring_refuses_and_the_value_is_not_repeated() -> None:
    keyring.set_keyring(Locked())
    log.remember_secret("hunter22")
    with pytest.raises(Misconfigured, match="CFG022 the keyring did not keep CRM_PASSWORD") as caught:
        ring().store("CRM_PASSWORD", "hunter22")
    assert "hunter22" not in str(caught.value)
    with pytest.raises(Misconfigured, match="CFG022 the keyring did not look for CRM_PASSWORD"):
        ring().remove("CRM_PASSWORD")


def test_a_keyring_that_does_not_answer_is_left(tmp_path: Path) -> None:
    keyring.set_keyring(Silent())
    try:
        slow = ring(limit_s=0.05)
        assert slow.find("CRM_PASSWORD") is None
        assert slow.trouble == "no answer within 0.05 s"
        assert slow.find("OTHER") is None
    finally:
        Silent.gate.set()


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(Misconfigured, match="CFG024 the keyring has no CRM_PASSWORD under 'goldbridge'"):
        ring().remove("CRM_PASSWORD")


def test_a_backend_that_does_not_exist_is_no_reason_to_fail() -> None:
    code = (
        "from goldbridge.settings.os_keyring import OsKeyring as K; import os;"
        "ring = K('goldbridge', os.environ); assert ring.find('A') is None; print(ring.trouble)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHON_KEYRING_BACKEND": "no.such.Backend"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no" in found.stdout


def test_a_project_may_have_a_service_of_its_own(tmp_path: Path) -> None:
    for path in ("config/sources.yaml", "config/model.yaml", "flows.yaml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    (tmp_path / "config/settings.yaml").write_text("keyring: crm_live\n")
    ring("crm_live").store("LEGACY_CRM_URL", "sqlite:///x.db")
    project = load_project(tmp_path, environ=NAMED)
    assert project.secrets.place("LEGACY_CRM_URL") == "keyring 'crm_live'"
