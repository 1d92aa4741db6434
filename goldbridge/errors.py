"""Every error of the house, sorted by who has to act.

`Retry` (we do, later), `Reject` (one record becomes a dead letter, the run goes on), `Halt` (the run stops, the
cursor stays), `Misconfigured` (an engineer edits YAML). Code that catches, catches one of the four. Each error
carries a code with a page in docs/errors, and a sentence that says where, what, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a file; line and column count from 1, and line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place; sorts in file order."""

    mark: Mark
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.code} {self.message}"


class GoldbridgeError(Exception):
    """Base of the four; `code` names the page in docs/errors."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


class Retry(GoldbridgeError):
    """Transient: the same call may succeed later. `after_s` is the wait the other side asked for, if it did."""

    def __init__(self, code: str, message: str, *, after_s: float | None = None) -> None:
        super().__init__(code, message)
        self.after_s = after_s


class OutcomeUnknown(Retry):
    """A write whose answer never arrived: it may have happened, so it is read back before it is sent again."""


class Reject(GoldbridgeError):
    """One record cannot be used as it is; it becomes a dead letter and the run goes on."""

    def __init__(self, code: str, message: str, *, field: str | None = None, mark: Mark | None = None) -> None:
        super().__init__(code, message)
        self.field = field
        self.mark = mark


class Halt(GoldbridgeError):
    """The run stops here with its cursor where it is; the next run resumes from it."""


class AlreadyRunning(Halt):
    """Another process holds the lease or the state; exit status 75."""


class Misconfigured(GoldbridgeError):
    """An engineer must edit a file or a setting; carries every problem found, in file order; exit status 2."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        first = self.problems[0]
        super().__init__(first.code, first.message)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @classmethod
    def one(cls, code: str, message: str, mark: Mark) -> Misconfigured:
        return cls([Problem(mark, code, message)])


class Problems(list[Problem]):
    """Collects problems so that all of them are reported at once."""

    def note(self, mark: Mark, code: str, message: str) -> None:
        self.append(Problem(mark, code, message))

    def raise_any(self) -> None:
        """Raise `Misconfigured` with everything collected; do nothing when there is nothing."""
        if self:
            raise Misconfigured(self)
