"""Coordinate systems: the published vectors, and the laws of going there and back."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.coordinate import (
    SYSTEMS,
    Point,
    System,
    convert,
    distance_m,
    gcj_to_bd,
    inside,
    parse_point,
    wgs_to_gcj,
)

MARGIN = 0.05
"""Degrees from the edge of the box: more than any shift, so that both ends of a way lie on the same side."""

CHINA = st.builds(Point, st.floats(72.004 + MARGIN, 137.8347 - MARGIN), st.floats(0.8293 + MARGIN, 55.8271 - MARGIN))
ABROAD = st.one_of(
    st.builds(Point, st.floats(-180, 72.004 - MARGIN), st.floats(-90, 90)),
    st.builds(Point, st.floats(137.8347 + MARGIN, 180), st.floats(-90, 90)),
    st.builds(Point, st.floats(-180, 180), st.floats(-90, 0.8293 - MARGIN)),
    st.builds(Point, st.floats(-180, 180), st.floats(55.8271 + MARGIN, 90)),
)
PAIRS = st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(SYSTEMS))


@pytest.mark.parametrize(
    ("wgs", "gcj", "bd"),
    [
        ("116.397451,39.909187", "116.403695,39.910591", "116.410067,39.916930"),
        ("114.057868,22.543099", "114.062982,22.540382", "114.069532,22.546040"),
        ("87.616848,43.825592", "87.619698,43.826797", "87.626148,43.832941"),
    ],
)
def test_the_vectors_of_the_sheet(wgs: str, gcj: str, bd: str) -> None:
    known: dict[System, str] = {"wgs84": wgs, "gcj02": gcj, "bd09": bd}
    for source, text in known.items():
        point = parse_point(text)
        assert point is not None
        for target, wanted in known.items():
            other = parse_point(wanted)
            assert other is not None
            assert distance_m(convert(point, source, target), other) < 0.3


@given(CHINA, PAIRS)
def test_there_and_back_is_within_a_metre(point: Point, pair: tuple[System, System]) -> None:
    there, back = pair
    assert distance_m(convert(convert(point, there, back), back, there), point) < 1.0


@given(CHINA)
def test_gps_there_and_back_is_within_a_millimetre(point: Point) -> None:
    assert distance_m(convert(wgs_to_gcj(point), "gcj02", "wgs84"), point) < 0.001


@given(CHINA, PAIRS)
def test_a_way_over_a_third_system_leads_to_the_same_place(point: Point, pair: tuple[System, System]) -> None:
    for between in SYSTEMS:
        round_about = convert(convert(point, pair[0], between), between, pair[1])
        assert distance_m(round_about, convert(point, *pair)) < 1.0


@given(ABROAD, PAIRS)
def test_a_point_outside_china_stays(point: Point, pair: tuple[System, System]) -> None:
    assert not inside(point)
    assert convert(point, *pair) == point


@given(CHINA)
def test_a_shift_left_out_would_be_seen(point: Point) -> None:
    assert 10 < distance_m(wgs_to_gcj(point), point) < 2500
    assert 300 < distance_m(gcj_to_bd(point), point) < 2500


@given(st.one_of(CHINA, ABROAD))
def test_a_point_reads_back_as_it_was_written(point: Point) -> None:
    again = parse_point(str(point))
    assert again is not None
    assert distance_m(again, point) < 0.2
    assert point.latitude_first == ",".join(reversed(str(point).split(",")))


@pytest.mark.parametrize("text", ["", "120.1", "120.1,", "30.2,120.1", "181,10", "120,91", "a,b", "120,30,1", "٣,٣"])
def test_what_is_no_point(text: str) -> None:
    assert parse_point(text) is None


def test_the_systems_are_all_there_are() -> None:
    assert get_args(System) == SYSTEMS
