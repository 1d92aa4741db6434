"""A tap's messages become pages: nothing lost, nothing rounded, and a position that a killed run goes on from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.base import PROVEN, Position, Reading, Window
from connectors.singer import exact
from connectors.singer.connector import VARIABLE
from goldbridge.errors import Halt, Misconfigured, Reject
from tests.connectors.singer_desk import Desk, Told, entry, record, schema, state, version


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path / "tap")
    monkeypatch.setenv(VARIABLE, str(desk.tap))
    return desk


def test_records_arrive_with_their_keys_and_the_last_state(desk: Desk) -> None:
    desk.does(schema(), record(1, name="甲"), record(2, name=None), state({"bookmarks": {"orders": {"id": 2}}}))
    told = Told(desk.connect({"key": "id"}))
    assert told.error is None
    assert told.rows == [{"id": 1, "name": "甲"}, {"id": 2, "name": None}]
    assert told.state == {"bookmarks": {"orders": {"id": 2}}}


def test_a_state_is_kept_only_when_the_records_before_it_have_been_handed_over(desk: Desk) -> None:
    desk.does(schema(), record(1), state("one"), record(2), record(3), state("three"), record(4), state("four"))
    told = Told(desk.connect(page_size=2))
    states = [json.loads(page.at.tie)["state"] if page.at else None for page in told.pages]
    handed = [[row["id"] for row in page.rows] for page in told.pages]
    assert handed == [[1, 2], [3, 4], []]
    assert states == ["one", "three", "four"]  # never one whose records are still to come
    cursors = [int(page.at.cursor) for page in told.pages if page.at]
    assert cursors == sorted(set(cursors))


def test_a_run_goes_on_from_the_state_it_was_left_at_digit_by_digit(desk: Desk) -> None:
    value = '{"at":1.10,"id":123456789012345678901234567890,"plain":7,"text":"中"}'
    desk.does(schema(), {"raw": f'{{"type": "STATE", "value": {value}}}\n'})
    first = Told(desk.connect())
    assert first.at is not None
    again = Told(desk.connect(), first.at)
    assert desk.calls()[-1]["--state"] == value
    assert "--state" not in desk.calls()[1]["argv"]
    assert again.at is not None
    assert int(again.at.cursor) > int(first.at.cursor)


def test_f77_numbers_stay_the_digits_they_were(desk: Desk) -> None:
    row = '{"id":1,"a":0.10,"b":1e-9,"c":9223372036854775808,"d":5}'
    desk.does(schema(), {"raw": f'{{"type":"RECORD","stream":"orders","record":{row}}}\n'})
    (found,) = Told(desk.connect({"key": ["id"]})).rows
    assert found == {"id": 1, "a": "0.10", "b": "1e-9", "c": "9223372036854775808", "d": 5}


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 5000, "-9223372036854775809"])
def test_f77_integers_of_any_length_stay_what_they_were(digits: str) -> None:
    assert exact.record(f'{{"a": [{{"b": {digits}}}], "c": 1}}') == {"a": [{"b": digits}], "c": 1}
    assert exact.record(f'{{"a": {digits[:18]}}}') == {"a": int(digits[:18])}


@pytest.mark.parametrize(
    ("text", "field"), [('{"a": NaN}', "a"), ('{"a": "NaN", "b": [1, {"c": -Infinity}]}', "b"), ('{"a": "NaN"}', None)]
)
def test_what_is_no_number_is_found(text: str, field: str | None) -> None:
    found = exact.flaw(exact.record(text), text, broken=False)
    assert (found[0] if found else None) == field


def test_nan_costs_its_record_only(desk: Desk) -> None:
    raw = '{"type": "RECORD", "stream": "orders", "record": {"id": 1, "name": NaN}}\n'
    desk.does(schema(), {"raw": raw}, record(2))
    told = Told(desk.connect())
    ((key, error),) = told.rejects
    assert (key, error.code, [row["id"] for row in told.rows]) == ("1", "CON348", [2])


def test_a_composite_key_is_joined_so_that_no_two_look_alike(desk: Desk) -> None:
    pairs = [("a,b", "c"), ("a", "b,c"), ('a"', "b"), ("a", '"b'), ("1", "2"), (1, 2)]
    desk.does(schema(key=("x", "y")), *({"say": {"type": "RECORD", "stream": "orders", "record": {"x": x, "y": y}}}
                                        for x, y in pairs))  # fmt: skip
    singer = desk.connect()
    stream = singer.streams["orders"]
    keys = [stream.key_of(row) for row in Told(singer).rows]
    assert keys[0] == '["a,b","c"]'
    assert len(set(keys)) == 5  # the number and the text of the same digits are the same key


@pytest.mark.parametrize("value", [None, "", "  ", True, {"a": 1}])
def test_a_record_without_a_key_is_set_aside_with_its_line(desk: Desk, value: object) -> None:
    desk.does(schema(), record(1), record(value), version(1))
    told = Told(desk.connect())
    ((place, error),) = told.rejects
    assert (place, error.code, error.field) == ("line 3", "CON348", "id")
    assert isinstance(error, Reject)
    assert told.verdict is not None
    assert (told.verdict.proven, "1 records have no key" in told.verdict.reason) == (False, True)


def test_without_any_key_the_stream_cannot_be_read(desk: Desk) -> None:
    desk.does(schema(key=()), record(1))
    told = Told(desk.connect())
    assert isinstance(told.error, Misconfigured)
    assert (told.code, "set its `key`" in str(told.error)) == ("CON347", True)


def test_a_row_that_a_log_based_tap_reports_as_deleted_is_gone_and_may_come_again(desk: Desk) -> None:
    desk.does(
        schema(), record(1), record(1, _sdc_deleted_at="2026-01-01T00:00:00Z"), record(2),
        record(1, name="again", _sdc_deleted_at=None), state(1),
    )  # fmt: skip
    told = Told(desk.connect({"key": ["id"]}))
    assert [([row["id"] for row in page.rows], page.gone) for page in told.pages] == [([1, 2], ("1",)), ([1], ())]


def test_f21_broken_bytes_cost_the_record_they_are_in(desk: Desk) -> None:
    in_value = b'{"type": "RECORD", "stream": "orders", "record": {"id": 1, "name": ["\xff"]}}\n'
    in_key = b'{"type": "RECORD", "stream": "orders", "record": {"id": "\xb0\xa1"}}\n'
    desk.does(schema(), {"bytes": in_value.hex()}, {"bytes": in_key.hex()}, record(2))
    told = Told(desk.connect())
    assert [row["id"] for row in told.rows] == [2]
    assert [(key, error.code, error.field) for key, error in told.rejects] == [
        ("1", "CON348", "name"), ("line 3", "CON348", "id"),
    ]  # fmt: skip


def test_f21_broken_bytes_anywhere_else_are_garbage(desk: Desk) -> None:
    desk.does(schema(), {"bytes": b'{"type": "STATE", "value": "\xff"}\n'.hex()})
    assert Told(desk.connect()).code == "CON344"


def test_messages_of_other_streams_are_not_ours(desk: Desk) -> None:
    desk.offers(entry("orders"), entry("lines"))
    desk.does(schema("lines"), record(9, "lines"), schema(), record(1), version(5, "lines"))
    told = Told(desk.connect())
    assert [row["id"] for row in told.rows] == [1]


def test_a_tap_that_says_another_name_is_told_by_name(desk: Desk) -> None:
    desk.does(schema("public-orders"), record(1, "public-orders"))
    told = Told(desk.connect())
    assert (told.code, "said_as" in str(told.error), "public-orders" in str(told.error)) == ("CON347", True, True)
    assert [row["id"] for row in Told(desk.connect({"said_as": "public-orders"})).rows] == [1]


def of_version(number: int) -> dict[str, object]:
    return {"say": {"type": "RECORD", "stream": "orders", "record": {"id": 1}, "version": number}}


class TestVerdict:
    @pytest.mark.parametrize(
        "steps",
        [
            [version(7), schema(), of_version(7), version(7), state(1)],  # at both ends, as pipelinewise does it
            [schema(), version(7), of_version(7)],  # before the records, as the Meltano SDK does it
            [schema(), of_version(7), version(7)],
            [schema(), version(7)],  # an empty table
        ],
    )
    def test_a_whole_table_that_says_so_is_proven(self, desk: Desk, steps: list[dict[str, object]]) -> None:
        desk.does(*steps)
        assert Told(desk.connect({"replication": "full_table"})).verdict == PROVEN

    @pytest.mark.parametrize(
        "steps",
        [
            [schema(), record(1)],  # it ended well, but that is all
            [version(7), schema(), record(1)],  # a record without a version is not of it
            [schema(), of_version(7), of_version(6), version(7)],
            [],
        ],
    )
    def test_otherwise_it_is_not(self, desk: Desk, steps: list[dict[str, object]]) -> None:
        desk.does(*steps)
        verdict = Told(desk.connect({"replication": "full_table"})).verdict
        assert verdict is not None
        assert (verdict.proven, bool(verdict.reason)) == (False, True)

    def test_unless_the_engineer_vouches_for_it(self, desk: Desk) -> None:
        desk.does(schema(), record(1))
        assert Told(desk.connect({"replication": "full_table", "whole": True})).verdict == PROVEN

    def test_what_goes_on_from_a_state_never_is(self, desk: Desk) -> None:
        desk.does(schema(), record(1), version(1), state("s"))
        singer = desk.connect({"whole": True})
        first = Told(singer)
        second = Told(singer, first.at)
        assert first.verdict == PROVEN
        assert second.verdict is not None
        assert not second.verdict.proven
        desk.does(version(2), schema(), record(1), state("t"))
        third = Told(singer, second.at).verdict
        assert third is not None
        assert "new version" in third.reason

    def test_a_whole_table_is_read_without_a_state_each_time(self, desk: Desk) -> None:
        desk.does(schema(), of_version(1), version(1), state({"half": "way"}))
        singer = desk.connect({"replication": "full_table"})
        first = Told(singer)
        assert first.state is None
        assert Told(singer, first.at).verdict == PROVEN
        assert all("--state" not in call["argv"] for call in desk.calls())


class TestDrift:
    NEW = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}, "note": {"type": "string"}}

    def read(self, desk: Desk, at: Position | None = None, **stream: object) -> Told:
        return Told(desk.connect(dict(stream)), at)

    def test_f53_a_new_field_is_news(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1))
        first = self.read(desk)
        desk.does(schema(fields=self.NEW), record(2, note="x"), state(2))
        second = self.read(desk, first.at)
        assert second.error is None
        assert len(second.rows) == 1
        (note,) = second.notes
        assert note == "CON346 shop orders: the schema changed: field 'note' is new"
        assert self.read(desk, second.at).notes == []  # said once

    @pytest.mark.parametrize(
        ("properties", "told"),
        [
            ({"id": {"type": "integer"}}, "field 'name' is gone"),
            ({"id": {"type": "integer"}, "name": {"type": "integer"}}, "field 'name' was string and is integer"),
            ({"id": {"type": "integer"}, "title": {"type": "string"}}, "field 'name' is gone; field 'title' is new"),
        ],
    )
    def test_f54_a_break_stops_before_anything_is_landed_until_it_is_accepted(
        self, desk: Desk, properties: dict[str, object], told: str
    ) -> None:
        desk.does(schema(), record(1), state(1))
        first = self.read(desk)
        desk.does(schema(fields=properties), record(2), state(2))
        second = self.read(desk, first.at)
        assert isinstance(second.error, Halt)
        assert (second.code, second.rows, second.at) == ("CON346", [], None)
        assert told in str(second.error)
        mark = str(second.error).split("`accept: ")[1][:8]
        accepted = self.read(desk, first.at, accept=mark)
        assert (accepted.error, len(accepted.rows), len(accepted.notes)) == (None, 1, 1)
        assert self.read(desk, accepted.at, accept=mark).notes == []

    def test_a_wider_type_is_news_and_null_says_nothing(self, desk: Desk) -> None:
        desk.does(schema(fields={"id": {"type": "integer"}, "n": {"type": "integer"}}), record(1), state(1))
        first = self.read(desk)
        desk.does(
            schema(fields={"id": {"type": ["integer", "null"]}, "n": {"type": ["null", "number"]}}), record(1), state(1)
        )
        assert self.read(desk, first.at).notes == [
            "CON346 shop orders: the schema changed: field 'n' was integer and may now be number"
        ]

    def test_a_break_within_a_run_keeps_what_came_before_it(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state("one"), schema(fields={"id": {"type": "string"}}), record("2"))
        told = self.read(desk)
        assert (told.code, [row["id"] for row in told.rows], told.state) == ("CON346", [1], "one")

    def test_another_key_is_a_break(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1))
        first = self.read(desk)
        desk.does(schema(key=("name",)), record(1, name="x"))
        assert "the key was id and is name" in str(self.read(desk, first.at).error)

    def test_a_field_that_is_no_longer_selected_is_no_break(self, desk: Desk) -> None:
        desk.does(schema(), record(1), state(1))
        first = self.read(desk)
        desk.does(schema(fields={"id": {"type": "integer"}}), record(1), state(1))
        assert self.read(desk, first.at, fields=["id"]).error is None
        assert self.read(desk, first.at, fields=["id", "name"]).code == "CON346"


def test_a_position_of_another_kind_of_connector_is_refused(desk: Desk) -> None:
    desk.does(schema())
    told = Told(desk.connect(), Position("2026-01-01 08:00:00", "c7"))
    assert (told.code, "another name" in str(told.error)) == ("CON347", True)


def test_a_range_of_dates_cannot_be_asked_for(desk: Desk) -> None:
    singer = desk.connect()
    with pytest.raises(Misconfigured, match="start_date") as caught:
        singer.slice(singer.streams["orders"], "2026-01-01", None)
    assert caught.value.code == "CON349"


def test_a_page_is_bounded_in_bytes_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.singer.collect._PAGE_BYTES", 200)
    desk.does(schema(), *(record(number, name="x" * 100) for number in range(4)))
    assert [len(page.rows) for page in Told(desk.connect()).pages] == [2, 2, 0]


def test_a_reader_that_is_closed_early_leaves_nothing_behind(desk: Desk) -> None:
    alive = desk.watch()
    desk.does({"live": True}, schema(), record(1), state(1), {"spawn": True}, record(2), {"hang": True})
    singer = desk.connect(page_size=1)
    reading = Reading(singer.read(singer.streams["orders"], Window()))
    assert next(reading).rows[0]["id"] == 1
    assert alive.began()
    reading.close()
    assert alive.gone()
    assert not Path(desk.calls()[-1]["cwd"]).exists()
