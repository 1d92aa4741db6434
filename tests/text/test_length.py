"""A cell may hold a megabyte of anything: every parser answers soon, whatever repeats in it."""

import time

import pytest

from goldbridge.text.address import parse_address
from goldbridge.text.code import is_placeholder, parse_credit_code, parse_lei
from goldbridge.text.contact import domain_of, parse_email
from goldbridge.text.date import parse_date, parse_datetime
from goldbridge.text.fold import fold_width, match_form
from goldbridge.text.industry import find
from goldbridge.text.money import parse_money
from goldbridge.text.organisation import parse_organisation
from goldbridge.text.phone import parse_phones
from goldbridge.text.status import parse_status

PARSERS = (
    parse_address,
    parse_organisation,
    parse_phones,
    parse_credit_code,
    parse_lei,
    is_placeholder,
    parse_money,
    parse_date,
    parse_datetime,
    parse_email,
    domain_of,
    parse_status,
    find,
    fold_width,
    match_form,
)
PIECES = ("开发区", "(原名", "(", "南京路", "1380013800 ", "上海市", "a@", "a.b-", "有限公司", "地址:", "第一", "万亿")
MORE = ("制造业/", "Co Ltd ", "branch ", "吉林", "乾", "ⅠⅡ", "1,", "(0571)", "- ", "A.B.C.", "éè", "a\u0301", ")")


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_long_texts_cost_little(parse):
    for piece in PIECES + MORE:
        text = piece * (12_000 // len(piece))
        start = time.process_time()
        parse(text)
        assert time.process_time() - start < 1.5, piece
