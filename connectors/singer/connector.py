"""The connector itself: asks a tap what it offers, starts it for one stream, and hands its records over."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.base import Context, Page, Pages, Reader, Stream, Window
from connectors.singer import catalogue, exact
from connectors.singer.collect import Collect
from connectors.singer.config import KEY, SingerConfig, SingerStream
from connectors.singer.message import parse
from connectors.singer.process import Process, Scratch
from connectors.singer.progress import progress_of
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured
from goldbridge.log import remember_secret
from goldbridge.records.declared import DeclaredField

VARIABLE = "GOLDBRIDGE_TAPS"
_FRESH_S = 300.0
"""A catalogue asked for at the start of a run need not be asked for again in its middle."""
_CATALOGUE_BYTES = 64 << 20
_SECRET = re.compile(r"(?i)(?:password|passwd|secret|token|credentials?|(?:api|access|private)_?key)$")


class Singer(Reader[SingerConfig]):
    kind = "singer"
    config_model = SingerConfig

    def __init__(self, config: SingerConfig, context: Context) -> None:
        super().__init__(config, context)
        self._lock = threading.Lock()
        self._asked: tuple[float, str] | None = None
        self._running: set[Process] = set()

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, entry) for name, entry in self.config.streams.items()}

    def probe(self) -> str:
        if self.config.catalog != "discover":
            self._offered()
            return f"{self._tap()} is there; it was not run, since `catalog` is not asked from it"
        with self._lock:
            self._asked = None
        offered = self._offered()
        assert offered is not None
        for name, entry in self.config.streams.items():
            catalogue.find(offered, entry.stream or name, self._where(name))
        names = [catalogue.name_of(entry) for entry in catalogue.entries(offered)]
        return f"{self.config.command[0]} offers {len(names)} streams: {', '.join(names[:10])}"

    def objects(self) -> Sequence[str] | None:
        offered = self._offered()
        return None if offered is None else [catalogue.name_of(entry) for entry in catalogue.entries(offered)]

    def describe(self, name: str) -> Sequence[DeclaredField] | None:
        offered = self._offered()
        setting = self.config.streams.get(name)
        wanted = setting.stream or name if setting else name
        return None if offered is None else catalogue.describe(catalogue.find(offered, wanted, self._where(name)))

    def close(self) -> None:
        for process in list(self._running):
            process.kill()

    def fields(self, stream: Stream) -> frozenset[str] | None:
        """The fields of the tap's catalogue, where it has any."""
        offered = self._offered()
        if offered is None:
            return None
        entry = self.config.streams[stream.name]
        found = catalogue.properties(
            catalogue.find(offered, entry.stream or stream.name, self._where(stream.name))
        ).keys()
        wanted = {*entry.fields, *entry.key, entry.replication_key} if entry.fields else found
        return frozenset({*(found & wanted), *([] if len(entry.key) == 1 else [KEY])}) if found else None

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        raise Misconfigured.one(
            "CON349",
            f"{self._where(stream.name)}: a tap cannot be asked for a range of dates; set the `start_date` that it "
            "knows in its `config` and run the flow with --full",
            Mark("config/sources.yaml"),
        )

    def read(self, stream: Stream, window: Window) -> Pages:
        """What the tap says of this one stream, from its last STATE on; a window has no end, the tap knows it."""
        setting, where = self.config.streams[stream.name], self._where(stream.name)
        before = progress_of(window.start, where)
        names, full, selected = {setting.stream or stream.name}, setting.replication == "full_table", None
        offered = self._offered()
        if offered is not None:
            entry = catalogue.find(offered, setting.stream or stream.name, where)
            names |= {catalogue.name_of(entry), str(entry.get("stream"))}
            full = catalogue.replication(entry, setting) == "full_table"
            catalogue.select(offered, entry, setting)
            selected = exact.dump(offered)
        names = {setting.said_as} if setting.said_as else names
        collect = Collect(setting, names, where, before, self.config.page_size, full)
        with Scratch() as scratch:
            flags: list[str] = []
            if selected is not None:
                flags += [f"--{self.config.catalog_flag}", str(scratch.write("catalog.json", selected))]
            if before.state is not None and not full:
                flags += ["--state", str(scratch.write("state.json", before.state.encode()))]
            most, deadline_s = self.config.message_mb << 20, self.config.deadline_s
            with self._started(scratch, flags, where, deadline_s, most) as process:
                yield from self._pages(process, collect)
        return collect.verdict()

    def _pages(self, process: Process, collect: Collect) -> Generator[Page, None, None]:
        """Everything that was said before the trouble, then the trouble."""
        trouble: GoldbridgeError | None = None
        number = 0
        try:
            for line in process.lines():
                if line is None:
                    yield collect.so_far()
                    continue
                number += 1
                message = parse(line, number, collect.where)
                if message is not None:
                    yield from collect.take(message, number, len(line))
            if status := process.status():
                trouble = process.failure(status, self.config.halt_on)
            elif (message := parse(process.rest, number + 1, collect.where)) is not None:
                yield from collect.take(message, number + 1, len(process.rest))
        except GoldbridgeError as error:
            trouble = error
        yield from collect.rest(ended_well=trouble is None)
        if trouble is not None:
            raise trouble

    @contextmanager
    def _started(
        self, scratch: Scratch, flags: Sequence[str], where: str, deadline_s: float, most_bytes: int
    ) -> Iterator[Process]:
        """The tap at work with its settings in a file; afterwards it is gone, and what it changed in them is kept."""
        told = json.dumps(self._settings(), ensure_ascii=False).encode()
        path = scratch.write("config.json", told)
        process = Process(
            [self._tap(), *self.config.command[1:], "--config", str(path), *flags],
            scratch,
            self.config.env,
            self.context.clock,
            where,
            deadline_s=deadline_s,
            silence_s=self.config.silence_s,
            most_bytes=most_bytes,
        )
        self._running.add(process)
        try:
            yield process
        finally:
            process.close()
            self._running.discard(process)
            self._keep(path, told)

    def _settings(self) -> dict[str, Any]:
        """The tap's settings, with what it changed in them itself since they were last edited."""
        kept = self.context.store.load(self.context.system, "config")
        settings: dict[str, Any] = self.config.config
        if isinstance(kept, dict) and kept.get("of") == _digest(settings):
            settings = kept["config"]
        _remember(settings)
        return settings

    def _keep(self, path: Path, told: bytes) -> None:
        """A tap whose token was renewed writes it into its settings; it must not be lost with the folder."""
        try:
            said = path.read_bytes()
            changed = json.loads(said) if said != told else None
        except (OSError, ValueError):
            return
        if isinstance(changed, dict) and changed != json.loads(told):
            _remember(changed)
            kept = {"of": _digest(self.config.config), "config": changed}
            self.context.store.save(self.context.system, "config", kept)

    def _offered(self) -> dict[str, Any] | None:
        """The tap's catalogue, each time a new copy; None when it gets none."""
        source = self.config.catalog
        if source == "none":
            self._tap()
            return None
        if source != "discover":
            return self._from_file(Path(source).expanduser())
        with self._lock:
            now = self.context.clock.monotonic()
            if self._asked is None or now - self._asked[0] > _FRESH_S:
                self._asked = (now, self._discover())
            text = self._asked[1]
        return catalogue.parse(text, f"{self.context.system}: what the tap says to --discover")

    def _from_file(self, path: Path) -> dict[str, Any]:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise catalogue.wrong(f"{self.context.system}: the catalogue {path} cannot be read") from None
        return catalogue.parse(text, f"{self.context.system}: {path}")

    def _discover(self) -> str:
        where, seconds = f"{self.context.system} --discover", self.config.timeout_s
        said: list[bytes] = []
        size = 0
        with Scratch() as scratch, self._started(scratch, ["--discover"], where, seconds, _CATALOGUE_BYTES) as process:
            for line in process.lines():
                said.append(line or b"")
                size += len(said[-1])
                if size > _CATALOGUE_BYTES:
                    raise Halt("CON345", f"{where}: the catalogue has more than {_CATALOGUE_BYTES >> 20} MiB")
            if status := process.status():
                raise process.failure(status, self.config.halt_on)
            said.append(process.rest)
        return b"\n".join(said).decode("utf-8", "replace")

    def _tap(self) -> str:
        """The program to run; raises `Misconfigured` CON340 when the operator does not allow it, CON341 without it."""
        name = self.config.command[0]
        allowed = [each for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each]
        path = _resolved(name)
        if path not in map(_resolved, allowed):
            said = f"it allows {', '.join(allowed)}" if allowed else "it is not set"
            raise Misconfigured.one(
                "CON340",
                f"{self.context.system}: {name} may not be run here: the variable {VARIABLE} must name it, and {said}",
                Mark("config/sources.yaml"),
            )
        if not os.access(path, os.X_OK) or not Path(path).is_file():
            raise Misconfigured.one(
                "CON341",
                f"{self.context.system}: there is no program {name} here; install the tap in an environment of its "
                "own and name its program",
                Mark("config/sources.yaml"),
            )
        return path

    def _where(self, stream: str) -> str:
        return f"{self.context.system} {stream}"


def _resolved(name: str) -> str:
    """The same for the same program, however it is written."""
    return os.path.normpath(name) if name.startswith("/") else shutil.which(name) or name


def _digest(settings: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16).hexdigest()


def _remember(value: Any, name: str = "") -> None:
    """Whatever looks like a secret in a tap's settings never reaches the log, also when the tap says it."""
    if isinstance(value, dict):
        for key, each in value.items():
            _remember(each, str(key))
    elif isinstance(value, list):
        for each in value:
            _remember(each, name)
    elif isinstance(value, str) and _SECRET.search(name):
        remember_secret(value)


def _stream(name: str, entry: SingerStream) -> Stream:
    flag = next(iter(entry.deleted.items()), None)
    return Stream(
        name,
        key=entry.key[0] if len(entry.key) == 1 else KEY,
        cursor=entry.replication_key,
        walk="full" if entry.replication == "full_table" else "keyset",
        volatile=entry.volatile,
        deleted=(flag[0], frozenset(flag[1])) if flag else None,
    )
