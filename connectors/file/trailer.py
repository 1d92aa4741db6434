"""The last line of a file, when its sender promises one: without it the file is not whole."""

from __future__ import annotations

import re

from goldbridge.errors import Retry


class Trailer:
    """What the last line must be; `{rows}` in it must equal the number of rows."""

    def __init__(self, template: str, where: str) -> None:
        self._template, self._where = template, where
        self._pattern = re.compile(re.escape(template).replace(r"\{rows\}", r"(?P<rows>\d{1,18})"))
        self._line = ""

    def found(self, line: str) -> None:
        """Take the last line; raise `Retry` when it is none."""
        self._line = line
        if not self._pattern.fullmatch(line):
            raise Retry(
                "CON082",
                f"{self._where} does not end with its trailer '{self._template}', so it is not whole; deliver it again",
            )

    def check(self, rows: int) -> None:
        """Raise `Retry` when the trailer promises another number of rows."""
        match = self._pattern.fullmatch(self._line)
        if match and "{rows}" in self._template and int(match["rows"]) != rows:
            text = f"{self._where} has {rows} rows where its trailer promises {int(match['rows'])}; deliver it again"
            raise Retry("CON082", text)
