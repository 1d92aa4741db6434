"""Documents come back exactly as they went in, whatever a source puts into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.state import document

texts = st.text(st.characters(codec=None), max_size=20)  # lone surrogates and NUL included
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_dumped_is_loaded(value: object) -> None:
    text = document.dump(value)
    assert document.load(text) == value
    assert document.storable(text)


@given(st.dictionaries(texts, values, max_size=5))
def test_key_order_does_not_change_text_or_hash(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert document.dump(turned) == document.dump(value)
    assert document.digest(turned) == document.digest(value)


def test_20_digit_numbers_stay_numbers() -> None:
    assert document.load(document.dump({"id": 12345678901234567890123})) == {"id": 12345678901234567890123}


@pytest.mark.parametrize("text", ["\0", "\ud800", "x\udfffy", "公司\0"])
def test_text_a_column_cannot_hold_is_known_and_shown(text: str) -> None:
    assert not document.storable(text)
    assert document.storable(document.visible(text))


@pytest.mark.parametrize("text", ["", "C001", "上海示例（集团）有限公司", "𠮷野家", "１２３"])
def test_text_a_column_can_hold_is_shown_as_it_is(text: str) -> None:
    assert document.storable(text)
    assert document.visible(text) == text


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError):
        document.dump({"at": object()})
