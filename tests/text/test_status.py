"""Registration statuses: the register's words, and what the table does not settle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.status import STATUSES, parse_status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        *(
            (text, "ACTIVE")
            for text in ["存续", "在业", "开业", "正常", "在营", "登记成立", "仍注册", "迁入", "存續", "Active"]
        ),
        ("在营（开业）企业", "ACTIVE"),
        ("存续（在营、开业、在册）", "ACTIVE"),
        ("存 续", "ACTIVE"),
        ("迁出", "MOVED_OUT"),
        ("已迁出企业", "MOVED_OUT"),
        ("吊销", "REVOKED"),
        ("吊销，未注销", "REVOKED"),
        ("吊销未注销", "REVOKED"),
        ("已吊销", "REVOKED"),
        ("吊销，已注销", "REVOKED_DEREGISTERED"),
        ("吊销已注销", "REVOKED_DEREGISTERED"),
        ("注销", "DEREGISTERED"),
        ("注销企业", "DEREGISTERED"),
        ("已告解散", "DEREGISTERED"),
        ("除名", "DEREGISTERED"),
        ("撤销登记", "CANCELLED"),
        ("停业", "SUSPENDED"),
        ("歇业备案", "SUSPENDED"),
        ("清算中", "LIQUIDATION"),
        ("破产", "LIQUIDATION"),
        ("设立中", "PENDING"),
        ("筹建", "PENDING"),
        *((text, "UNKNOWN") for text in ("", "无", "奇怪", "非正常", "未注册", "未注销", "不在业")),
    ],
)
def test_register_texts(text, status):
    assert parse_status(text) == status


@given(st.text(max_size=20) | st.text("吊销未已注册（）企业正常", max_size=10))
def test_always_one_of_the_canonical_words(text):
    assert parse_status(text) in STATUSES
