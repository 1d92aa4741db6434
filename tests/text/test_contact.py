"""E-mail addresses and domains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.contact import domain_of, parse_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Zhang.San@Example.COM.CN", "zhang.san@example.com.cn"),
        ("张三<zs@126.com>", "zs@126.com"),
        ("foo＠bar.com", "foo@bar.com"),
        ("x (at) y.com", "x@y.com"),
        ("mailto:a.b@c.co.uk; d@e.com", "a.b@c.co.uk"),
        ("a @ b.com", "a@b.com"),
        ("a+b@b.com", "a+b@b.com"),
        ("a@b", None),
        ("a@@b.com", None),
        ("无", None),
        ("", None),
        ("www.example.com", None),
    ],
)
def test_email(text, address):
    assert parse_email(text) == address


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("http://www.shop.example.com.cn/a?b=c", "example.com.cn"),
        ("https://user:pw@www.abc.co.uk/", "abc.co.uk"),
        ("www.example.com", "example.com"),
        ("EXAMPLE.com:8080/x", "example.com"),
        ("info@mail.example.de", "example.de"),
        ("foo.bj.cn", "foo.bj.cn"),
        ("公司.cn", "xn--55qx5d.cn"),
        ("http://example。com", "example.com"),
        ("zs@qq.com", ""),
        ("https://shop123.1688.com", ""),
        ("vip.sina.com", ""),
        ("http://10.0.0.1/", ""),
        ("localhost", ""),
        ("com.cn", ""),
        ("http://[::1", ""),
        ("无", ""),
        ("", ""),
    ],
)
def test_domain(text, domain):
    assert domain_of(text) == domain


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("abc.@-:/com cn", max_size=20))
def test_never_raises_and_reads_itself_back(text):
    address = parse_email(text)
    assert address is None or parse_email(address) == address
    domain = domain_of(text)
    assert domain == "" or domain_of(domain) == domain
