"""YAML 1.2 core with positions, read from untrusted hands: bounded, nothing executed, every problem at once.

What a person wrote stays what they meant: `0571`, `on`, `NO` and `2025-03-01` are text, a key is always text, equal
keys are an error. Two steps beyond the core schema keep codes intact: a number with a leading zero and a number that
does not fit 64 bits are text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from goldbridge.errors import Mark, Misconfigured, Problems
from goldbridge.ports import Json
from goldbridge.settings.document import Document, Node
from goldbridge.settings.syntax import explain, wide_hint

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_NODES = 400_000
"""Values in one file with aliases written out: a few hundred bytes of nested aliases can stand for millions."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"))
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(source: Path | str, file: str | None = None) -> Document:
    """Read one YAML file (a `Path`) or text (a `str`); `file` is its name in messages.

    Raises `Misconfigured` with every problem of the file: not readable (CFG003), not UTF-8 (CFG004), not YAML (CFG001),
    equal keys (CFG002), too large (CFG005), or YAML that is not plain data (CFG006). An empty file reads as None.
    """
    name = file or (str(source) if isinstance(source, Path) else "<text>")
    text = _text_of(source, name) if isinstance(source, Path) else source.removeprefix("\ufeff")
    if len(text) > MAX_BYTES:
        raise Misconfigured.one("CFG005", f"the file is larger than {MAX_BYTES // 1_000_000} MB; split it", Mark(name))
    try:
        return Document(_compose(text, name, _FAST), name)
    except yaml.YAMLError:
        # The C parser is ten times faster; what it refuses, the other one explains (or accepts).
        pass
    try:
        return Document(_compose(text, name, yaml.SafeLoader), name)
    except yaml.YAMLError as error:
        (line, column), message = explain(error, text)
        raise Misconfigured.one("CFG001", message, Mark(name, line, column)) from None


def _compose(text: str, name: str, loader: Any) -> Node:
    problems = Problems()
    root = _Composer(yaml.parse(text, Loader=loader), name, problems).document()
    problems.raise_any()
    return root


def _text_of(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Misconfigured.one(
                "CFG005", f"the file is larger than {MAX_BYTES // 1_000_000} MB; split it", Mark(name)
            )
        raw = path.read_bytes()
    except OSError as error:
        raise Misconfigured.one(
            "CFG003", f"cannot be read: {(error.strerror or 'error').lower()}", Mark(name)
        ) from None
    return decode(raw, name)


def decode(raw: bytes, name: str) -> str:
    """Bytes of a UTF-8 file as text, byte order mark removed; `Misconfigured` (CFG004) names what it seems to be."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = _guess(raw)
        at = next(place for place, byte in enumerate(raw) if byte > 127) if encoding == "GB18030" else error.start
        before = raw[:at]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        convert = f"; convert it with: iconv -f {encoding} -t UTF-8 FILE" if encoding else ""
        seems = f"seems to be {encoding}, not UTF-8" if encoding else f"is not UTF-8 (byte 0x{raw[error.start]:02X})"
        place = Mark(name) if encoding.startswith("UTF") else Mark(name, line, column)
        raise Misconfigured.one("CFG004", f"the file {seems}{convert or '; save it as UTF-8'}", place) from None


def _guess(raw: bytes) -> str:
    for bom, encoding in (*_BOMS, (codecs.BOM_UTF16_BE, "UTF-16")):
        if raw.startswith(bom):
            return encoding
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    foreign = [character for character in text if ord(character) > 127]
    common = sum("\u4e00" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" for character in foreign)
    return "GB18030" if common * 10 >= len(foreign) * 7 else ""


class _Composer:
    """Makes nodes from parser events; the events come from PyYAML, the meaning of each value is decided here."""

    def __init__(self, events: Iterator[Any], file: str, problems: Problems) -> None:
        self.events, self.file, self.problems = events, file, problems
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.size = 0

    def document(self) -> Node:
        root, count = Node(None, Mark(self.file)), 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count == 2:
                    self.note(event, "CFG006", "a second document ('---') in one file; move it to a file of its own")
            elif isinstance(event, yaml.NodeEvent):
                node = self.node(event, 1)
                root = node if count == 1 else root
        return root

    def mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def note(self, event: Any, code: str, message: str) -> None:
        self.problems.note(self.mark(event), code, message)

    def stop(self, mark: Mark, code: str, message: str) -> NoReturn:
        self.problems.note(mark, code, message)
        raise Misconfigured(self.problems)

    def node(self, event: Any, depth: int) -> Node:
        self.grow(event, 1)
        if depth > MAX_DEPTH:
            self.stop(self.mark(event), "CFG005", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if event.anchor:
            self.anchors[event.anchor] = None
        before = self.size
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.size - before + 1)
        return node

    def grow(self, event: Any, by: int) -> None:
        self.size += by
        if self.size > MAX_NODES:
            message = f"more than {MAX_NODES} values, with aliases written out; split the file or drop the aliases"
            self.stop(self.mark(event), "CFG005", message)

    def alias(self, event: Any) -> Node:
        mark = self.mark(event)
        if event.anchor not in self.anchors:
            self.note(
                event, "CFG001", f"'*{event.anchor}' names no anchor above; put the value in quotes if it is text"
            )
            return Node(None, mark)
        known = self.anchors[event.anchor]
        if known is None:
            self.note(event, "CFG005", f"'*{event.anchor}' stands inside what it repeats; write the part out")
            return Node(None, mark)
        node, size = known
        self.grow(event, size - 1)
        return node

    def sequence(self, event: Any, depth: int) -> Node:
        self.tag(event, "seq", "a list")
        items = []
        while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(inner, depth + 1))
        return Node(items, self.mark(event))

    def mapping(self, event: Any, depth: int) -> Node:
        self.tag(event, "map", "a mapping")
        items: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
            key = self.key(inner, depth)
            value = next(self.events)
            self.spacing(event, inner, key, value)
            node = self.node(value, depth + 1)
            if key is None:
                continue
            if key in keys:
                message = f"key '{_short(key)}' is written twice, first on line {keys[key].line}; remove one of them"
                self.note(inner, "CFG002", message)
                continue
            items[key], keys[key] = node, self.mark(inner)
        return Node(items, self.mark(event), keys)

    def key(self, event: Any, depth: int) -> str | None:
        """A key as the text that was written (`1`, `on` and `null` too); None when it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent):
            node = self.node(event, depth + 1)
            kind = "an alias" if isinstance(event, yaml.AliasEvent) else f"a {_kind(node.value)}"
            self.note(
                event, "CFG006", f"a key must be text, not {kind}; put text that starts with '{{' or '[' in quotes"
            )
            return None
        self.grow(event, 1)
        key: str = event.value
        if event.style in (None, "") and key in ("", "<<"):
            message = (
                "merge keys ('<<') are not part of YAML 1.2; write the keys out, or use an overlay in config/env"
                if key
                else "a ':' without a key before it"
            )
            self.note(event, "CFG006" if key else "CFG001", message)
            return None
        return key

    def spacing(self, mapping: Any, event: Any, key: str | None, value: Any) -> None:
        """`{from:name}` and `{about: a, b}` hold keys without a value to YAML; nobody who writes them means that."""
        if key is None or not isinstance(value, yaml.ScalarEvent) or value.value or value.style not in (None, ""):
            return
        if event.style not in (None, "") or not mapping.flow_style or value.tag or value.anchor:
            return
        if re.search(r"[:：]", key):
            hint = wide_hint([key], {1}).partition(";")[0].replace(" (line 1 has", "; it has")
            self.note(event, "CFG001", f"'{_short(key)}' has no value; write a space after the ':'{hint}")
        elif re.search(r"\s", key):
            message = f"'{_short(key)}' has no value; text with a ',' inside {{ }} must be put in quotes"
            self.note(event, "CFG001", message)

    def tag(self, event: Any, expected: str, what: str) -> None:
        if event.tag is not None and event.tag != "!" and _TAGS.get(event.tag) != expected:
            self.note(event, "CFG006", f"tag '{_short(_tag(event.tag))}' does not fit {what}; remove it")

    def scalar(self, event: Any) -> Node:
        text: str = event.value
        return Node(self.resolve(event, text), self.mark(event), spelled=text)

    def resolve(self, event: Any, text: str) -> Json:
        if event.tag == "!":
            return text
        if event.tag is not None:
            kind = _TAGS.get(event.tag)
            if kind == "str":
                return text
            value = core(text)
            if kind is None or _TYPES.get(kind) is not type(value):
                message = f"'{_short(_tag(event.tag))}' is a YAML tag, which does not work here; put text in quotes"
                self.note(event, "CFG006", message)
            return value
        if event.style not in (None, ""):
            return text
        if _NOT_FINITE.fullmatch(text):
            self.note(event, "CFG006", f"'{text}' is no number that can be kept; write a number, or put it in quotes")
            return None
        return core(text)


_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}


def core(text: str) -> Json:
    """A plain scalar by the YAML 1.2 core schema; codes (leading zero, beyond 64 bits) stay text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        number = int(text, 0) if text[:2] in ("0o", "0x") else (int(text) if len(text) < 21 else 1 << 64)
        return number if -(1 << 63) <= number < 1 << 63 else text
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if abs(value) != float("inf") else text
    return text


def _kind(value: Any) -> str:
    return "mapping" if isinstance(value, dict) else "list"


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
