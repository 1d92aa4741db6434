"""Reads the tokens of a CEL expression: which names it uses, where, and how deep it goes.

The CEL library parses and evaluates; it does not say where a name stands, and it overflows the stack on input that is
deep enough. This runs before it, so that messages point at the name and hostile input never reaches it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<string>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[<>=!]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset({"true", "false", "null", "in"})
MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"})


@dataclass(slots=True)
class Token:
    kind: str
    text: str
    at: int


@dataclass(slots=True)
class Use:
    """A name and the offset of each place where it is used."""

    name: str
    places: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """What an expression mentions. `row_keys` are the literal keys in `row['...']`; `bare_row` places of other uses.

    `members` are names after a dot (`form.x`), `patterns` the literal arguments of `matches`.
    """

    variables: dict[str, Use] = field(default_factory=dict)
    functions: dict[str, Use] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    row_keys: dict[str, Use] = field(default_factory=dict)
    bare_row: list[int] = field(default_factory=list)
    patterns: list[Token] = field(default_factory=list)
    depth: int = 0
    loops: int = 0


def tokens(source: str) -> list[Token]:
    """All tokens but blanks and comments, with their offsets."""
    found = (Token(match.lastgroup or "", match[0], match.start()) for match in _TOKEN.finditer(source))
    return [token for token in found if token.kind != "blank"]


def scan(source: str) -> Scan:
    """What the expression mentions, before anything is parsed; never fails, whatever the text."""
    all_tokens = tokens(source)
    out = Scan()
    scopes: list[tuple[int, str]] = []  # (bracket depth inside the macro's parentheses, bound name)
    depth = 0
    for index, token in enumerate(all_tokens):
        before = all_tokens[index - 1].text if index else ""
        after = all_tokens[index + 1].text if index + 1 < len(all_tokens) else ""
        if token.kind == "sign":
            if token.text in "([{":
                depth += 1
                out.depth = max(out.depth, depth)
            elif token.text in ")]}":
                depth -= 1
                while scopes and scopes[-1][0] > depth:
                    scopes.pop()
            continue
        if token.kind != "name" or token.text in _WORDS:
            continue
        if after == "(":
            if before == "." and token.text in MACROS:
                name = all_tokens[index + 2] if index + 2 < len(all_tokens) else token
                if name.kind == "name":
                    scopes.append((depth + 1, name.text))
                    out.bound.add(name.text)
                out.loops = max(out.loops, len(scopes))
            else:
                _use(out.functions, token)
                if token.text == "matches":
                    out.patterns.extend(t for t in all_tokens[index + 2 : index + 5] if t.kind == "string")
        elif before != "." and not any(name == token.text for _, name in scopes):
            if token.text == "row":
                _row(out, all_tokens, index)
            _use(out.variables, token)
    return out


def _use(uses: dict[str, Use], token: Token) -> None:
    uses.setdefault(token.text, Use(token.text)).places.append(token.at)


def _row(out: Scan, all_tokens: list[Token], index: int) -> None:
    """`row['客户名称']` reads one field whose name is no CEL name; `row` in any other form would read all of them."""
    following = all_tokens[index + 1 : index + 4]
    if len(following) == 3 and following[0].text == "[" and following[1].kind == "string" and following[2].text == "]":
        text = literal(following[1].text)
        if text is not None:
            out.row_keys.setdefault(text, Use(text)).places.append(following[1].at + 1)
            return
    out.bare_row.append(all_tokens[index].at)


def literal(text: str) -> str | None:
    """The value of a CEL string literal; None when it is bytes or not well formed."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else None


def renamed(source: str, function: str, new: str) -> str:
    """The expression with calls of one function renamed."""
    out, at = [], 0
    all_tokens = tokens(source)
    for token, after in pairwise(all_tokens):
        if token.kind == "name" and token.text == function and after.text == "(":
            out.append(source[at : token.at] + new)
            at = token.at + len(function)
    return "".join(out) + source[at:]
