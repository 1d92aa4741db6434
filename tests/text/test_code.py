"""Credit codes and the codes before them: labelled cases, and what the check characters can and cannot catch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from goldbridge.text.code import (
    ALPHABET,
    check_character,
    is_placeholder,
    organisation_check_character,
    parse_credit_code,
    parse_lei,
    registration_check_digit,
)
from tests.text.cases import read

REGIONS = ["110000", "330110", "440300", "500157", "659001", "100000"]


@pytest.mark.parametrize("case", read("codes.csv"), ids=lambda case: f"{case['text']}-{case['reason']}")
def test_labelled_codes(case):
    code = parse_credit_code(case["text"])
    if case["kind"] == "none":
        assert code is None
        return
    assert code is not None
    assert (code.kind, code.value, code.valid, code.suggestion) == (
        case["kind"],
        case["value"],
        case["valid"] == "yes",
        case["suggestion"],
    )
    assert code.valid or code.reason


@st.composite
def credit_codes(draw):
    kind = draw(st.sampled_from(["91", "92", "93", "51", "52", "53", "11", "12", "81", "Y1", "N2", "A1"]))
    body = draw(st.text(ALPHABET, min_size=8, max_size=8))
    first = kind + draw(st.sampled_from(REGIONS)) + body + organisation_check_character(body)
    return first + check_character(first)


def looks_empty(text):
    return is_placeholder(text) or any(letter * 10 in text for letter in set(text))


@given(credit_codes())
def test_a_made_code_is_valid(code):
    if looks_empty(code):
        return
    found = parse_credit_code(code)
    assert found.valid
    assert found.organisation == code[8:17]
    assert found.organisation_valid
    assert found.region == code[2:8]
    assert found.reason == ""


@given(credit_codes(), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_every_single_change_is_caught(code, at, letter):
    """31 is prime and no weight is 0 modulo 31: one wrong character of the alphabet always shows."""
    other = code[:at] + letter + code[at + 1 :]
    if other == code or looks_empty(other):
        return
    assert not parse_credit_code(other).valid


@given(credit_codes(), st.integers(2, 16))
def test_exchanged_neighbours_are_caught(code, at):
    """Neighbouring weights differ modulo 31, so two exchanged neighbours always show."""
    other = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    if other == code or looks_empty(other):
        return
    assert not parse_credit_code(other).valid


@given(st.text(ALPHABET, min_size=17, max_size=17))
def test_check_character_agrees_with_an_independent_library(body):
    assert check_character(body) == uscc.calc_check_digit(body)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_never_raises(text):
    for parse in (parse_credit_code, parse_lei, is_placeholder):
        parse(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | credit_codes())
def test_reading_a_value_again_changes_nothing(text):
    first = parse_credit_code(text)
    if first is not None and first.kind != "unknown":
        assert parse_credit_code(first.value) == first


@given(st.text("0123456789", min_size=14, max_size=14))
def test_registration_number_check_catches_single_digits(body):
    number = body + registration_check_digit(body)
    for at in range(15):
        other = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
        assert registration_check_digit(other[:14]) != other[14]


def test_reason_says_what_is_wrong_and_what_was_expected():
    code = parse_credit_code("914403001922038219")
    assert code.reason == "the check character is 9, the other 17 ask for 6"
    assert parse_credit_code("944403001922038216").reason == "department 9 has no kind 4 (position 2)"


@pytest.mark.parametrize("case", read("leis.csv"), ids=lambda case: f"{case['text']}-{case['reason']}")
def test_labelled_leis(case):
    found = parse_lei(case["text"])
    if case["valid"] == "none":
        assert found is None
        return
    assert found is not None
    assert (found.value, found.valid) == (case["value"], case["valid"] == "yes")
    assert found.valid or found.reason


@pytest.mark.parametrize("text", ["5493001KJTIIGC8Y1R12", "5493 001K JTII GC8Y 1R12", "lei:5493001kjtiigc8y1r12"])
def test_lei_is_read(text):
    assert parse_lei(text) == ("5493001KJTIIGC8Y1R12", True, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5493001KJTIIGC8Y1R13", "the check digits do not fit"),
        ("5493001KJTIIGC8Y1R1", "19 characters; a LEI has 20"),
        ("5493001KJTIIGC8Y1RXX", "a LEI has 18 letters or digits and two check digits"),
    ],
)
def test_wrong_lei_says_why(text, reason):
    assert parse_lei(text).reason == reason
    assert not parse_lei(text).valid


@given(
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18), st.integers(0, 19), st.integers(1, 35)
)
def test_single_changes_of_a_lei_are_caught(body, at, step):
    """A digit for a digit, or a letter for a letter, changes the number by less than 97 times a power of ten, and 97 is
    prime. A letter for a digit shifts the number and may escape."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = int("".join(str(int(letter, 36)) for letter in body + "00"))
    lei = body + f"{98 - number % 97:02d}"
    if looks_empty(lei):
        return
    assert parse_lei(lei).valid
    digits = alphabet if at < 18 else "0123456789"
    other = lei[:at] + digits[(digits.index(lei[at]) + step) % len(digits)] + lei[at + 1 :]
    if other != lei and other[at].isdigit() == lei[at].isdigit() and not looks_empty(other):
        assert not parse_lei(other).valid


def test_placeholders_are_not_names():
    assert not any(map(is_placeholder, ["三一", "88", "AAA", "上海", "ABC", "一一五", "13800138000"]))
