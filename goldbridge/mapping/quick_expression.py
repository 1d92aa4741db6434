"""A short way for the simplest expressions over columns of text; anything else goes the library's way.

It knows texts, comparisons, `in` a list of texts, choice, and double(...) with + - and *: what mappings say most. Each
part works on a whole column, which costs a tenth of asking the library row by row. It gives exactly what the library
gives, or says for which rows it does not know; tests hold the two together.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple

from goldbridge.mapping.lexer import Token, tokens
from goldbridge.mapping.whole import Form, parted

Columns = dict[str, Sequence[Any]]
Run = Callable[[Columns, set[int]], Iterable[Any]]
"""From columns of texts by name to the results; the numbers of rows it cannot tell go into the set. What two parts of
an expression need is kept among the columns, under a name that no field has."""

_number = Form(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_double = re.compile(r"[0-9]{1,15}\.[0-9]{1,15}")
_EQUAL = {"==": operator.eq, "!=": operator.ne}
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SUM = {"+": operator.add, "-": operator.sub}
_RESERVED = frozenset({"true", "false", "null", "in", "row"})


class _Unknown(Exception):
    """The expression is of no kind that is known here."""


class _Node(NamedTuple):
    kind: Literal["text", "truth", "number"]
    run: Run
    always: Any = None
    """What a constant is."""


def short_way(source: str, names: Sequence[str]) -> Run | None:
    """How to evaluate an expression over columns of texts; None when that is not known.

    `names` are the fields it reads, at least one: a column ends, a constant does not. The library has compiled it
    before, so that what is read here is well formed.
    """
    if not names:
        return None
    try:
        parser = _Parser(source, frozenset(names))
        node = parser.choice()
        if parser.token.kind != "end":
            raise _Unknown
    except _Unknown:
        return None
    return node.run


class _Parser:
    """Reads by rising precedence: choice, or, and, comparison, sum, product, sign, value."""

    def __init__(self, source: str, names: frozenset[str]) -> None:
        self._tokens = [*tokens(source), Token("end", "", len(source))]
        self._names = names
        self._at = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str:
        """The text of this token, if it is one of these; "" otherwise."""
        token = self.token
        if token.kind == "string" or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise _Unknown

    def choice(self) -> _Node:
        asked = self._or()
        if not self._take("?"):
            return asked
        yes = self.choice()
        self._expect(":")
        no = self.choice()
        if asked.kind != "truth" or yes.kind != no.kind:
            raise _Unknown

        if yes.always is not None and no.always is not None:
            pair = (no.always, yes.always)
            return _Node(yes.kind, lambda columns, unknown: map(pair.__getitem__, asked.run(columns, unknown)))

        def run(columns: Columns, unknown: set[int]) -> Iterable[Any]:
            three = zip(asked.run(columns, unknown), yes.run(columns, unknown), no.run(columns, unknown), strict=False)
            return (this if truth else that for truth, this, that in three)

        return _Node(yes.kind, run)

    def _or(self) -> _Node:
        node = self._and()
        while self._take("||"):
            node = _joined("truth", operator.or_, node, self._and())
        return node

    def _and(self) -> _Node:
        node = self._compared()
        while self._take("&&"):
            node = _joined("truth", operator.and_, node, self._compared())
        return node

    def _compared(self) -> _Node:
        left = self._sum()
        if self.token.kind == "name" and self._take("in"):
            return self._listed(left)
        sign = self._take(*_EQUAL, *_ORDER)
        if not sign:
            return left
        right = self._sum()
        if left.kind != right.kind or (sign in _ORDER and left.kind != "number"):
            raise _Unknown
        return _joined(left.kind, {**_EQUAL, **_ORDER}[sign], left, right, gives="truth")

    def _listed(self, left: _Node) -> _Node:
        self._expect("[")
        words = [self._text()]
        while self._take(","):
            words.append(self._text())
        self._expect("]")
        if left.kind != "text":
            raise _Unknown
        known = frozenset(words)
        return _Node("truth", lambda columns, unknown: map(known.__contains__, left.run(columns, unknown)))

    def _sum(self) -> _Node:
        node = self._product()
        while sign := self._take(*_SUM):
            right = self._product()
            if node.kind != right.kind or (node.kind != "number" and (sign, node.kind) != ("+", "text")):
                raise _Unknown
            node = _joined(node.kind, _SUM[sign], node, right)
        return node

    def _product(self) -> _Node:
        node = self._signed()
        while self._take("*"):
            node = _joined("number", operator.mul, node, self._signed())
        return node

    def _signed(self) -> _Node:
        sign = self._take("!", "-")
        if not sign:
            return self._value()
        node = self._signed()
        if node.kind != {"!": "truth", "-": "number"}[sign]:
            raise _Unknown
        turn: Callable[[Any], Any] = operator.not_ if sign == "!" else operator.neg
        return _Node(node.kind, lambda columns, unknown: map(turn, node.run(columns, unknown)))

    def _value(self) -> _Node:
        token = self.token
        if token.kind == "string":
            return _constant("text", self._text())
        if self._take("("):
            node = self.choice()
            self._expect(")")
            return node
        self._at += 1
        if token.kind == "number" and _double.fullmatch(token.text):
            return _constant("number", float(token.text))
        if token.kind != "name" or token.text in _RESERVED:
            raise _Unknown
        if self._take("("):
            return self._converted(token.text)
        if token.text not in self._names or self.token.text in (".", "["):
            raise _Unknown
        return _Node("text", lambda columns, unknown: columns[token.text])

    def _converted(self, function: str) -> _Node:
        start = self._at
        given = self.choice()
        within = [token.text for token in self._tokens[start : self._at]]
        self._expect(")")
        if function != "double" or given.kind != "text":
            raise _Unknown
        if self._names.isdisjoint(within):
            return _Node("number", lambda columns, unknown: _endless(given.run(columns, unknown), unknown))
        key = f"double({' '.join(within)})"

        def run(columns: Columns, unknown: set[int]) -> Sequence[float]:
            made = columns.get(key)
            if made is None:
                made = columns[key] = _doubles(list(given.run(columns, unknown)), unknown)
            return made

        return _Node("number", run)

    def _text(self) -> str:
        """A text as it is written: without escapes, prefix or triple quotes."""
        text = self.token.text
        if self.token.kind != "string" or text[0] not in "'\"" or "\\" in text or text[:3] in ("'''", '"""'):
            raise _Unknown
        self._at += 1
        return text[1:-1]


def _doubles(texts: Sequence[str], unknown: set[int]) -> list[float]:
    """Plain decimal numbers; of any other text only the library knows what it means."""
    others = _number.others(texts)
    unknown.update(others)
    return parted(texts, others, lambda numbers: list(map(float, numbers)), lambda text: 0.0)


def _endless(texts: Iterable[str], unknown: set[int]) -> Iterator[float]:
    """The same of a constant, which does not end."""
    for at, text in enumerate(texts):
        if _number.others([text]):
            unknown.add(at)
            yield 0.0
        else:
            yield float(text)


def _constant(kind: Literal["text", "number"], value: Any) -> _Node:
    return _Node(kind, lambda columns, unknown: repeat(value), value)


def _joined(
    kind: Literal["text", "truth", "number"],
    join: Callable[[Any, Any], Any],
    left: _Node,
    right: _Node,
    gives: Literal["text", "truth", "number"] | None = None,
) -> _Node:
    if left.kind != kind or right.kind != kind:
        raise _Unknown
    return _Node(
        gives or kind,
        lambda columns, unknown: map(join, left.run(columns, unknown), right.run(columns, unknown)),
    )
