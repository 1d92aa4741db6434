"""Configuration with positions: plain data, and for every part of it the file, line and column it was written at.

A document is a tree of nodes and never changes; an overlay or a resolved secret makes a new document that shares
the untouched nodes, so that each part keeps the position in the file it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goldbridge.errors import Mark
from goldbridge.ports import Json

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One value: a scalar, a list of nodes, or a dict of nodes whose keys have marks of their own.

    `spelled` is a scalar as it was written (`1.10` for the number 1.1). `secret` says that the value came from a
    secret reference and must never be shown.
    """

    value: Any
    mark: Mark
    keys: Mapping[str, Mark] = field(default_factory=dict)
    spelled: str = ""
    secret: bool = False

    def plain(self) -> Json:
        """The value as fresh plain data: dicts, lists and scalars without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and -len(self.value) <= step < len(self.value):
            return self.value[step]  # type: ignore[no-any-return]  # a list holds nodes
        return None

    def is_secret_reference(self) -> bool:
        """True for `{secret: NAME}`, which is one value and never merged key by key."""
        if not isinstance(self.value, dict) or len(self.value) != 1 or "secret" not in self.value:
            return False
        return not isinstance(self.value["secret"].value, dict | list)


class Document:
    """`goldbridge.ports.Document`: what one file says (after overlays), and where."""

    __slots__ = ("data", "file", "root")

    def __init__(self, root: Node, file: str) -> None:
        self.root = root
        self.file = file
        self.data: Json = root.plain()

    @classmethod
    def empty(cls, file: str) -> Document:
        """Stands for an optional file that does not exist."""
        return cls(Node({}, Mark(file)), file)

    def __repr__(self) -> str:  # the data may hold secrets
        return f"Document({self.file!r})"

    def node(self, *path: str | int) -> Node | None:
        """The node at `path`, or None when the path leads nowhere."""
        node: Node | None = self.root
        for step in path:
            node = node.child(step) if node else None
        return node

    def mark(self, *path: str | int) -> Mark:
        """Where the value at `path` starts; the nearest existing parent when the path leads nowhere."""
        node = self.root
        for step in path:
            child = node.child(step)
            if child is None:
                break
            node = child
        return node.mark

    def key_mark(self, *path: str | int) -> Mark:
        """Where the key at the end of `path` was written; of the nearest existing parent when there is no such key.

        An item of a list has no key, so its own place is given.
        """
        node, found = self.root, self.root.mark
        for step in path:
            child = node.child(step)
            if child is None:
                break
            found = node.keys.get(step, child.mark) if isinstance(step, str) else child.mark
            node = child
        return found

    def spelled(self, *path: str | int) -> str:
        """The scalar at `path` as it was written, "" when there is none (`1.10` stays `1.10`)."""
        node = self.node(*path)
        return node.spelled if node else ""

    def overlaid(self, over: Node, *path: str | int) -> Document:
        """A document in which `over` is laid on the part at `path`: mappings merge, anything else is replaced.

        Missing parents are made; they take their place from `over`.
        """
        for step in reversed(path):
            over = Node({step: over}, over.mark, {str(step): over.mark})
        return Document(_merge(self.root, over), self.file)

    def exchanged(self, over: Node, key: str, *path: str | int) -> Document:
        """A document in which each part at `path` is replaced that has another `key` in `over`."""
        document = self
        for name, new in over.value.items() if isinstance(over.value, dict) else ():
            said, was = new.child(key), self.node(*path, name, key)
            if said is not None and was is not None and said.value != was.value:
                document = document.overlaid(Node(None, new.mark), *path, name).overlaid(new, *path, name)
        return document

    def replaced(self, change: Callable[[Path, Node], Node | None], *path: str | int) -> Document:
        """A document in which `change` was asked about each node from `path` down, parents first; None keeps it."""
        return Document(_along(self.root, path, (), change), self.file)


def _merge(base: Node, over: Node) -> Node:
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    if base.is_secret_reference() or over.is_secret_reference():
        return over
    value, keys = dict(base.value), dict(base.keys)
    for key, node in over.value.items():
        merged = _merge(value[key], node) if key in value else node
        if merged is node:
            keys[key] = over.keys[key]
        value[key] = merged
    return Node(value, base.mark if base.mark.line else over.mark, keys)


def _along(node: Node, path: Path, done: Path, change: Callable[[Path, Node], Node | None]) -> Node:
    if not path:
        return _below(node, done, change)
    child = node.child(path[0])
    if child is None:
        return node
    new = _along(child, path[1:], (*done, path[0]), change)
    if new is child:
        return node
    value: Any = node.value.copy()
    value[path[0]] = new
    return Node(value, node.mark, node.keys)


def _below(node: Node, path: Path, change: Callable[[Path, Node], Node | None]) -> Node:
    new = change(path, node)
    if new is not None:
        return new
    if isinstance(node.value, dict):
        fresh = {key: _below(child, (*path, key), change) for key, child in node.value.items()}
        same = all(fresh[key] is child for key, child in node.value.items())
        return node if same else Node(fresh, node.mark, node.keys)
    if isinstance(node.value, list):
        items = [_below(child, (*path, at), change) for at, child in enumerate(node.value)]
        same = all(new is old for new, old in zip(items, node.value, strict=True))
        return node if same else Node(items, node.mark)
    return node
