"""A service's description: keys, types, inheritance, and what is refused."""

from __future__ import annotations

import pytest

from goldbridge.http.odata.metadata import Unreadable, parse

TYPES = """
<EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Guid" Nullable="false"/></EntityType>
<EntityType Name="Thing" BaseType="self.Base"><Property Name="Name" Type="Edm.String"/>
  <NavigationProperty Name="Parts" Type="Collection(demo.Part)"/></EntityType>
<EntityType Name="Part"><Key><PropertyRef Name="A"/><PropertyRef Name="B"/></Key>
  <Property Name="A" Type="Edm.String"/><Property Name="B" Type="Edm.Int32"/></EntityType>
"""
CONTAINER = """<EntityContainer Name="C"><EntitySet Name="Things" EntityType="demo.Thing"/>
<EntitySet Name="Parts" EntityType="demo.Part"/></EntityContainer>"""


def edmx(inside: str, version: str = "4.0", before: str = "") -> str:
    return f"""<?xml version="1.0"?>{before}<edmx:Edmx Version="{version}" xmlns:edmx="x"><edmx:DataServices>
    <Schema Namespace="demo" Alias="self">{inside}</Schema></edmx:DataServices></edmx:Edmx>"""


def test_keys_types_and_what_is_inherited() -> None:
    found = parse(edmx(TYPES + CONTAINER))
    thing, part = found.sets["Things"], found.sets["Parts"]
    assert (found.version, thing.keys, thing.required) == (4, ("ID",), frozenset({"ID"}))
    assert thing.kinds == {"ID": "Edm.Guid", "Name": "Edm.String"}
    assert thing.navigations == {"Parts"}
    assert part.predicate({"A": "o'n", "B": 2}, 2) == "A='o''n',B=2"
    assert thing.predicate({"ID": "1f"}, 2) == "guid'1f'"
    assert parse(edmx(TYPES + CONTAINER, "1.0")).version == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no XML"),
        ("{}", "no XML"),
        ("<html></html>", "no entity set"),
        (edmx(TYPES), "no entity set"),
        (edmx(CONTAINER)[:-20], "no XML"),
        (edmx(CONTAINER, before='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'), "DTD"),
        ("half \ud800", "charset"),
    ],
)
def test_what_is_no_description(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse(text)


def test_a_type_that_inherits_from_itself_ends() -> None:
    loop = '<EntityType Name="T" BaseType="demo.T"/>'
    text = edmx(loop + '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="demo.T"/></EntityContainer>')
    assert parse(text).sets["Ts"].keys == ()
