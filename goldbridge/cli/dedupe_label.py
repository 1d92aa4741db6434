"""`goldbridge dedupe label FILE`: asks about the pairs that teach most, one key per answer.

Each answer is on the disk before the next question; Ctrl-C loses nothing, and the next sitting goes on where this one
ended. Input that is no terminal is read line by line: a word or its first letter.
"""

from __future__ import annotations

import getpass
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldbridge.cli import dedupe_lesson as shared
from goldbridge.clock import SYSTEM, iso

if TYPE_CHECKING:
    from dedupe.table.course import Asked
    from goldbridge.cli.dedupe_ask import Keyboard
    from goldbridge.cli.dedupe_lesson import Lesson
    from goldbridge.cli.dedupe_verdict import Entry


def label(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE [FILE]", help="The table, or two to link.")],
    labels: shared.LABELS = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answers; else who is logged in.")] = None,
    columns: shared.COLUMNS = None,
    mapped: shared.MAP = None,
    id_column: shared.ID = None,
    source_column: shared.SOURCE = None,
    many: shared.MANY = False,
    config: shared.CONFIG = None,
    sheet: shared.SHEET = None,
    encoding: shared.ENCODING = None,
) -> int:
    """Answer questions about pairs of rows: same, different or unsure; `dedupe train` learns from the answers.

    Keys: s same, d different, u unsure, b take the last answer back, q quit and go on later.
    """
    from goldbridge import log
    from goldbridge.cli import dedupe_ask, session

    state = session(ctx)
    log.configure(json=state.log_json, verbose=state.verbose)
    told = shared.Told(
        files, columns or (), mapped or (), id_column, source_column, many, config, sheet, encoding
    )  # fmt: skip
    lesson = shared.begin(told, labels)
    try:
        with dedupe_ask.keyboard() as answer:
            _Sitting(lesson, by or getpass.getuser(), answer).hold()
    finally:
        typer.echo(f"labels are kept in {lesson.file}; learn from them with: goldbridge dedupe train {files[0]}")
    return 0


class _Sitting:
    """Questions and answers until somebody quits, the rule says enough, or nothing is left."""

    def __init__(self, lesson: Lesson, by: str, answer: Keyboard) -> None:
        from goldbridge.cli.watch import console

        self.lesson, self.by, self.answer = lesson, by, answer
        self.console = console()
        self.given: list[Entry] = []
        """The answers of this sitting, the last one last: what can be taken back."""

    def hold(self) -> None:
        from goldbridge.cli import dedupe_ask

        for each in self._heed():
            self.console.print(each, markup=False, highlight=False)
        enough = self.lesson.course.standing.enough
        self._say(dedupe_ask.HELP)
        while (asked := self.lesson.course.next()) is not None:
            self._show(asked)
            if not self._take(asked):
                return
            if self.lesson.course.standing.enough and not enough:
                self._say(f"{self._progress()}\nenough; run again to go on all the same")
                return
        self._say("every pair worth asking about was answered")

    def _take(self, asked: Asked) -> bool:
        """One valid answer; False for the end."""
        from goldbridge.cli import dedupe_ask

        while True:
            word = self.answer()
            if word == dedupe_ask.QUIT:
                return False
            if word == dedupe_ask.UNDO:
                if self._undo():
                    return True
                self._say("there is nothing to take back in this sitting")
            elif word in (dedupe_ask.SAME, dedupe_ask.DIFFERENT, dedupe_ask.UNSURE):
                self._record(asked, word)
                return True
            else:
                self._say(dedupe_ask.HELP)

    def _record(self, asked: Asked, word: str) -> None:
        from goldbridge.cli import dedupe_verdict
        from goldbridge.cli.dedupe_edges import exact

        names, rows = self.lesson.given.names, self.lesson.rows
        entry = dedupe_verdict.Entry(
            names[asked.left], names[asked.right], word, iso(SYSTEM.now()), self.by,
            exact(asked.match.weight).removeprefix("+"), asked.why, rows.named_by,
            rows.content[asked.left], rows.content[asked.right],
        )  # fmt: skip
        dedupe_verdict.append(self.lesson.file, entry)
        self.given.append(entry)
        self._say(word)
        before = {(each.against, each.chain) for each in self.lesson.course.settled.contradictions}
        self._heed()
        fresh = [each for each in self.lesson.course.settled.contradictions if (each.against, each.chain) not in before]
        for sentence in shared.contradicted(self.lesson, fresh):
            self._say(f"{sentence}; b takes the last answer back")

    def _undo(self) -> bool:
        from goldbridge.cli import dedupe_ask, dedupe_verdict

        if not self.given:
            return False
        last = self.given.pop()
        undone = last._replace(verdict=dedupe_verdict.UNDO, at=iso(SYSTEM.now()), by=self.by, undoes=last.at)
        dedupe_verdict.append(self.lesson.file, undone)
        self._heed()
        self._say(f"{dedupe_ask.UNDO}: {last.verdict} for {last.left} and {last.right}")
        return True

    def _heed(self) -> list[str]:
        """Take note of all labels; what is wrong with them, in words."""
        _, lost = self.lesson.labels()
        said = [f"line {each.line}: {each.record} is {each.why}; its label is left aside" for each in lost]
        return said + shared.contradicted(self.lesson, self.lesson.course.settled.contradictions)

    def _show(self, asked: Asked) -> None:
        from goldbridge.cli import dedupe_ask

        course = self.lesson.course
        self.answer.ready()
        self.console.print(dedupe_ask.question(self.lesson.given, asked, course.number + 1))
        for line in dedupe_ask.reasons(asked, course.bands):
            self._say(line)
        self._say(self._progress())

    def _progress(self) -> str:
        from goldbridge.cli import dedupe_ask

        settled = self.lesson.course.settled
        counts = Counter(each.verdict for each in settled.counted)
        return dedupe_ask.progress(
            self.lesson.course.standing, (counts["same"], counts["different"], len(settled.unsure))
        )

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
