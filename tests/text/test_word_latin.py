"""The words of names in letters, and countries: what two spellings have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.country import country_code, names_of_countries
from goldbridge.text.legal_form import form_words, forms_agree
from goldbridge.text.organisation import parse_organisation
from goldbridge.text.table import lines, rows
from goldbridge.text.trade import latin_words
from goldbridge.text.word_latin import is_common, name_words, spoken, stem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Example Foods", ("example", "foods")),
        ("EXAMPLE  FOODS.", ("example", "foods")),
        ("J. P. Example", ("jp", "example")),
        ("J.P. Example", ("jp", "example")),
        ("Example & Sample", ("example", "sample")),
        ("The House of Example", ("house", "example")),
        ("Société d'Exemple", ("societe", "dexemple")),
        ("Łódź Größe Ørsted", ("lodz", "grosse", "orsted")),
        ("Θεσσαλονίκη", ("thessaloniki",)),
        ("Газпром Нефть", ("gazprom", "neft")),
        ("Fund 7-A", ("fund", "7", "a")),
        ("&", ()),
    ],
)
def test_words(text, words):
    assert name_words(text) == words


@given(st.text(max_size=40))
def test_words_are_letters_and_digits_and_stay_what_they_are(text):
    found = name_words(text)
    assert all(word.isalnum() for word in found)
    assert all(name_words(word)[:1] in ((word,), ()) for word in found if len(word) > 1 and word.isascii())


def test_plurals_and_two_spellings_meet():
    assert stem("industries") == stem("industry")
    assert stem("pumps") == stem("pumps"[:-1] + "s") == "pump"
    assert stem("glass") == "glass"
    assert stem("gas") == "gas"
    assert spoken("mueller") == spoken("muller")
    assert spoken("philips") == spoken("filips")


def test_common_words_are_listed_once():
    listed = [word for line in lines("common_latin.txt") for word in line.split()]
    assert len(listed) == len(set(listed))
    assert latin_words().isdisjoint(listed)
    assert all(name_words(word) in ((word,), ()) for word in listed)
    assert all(map(is_common, ("steel", "royal", "jp", "2019")))
    assert not is_common("quorvath")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"), ("deu", "DE"), ("Germany", "DE"), ("Deutschland", "DE"), ("德国", "DE"), ("U.S.A.", "US"),
        ("United Kingdom", "GB"), ("UK", "GB"), ("España", "ES"), ("Hong Kong", "HK"), ("中国", "CN"), ("Atlantis", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_countries(text, code):
    assert country_code(text) == code


def test_no_two_countries_share_a_name():
    names = [name for alpha2, alpha3, names in rows("countries.csv") for name in (alpha2, alpha3, *names.split("/"))]
    assert {name for name in names if names.count(name) > 1} == set()
    assert names_of_countries()["deutschland"] == "DE"


def test_every_group_of_forms_names_forms_that_are_known():
    groups = [[form.strip() for form in line.split(";")] for line in lines("legal_form_groups.txt")]
    assert all(form in form_words() for group in groups for form in group)
    assert all(len(group) > 1 for group in groups)
    assert all(forms_agree(group[0], form) and forms_agree(form, group[0]) for group in groups for form in group)
    assert not forms_agree("LLC", "LP")


@pytest.mark.parametrize(
    ("text", "brand", "form", "note"),
    [
        ("Quorvath GmbH Berlin", "Quorvath", "GmbH", "Berlin"),
        ("Quorvath GmbH, Berlin", "Quorvath", "GmbH", "Berlin"),
        ("Quorvath Private Limited India", "Quorvath", "Pvt Ltd", "India"),
        ("Quorvath Inc - New York", "Quorvath", "Inc", "New York"),
        ("Quorvath Berlin GmbH", "Quorvath Berlin", "GmbH", ""),
    ],
)
def test_a_place_behind_the_form_is_no_name(text, brand, form, note):
    found = parse_organisation(text)
    assert (found.brand, found.form, found.note) == (brand, form, note)


def test_initials_are_no_city():
    assert parse_organisation("H K Industries").region == ""
    assert parse_organisation("Hong Kong Industries").region != ""
