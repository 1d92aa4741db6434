"""Telephone numbers: labelled cells, and agreement with a general library on what the fast patterns decide alone."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.phone import parse_phone, parse_phones
from tests.text.cases import read

AREAS = ["10", "21", "571", "755", "512", "991", "898", "22"]


@pytest.mark.parametrize("case", read("phones.csv"), ids=lambda case: f"{case['text']}-{case['reason']}")
def test_labelled_cells(case):
    found = parse_phones(case["text"])
    assert ";".join(f"{phone.text} {phone.kind}" for phone in found) == case["numbers"]
    assert parse_phone(case["text"]) == (found[0] if found else None)


def test_a_known_area_completes_a_local_number():
    assert parse_phone("87654321") is None
    assert parse_phone("87654321", area="0571").e164 == "+8657187654321"
    assert parse_phone("8765 4321转3", area="571").text == "+8657187654321;ext=3"


def test_another_country_reads_its_own_numbers():
    assert parse_phone("020 7946 0958", region="GB").e164 == "+442079460958"
    assert parse_phone("13800138000", region="GB") is None
    assert parse_phone("+86 13800138000", region="GB").kind == "mobile"


def test_text_of_a_number_reads_back():
    phone = parse_phone("0571-87654321-12")
    assert parse_phone(phone.text) == phone


@given(st.sampled_from("3456789"), st.text("0123456789", min_size=9, max_size=9))
def test_mobiles_are_what_the_library_says(second, rest):
    text = "1" + second + rest
    found = parse_phone(text)
    if found is None:
        assert text.endswith(("00000000", "12345678")) or len(set(text)) == 1
    else:
        number = phonenumbers.parse(text, "CN")
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == found.e164


@given(
    st.sampled_from(AREAS),
    st.integers(20000000, 89999999),
    st.sampled_from(["-", " ", "", ")"]),
    st.sampled_from(["", "+86 ", "86-"]),
    st.integers(0, 9999),
)
def test_fixed_numbers_read_the_same_in_every_spelling(area, local, sign, country, extension):
    opening = "(" if sign == ")" else ""
    text = f"{country}{opening}0{area}{sign}{local}"
    found = parse_phone(text)
    assert found == (f"+86{area}{local}", "fixed", "")
    assert parse_phone(f"{text}转{extension}") == found._replace(extension=str(extension))
    number = phonenumbers.parse(f"0{area}{local}", "CN")
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == found.e164


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("0123456789+-()/ 转、;,ext", max_size=40)
)
def test_never_raises_and_reads_itself_back(text):
    for phone in parse_phones(text):
        assert phone.e164[1:].isdecimal()
        assert parse_phone(phone.text) == phone
