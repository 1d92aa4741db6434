"""One stream of the tap's catalogue is selected, in the notation of old taps and of new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.singer.connector import VARIABLE
from goldbridge.errors import Misconfigured, Retry
from goldbridge.records.declared import DeclaredField
from tests.connectors.singer_desk import FIELDS, Desk, Told, entry, schema


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path / "tap")
    monkeypatch.setenv(VARIABLE, str(desk.tap))
    return desk


def field(name: str, **more: Any) -> dict[str, Any]:
    return {"breadcrumb": ["properties", name], "metadata": more}


OLD = {
    "tap_stream_id": "orders",
    "stream": "orders",
    "schema": {
        "selected": False,
        "properties": {
            "id": {"type": "integer", "inclusion": "automatic"},
            "name": {"type": "string", "inclusion": "available", "selected": False},
            "blob": {"inclusion": "unsupported"},
            "price": {"type": "number", "multipleOf": 1e-38, "inclusion": "available"},
        },
    },
}
NEW = {
    "tap_stream_id": "crm-orders",
    "stream": "orders",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "blob": {}}, "required": ["id"]},
    "metadata": [
        {"breadcrumb": [], "metadata": {"selected": False, "table-key-properties": ["id"]}},
        field("id", inclusion="automatic"),
        field("name", inclusion="available", **{"selected-by-default": False}),
        field("blob", inclusion="unsupported"),
    ],
}


def selected(desk: Desk, *entries: dict[str, Any], stream: dict[str, Any] | None = None, **more: Any) -> Any:
    """The catalogue that the tap was given for its run."""
    desk.offers(*entries)
    desk.does(schema())
    assert Told(desk.connect(stream, **more)).error is None
    return json.loads(desk.calls()[-1]["--catalog"])["streams"]


def marks(chosen: dict[str, Any]) -> dict[str, Any]:
    return {"/".join(each["breadcrumb"]): each["metadata"].get("selected") for each in chosen["metadata"]}


def test_old_notation_is_marked_inside_the_schema(desk: Desk) -> None:
    (chosen,) = selected(desk, OLD)
    assert chosen["schema"]["selected"] is True
    assert {name: spec.get("selected") for name, spec in chosen["schema"]["properties"].items()} == {
        "id": None, "name": True, "blob": False, "price": True,
    }  # fmt: skip


def test_new_notation_is_marked_in_the_metadata(desk: Desk) -> None:
    chosen, other = selected(desk, NEW, entry("lines", metadata=[{"breadcrumb": [], "metadata": {"selected": True}}]))
    assert marks(chosen) == {"": True, "properties/id": True, "properties/name": True, "properties/blob": False}
    assert (marks(other), other["selected"], other["schema"]["selected"]) == ({"": False}, False, False)


def test_metadata_that_is_not_there_is_added(desk: Desk) -> None:
    (chosen,) = selected(desk, entry("orders", metadata=None))
    assert marks(chosen) == {"": True, "properties/id": True, "properties/name": True}


def test_some_fields_only_but_never_without_keys(desk: Desk) -> None:
    (chosen,) = selected(desk, NEW, stream={"fields": ["blob"], "replication_key": "name"})
    assert marks(chosen) == {"": True, "properties/id": True, "properties/name": True, "properties/blob": False}
    (chosen,) = selected(desk, NEW, stream={"fields": ["id"]})
    assert marks(chosen)["properties/name"] is False


def test_how_it_is_read_is_said_in_both_places(desk: Desk) -> None:
    (chosen,) = selected(desk, NEW, stream={"replication": "incremental", "replication_key": "name"})
    root = chosen["metadata"][0]["metadata"]
    assert (root["replication-method"], root["replication-key"]) == ("INCREMENTAL", "name")
    assert (chosen["replication_method"], chosen["replication_key"]) == ("INCREMENTAL", "name")


def test_a_view_is_told_its_key(desk: Desk) -> None:
    (chosen,) = selected(desk, {**NEW, "is_view": True}, stream={"key": ["id"]})
    assert chosen["metadata"][0]["metadata"]["view-key-properties"] == ["id"]


@pytest.mark.parametrize(
    ("said", "state"),
    [({"replication_method": "FULL_TABLE"}, False), ({"replication_method": "INCREMENTAL"}, True), ({}, True)],
)
def test_the_catalogue_says_whether_a_whole_table_is_read(desk: Desk, said: dict[str, str], state: bool) -> None:
    desk.offers(entry("orders", **said))
    desk.does(schema(), {"say": {"type": "STATE", "value": 1}})
    told = Told(desk.connect())
    Told(desk.connect(), told.at)
    assert ("--state" in desk.calls()[-1]) == state


def test_what_the_tap_insists_on_wins(desk: Desk) -> None:
    forced = [{"breadcrumb": [], "metadata": {"forced-replication-method": "FULL_TABLE"}}]
    desk.offers(entry("orders", metadata=forced))
    desk.does(schema(), {"say": {"type": "STATE", "value": 1}})
    assert Told(desk.connect({"replication": "incremental"})).state is None


def test_old_taps_take_the_catalogue_as_properties(desk: Desk) -> None:
    desk.does(schema())
    Told(desk.connect(catalog_flag="properties"))
    assert "--properties" in desk.calls()[-1]
    assert "--catalog" not in desk.calls()[-1]


def test_a_catalogue_of_ones_own_asks_the_tap_for_none(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"streams": [NEW]}))
    desk.does(schema())
    told = Told(desk.connect(catalog=str(file)))
    assert told.error is None
    (call,) = desk.calls()
    assert marks(json.loads(call["--catalog"])["streams"][0])[""] is True
    assert "was not run" in desk.connect(catalog=str(file)).probe()
    for text in ("{}", "nonsense", "[]"):
        file.write_text(text)
        assert Told(desk.connect(catalog=str(file))).code == "CON347"
    file.unlink()
    assert Told(desk.connect(catalog=str(file))).code == "CON347"


def test_a_tap_without_a_catalogue_is_given_none(desk: Desk) -> None:
    desk.does(schema())
    Told(desk.connect(catalog="none"))
    (call,) = desk.calls()
    assert [flag for flag in call["argv"] if flag.startswith("--")] == ["--config"]
    assert desk.connect(catalog="none").fields(desk.connect().streams["orders"]) is None


def test_a_catalogue_goes_back_digit_by_digit(desk: Desk) -> None:
    text = json.dumps({"streams": [OLD]}).replace("1e-38", "0.10000000000000000000001")
    (desk.folder / "catalog.json").write_text(text)
    desk.does(schema())
    Told(desk.connect())
    assert '"multipleOf":0.10000000000000000000001' in desk.calls()[-1]["--catalog"]


def test_a_stream_that_is_not_offered_is_told_with_what_is(desk: Desk) -> None:
    desk.offers(entry("order_lines"), entry("customers"))
    with pytest.raises(Misconfigured, match="customers") as caught:
        desk.connect({"stream": "xyz"}).probe()
    assert caught.value.code == "CON347"
    with pytest.raises(Misconfigured, match="did you mean 'customers'"):
        desk.connect({"stream": "customer"}).probe()


def test_two_streams_of_one_name_are_told_apart_by_their_ids(desk: Desk) -> None:
    desk.offers(entry("a-orders", stream="orders"), entry("b-orders", stream="orders"))
    with pytest.raises(Misconfigured, match="a-orders, b-orders"):
        desk.connect().probe()
    desk.does(schema())
    assert Told(desk.connect({"stream": "b-orders"})).error is None


def test_what_is_no_catalogue_is_told(desk: Desk) -> None:
    (desk.folder / "catalog.json").write_text("usage: tap [--config CONFIG]")
    with pytest.raises(Misconfigured, match="no catalogue") as caught:
        desk.connect().probe()
    assert caught.value.code == "CON347"


def test_a_tap_that_cannot_say_what_it_offers_is_tried_again(desk: Desk) -> None:
    (desk.folder / "catalog.json").unlink()
    with pytest.raises(Retry, match="FileNotFoundError") as caught:
        desk.connect().probe()
    assert caught.value.code == "CON342"


def test_its_fields_are_known_before_a_run(desk: Desk) -> None:
    desk.offers(NEW)
    singer = desk.connect()
    assert set(singer.fields(singer.streams["orders"]) or ()) == {"id", "name", "blob", "_key"}
    assert set(singer.fields(singer.streams["orders"]) or ()) == {"id", "name", "blob", "_key"}
    assert len(desk.calls()) == 1  # asked once
    singer = desk.connect({"key": ["id"], "fields": ["name"]})
    assert set(singer.fields(singer.streams["orders"]) or ()) == {"id", "name"}
    desk.offers(entry("orders", schema={}))
    assert desk.connect().fields(singer.streams["orders"]) is None


def test_it_says_what_the_tap_says_about_its_objects(desk: Desk) -> None:
    desk.offers(NEW, entry("lines", schema={"properties": FIELDS}))
    singer = desk.connect()
    assert singer.objects() == ["crm-orders", "lines"]
    described = singer.describe("orders")
    assert described is not None
    assert described[0] == DeclaredField("id", "integer", key=True, required=True)
    assert singer.describe("lines") is not None
