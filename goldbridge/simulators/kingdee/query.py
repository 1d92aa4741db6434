"""ExecuteBillQuery: the SQL-like filter, the order, and the lines that multiply a bill's rows.

Times are kept to the millisecond and shown to the second, as a database column with fractions looks through this API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from goldbridge.simulators.kingdee.form import Form
from goldbridge.simulators.kit import Refused

Row = dict[str, Any]
Test = Callable[[Row], bool]
UNKNOWN_FIELD = "9"
EMPTY = "8"
_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([<>!]=|<>|[=<>(),])|([A-Za-z_][\w.]*))")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d+)?)?$")
_MOST = 10_000


class Query(NamedTuple):
    """A parsed question."""

    keys: tuple[str, ...]
    test: Test
    order: tuple[tuple[str, bool], ...]
    start: int
    stop: int | None


def parse(form: Form, data: dict[str, Any]) -> Query:
    """Raises `Refused` for what the server does not understand."""
    keys = tuple(key.strip() for key in str(data.get("FieldKeys") or "").split(",") if key.strip())
    if not keys:
        raise Refused(EMPTY, "字段列表FieldKeys不能为空")
    order = tuple(_order(part) for part in str(data.get("OrderString") or "").split(",") if part.strip())
    for name in (*keys, *(name for name, _ in order)):
        _known(form, name)
    limit, start, top = (int(data.get(name) or 0) for name in ("Limit", "StartRow", "TopRowCount"))
    if limit > _MOST:
        raise Refused(EMPTY, f"Limit不能超过{_MOST}")
    ends = [end for end in (start + limit if limit else 0, top) if end]
    return Query(keys, _filter(form, str(data.get("FilterString") or "")), order, start, min(ends) if ends else None)


def run(form: Form, query: Query, rows: Iterator[Row]) -> list[Row]:
    """The rows as header fields and lines together; one per line when a field of a body was named."""
    flat: Iterator[Row] = (line for row in rows for line in _lines(form, query, row))
    found = [row for row in flat if query.test(row)]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: _rank(value(form, row, name)), reverse=descending)
    return found[query.start : query.stop]


def show(form: Form, row: Row, key: str) -> Any:
    found = value(form, row, key)
    if isinstance(found, str) and (time := _TIME.match(found)) and time.group(2):
        return f"{time.group(1)}T{time.group(2)}"
    return found


def value(form: Form, row: Row, name: str) -> Any:
    """A field, a reference's code or its internal id, or the id of a line."""
    head, _, tail = name.partition(".")
    found = row.get(head)
    if isinstance(found, dict):
        if tail.casefold() == "fname":
            return found.get("FName", found.get("FNumber"))
        return found.get("FNumber") if tail else crc32(str(found.get("FNumber")).encode())
    return found


def _lines(form: Form, query: Query, row: Row) -> Iterator[Row]:
    entry = next(
        (form.entry_of(name) for name in (*query.keys, *(n for n, _ in query.order)) if form.entry_of(name)), ""
    )
    if not entry:
        yield row
        return
    for line in row.get(entry) or [{}]:
        yield {**row, **line, f"{entry}_FEntryID": line.get("FEntryID")}


def _known(form: Form, name: str) -> None:
    if not form.has(name):
        raise Refused(UNKNOWN_FIELD, f"列名 '{name}' 无效: 字段不存在")


def _order(part: str) -> tuple[str, bool]:
    name, _, direction = part.strip().partition(" ")
    return name, direction.strip().casefold() == "desc"


def _rank(found: Any) -> tuple[int, Any]:
    return (
        (0, "")
        if found is None
        else (1, comparable(found))
        if isinstance(found, int | float)
        else (2, comparable(found))
    )


def comparable(found: Any) -> Any:
    """Times in either notation as one text with milliseconds, digits as numbers."""
    if isinstance(found, str) and (time := _TIME.match(found)):
        return f"{time.group(1)} {time.group(2) or '00:00:00'}{((time.group(3) or '.') + '000')[:4]}"
    return found


# The filter


def _filter(form: Form, text: str) -> Test:
    if not text.strip():
        return lambda row: True
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise Refused("500", f"过滤条件语法错误: {text[at : at + 20]}", 0)
        tokens.append(found.group(0).strip())
        at = found.end()
    reader = _Reader(form, tokens)
    test = reader.any_of()
    if reader.rest:
        raise Refused("500", f"过滤条件语法错误: {reader.rest[0]}")
    return test


class _Reader:
    """Reads a condition by descent: or, and, not, parentheses, comparisons."""

    def __init__(self, form: Form, tokens: Sequence[str]) -> None:
        self._form, self.rest = form, list(tokens)

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._word("or"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._word("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._word("("):
            inner = self.any_of()
            self._need(")")
            return inner
        name = self._take()
        if re.match(r"['\d-]", name):
            left, right = name, (self._take(), self._take())
            return lambda row: left == right[1] and right[0] == "="  # the like of 1=1
        _known(self._form, name)
        return self._compare(name)

    def _compare(self, name: str) -> Test:
        form, operator = self._form, self._take().casefold()
        if operator == "is":
            negated = self._word("not")
            self._need("null")
            return lambda row: (value(form, row, name) is None) != negated
        if operator == "in":
            self._need("(")
            wanted = {self._literal()}
            while self._word(","):
                wanted.add(self._literal())
            self._need(")")
            texts = {str(each) for each in wanted}
            return lambda row: str(comparable(value(form, row, name))) in texts
        if operator == "like":
            pattern = re.compile(re.escape(str(self._literal())).replace("%", ".*").replace("_", "."), re.DOTALL)
            return lambda row: pattern.fullmatch(str(value(form, row, name) or "")) is not None
        return _comparison(form, name, operator, self._literal())

    def _literal(self) -> Any:
        token = self._take()
        if token.startswith("'"):
            return comparable(token[1:-1].replace("''", "'"))
        return float(token) if "." in token else int(token)

    def _word(self, word: str) -> bool:
        if self.rest and self.rest[0].casefold() == word:
            self.rest.pop(0)
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise Refused("500", f"过滤条件语法错误: 缺少 {word}")

    def _take(self) -> str:
        if not self.rest:
            raise Refused("500", "过滤条件语法错误")
        return self.rest.pop(0)


def _comparison(form: Form, name: str, operator: str, wanted: Any) -> Test:
    def test(row: Row) -> bool:
        found = comparable(value(form, row, name))
        if found is None:
            return False
        if isinstance(found, int | float) != isinstance(wanted, int | float):
            one, other = str(found), str(wanted)
        else:
            one, other = found, wanted
        match operator:
            case "=":
                return bool(one == other)
            case "<>" | "!=":
                return bool(one != other)
            case "<":
                return bool(one < other)
            case "<=":
                return bool(one <= other)
            case ">":
                return bool(one > other)
            case _:
                return bool(one >= other)

    if operator not in ("=", "<>", "!=", "<", "<=", ">", ">="):
        raise Refused("500", f"过滤条件语法错误: {operator}")
    return test
