"""One run of a tap: its folder, its process group, its lines within their limits, and nothing left of it afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from connectors.singer import guard
from goldbridge import log
from goldbridge.clock import Clock
from goldbridge.errors import Halt, Retry

_log = log.get("singer")
_SLICE_S = 0.5
"""How long a wait for the tap may go on before somebody asks whether the process was told to stop."""
_PULSE_S = 30.0
"""How often whoever reads gets a turn, however slowly the tap speaks: a run must give a sign of life now and then."""
_CHUNK = 1 << 16
_NOISE_LINES, _NOISE_CHARS, _TAIL = 200, 500, 3
_SERIOUS = re.compile(r"\b(?:WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b")


class Scratch:
    """A folder that only its owner may look into, for the files of one run; use as a context manager."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="goldbridge-tap-"))
        self.home = self.path / "home"
        self.home.mkdir(mode=0o700)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name: str, content: bytes) -> Path:
        path = self.path / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return path

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """What a tap may know of us: where programs are, a home of its own, that text is UTF-8, and what was named."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home), "LANG": "C.UTF-8", **more}


class Process:
    """A tap at work. It must be closed; then its whole process group is gone, whatever state it was in."""

    def __init__(
        self,
        command: Sequence[str],
        scratch: Scratch,
        env: Mapping[str, str],
        clock: Clock,
        where: str,
        *,
        deadline_s: float,
        silence_s: float,
        most_bytes: int,
    ) -> None:
        self._scratch, self._clock, self._where = scratch, clock, where
        self._deadline_s, self._silence_s, self._most = deadline_s, silence_s, most_bytes
        self._noise = _Noise(where)
        self._started = self._pulsed = clock.monotonic()
        self._silent_s = 0.0
        self.rest = b""
        """What followed the last line end: a line that was cut off, when the tap did not end well."""
        line = [sys.executable, "-I", "-S", guard.__file__, str(scratch.path), *command]
        self._process = subprocess.Popen(  # noqa: S603 - an argument list that the operator allowed, no shell
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=scratch.home,
            env=scratch.environment(env),
            start_new_session=True,
        )

    @property
    def last_words(self) -> str:
        """The end of what the tap said beside its messages, without secrets."""
        return self._noise.tail

    def lines(self) -> Iterator[bytes | None]:
        """The tap's messages as they come, without their line ends; None every so often, while it takes its time.

        Raises `Retry` CON343 when it takes too long, `Halt` CON345 for a message that is too large.
        """
        out, err = self._process.stdout, self._process.stderr
        assert out is not None
        assert err is not None
        held: list[bytes] = []
        size = number = 0
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            selector.register(err, selectors.EVENT_READ)
            while selector.get_map():
                for stream in self._ready(selector):
                    chunk = os.read(stream.fileno(), _CHUNK)
                    if not chunk:
                        selector.unregister(stream)
                    elif stream is err:
                        self._noise.feed(chunk)
                    elif b"\n" not in chunk:
                        held.append(chunk)
                        size += len(chunk)
                    else:
                        whole = b"".join([*held, chunk]).split(b"\n")
                        held = [whole.pop()]
                        size = len(held[0])
                        for line in whole:
                            number += 1
                            self._within(len(line), number)
                            yield line
                    self._within(size, number + 1)
                if self._clock.monotonic() - self._pulsed > _PULSE_S:
                    yield None
                    self._pulsed = self._clock.monotonic()
        self.rest = b"".join(held)
        self._noise.feed(b"\n")

    def _ready(self, selector: selectors.BaseSelector) -> list[IO[bytes]]:
        """Which of its outputs has something, or has ended; none when it is silent so far."""
        since = self._clock.monotonic()
        found = selector.select(_SLICE_S)
        now = self._clock.monotonic()
        if now - self._started > self._deadline_s:
            raise self._late(f"did not end within {self._deadline_s:g} s", "deadline_s")
        if found:
            self._silent_s = 0.0
            return [key.fileobj for key, _ in found]  # type: ignore[misc]  # they are what was registered
        if (self._scratch.path / "exit").exists():  # it is over, but something that left its group holds the pipe
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)
            return []
        self._silent_s += now - since  # what whoever reads does meanwhile is not the tap's silence
        if self._silent_s > self._silence_s:
            raise self._late(f"said nothing for {self._silence_s:g} s", "silence_s")
        self._clock.wait(0)  # somebody who is told to stop hears it here
        return []

    def _late(self, what: str, setting: str) -> Retry:
        text = f"{self._where}: the tap {what} and was stopped; what it said before is kept"
        return Retry("CON343", f"{text}. Is its source slow? Raise `{setting}`{self._said()}")

    def _within(self, size: int, number: int) -> None:
        if size > self._most:
            text = f"{self._where}: line {number} of the tap has more than {self._most >> 20} MiB"
            raise Halt("CON345", f"{text}; leave out the field that is so large, or raise `message_mb`")

    def _said(self) -> str:
        return f"; its last words: {self.last_words}" if self.last_words else ""

    def status(self) -> int:
        """The tap's exit status, negative when a signal ended it; to be asked when there are no lines any more.

        The guard holds the same outputs as the tap, so they end only when it has written the status down.
        """
        self.kill()
        try:
            return int((self._scratch.path / "exit").read_text())
        except (OSError, ValueError):
            return -signal.SIGKILL

    def failure(self, status: int, halt_on: Sequence[int]) -> Retry | Halt:
        """What an exit status that is not zero means."""
        how = f"was ended by signal {-status}" if status < 0 else f"ended with exit status {status}"
        text = f"{self._where}: the tap {how}{self._said()}"
        if status in halt_on:
            return Halt("CON342", f"{text}. Correct what it complains of; asking again changes nothing")
        return Retry("CON342", f"{text}. The next run goes on from its last STATE")

    def kill(self) -> None:
        """End the group. It is looked up before its first process is reaped, so the number is still its own."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _Noise:
    """What a tap says beside its messages: into the log, so much of it, without secrets."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._held = b""
        self._count = 0
        self._last: deque[str] = deque(maxlen=_TAIL)

    @property
    def tail(self) -> str:
        return " | ".join(self._last)

    def feed(self, chunk: bytes) -> None:
        *lines, self._held = (self._held + chunk).split(b"\n")
        if len(self._held) > _CHUNK:
            lines.append(self._held)
            self._held = b""
        for line in lines:
            text = log.redact(line.decode("utf-8", "replace").strip())[:_NOISE_CHARS]
            if text:
                self._tell(text)

    def _tell(self, text: str) -> None:
        self._last.append(text)
        self._count += 1
        if self._count <= _NOISE_LINES:
            say = _log.warning if _SERIOUS.search(text) else _log.debug
            say("tap", about=self._where, said=text)
        elif self._count == _NOISE_LINES + 1:
            _log.warning("tap says more than is kept", about=self._where, lines=_NOISE_LINES)
