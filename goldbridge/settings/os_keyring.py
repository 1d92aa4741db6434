"""The keyring of the operating system: secrets that somebody typed once, kept by the desktop instead of a file.

It is asked last, and only where there can be one: on macOS and Windows, in a desktop session, or when a backend is
named (PYTHON_KEYRING_BACKEND, keyringrc.cfg). On a server nothing is imported and nobody waits. A look-up never fails:
a keyring that is locked, broken or silent has no values, and is not asked again by this process. Only somebody who
puts a value there hears what is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from goldbridge.errors import Mark, Misconfigured

DEFAULT_SERVICE = "goldbridge"
LIMIT_S = 10.0
"""How long a look-up may take: a locked keyring may put up a window that nobody sees."""
_PATIENT_S = 120.0  # somebody sits there and may have to unlock it
_VARIABLE = "PYTHON_KEYRING_BACKEND"
_HERE = Mark("keyring")
_Made = TypeVar("_Made")


class OsKeyring:
    """The entries of one service; `trouble` says why it is not asked any more, "" while it is."""

    def __init__(self, service: str, environ: Mapping[str, str], *, limit_s: float = LIMIT_S) -> None:
        self.service = service
        self.trouble = ""
        self._limit_s = limit_s
        self._expected = _expected(environ)
        self._kept: dict[str, str | None] = {}

    def __repr__(self) -> str:
        return f"OsKeyring({self.service!r})"

    @property
    def expected(self) -> bool:
        """Whether this machine can have a keyring at all, by what its environment says."""
        return self._expected

    def find(self, name: str) -> str | None:
        """The value kept under a name; None when there is none, or no keyring that answers."""
        if not self._expected or self.trouble:
            return None
        if name not in self._kept:
            try:
                self._kept[name] = _within(self._limit_s, lambda: _backend().get_password(self.service, name))
            except _Failed as failed:
                self.trouble = str(failed)
                return None
        return self._kept[name]

    def store(self, name: str, value: str) -> None:
        """Keep a value. Raises `Misconfigured`: CFG021 when there is no keyring here, CFG022 when it refuses."""
        self._ask("keep", name, lambda: _backend().set_password(self.service, name, value))
        self._kept[name] = value

    def remove(self, name: str) -> None:
        """Forget a value. Raises `Misconfigured`: CFG024 when there is none, else as `store`."""
        if self._ask("look for", name, lambda: _backend().get_password(self.service, name)) is None:
            message = (
                f"the keyring has no {name} under '{self.service}'; `goldbridge secrets list` says where it is set"
            )
            raise Misconfigured.one("CFG024", message, _HERE)
        self._ask("remove", name, lambda: _backend().delete_password(self.service, name))
        self._kept[name] = None

    def _ask(self, what: str, name: str, work: Callable[[], _Made]) -> _Made:
        try:
            if not self._expected:
                raise _Failed("no desktop session and no backend named", absent=True)
            return _within(_PATIENT_S, work)
        except _Failed as failed:
            if failed.absent:
                message = (
                    f"this machine has no keyring ({failed}); put {name} into the secrets file or a mounted file, "
                    f"or name a backend in {_VARIABLE}"
                )
                raise Misconfigured.one("CFG021", message, _HERE) from None
            message = f"the keyring did not {what} {name}: {failed}; unlock it and try again"
            raise Misconfigured.one("CFG022", message, _HERE) from None


class _Failed(Exception):
    """`absent`: there is no keyring, as opposed to one that refuses."""

    def __init__(self, why: str, *, absent: bool = False) -> None:
        super().__init__(why)
        self.absent = absent


def _expected(environ: Mapping[str, str]) -> bool:
    if environ.get(_VARIABLE) or sys.platform in ("darwin", "win32"):
        return True
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else "")
    named = bool(home) and (Path(home) / "python_keyring" / "keyringrc.cfg").is_file()
    return named or bool(environ.get("DBUS_SESSION_BUS_ADDRESS"))


def _backend() -> Any:
    """The backend in use. Raises `_Failed` when there is none; imported late, for it costs half a second."""
    try:
        import keyring
        from keyring.backends import fail, null

        found = keyring.get_keyring()
    except Exception as error:  # whatever a backend's own module raises while it is looked for
        raise _Failed(_said(error), absent=True) from None
    if isinstance(found, fail.Keyring | null.Keyring):
        raise _Failed("no backend can be used here", absent=True)
    return found


def _within(limit_s: float, work: Callable[[], _Made]) -> _Made:
    """What `work` returns, if it does within its time; raises `_Failed` for anything else."""
    made: list[_Made] = []
    failed: list[_Failed] = []

    def run() -> None:
        try:
            made.append(work())
        except _Failed as error:
            failed.append(error)
        except Exception as error:  # backends raise what their libraries raise
            failed.append(_Failed(_said(error)))

    thread = Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(limit_s)
    if failed:
        raise failed[0]
    if not made:
        raise _Failed(f"no answer within {limit_s:g} s")
    return made[0]


def _said(error: Exception) -> str:
    from goldbridge.log import redact

    return " ".join(redact(f"{type(error).__name__} {error}").split())[:160]
