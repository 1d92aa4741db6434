"""What the rows of a table are called when people speak of them: by a column, or by their number in their file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from goldbridge.cli.dedupe_table import Table
from goldbridge.errors import Mark, Misconfigured
from goldbridge.records.hint import did_you_mean


class Names:
    """`column` names the rows, else their number, counted from 1 in each file. In two files a name may stand twice."""

    def __init__(self, table: Table, column: str | None) -> None:
        self.table, self.column = table, column
        self.first = table.first or len(table.rows)
        if column is None:
            size = len(table.rows)
            self.names = [str(row + 1 if row < self.first else row + 1 - self.first) for row in range(size)]
        else:
            self.names = [cell.strip() for cell in table.cells(column)]
            self._check()
        self._rows = [
            {name: row for row, name in enumerate(self.names[part], start=part.start or 0)}
            for part in (slice(0, self.first), slice(self.first, None))
        ]

    def _check(self) -> None:
        for part, file in ((slice(0, self.first), 1), (slice(self.first, None), 2)):
            counts = Counter(self.names[part])
            twice = next((name for name, count in counts.items() if count > 1), None)
            if twice is None:
                continue
            what = f"is empty in {counts['']} rows" if not twice else f"holds '{twice[:40]}' {counts[twice]} times"
            where = f" in the {'first' if file == 1 else 'second'} file" if self.table.first else ""
            message = f"column '{self.column}' (--id) {what}{where}; it must name each row once"
            raise Misconfigured.one("DED036", message, self.table.mark)

    def __getitem__(self, row: int) -> str:
        return self.names[row]

    def shown(self, row: int) -> str:
        """A row for people, with its file where there are two."""
        what = f"'{self.names[row]}'" if self.column is not None else f"row {self.names[row]}"
        return f"{what} of {self.table.files[row >= self.first].name}" if self.table.first else what

    def row(self, name: str, side: int) -> int | None:
        """The row of this very name, on its side where there are two files."""
        return self._rows[side if self.table.first else 0].get(name.strip())

    def find(self, name: str, side: int, option: str, mark: Mark | None = None) -> int:
        """The row that somebody means; raises `Misconfigured` DED037.

        With two files the first name (`side` 0) is one of the first file and the second one of the second, unless `1:`
        or `2:` stands before it.
        """
        name = name.strip()
        side = side if self.table.first else 0
        head, colon, tail = name.partition(":")
        if self.table.first and colon and head in ("1", "2") and name not in self._rows[side]:
            side, name = int(head) - 1, tail.strip()
        row = self._rows[side].get(name)
        if row is not None:
            return row
        known: Sequence[str] = list(self._rows[side])
        if self.column is None:
            hint = f"; rows are numbered from 1 to {len(known)}, or named by --id COLUMN"
        else:
            hint = did_you_mean(name, known[:2000], at_most=0) or f"; for example '{known[0]}'"
        where = f" in {self.table.files[side].name}" if self.table.first else ""
        raise Misconfigured.one("DED037", f"{option}: there is no row '{name}'{where}{hint}", mark or self.table.mark)
