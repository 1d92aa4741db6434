"""Secrets by reference: YAML says `{secret: NAME}`, the value comes from the environment or a file outside git.

Looked up in this order: the variable NAME, the file named by the variable NAME_FILE (as container platforms mount
them), the secrets file (`NAME=value` lines, readable by its owner only), the keyring of the operating system. Every
value that is handed out is first told to the log, so that it can never be printed.
"""

from __future__ import annotations

import copy
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from goldbridge.errors import Mark, Misconfigured, Problem, Problems
from goldbridge.ports import Json
from goldbridge.records.hint import nearest
from goldbridge.settings.document import Document, Node
from goldbridge.settings.document import Path as NodePath
from goldbridge.settings.os_keyring import OsKeyring
from goldbridge.settings.yaml import decode

NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_LARGEST = 1_000_000
STAND_IN = "secret-not-set"


class Secrets:
    """What can be looked up, and the one place that hands values out."""

    def __init__(
        self,
        env: Mapping[str, str],
        files: Iterable[Path] = (),
        *,
        root: Path | None = None,
        keyring: OsKeyring | None = None,
    ) -> None:
        """Reads the secrets files that exist; raises `Misconfigured` (CFG009) when one is open to others or malformed.

        `root` only shortens the files' names in messages; without a `keyring` none is asked.
        """
        self.environ: Mapping[str, str] = dict(env)
        self.keyring = keyring
        self._values: dict[str, str] = {}
        self._stand_in: str | None = None
        problems = Problems()
        named = [(path, _shown(path, root)) for path in files]
        self._files = [shown for _, shown in named]
        for path, shown in named:
            if path.exists():
                self._values.update(_read(path, shown, problems))
        problems.raise_any()

    def __repr__(self) -> str:
        return "Secrets()"

    def standing_in(self) -> Secrets:
        """The same, but what is not set has a stand-in, so that the rest of a file can be judged without it."""
        other = copy.copy(self)
        other._stand_in = STAND_IN
        return other

    def find(self, name: str) -> str | None:
        """The value of a secret, None when it is set nowhere (or is empty)."""
        value = next((value for _, value in self._everywhere(name) if value), None)
        if value:
            remember(value)
        return value or self._stand_in

    def place(self, name: str) -> str:
        """Where the value of a secret comes from, in words; "" when it is set nowhere."""
        return next((place for place, value in self._everywhere(name) if value), "")

    def names(self) -> list[str]:
        """The names that the secrets files set; an environment and a keyring do not say which ones are for us."""
        return list(self._values)

    def _everywhere(self, name: str) -> Iterator[tuple[str, str | None]]:
        """Every place in the order they are asked, with what is there; the later ones only when somebody goes on."""
        yield "environment", self.environ.get(name)
        yield f"file in {name}_FILE", self._mounted(name)
        yield f"secrets file{self._where()}", self._values.get(name)
        if self.keyring is not None:
            yield f"keyring '{self.keyring.service}'", self.keyring.find(name)

    def resolve(self, reference: Json, mark: Mark | None = None) -> str:
        """The value of `{"secret": "NAME"}`; `mark` is where the reference is written.

        Raises `Misconfigured`: CFG007 when it is set nowhere, CFG017 when the reference has no usable name.
        """
        place = mark or Mark("environment")
        name = reference.get("secret") if isinstance(reference, Mapping) and len(reference) == 1 else None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            # The text is not repeated: it may be the secret itself, pasted in the wrong place.
            message = "a secret is referred to by the name of a variable, in capitals: {secret: CRM_PASSWORD}"
            raise Misconfigured.one("CFG017", message, place)
        value = self.find(name)
        if value is None:
            near = nearest(name, self._values) if name not in self._values else ""
            there = f" (the secrets file has {near})" if near else ""
            empty = "empty" if name in self.environ or name in self._values else "not set"
            message = f"secret {name} is {empty}{there}; export it or add it to the secrets file{self._where()}"
            if self.keyring is not None and self.keyring.expected:
                silent = f" (the keyring cannot be asked: {self.keyring.trouble})" if self.keyring.trouble else ""
                message += f", or to the keyring: goldbridge secrets set {name}{silent}"
            raise Misconfigured.one("CFG007", message, place)
        return value

    def reveal(self, document: Document, *path: str | int) -> Document:
        """The document with each `{secret: NAME}` at or below `path` replaced by its value, marked as secret.

        Raises `Misconfigured` with every missing one at the place of its reference.
        """
        problems = Problems()

        def look_up(_: NodePath, node: Node) -> Node | None:
            if not node.is_secret_reference():
                return None
            try:
                value = self.resolve(node.plain(), node.mark)
            except Misconfigured as error:
                problems.extend(error.problems)
                return None
            return Node(value, node.mark, spelled=value, secret=True)

        revealed = document.replaced(look_up, *path)
        problems.raise_any()
        return revealed

    def missing(self, document: Document) -> list[Problem]:
        """What `reveal` would complain about anywhere in the document."""
        try:
            self.reveal(document)
        except Misconfigured as error:
            return list(error.problems)
        return []

    def _where(self) -> str:
        return f" {self._files[0]}" if self._files else ""

    def _mounted(self, name: str) -> str | None:
        path = self.environ.get(f"{name}_FILE")
        if not path:
            return None
        try:
            with Path(path).open("rb") as file:
                return decode(file.read(_LARGEST), path).rstrip("\r\n")
        except OSError as error:
            reason = (error.strerror or "error").lower()
            message = f"{name}_FILE names a file that cannot be read ({reason}); correct the variable"
            raise Misconfigured.one("CFG009", message, Mark(path)) from None


def remember(value: str) -> None:
    """Tell the log about a value, and about the password in it when it is an address."""
    from goldbridge.log import remember_secret  # costs a quarter of a second, which `goldbridge --help` must not pay

    remember_secret(value)
    try:
        password = urlsplit(value).password
    except ValueError:
        password = None
    if password:
        remember_secret(password)
        remember_secret(unquote(password))


def _read(path: Path, shown: str, problems: Problems) -> dict[str, str]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            message = f"the secrets file is open to others (mode {mode:04o}); run: chmod 600 {shown}"
            problems.note(Mark(shown), "CFG009", message)
        with path.open("rb") as file:
            text = decode(file.read(_LARGEST), shown)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        problems.note(Mark(shown), "CFG003", f"the secrets file cannot be read: {reason}")
        return {}
    except Misconfigured as error:
        problems.extend(error.problems)
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            problems.note(Mark(shown, number, 1), "CFG009", "a line must read NAME=value (or start with '#')")
        elif match[1] in values:
            problems.note(Mark(shown, number, 1), "CFG009", f"{match[1]} is set twice; remove one of the lines")
        else:
            values[match[1]] = _unquoted(match[2])
    return values


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _shown(path: Path, root: Path | None) -> str:
    return path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)
