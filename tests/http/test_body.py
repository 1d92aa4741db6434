"""F20 - F23: bodies that are cut, mislabelled or far too large."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.http import body


def test_f21_byte_order_mark_is_not_part_of_the_text() -> None:
    assert body.decode(b"\xef\xbb\xbf" + '{"name":"甲"}'.encode(), None) == '{"name":"甲"}'
    assert body.decode(b"\xff\xfe" + '{"name":"甲"}'.encode("utf-16-le"), "utf-8") == '{"name":"甲"}'


@pytest.mark.parametrize("declared", ["utf-8", "gbk", "GB2312", None, "iso-8859-1", "no-such-charset"])
@pytest.mark.parametrize("actual", ["utf-8", "gb18030"])
def test_f21_the_bytes_win_over_a_wrong_label(declared: str | None, actual: str) -> None:
    text = '{"name":"杭州示例智能装备有限公司","address":"浙江省杭州市余杭区示例路1号"}'
    assert body.decode(text.encode(actual), declared) == text


def test_f21_two_byte_look_alikes_follow_the_label() -> None:
    # The GBK bytes of 联通 are valid UTF-8 as well; only the label can tell.
    raw = '{"name":"联通"}'.encode("gbk")
    assert body.decode(raw, "gbk") == '{"name":"联通"}'
    assert body.decode("naïve café".encode(), "utf-8") == "naïve café"


def test_f21_one_bad_byte_stays_in_its_own_value() -> None:
    raw = '{"rows":[{"name":"杭州示例有限公司"},{"name":"坏'.encode() + b"\xff" + b'"}]}'
    rows = body.parse(body.decode(raw, "utf-8"))["rows"]
    assert rows[0]["name"] == "杭州示例有限公司"
    assert rows[1]["name"] == "坏\udcff"
    with pytest.raises(UnicodeEncodeError):  # so that no store takes it silently
        rows[1]["name"].encode()


@pytest.mark.parametrize("text", ["\U00020000𠮷", "ＡＢ１２", "a\x00b", "é"])
def test_f22_rare_characters_pass_intact(text: str) -> None:
    assert body.parse(body.decode(json.dumps({"v": text}, ensure_ascii=False).encode(), None))["v"] == text
    assert body.parse(body.decode(json.dumps({"v": text}).encode(), "gbk"))["v"] == text


def test_f77_numbers_never_pass_through_a_float() -> None:
    found = body.parse('{"amount": 0.10, "big": 12345678901234567890, "id": 9223372036854775807, "n": -5, "e": 1e400}')
    assert found == {"amount": "0.10", "big": "12345678901234567890", "id": 2**63 - 1, "n": -5, "e": "1e400"}


@pytest.mark.parametrize("text", ["", '{"a":', "[1,2", "nonsense", '{"a":1}x'])
def test_f20_a_cut_body_is_not_json(text: str) -> None:
    with pytest.raises(body.Truncated):
        body.parse(text)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":NaN}'])
def test_unreadable_json(text: str) -> None:
    with pytest.raises(body.Unreadable):
        body.parse(text)


def test_f23_a_gzip_bomb_stops_at_the_cap() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 60_000
    with pytest.raises(body.TooLarge):
        body.collect([bomb], "gzip", 1_000_000)


def test_f23_an_endless_body_stops_at_the_cap() -> None:
    def endless():
        while True:
            yield b"x" * 10_000

    with pytest.raises(body.TooLarge):
        body.collect(endless(), "", 1_000_000)


def test_a_cut_gzip_body_is_truncated() -> None:
    packed = gzip.compress(b"0123456789" * 100)
    with pytest.raises(body.Truncated):
        body.collect([packed[:-9]], "gzip", 1_000_000)
    with pytest.raises(body.Unreadable):
        body.collect([packed], "br", 1_000_000)


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_unpacking_gives_back_what_was_packed(raw: bytes, size: int) -> None:
    packed = gzip.compress(raw)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert body.collect(chunks, "gzip", 10_000) == raw


def test_a_web_page_is_told_from_json() -> None:
    assert body.is_page("\n <!DOCTYPE html><html>", "application/json")
    assert body.is_page("{}", "text/html; charset=utf-8")
    assert not body.is_page('{"a":"<b>"}', "application/json")
