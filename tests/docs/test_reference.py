"""docs/reference says what the code says: every command, option, key, word and code is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from dedupe.rule import DEFAULTS, KINDS, VETOES, compile_rules
from flows.config import KINDS as FLOW_KINDS
from flows.config import Flow
from flows.wiring import KINDS as CONNECTORS
from flows.wiring import find_kind
from goldbridge import cli
from goldbridge.cli.explain import pages as error_pages
from goldbridge.errors import Mark, Misconfigured
from goldbridge.mapping import spec
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.records.field import TYPES
from goldbridge.records.model import ENTITY_KEYS, FIELD_KEYS, ROLE_KEYS, compile_model
from goldbridge.settings.setting import Settings
from goldbridge.settings.yaml import read
from mdm.survivorship_rule import CRITERIA, compile_survivorship
from tests.architecture.tree import PACKAGES, ROOT, python, text
from tests.docs.page import root
from tools import reference
from tools.reference import PAGES, command, markdown
from tools.reference.configuration import VARIABLES


def page(name: str) -> str:
    return text(f"docs/reference/{name}.md")


def section(name: str, title: str) -> str:
    """One `##` section of a page."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page(name), re.M | re.S)
    assert found, f"docs/reference/{name}.md has no section '{title}'"
    return found[1]


def rows(content: str) -> set[str]:
    """The first cells of all tables."""
    return set(re.findall(r"^\| `([^`]+)` \|", content, re.M))


def test_the_pages_are_what_the_code_says(tmp_path: Path) -> None:
    reference.write(tmp_path)
    for path in tmp_path.iterdir():
        kept = ROOT / "docs/reference" / path.name
        assert kept.exists(), "run `make reference`"
        assert kept.read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), (
            f"{path.name}: run `make reference`"
        )


def test_no_page_is_left_over() -> None:
    known = {*PAGES, "transforms.md", "state.md"}
    assert {path.name for path in (ROOT / "docs/reference").iterdir()} <= known


def test_every_command_and_option() -> None:
    found = list(command.commands(root()))
    assert len(found) >= 15
    for path, each in found:
        content = section("commands", " ".join(path))
        options = [name for option in command.options(each) for name in (*option.opts, *option.secondary_opts)]
        assert [name for name in options if not re.search(rf"`{re.escape(name)}[` ]", content)] == []
        assert content.count("\n| `") == len(each.params)
    groups = {path[1] for path, _ in found}
    assert groups == {name for group in cli.GROUPS for name in group.commands}


def test_a_command_without_a_word_of_help_is_refused() -> None:
    import typer

    app = typer.Typer()

    @app.command("silent")
    def silent(speed: int = 1) -> None: ...

    @app.command("other")
    def other() -> None:
        """Do something."""

    with pytest.raises(ValueError, match="command goldbridge silent has no docstring"):
        list(command.commands(typer.main.get_command(app)))


def test_names_and_their_words_must_agree() -> None:
    assert markdown.described("keys", ("a", "b"), {"b": "two", "a": "one"}) == [("`b`", "two"), ("`a`", "one")]
    with pytest.raises(ValueError, match=r"keys: without a description: \['b'\]; described but gone: \['c'\]"):
        markdown.described("keys", ("a", "b"), {"a": "one", "c": "three"})


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key a pydantic model takes, those of nested models too."""
    for name, info in model.model_fields.items():
        yield info.alias or name
        waiting = [info.annotation]
        while waiting:
            each = waiting.pop()
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from keys(each)
            waiting += get_args(each)


def test_every_setting() -> None:
    assert set(keys(Settings)) - rows(page("settings")) == set()


@pytest.mark.parametrize("kind", CONNECTORS)
def test_every_key_of_a_connector(kind: str) -> None:
    content = section("sources", "Keys of every system") + section("sources", f"connector: {kind}")
    assert set(keys(find_kind(kind, Mark("test")).config_model)) - rows(content) == set()


@pytest.mark.parametrize("kind", FLOW_KINDS)
def test_every_key_of_a_flow(kind: str) -> None:
    content = section("flows", "Keys of every flow") + section("flows", kind)
    assert set(keys(FLOW_KINDS[kind])) - {"name"} - rows(content) == set()
    assert set(Flow.model_fields) - {"name"} - rows(section("flows", "Keys of every flow")) == set()


def test_every_word_of_the_model() -> None:
    assert set(ENTITY_KEYS) == rows(section("model", "An entity"))
    assert set(FIELD_KEYS) == rows(section("model", "A field"))
    assert set(ROLE_KEYS) == rows(section("model", "A role"))
    assert set(TYPES) <= rows(section("model", "Types"))


def told_keys(problems: Misconfigured) -> set[str]:
    """The names a compiler lists when it meets one that it does not know."""
    (problem,) = problems.problems
    return {name.strip(" '?") for name in re.split(r"known: |did you mean ", problem.message)[-1].split(",")}


MODEL = "entities: {party: {mastered: true, fields: {name: {type: text}}}}"


def test_every_key_of_survivorship() -> None:
    document = read("party: {name: {zzzz: 1}}", "config/survivorship.yaml")
    with pytest.raises(Misconfigured) as caught:
        compile_survivorship(document, compile_model(read(MODEL, "config/model.yaml")), ["crm"])
    assert told_keys(caught.value) == rows(section("survivorship", "Keys of a field"))
    assert set(CRITERIA) == rows(section("survivorship", "Criteria"))


@pytest.mark.parametrize(
    ("written", "title"),
    [("zzzz: 1", "Keys of an entity"), ("bands: {zzzz: 1}", "bands"), ("limits: {zzzz: 1}", "limits")],
)
def test_every_key_of_matching(written: str, title: str) -> None:
    document = read(f"party: {{{written}}}", "config/matching.yaml")
    with pytest.raises(Misconfigured) as caught:
        compile_rules(document, "party")
    assert told_keys(caught.value) == rows(section("matching", title))


def test_every_word_of_matching() -> None:
    assert set(KINDS) == rows(section("matching", "compare"))
    assert set(VETOES) == rows(section("matching", "veto"))
    shipped = section("matching", "The shipped rules")
    assert all(f"{entity}:" in shipped for entity in DEFAULTS)


def test_every_key_of_a_mapping() -> None:
    assert set(spec.TOP_KEYS) == rows(section("mappings", "The file"))
    assert set(spec.FIELD_KEYS) == rows(section("mappings", "A field"))
    assert set(spec.SOURCE_KEYS) == rows(section("mappings", "A part of `from`, `first_of` or `join`"))


def test_every_transform() -> None:
    assert set(TRANSFORMS) == set(re.findall(r"^### (\w+)$", page("transforms"), re.M))


def test_every_error_code() -> None:
    assert set(error_pages()) == set(re.findall(r"^\| \[([A-Z]{3}\d{3})\]", page("errors"), re.M))


def test_every_variable() -> None:
    used: set[Any] = set()
    for path in python(*PACKAGES):
        used |= set(re.findall(r"\bGOLDBRIDGE_[A-Z_]+\b", text(path)))
    # A name that messages propose for a secret is the engineer's choice, not ours.
    assert used - {"GOLDBRIDGE_STATE_URL"} == {name for name in VARIABLES if name.startswith("GOLDBRIDGE_")}
