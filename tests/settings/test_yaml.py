"""What is read, what is refused, and how it is said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Misconfigured
from goldbridge.settings import yaml as reader
from goldbridge.settings.yaml import core, read


def data(text: str) -> object:
    return read(text, "f.yaml").data


def refused(text: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        read(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0571", "0571"),
        ("on", "on"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("2025-03-01", "2025-03-01"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("+0571", "+0571"),
        ("00.5", "00.5"),
        ("91330106MA2XXXXX1Y", "91330106MA2XXXXX1Y"),
        ("913301061234567890", 913301061234567890),
        ("6222021001116245702", 6222021001116245702),
        ("62220210011162457023", "62220210011162457023"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, meant: object) -> None:
    value = data(f"a: {written}")["a"]  # type: ignore[index]
    assert value == meant
    assert type(value) is type(meant)


def test_keys_are_always_text() -> None:
    assert data("{1: a, on: b, 2025-03-01: c, null: d, ? x : e}") == {
        "1": "a",
        "on": "b",
        "2025-03-01": "c",
        "null": "d",
        "x": "e",
    }


def test_an_empty_file_is_none_and_a_byte_order_mark_is_nothing(tmp_path: Path) -> None:
    assert data("") is None
    assert data("# only a comment\n") is None
    assert data("\ufeffa: 1") == {"a": 1}
    path = tmp_path / "x.yaml"
    path.write_bytes("\ufeff甲: 乙\r\n".encode())
    assert read(path).data == {"甲": "乙"}


def test_marks_count_characters_and_point_at_keys_and_values() -> None:
    document = read("公司: {名称: 上海示例, 电话: [a, b]}\nb:\n  c: |\n    text\n", "f.yaml")
    assert str(document.mark("公司", "名称")) == "f.yaml:1:10"
    assert str(document.key_mark("公司", "名称")) == "f.yaml:1:6"
    assert str(document.mark("公司", "电话", 1)) == "f.yaml:1:24"
    assert str(document.key_mark("公司", "电话", 1)) == "f.yaml:1:24"
    assert str(document.mark("b", "c")) == "f.yaml:3:6"
    # Nowhere: the nearest parent.
    assert str(document.mark("b", "nope", 3)) == "f.yaml:3:3"
    assert str(document.key_mark("b", "nope")) == "f.yaml:2:1"
    assert str(document.key_mark("nope")) == str(document.mark())


def test_every_equal_key_is_reported_at_once() -> None:
    assert refused("a: 1\nb: {c: 1, c: 2}\na: 2\n1: x\n'1': y") == [
        "f.yaml:2:11: CFG002 key 'c' is written twice, first on line 2; remove one of them",
        "f.yaml:3:1: CFG002 key 'a' is written twice, first on line 1; remove one of them",
        "f.yaml:5:1: CFG002 key '1' is written twice, first on line 4; remove one of them",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: b: c", "1:5: CFG001 a second ': ' in one line; put the value in quotes"),
        ("a: [1, 2", "1:4: CFG001 the '[' opened here is not closed by ']'"),
        (
            "s:\n  a: {x: 1\n  b: {y: 2}",
            "2:6: CFG001 the '{' opened here is not closed by '}' before line 3, where ':' makes no sense inside it",
        ),
        ('a: "x', "1:4: CFG001 the quote opened here is never closed"),
        ("a: 'x\n\nb: 1", "1:4: CFG001 the quote opened here is never closed"),
        ("a:\n\t- 1", "2:1: CFG001 a tab cannot be used for indentation; use spaces"),
        ("\ta: 1", "1:1: CFG001 a tab cannot be used for indentation; use spaces"),
        ("a: @x", "1:4: CFG001 a value cannot start with '@'; put it in quotes"),
        ("a: `x`", "1:4: CFG001 a value cannot start with '`'; put it in quotes"),
        ("a: %x", "1:4: CFG001 a value cannot start with '%'; put it in quotes"),
        ("own: {crm: *}", "1:12: CFG001 '*' has a meaning of its own in YAML; put the value in quotes"),
        ("a: & b", "1:4: CFG001 '&' has a meaning of its own in YAML; put the value in quotes"),
        (
            "a: 'it's'",
            "1:8: CFG001 text after a closing quote; put the whole value in quotes",
        ),
        ("a:\n  - 1\n - 2", "3:2: CFG001 a list item where a key is expected; check the indentation"),
        ("- 1\na: 2", "2:1: CFG001 a list item ('- ...') is expected here; check the indentation"),
        ("- a\n-b\n", "2:1: CFG001 a list item starts with '-' and a space"),
        ("a:\n    b: 1\n  c: 2\n", "3:3: CFG001 the indentation fits no line above; align it with its neighbours"),
        ("a: ]", "1:4: CFG001 a value is expected here, but found ']'"),
        ("a: [1]]", "1:7: CFG001 ']' closes nothing; remove it, or add the opening bracket"),
        ("a: {from: x, via: [trim}", "1:24: CFG001 expected ',' or ']' here, but found '}'"),
        ('a: "\\d+"', "1:6: CFG001 '\\d' means nothing in double quotes; use single quotes, or write '\\\\d'"),
        ("%x: 1", "1:1: CFG001 a line cannot start with '%'; put the text in quotes"),
        (
            "a: - 1",
            "1:4: CFG001 a list cannot start on the line of its key; put each '- item' on a line of its own",
        ),
        ("a: 1\n...\nb: 2", "3:1: CFG001 text after the end of the document; remove the '...' or '---' line before it"),
        ("a: |x\n  y", "1:5: CFG001 after '|' or '>' the text starts on the next line"),
        ("a: !e!x 1", "1:4: CFG001 '!' starts a YAML tag; put the value in quotes"),
        ("%YAML 2.0\n---\na: 1", "1:1: CFG001 only YAML 1.x is read; remove the '%YAML' line"),
        ("a: \x07", "1:4: CFG001 control character U+0007 is not allowed; remove it"),
        ("a: *x", "1:4: CFG001 '*x' names no anchor above; put the value in quotes if it is text"),
        ("a: {b:1}", "1:5: CFG001 'b:1' has no value; write a space after the ':'"),
        ("a: {b：1}", "1:5: CFG001 'b：1' has no value; write a space after the ':'; it has a full-width '：'"),
        ("a: {x: a, b c}", "1:11: CFG001 'b c' has no value; text with a ',' inside { } must be put in quotes"),
        (": 1", "1:1: CFG001 a ':' without a key before it"),
        ("a: !isDeleted", "1:4: CFG006 '!isDeleted' is a YAML tag, which does not work here; put text in quotes"),
        ("a: !!python/name:os.system x", "1:4: CFG006 '!!python/name:os.system' is a YAML tag"),
        ("a: !x [1]", "1:4: CFG006 tag '!x' does not fit a list; remove it"),
        ("<<: {a: 1}", "1:1: CFG006 merge keys ('<<') are not part of YAML 1.2"),
        ("? [a]\n: 2", "1:3: CFG006 a key must be text, not a list"),
        ("{{name}}: 1", "1:1: CFG006 a key must be text, not a mapping"),
        ("a: 1\n---\nb: 2", "2:1: CFG006 a second document ('---') in one file; move it to a file of its own"),
        ("a: .nan", "1:4: CFG006 '.nan' is no number that can be kept; write a number, or put it in quotes"),
        ("a: &x [*x]", "1:8: CFG005 '*x' stands inside what it repeats; write the part out"),
    ],
)
def test_a_slip_is_named_with_its_place_and_its_remedy(text: str, problem: str) -> None:
    assert refused(text)[0].removeprefix("f.yaml:").startswith(problem)


def test_a_full_width_sign_on_the_line_is_pointed_out() -> None:
    assert refused("a：b\n  c: 1")[0].endswith("(line 1 has a full-width '：'; YAML needs ':')")


def test_messages_do_not_depend_on_which_parser_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a: b: c", "a: [1, 2", "a: 'it's'", "a: \x07", "- a\n-b", "a: {b: 1, c}}"]
    quick = [refused(text) for text in texts]
    monkeypatch.setattr(reader, "_FAST", pyyaml.SafeLoader)
    assert [refused(text) for text in texts] == quick
    assert data("a: [上, {b: 0571}]") == {"a": ["上", {"b": "0571"}]}


def test_aliases_are_written_out_and_not_shared() -> None:
    document = read("a: &x {k: [1]}\nb: *x\n", "f.yaml")
    document.data["b"]["k"].append(2)
    assert document.data == {"a": {"k": [1]}, "b": {"k": [1, 2]}}
    assert str(document.mark("b", "k")) == "f.yaml:1:11"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]" for n in range(12)),
        "[" * 100_000,
        "{a: " * 100_000,
        "\n".join(" " * n + "a:" for n in range(300)),
        "? " * 100_000,
    ],
    ids=["aliases", "lists", "mappings", "blocks", "keys"],
)
def test_bombs_are_refused_at_once(text: str) -> None:
    started = time.process_time()
    assert "CFG005" in refused(text)[0]
    assert time.process_time() - started < 2


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (reader.MAX_BYTES + 1))
    with pytest.raises(Misconfigured, match="larger than 4 MB"):
        read(path)
    with pytest.raises(Misconfigured, match="larger than 4 MB"):
        read("#" * (reader.MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (
            "名称: 上海\n值: 杭州示例有限公司".encode("gb18030"),
            "x.yaml:1:1: CFG004 the file seems to be GB18030, not UTF-8; convert it with: iconv -f GB18030 -t UTF-8",
        ),
        ("a: 1\n# 注释".encode("gbk"), "x.yaml:2:3: CFG004 the file seems to be GB18030"),
        ("a: ü".encode("latin1"), "x.yaml:1:4: CFG004 the file is not UTF-8 (byte 0xFC); save it as UTF-8"),
        ("上: ü".encode() + b"\xff", "x.yaml:1:5: CFG004 the file is not UTF-8 (byte 0xFF); save it as UTF-8"),
        ("a: 1".encode("utf-16"), "x.yaml: CFG004 the file seems to be UTF-16, not UTF-8"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, raw: bytes, problem: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    with pytest.raises(Misconfigured) as caught:
        read(path, "x.yaml")
    assert str(caught.value).startswith(problem)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="CFG003 cannot be read: no such file or directory"):
        read(tmp_path / "nope.yaml")
    with pytest.raises(Misconfigured, match="CFG003 cannot be read: is a directory"):
        read(tmp_path)


def test_a_number_keeps_how_it_was_written() -> None:
    document = read("v: 1.10\nl: [0x1F]", "f.yaml")
    assert document.spelled("v") == "1.10"
    assert document.spelled("l", 0) == "0x1F"
    assert document.spelled("nope") == ""


plain_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_a_writer_quotes_comes_back_unchanged(value: object) -> None:
    """JSON is YAML: whatever a program writes is read as it was."""
    import json

    assert read(json.dumps(value, ensure_ascii=False), "f").data == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        read(text, "f.yaml")
    except Misconfigured as error:
        lines = (
            text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
        )
        for problem in error.problems:
            assert problem.code in ("CFG001", "CFG002", "CFG005", "CFG006")
            assert 1 <= problem.mark.line <= lines + 1
            assert problem.mark.column >= 1
            assert "<" not in problem.message or "<" in text


@given(st.from_regex(r"\A[0-9A-Z+.-]{1,12}\Z"))
def test_codes_keep_every_character(text: str) -> None:
    """Whatever becomes a number can be written back without loss of a leading zero or a digit."""
    value = core(text)
    if isinstance(value, int) and not isinstance(value, bool):
        assert int(text, 0 if text[:2] in ("0o", "0x") else 10) == value
        assert not text.lstrip("+-").startswith("0") or value == 0
