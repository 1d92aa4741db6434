"""A schema accepts what the loader accepts, and refuses what it refuses as far as one file alone can show it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flows.config import KINDS as FLOWS
from flows.wiring import KINDS as CONNECTORS
from goldbridge.errors import Misconfigured
from goldbridge.schema import build, kinds
from goldbridge.settings.project import FILES
from goldbridge.settings.yaml import read
from tests.architecture.tree import ROOT
from tests.docs.page import blocks, pages
from tests.schema.oracle import judged

INVISIBLE = {
    "CFG015": "the mapping's name is its place in the folder",
    "CFG018": "which entities are mastered is said in model.yaml",
    "DED003": "fields of an entity are in model.yaml",
    "DED005": "what `block` may name comes from the compared fields",
    "FLW002": "systems are in sources.yaml",
    "FLW004": "mappings have files of their own",
    "FLW005": "another flow of the same file",
    "FLW006": "entities are in model.yaml",
    "FLW008": "flows in a circle",
    "FLW011": "what a flow reconciles is another flow",
    "FLW012": "what a mapping makes is in its file",
    "FLW013": "which mappings lead out is seen from all of them",
    "FLW014": "what is summed is written by other flows",
    "FLW020": "a connector that is installed elsewhere",
    "FLW060": "a cron expression of the right form whose numbers are out of range",
    "MAP003": "entities are in model.yaml",
    "MAP004": "fields of an entity are in model.yaml",
    "MAP005": "required fields are in model.yaml",
    "MAP007": "types of fields are in model.yaml",
    "MAP008": "types of fields are in model.yaml",
    "MAP010": "tables have files of their own",
    "MAP011": "values of a table, and the words of an enum in model.yaml",
    "MAP016": "types of fields are in model.yaml",
    "MAP018": "types of fields are in model.yaml",
    "MAP020": "the grammar of an expression",
    "MAP021": "fields of the source",
    "MAP022": "the types in an expression",
    "MAP023": "the types in an expression",
    "MDM001": "entities are in model.yaml",
    "MDM002": "fields of an entity are in model.yaml",
    "MDM004": "whether a field has many values is said in model.yaml",
    "MDM005": "systems are in sources.yaml",
    "MDM007": "the type of a field is in model.yaml",
    "MDM070": "entities and their fields are in model.yaml",
    "MDM072": "the grammar of an expression",
    "MDM075": "roles are in model.yaml",
    "MDM077": "the grammar of an expression",
    "MDM073": "systems are in sources.yaml",
    "MOD006": "identifiers of one entity, seen together",
    "MOD007": "another entity of the same file",
    "MOD008": "parents in a circle",
    "MOD009": "another entity of the same file",
    "MOD010": "names that are taken, seen together",
}
"""Code -> why one schema over one file cannot see it."""

UNSEEN = (
    "there is no state",
    "no move leads from",
    "there is no time zone",
    "no time zone is called",
    "the file is called",
    "must read",
    "give tls_certificate and tls_key together",
    "needs tls_certificate and tls_key",
    "is a reference; say which stream",
)
"""Sentences of other codes that a schema cannot say: they need the machine's own tables, or the file's name."""


@cache
def checker(name: str) -> Draft202012Validator:
    return Draft202012Validator(build(name))


def shipped() -> Iterator[tuple[str, str]]:
    """(schema, file) of every YAML file that comes with the product."""
    for name, kind in kinds().items():
        for pattern in kind.files:
            for path in sorted(ROOT.glob(pattern)):
                yield name, path.relative_to(ROOT).as_posix()


FILES_OF = list(shipped())


def errors(name: str, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in checker(name).iter_errors(data)]


@pytest.mark.parametrize("name", kinds())
def test_a_schema_is_a_schema(name: str) -> None:
    made = json.loads(json.dumps(build(name)))
    Draft202012Validator.check_schema(made)
    assert made["$schema"].endswith("2020-12/schema")
    for place in refs(made):
        assert place.removeprefix("#/$defs/") in made["$defs"], place


def refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from refs(each)
    elif isinstance(part, list):
        for each in part:
            yield from refs(each)


def test_every_file_of_a_project_has_one() -> None:
    assert {path for kind in kinds().values() for path in kind.files} >= {
        known.path for name, known in FILES.items() if name in kinds()
    }
    assert {"sources", "flows", "mapping", "environment"} <= set(kinds())
    assert len(FILES_OF) > 15


@pytest.mark.parametrize(("name", "file"), FILES_OF)
def test_what_is_shipped_is_accepted(name: str, file: str) -> None:
    data = read(ROOT / file, file).data
    assert judged(name, file, data) == []
    assert errors(name, data) == []


def everywhere(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from everywhere(value, (*path, key))


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    made = copy.deepcopy(data)
    at(made, path[:-1])[path[-1]] = value
    return made


def mutants(data: Any) -> Iterator[tuple[str, Any]]:
    """One mistake each: a key nobody knows, a value of another type, a word with a slip in it."""
    for path in everywhere(data):
        if not path:
            continue
        value = at(data, path)
        where = ".".join(map(str, path))
        if isinstance(value, dict):
            yield f"unknown key in {where}", changed(data, (*path, "zzzz"), "zzzz")
            yield f"text for the mapping {where}", changed(data, path, "zzzz")
            yield f"list for the mapping {where}", changed(data, path, [value])
        elif isinstance(value, list):
            yield f"text for the list {where}", changed(data, path, "zzzz")
            yield f"mapping for the list {where}", changed(data, path, {"zzzz": 1})
        else:
            yield f"list for {where}", changed(data, path, [[value]])
            yield f"mapping for {where}", changed(data, path, {"zzzz": {"zzzz": 1}})
            if isinstance(value, str):
                yield f"misspelt {where}", changed(data, path, f"{value}zz")
                yield f"number for {where}", changed(data, path, 12)
            else:
                yield f"text for {where}", changed(data, path, "zzzz")
    yield "unknown key at the top", {**data, "zzzz": {}}


def seen(problem: Any) -> bool:
    return problem.code not in INVISIBLE and not any(text in problem.message for text in UNSEEN)


@pytest.mark.parametrize(("name", "file"), [each for each in FILES_OF if each[0] != "environment"])
def test_a_mistake_that_the_loader_refuses_is_refused_and_no_other(name: str, file: str) -> None:
    data = read(ROOT / file, file).data
    found = list(mutants(data))
    random.Random(file).shuffle(found)
    missed, wolf = [], []
    for what, mutant in found[:80]:
        problems, said = judged(name, file, mutant), errors(name, mutant)
        if said and not problems:
            wolf.append((what, said[0]))
        if not said and any(map(seen, problems)):
            missed.append((what, str(next(filter(seen, problems)))))
    assert wolf == [], "the schema refuses what the loader accepts"
    assert missed == [], "the loader refuses what the schema accepts"


def test_the_top_of_every_file_takes_only_its_keys() -> None:
    for name, file in FILES_OF:
        if name in ("sources", "model", "flows"):
            data = {**read(ROOT / file, file).data, "zzzz": 1}
            assert judged(name, file, data)
            assert errors(name, data)


SYSTEM = {"connector": "sql", "url": {"secret": "CRM_URL"}, "streams": {"a": {"table": "T", "key": "ID"}}}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"url": "sqlite:///x.db"}, True),
        ({"url": "postgresql://hub@db/crm"}, True),
        ({"url": "postgresql://hub:pw123456@db/crm"}, False),  # a password in the file
        ({"url": "no address"}, False),
        ({"url": {"secret": "crm_url"}}, False),
        ({"url": {"secret": "CRM_URL", "more": 1}}, False),
        ({"zone": {"secret": "ZONE"}}, True),  # whatever may be a text may be looked up
        ({"threads": "8"}, True),
        ({"threads": "eight"}, False),
        ({"threads": 0}, False),
        ({"threads": {"secret": "THREADS"}}, True),
        ({"writes": "enabled"}, True),
        ({"writes": "enbled"}, False),
        ({"budget": {"calls": 5}}, True),
        ({"budget": {"cals": 5}}, False),
        ({"connector": "sqll"}, False),
        ({"connector": None}, False),
        ({"visibility": 5}, False),
    ],
)
def test_a_system_is_judged_as_its_connector_says(change: dict[str, Any], good: bool) -> None:
    data = {"sources": {"crm": SYSTEM | change}}
    problems = judged("sources", "config/sources.yaml", data)
    if change.get("zone") != {"secret": "ZONE"} and change.get("threads") != {"secret": "THREADS"}:
        assert (problems == []) is good, problems  # with its stand-in, a zone or a number is judged as text
    assert (errors("sources", data) == []) is good, errors("sources", data)


@pytest.mark.parametrize("kind", CONNECTORS)
def test_every_connector_has_its_own_keys(kind: str) -> None:
    """A key of no connector is refused for each, so none is left without a model."""
    data = {"sources": {"one": {"connector": kind, "zzzz": 1}}}
    assert any("zzzz" in said for said in errors("sources", data))


@pytest.mark.parametrize(
    ("auth", "good"),
    [
        ({"kind": "basic", "user": "hub", "password": {"secret": "P"}}, True),
        ({"kind": "basic", "user": "hub"}, False),
        ({"kind": "basic", "user": "hub", "password": {"secret": "P"}, "sign": "x"}, False),
        ({"kind": "hamc"}, False),
    ],
)
def test_the_kind_of_a_signature_decides_its_keys(auth: dict[str, Any], good: bool) -> None:
    stream = {"key": "id", "read": {"path": "/a", "paging": "none"}}
    entry = {"connector": "rest", "base_url": "https://x.example", "auth": auth, "streams": {"a": stream}}
    data = {"sources": {"shop": entry}}
    assert (judged("sources", "config/sources.yaml", data) == []) is good
    assert (errors("sources", data) == []) is good


@pytest.mark.parametrize("value", [True, False, "no", "on", "Yes", "0", 1, "true"])
def test_a_flag_is_what_the_loader_takes_for_one(value: Any) -> None:
    data = {"flows": {"one": {"ingest": "legacy_crm.account", "enabled": value}}}
    assert judged("flows", "flows.yaml", data) == []
    assert errors("flows", data) == []


@pytest.mark.parametrize(
    ("every", "good"),
    [("5 min", True), ("90 d", True), ("1.5 h", True), ("5", False), ("5 minutes", False), (5, False)],
)
def test_durations(every: Any, good: bool) -> None:
    data = {"flows": {"one": {"ingest": "legacy_crm.account", "every": every}}}
    assert (judged("flows", "flows.yaml", data) == []) is good
    assert (errors("flows", data) == []) is good


@pytest.mark.parametrize(
    ("cron", "good"), [("0 3 * * 0", True), ("*/10 8-18 * * mon-fri", True), ("3 o clock", False), ("0 3 * *", False)]
)
def test_cron(cron: str, good: bool) -> None:
    data = {"flows": {"one": {"ingest": "legacy_crm.account", "cron": cron}}}
    assert (judged("flows", "flows.yaml", data) == []) is good
    assert (errors("flows", data) == []) is good


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        ({"order": ["recency"]}, True),
        ({"order": [{"recency": None}, {"source_rank": ["erp"]}]}, True),
        ({"order": [{"recency": ["erp"]}]}, False),
        ({"order": ["source_rank"]}, False),
        ({"group": "yes"}, False),
        (["recency"], False),
    ],
)
def test_survivorship(rule: Any, good: bool) -> None:
    data = {"party": {"status": rule}}
    assert (judged("survivorship", "config/survivorship.yaml", data) == []) is good
    assert (errors("survivorship", data) == []) is good


def test_a_flow_is_of_one_kind() -> None:
    both = {"flows": {"one": {"ingest": "legacy_crm.account", "master": ["party"]}}}
    none = {"flows": {"one": {"every": "5 min"}}}
    for data in (both, none):
        assert judged("flows", "flows.yaml", data)
        assert errors("flows", data)
    assert set(build("flows")["properties"]["flows"]["additionalProperties"]["properties"]) == set(FLOWS)


@pytest.mark.parametrize(
    ("overlay", "good"),
    [
        (None, True),
        ({}, True),
        ({"sources": {"legacy_crm": {"url": {"secret": "TEST_URL"}}}}, True),
        ({"sources": {"sources": {"legacy_crm": {"threads": 2}}}}, True),
        ({"sources": {"legacy_crm": {"connector": "fxiaoke", "base_url": "http://127.0.0.1:1"}}}, True),
        ({"sources": {"legacy_crm": {"connector": "fxiaoke", "bas_url": "http://127.0.0.1:1"}}}, False),
        ({"sources": {"legacy_crm": {"threadz": 2}}}, False),
        ({"sources": {"legacy_crm": {"threads": "two"}}}, False),
        ({"sources": None}, True),
        ({"flows": {"crm_parties": {"every": "1 h"}}}, True),
        ({"flows": {"crm_parties": {"evry": "1 h"}}}, False),
        ({"settings": {"log": {"format": "json"}}}, True),
        ({"settings": {"log": {"format": "jsn"}}}, False),
        ({"model": {"entities": {"party": {"fields": {"fax": {"type": "phone"}}}}}}, True),
        ({"model": {"entities": {"party": {"fields": {"fax": {"type": "fone"}}}}}}, False),
        ({"matching": {"party": {"bands": {"auto": "30 bits"}}}}, True),
        ({"matching": {"party": {"bands": {"auto": "30"}}}}, False),
        ({"survivorship": {"party": {"name": {"order": ["recency"]}}}}, True),
        ({"cutover": {}}, True),
        ({"source": {}}, False),
    ],
)
def test_an_environment_says_only_what_differs(overlay: Any, good: bool, tmp_path: Any) -> None:
    """Laid over the shipped project by the loader itself, and judged by the schema."""
    import shutil

    from goldbridge.cli.checklist import ask
    from goldbridge.settings.project import examine

    for part in ("config", "mappings"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "flows.yaml", tmp_path)
    (tmp_path / "config/env").mkdir(exist_ok=True)
    (tmp_path / "config/env/here.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    project, problems = examine(tmp_path, "here", environ={})
    found, _ = ask(project, problems, ["sources", "matching", "survivorship", "flows"])
    said = [
        problem
        for problem in found
        if problem.code not in ("CFG007", "CFG011", "CFG010") or "config/env" in str(problem)
    ]
    if overlay and "connector" not in str(overlay):  # another connector leaves the other one's keys behind
        assert (said == []) is good, said
    assert (errors("environment", overlay) == []) is good, errors("environment", overlay)


def snippets() -> Iterator[tuple[str, str, Any]]:
    """Whole files among the YAML blocks of the pages, by the key they start with."""
    starts = {"sources": "sources", "entities": "model", "flows": "flows", "mapping": "mapping", "table": "mapping"}
    starts |= {"cutover": "cutover"}
    for page in pages():
        for number, block in enumerate(blocks(page)):
            if block.language != "yaml":
                continue
            try:
                data = read(block.text, page).data
            except Misconfigured:
                continue
            first = next(iter(data), None) if isinstance(data, dict) else None
            if first in starts:
                yield f"{page} {number}", starts[first], data


SNIPPETS = list(snippets())


@pytest.mark.parametrize(("place", "name", "data"), SNIPPETS, ids=[place for place, _, _ in SNIPPETS])
def test_the_snippets_of_the_pages_are_accepted(place: str, name: str, data: Any) -> None:
    assert errors(name, data) == []


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) > 15
    assert {name for _, name, _ in SNIPPETS} >= {"sources", "flows", "mapping"}


def test_every_key_has_its_words() -> None:
    """What an editor shows beside a key: every property of a typed file has a description."""
    for name in ("settings", "sources", "flows"):
        for path, part in build(name)["$defs"].items():
            for key, value in part.get("properties", {}).items():
                assert value.get("description") or "$ref" in value or "allOf" in value, f"{name} {path}.{key}"
