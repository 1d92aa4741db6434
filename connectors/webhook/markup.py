"""Reads the small XML of an event as a document: elements by name, repeated ones as a list, text as text.

Nothing but elements and text is taken: a document type (and with it every entity of somebody's own) is refused before
it can unfold, and so is what is nested deeper than any event.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

DEPTH = 32


class Malformed(Exception):
    """Not the XML of an event; the message says where."""


def read_xml(raw: bytes) -> dict[str, Any]:
    """What stands inside the outermost element; raises `Malformed`."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        said = expat.errors.messages.get(error.code, "")
        raise Malformed(f"line {error.lineno}, column {error.offset + 1}: {said or error.code}") from None
    except (LookupError, ValueError) as error:
        raise Malformed(str(error)) from None
    return reader.whole if isinstance(reader.whole, dict) else {}


class _Reader:
    def __init__(self) -> None:
        self.whole: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def refuse(self, *_: object) -> None:
        raise Malformed("a document type is not taken")

    def start(self, name: str, _: object) -> None:
        if len(self._open) >= DEPTH:
            raise Malformed(f"more than {DEPTH} elements deep")
        self._open.append((name, {}, []))

    def text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _: str) -> None:
        name, inner, texts = self._open.pop()
        value: Any = inner or "".join(texts)
        if not self._open:
            self.whole = value
            return
        around = self._open[-1][1]
        if name not in around:
            around[name] = value
        elif isinstance(around[name], list):
            around[name].append(value)
        else:
            around[name] = [around[name], value]
