"""What an expression mentions, and where, without parsing it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from goldbridge.mapping.lexer import literal, renamed, scan, tokens


def test_tokens_cover_the_text() -> None:
    assert [token.text for token in tokens("a.b('x') >= 1.5e3 // end\n&& r'\\'")] == [
        "a", ".", "b", "(", "'x'", ")", ">=", "1.5e3", "&&", "r", "'", "\\", "'",
    ]  # fmt: skip
    assert [token.text for token in tokens("'''a'b''' + b\"\\\"\" != 0x1Fu")] == [
        "'''a'b'''",
        "+",
        'b"\\""',
        "!=",
        "0x1Fu",
    ]


@given(st.text(st.sampled_from("ab1.'\"()[]{}\\ \n/|&=!,rowmap"), max_size=40))
def test_any_text_can_be_scanned(text: str) -> None:
    found = scan(text)
    assert found.depth >= 0
    joined = "".join(token.text for token in tokens(text))
    assert set(joined) <= set(text)


def test_names_bound_by_a_macro_are_no_fields_inside_it_only() -> None:
    found = scan("items.map(x, x + y).exists(z, z == x)")
    assert set(found.variables) == {"items", "y", "x"}
    assert found.variables["x"].places == [35]
    assert found.bound == {"x", "z"}
    assert scan("a.map(x, b.filter(y, y == x))").loops == 2


def test_keys_of_row() -> None:
    found = scan("row['a b'] + row[\"c\"] + row[d] + row")
    assert list(found.row_keys) == ["a b", "c"]
    assert found.bare_row == [24, 33]
    assert found.variables["row"].places == [0, 13, 24, 33]


def test_literals() -> None:
    assert literal("'a\\u4e0a'") == "a上"
    assert literal("r'\\d'") == "\\d"
    assert literal("b'x'") is None
    assert literal("'open") is None


def test_calls_are_renamed_and_nothing_else() -> None:
    assert renamed("size(a) + b.size() + size + 'size(x)'", "size", "size_") == (
        "size_(a) + b.size_() + size + 'size(x)'"
    )
