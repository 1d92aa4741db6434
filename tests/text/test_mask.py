"""Masked values keep their form and not their content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.mask import HIDDEN, is_secret_name, mask


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("13812345678", "phone", "138****5678"),
        ("138 0013 8001", "", "138****8001"),
        ("0571-87654321", "", "057****4321"),
        ("87654321", "phone", "87****"),
        ("alice@x.cn", "", "a***@x.cn"),
        ("alice@x.cn;bob@y.cn", "email", "a***@y.cn"),
        ("杭州示例智能装备有限公司", "", "杭州***公司"),
        ("甲公司", "organisation", "甲***"),
        ("Example Trading Co., Ltd.", "organisation", "Exa*** Ltd."),
        ("王晓岚", "person", "王**"),
        ("浙江省杭州市余杭区示例路1号", "address", "浙江省***"),
        ("https://www.example.com/a?b=c", "", "***.com"),
        ("91330110MA2EXAMP5K", "credit_code", "9133***5K"),
        ("330110199001011234", "", "330****1234"),
        ("2026-03-01 08:00:00", "", "2026-03-01 08:00:00"),
        ("1200.50", "", "1200.50"),
        ("C000001", "", "C***"),
        ("启用", "code", "启用"),
        ("吴超提交的合同审批", "code", "吴超***"),
        ("甲", "", "***"),
        ("  ", "", ""),
    ],
)
def test_what_is_shown(text: str, kind: str, shown: str) -> None:
    assert mask(text, kind) == shown


@pytest.mark.parametrize(
    "text", ["eyJhbGciOi.abc.def", "sk-abcdefghij", "d41d8cd98f00b204e9800998ecf8427e", "-----BEGIN KEY", "Bearer abc"]
)
def test_what_lets_one_in_is_not_shown_at_all(text: str) -> None:
    assert mask(text) == HIDDEN
    assert mask(text, "text") == HIDDEN


@pytest.mark.parametrize(
    ("name", "secret"),
    [("APP_SECRET", True), ("userPwd", True), ("密码", True), ("api_key", True), ("CUST_NAME", False), ("key", False)],
)
def test_fields_that_are_called_like_secrets(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


@given(
    st.text(alphabet="赵钱孙李周吴郑王冯陈褚卫abcdefghijkl", min_size=3, max_size=40),
    st.sampled_from(["", "organisation", "address", "text"]),
)
def test_no_long_text_is_shown_whole(text: str, kind: str) -> None:
    shown = mask(text, kind)
    assert shown != text
    assert len(shown.replace("*", "")) <= max(6, len(text) // 2)
