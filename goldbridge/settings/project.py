"""A project: the folder an engineer works in, read as a whole, with every problem of every file at once.

`config/env/NAME.yaml` is laid over the files beside it; its top-level keys name them (`sources: {crm: {...}}` for
config/sources.yaml). A system that gets another connector there is replaced. `.goldbridge/env/NAME.yaml`, which the
sandbox writes, is laid over that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from goldbridge.clock import iso
from goldbridge.errors import Mark, Misconfigured, Problem, Problems
from goldbridge.records.field import Model
from goldbridge.records.hint import did_you_mean, nearest
from goldbridge.records.model import compile_model
from goldbridge.settings.document import Document
from goldbridge.settings.os_keyring import DEFAULT_SERVICE, OsKeyring
from goldbridge.settings.secret import Secrets
from goldbridge.settings.setting import DEFAULT_SECRETS_FILE, Settings, zone_problem
from goldbridge.settings.validate import validate
from goldbridge.settings.yaml import read

STATE_FOLDER = ".goldbridge"


class File(NamedTuple):
    """One file of a project. `wrapper` is the key that holds everything in it; an overlay need not repeat it."""

    path: str
    required: bool = False
    wrapper: str = ""


FILES = {
    "settings": File("config/settings.yaml"),
    "sources": File("config/sources.yaml", required=True, wrapper="sources"),
    "model": File("config/model.yaml", required=True),
    "matching": File("config/matching.yaml"),
    "survivorship": File("config/survivorship.yaml"),
    "qualification": File("config/qualification.yaml"),
    "quality": File("config/quality.yaml"),
    "cutover": File("config/cutover.yaml"),
    "flows": File("flows.yaml", required=True, wrapper="flows"),
}
"""The name an overlay uses -> the file."""

_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}")
SOURCE_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One system of sources.yaml; its connector reads the rest of the entry at `path` of `document`."""

    name: str
    connector: str
    document: Document = field(repr=False)
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Everything a project says. `documents` holds every file by its path from the root, overlays applied."""

    root: Path
    env: str | None
    settings: Settings
    secrets: Secrets
    model: Model
    documents: Mapping[str, Document] = field(repr=False)
    sources: Mapping[str, SourceEntry] = field(repr=False)
    mappings: Mapping[str, Document] = field(repr=False)
    tables: Mapping[str, Document] = field(repr=False)

    @property
    def matching(self) -> Document:
        return self.documents[FILES["matching"].path]

    @property
    def survivorship(self) -> Document:
        return self.documents[FILES["survivorship"].path]

    @property
    def qualification(self) -> Document:
        return self.documents[FILES["qualification"].path]

    @property
    def quality(self) -> Document:
        return self.documents[FILES["quality"].path]

    @property
    def cutover(self) -> Document:
        return self.documents[FILES["cutover"].path]

    @property
    def flows(self) -> Document:
        return self.documents[FILES["flows"].path]

    @property
    def state_dir(self) -> Path:
        """The folder for state, readable by its owner only; made when it is first asked for."""
        path = self.root / STATE_FOLDER
        path.mkdir(mode=0o700, exist_ok=True)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o700)
        return path

    def zone_of(self, system: str) -> str:
        """The time zone of naive times in a system: its own, or else the project's."""
        entry = self.sources.get(system)
        said = entry.document.data["sources"][system].get("zone") if entry else None
        return said if isinstance(said, str) and said else self.settings.zone

    def ends(self) -> dict[str, str]:
        """Systems that go off -> the moment from which their values rank last: the day after their `until`, in UTC."""
        found = {}
        for name in self.sources:
            said = self._said(name, "until")
            try:
                day = date.fromisoformat(said) if isinstance(said, str) else None
            except ValueError:  # told by whoever checks the entry
                day = None
            if day is not None and day < date.max:
                found[name] = iso(datetime.combine(day + timedelta(days=1), time(), UTC))
        return found

    def visibility_of(self, system: str) -> str:
        """The label that a reader needs to see values from a system; "" for a system that is gone: nobody has it."""
        said = self._said(system, "visibility") if system in self.sources else ""
        return said if isinstance(said, str) else "internal"

    def _said(self, system: str, key: str) -> Any:
        return self.sources[system].document.data["sources"][system].get(key)

    def missing_secrets(self) -> list[Problem]:
        """A CFG007 for each reference in the project's files to a secret that is set nowhere."""
        return [problem for document in self.documents.values() for problem in self.secrets.missing(document)]


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a project; raises `Misconfigured` CFG014 when there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if any((folder / FILES[name].path).is_file() for name in ("sources", "model")):
            return folder
    message = "no project here or in a folder above; run `goldbridge init`, or name one with --project DIR"
    raise Misconfigured.one("CFG014", message, Mark(str(start)))


def load_project(root: Path, env: str | None = None, *, environ: Mapping[str, str] | None = None) -> Project:
    """Read the project in `root` with the overlay `env`.

    Raises `Misconfigured` with every problem of every file. Secrets of the sources are not looked up here: a command
    that needs one system must not fail for want of another's password.
    """
    project, problems = examine(root, env, environ=environ)
    problems.raise_any()
    return project


def examine(
    root: Path, env: str | None = None, *, environ: Mapping[str, str] | None = None
) -> tuple[Project, Problems]:
    """The project as far as it can be read, and everything wrong with it; a broken part is left out or empty."""
    reader = _Reader(root.resolve())
    reader.files()
    reader.overlay(env)
    secrets = reader.secrets(os.environ if environ is None else environ)
    project = Project(
        root=reader.root,
        env=env,
        settings=reader.settings(secrets),
        secrets=secrets,
        model=reader.model(),
        sources=reader.sources(),
        mappings=reader.mappings(),
        tables=reader.tables(),
        documents=reader.documents,
    )
    return project, Problems(dict.fromkeys(reader.problems))


class _Reader:
    """Reads the parts one after the other and collects what is wrong with each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems = Problems()
        self.documents: dict[str, Document] = {}
        if not root.is_dir():
            raise Misconfigured.one("CFG014", "there is no such folder; correct --project", Mark(str(root)))
        if not any((root / known.path).exists() for known in FILES.values()):
            message = f"there is no project in this folder; run `goldbridge init {root.name}`, or correct --project"
            raise Misconfigured.one("CFG014", message, Mark(str(root)))

    def read(self, path: str) -> Document | None:
        """One file whose top must be a mapping; None when it cannot be used."""
        try:
            document = read(self.root / path, path)
        except Misconfigured as error:
            self.problems.extend(error.problems)
            return None
        if document.data is None:
            return Document.empty(path)
        if not isinstance(document.data, dict):
            what = "a list" if isinstance(document.data, list) else "text"
            hint = "; a ':' needs a space after it" if what == "text" and re.search(r":\S", str(document.data)) else ""
            self.problems.note(document.mark(), "CFG012", f"the file must hold keys (`key: value`), not {what}{hint}")
            return None
        return document

    def files(self) -> None:
        for known in FILES.values():
            path = self.root / known.path
            if path.exists():
                document = self.read(known.path)
            else:
                document = None
                self.absent(known)
            self.documents[known.path] = document or Document.empty(known.path)

    def absent(self, known: File) -> None:
        """A required file is missing, or one was left out by a slip of the keyboard."""
        path = self.root / known.path
        names = {Path(other.path).name for other in FILES.values()}
        beside = sorted(each.name for each in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        slips = [name for name in beside if name not in names and nearest(name, names) == path.name]
        if slips:
            message = f"this file is not read; rename it to {path.name}"
            self.problems.note(Mark((path.parent / slips[0]).relative_to(self.root).as_posix()), "CFG015", message)
        elif known.required:
            message = "the file is missing; `goldbridge init` writes one to start from"
            self.problems.note(Mark(known.path), "CFG003", message)

    def overlay(self, env: str | None) -> None:
        if env is None:
            return
        found = sorted(path.stem for path in (self.root / "config/env").glob("*.yaml"))
        made = sorted(path.stem for path in (self.root / STATE_FOLDER / "env").glob("*.yaml"))
        if not _ENVIRONMENT.fullmatch(env) or env not in {*found, *made}:
            hint = did_you_mean(env, {*found, *made}) or "; write this file, or leave out --env"
            self.problems.note(Mark(f"config/env/{env}.yaml"), "CFG013", f"there is no environment '{env}'{hint}")
            return
        for path, names in ((f"config/env/{env}.yaml", found), (f"{STATE_FOLDER}/env/{env}.yaml", made)):
            document = self.read(path) if env in names else None
            for name in document.data if document else ():
                self.lay(name, document) if document else None

    def lay(self, name: str, over: Document) -> None:
        node = over.node(name)
        known = FILES.get(name)
        if known is None or node is None:
            self.problems.note(over.key_mark(name), "CFG016", f"no file is called '{name}'{did_you_mean(name, FILES)}")
        elif isinstance(node.value, dict):
            repeated = known.wrapper in node.value and len(node.value) == 1
            path = (known.wrapper,) if known.wrapper and not repeated else ()
            document = self.documents[known.path]
            if name == "sources":  # keys of one connector mean nothing to another
                inner = node.value[known.wrapper] if repeated else node
                document = document.exchanged(inner, "connector", known.wrapper)
            self.documents[known.path] = document.overlaid(node, *path)
        elif node.value is not None:
            self.problems.note(node.mark, "CFG012", f"`{name}` must hold the keys to change in {known.path}")

    def secrets(self, environ: Mapping[str, str]) -> Secrets:
        document = self.documents[FILES["settings"].path]
        named = document.data.get("secrets_file")
        path = self.root / Path(named if isinstance(named, str) and named else DEFAULT_SECRETS_FILE).expanduser()
        if isinstance(named, str) and named and not path.exists():
            message = f"there is no secrets file {named}; make it (mode 0600) or remove this key"
            self.problems.note(document.mark("secrets_file"), "CFG009", message)
        service = document.data.get("keyring")
        ring = OsKeyring(service if isinstance(service, str) and service else DEFAULT_SERVICE, environ)
        try:
            return Secrets(environ, [path], root=self.root, keyring=ring)
        except Misconfigured as error:
            self.problems.extend(error.problems)
            return Secrets(environ, keyring=ring)

    def settings(self, secrets: Secrets) -> Settings:
        document = self.documents[FILES["settings"].path]
        try:
            settings = validate(Settings, secrets.reveal(document))
        except Misconfigured as error:
            self.problems.extend(error.problems)
            settings = Settings()
        node = document.node("state", "url")
        if node is not None and isinstance(node.value, str) and _has_password(node.value):
            message = (
                "state.url: a password does not belong in a file; put the address into the environment or the secrets "
                "file and write {secret: GOLDBRIDGE_STATE_URL}"
            )
            self.problems.note(node.mark, "CFG008", message)
        state = settings.state.model_copy(update={"url": self.state_url(settings.state.url)})
        return settings.model_copy(update={"state": state})

    def state_url(self, url: str) -> str:
        """The default, and a SQLite path below the project wherever the command was started."""
        if not url:
            return f"sqlite:///{self.root / STATE_FOLDER / 'state.sqlite'}"
        scheme, _, path = url.partition(":///")
        if scheme.startswith("sqlite") and path and path != ":memory:":
            return f"{scheme}:///{self.root / Path(path).expanduser()}"
        return url

    def model(self) -> Model:
        document = self.documents[FILES["model"].path]
        if not document.data:
            if (self.root / document.file).exists() and not self.touches(document.file):
                self.problems.note(document.mark(), "MOD001", "the model is empty; it needs `entities:`")
            return Model({})
        try:
            return compile_model(document)
        except Misconfigured as error:
            self.problems.extend(error.problems)
            return Model({})

    def touches(self, path: str) -> bool:
        return any(problem.mark.file == path for problem in self.problems)

    def sources(self) -> dict[str, SourceEntry]:
        document = self.documents[FILES["sources"].path]
        if self.touches(document.file) and not document.data:
            return {}
        for key in document.data:
            if key != "sources":
                self.problems.note(
                    document.key_mark(key), "CFG010", f"unknown key '{key}'{did_you_mean(key, ['sources'])}"
                )
        entries = document.data.get("sources")
        if not isinstance(entries, dict):
            if (self.root / document.file).exists():
                message = "the file needs `sources:` with the systems by name, e.g. legacy_crm: {connector: sql, ...}"
                self.problems.note(document.mark("sources"), "CFG011", message)
            return {}
        found = {}
        for name, entry in entries.items():
            source = self.source(document, name, entry)
            if source is not None:
                found[name] = source
        return found

    def source(self, document: Document, name: str, entry: object) -> SourceEntry | None:
        path = ("sources", name)
        if not SOURCE_NAME.fullmatch(name) or name == "tables":
            message = f"'{name}' cannot name a system; use small letters, digits and '_', as in legacy_crm"
            self.problems.note(document.key_mark(*path), "CFG012", message)
            return None
        if not isinstance(entry, dict):
            message = f"system '{name}' must be a mapping, e.g. {{connector: sql, url: {{secret: NAME}}}}"
            self.problems.note(document.mark(*path), "CFG012", message)
            return None
        kind = entry.get("connector")
        if not isinstance(kind, str) or not kind:
            near = nearest("connector", (key for key in entry if key != "connector"))
            hint = f" ('{near}' is written instead)" if near else ""
            message = f"system '{name}' does not say its `connector`, e.g. connector: sql{hint}"
            self.problems.note(document.key_mark(*path), "CFG011", message)
            return None
        zone = entry.get("zone")
        if isinstance(zone, str) and (problem := zone_problem(zone)):
            self.problems.note(document.mark(*path, "zone"), "CFG012", problem)
        return SourceEntry(name, kind, document, path)

    def mappings(self) -> dict[str, Document]:
        """mappings/<system>/<stream>.yaml by the name that its path gives; `mapping:` in the file says the same."""
        found: dict[str, Document] = {}
        folder = self.root / "mappings"
        for file in sorted(folder.rglob("*.y*ml")):
            path = file.relative_to(self.root).as_posix()
            parts = file.relative_to(folder).parts
            if any(part.startswith(".") for part in parts) or not file.is_file():
                continue
            if file.suffix != ".yaml":
                self.problems.note(Mark(path), "CFG015", "this file is not read; rename it to end in .yaml")
                continue
            if parts[0] == "tables":
                continue
            document = self.read(path)
            if document is None:
                continue
            self.documents[path] = document
            name = self.mapping_name(document, parts)
            if name:
                found[name] = document
        return dict(sorted(found.items()))

    def mapping_name(self, document: Document, parts: tuple[str, ...]) -> str:
        name = ".".join((*parts[:-1], parts[-1].removesuffix(".yaml")))
        if len(parts) != 2:
            message = "a mapping lies in the folder of its system: mappings/<system>/<stream>.yaml"
            self.problems.note(Mark(document.file), "CFG015", message)
            return ""
        said = document.data.get("mapping")
        if said is None:
            near = nearest("mapping", (key for key in document.data if key != "mapping"))
            hint = f"; did you mean it by '{near}'?" if near else ""
            mark = document.key_mark(near) if near else document.mark()
            self.problems.note(mark, "CFG011", f"the file must say `mapping: {name}`{hint}")
            return ""
        if said != name:
            mark = document.mark("mapping")
            self.problems.note(
                mark, "CFG015", f"by its place this is mapping '{name}', not '{said}'; rename one of them"
            )
            return ""
        return name

    def tables(self) -> dict[str, Document]:
        """mappings/tables/NAME.yaml by name."""
        found = {}
        for file in sorted((self.root / "mappings/tables").glob("*.yaml")):
            if not file.name.startswith(".") and file.is_file():
                path = file.relative_to(self.root).as_posix()
                document = self.read(path)
                if document is not None:
                    found[file.stem] = self.documents[path] = document
        return found


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
