"""Overlays and replacements keep each part's own place."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Mark
from goldbridge.settings.document import Document, Node
from goldbridge.settings.yaml import read

BASE = """
crm: {url: {secret: CRM_URL}, budget: {calls: 100, per_s: 20}, processes: [a, b]}
erp: {url: x}
"""


def overlaid(text: str, *path: str) -> Document:
    return read(BASE, "base.yaml").overlaid(read(text, "over.yaml").root, *path)


def test_mappings_merge_and_marks_point_to_the_file_each_part_came_from() -> None:
    merged = overlaid("crm: {budget: {calls: 5}}\nnew: {a: 1}")
    assert merged.data["crm"]["budget"] == {"calls": 5, "per_s": 20}
    assert merged.data["erp"] == {"url": "x"}
    assert str(merged.mark("crm", "budget", "calls")) == "over.yaml:1:23"
    assert str(merged.key_mark("crm", "budget", "calls")) == "over.yaml:1:16"
    assert str(merged.mark("crm", "budget", "per_s")) == "base.yaml:2:59"
    assert str(merged.key_mark("crm", "budget")) == "base.yaml:2:31"
    assert str(merged.key_mark("new")) == "over.yaml:2:1"
    assert list(merged.data) == ["crm", "erp", "new"]


def test_lists_scalars_nulls_and_secret_references_are_replaced_whole() -> None:
    merged = overlaid("crm: {processes: [c], url: {secret: OTHER}}\nerp: {url: null}")
    assert merged.data["crm"]["processes"] == ["c"]
    assert merged.data["crm"]["url"] == {"secret": "OTHER"}
    assert merged.data["erp"] == {"url": None}
    assert overlaid("crm: {url: 'sqlite:///x'}").data["crm"]["url"] == "sqlite:///x"
    assert overlaid("erp: {url: {secret: A}}").data["erp"]["url"] == {"secret": "A"}
    assert overlaid("crm: {url: {host: a}}").data["crm"]["url"] == {"host": "a"}


def test_a_key_called_secret_beside_others_is_an_ordinary_key() -> None:
    base = read("map: {key: {secret: K}, secret: {secret: S}}", "b")
    merged = base.overlaid(read("map: {key: x}", "o").root)
    assert merged.data == {"map": {"key": "x", "secret": {"secret": "S"}}}


def test_an_overlay_can_be_laid_below_a_key_that_does_not_exist_yet() -> None:
    merged = Document.empty("flows.yaml").overlaid(read("a: {b: 1}", "over.yaml").root, "flows")
    assert merged.data == {"flows": {"a": {"b": 1}}}
    assert str(merged.mark("flows", "a", "b")) == "over.yaml:1:8"


def test_replacing_touches_only_what_is_below_the_path() -> None:
    document = read(BASE, "base.yaml")
    seen: list[Any] = []

    def change(path: tuple[str | int, ...], node: Node) -> Node | None:
        seen.append(path)
        return Node("new", node.mark) if node.value == "b" else None

    new = document.replaced(change, "crm", "processes")
    assert seen == [("crm", "processes"), ("crm", "processes", 0), ("crm", "processes", 1)]
    assert new.data["crm"]["processes"] == ["a", "new"]
    assert document.data["crm"]["processes"] == ["a", "b"]
    assert new.root.value["erp"] is document.root.value["erp"]
    assert document.replaced(lambda _, __: None).root is document.root
    assert document.replaced(change, "nope", "x").root is document.root


def test_the_repr_shows_no_data() -> None:
    assert repr(read("password: hunter2", "x.yaml")) == "Document('x.yaml')"


tree = st.recursive(
    st.integers(0, 9),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
mapping = st.dictionaries(st.sampled_from("abc"), tree, max_size=3)


def node(value: Any, file: str) -> Node:
    mark = Mark(file, 1, 1)
    if isinstance(value, dict):
        return Node({k: node(v, file) for k, v in value.items()}, mark, dict.fromkeys(value, mark))
    if isinstance(value, list):
        return Node([node(v, file) for v in value], mark)
    return Node(value, mark)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if isinstance(value, dict) and value:
        return {at: leaf for key, inner in value.items() for at, leaf in leaves(inner, (*path, key)).items()}
    return {path: value}


@given(mapping, mapping)
def test_what_an_overlay_says_holds_and_saying_it_twice_changes_nothing(one: Any, two: Any) -> None:
    base, over = Document(node(one, "a"), "a"), node(two, "b")
    merged = base.overlaid(over)
    assert merged.overlaid(over).data == merged.data
    assert base.overlaid(base.root).data == one
    for path, leaf in leaves(two).items():
        found = merged.node(*path)
        assert found is not None
        assert leaf == {} or found.plain() == leaf
        assert leaf == {} or found.mark.file == "b"
