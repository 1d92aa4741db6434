"""Registration status as registers print it -> one canonical word.

Revoked (吊销: the licence is withdrawn, the entity lives on and is liable) and deregistered (注销: it is gone) differ
in law; a text may say both, so the test for 吊销 comes first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from goldbridge.text.code import is_placeholder
from goldbridge.text.fold import fold_width, simplify

STATUSES = (
    "ACTIVE",
    "MOVED_OUT",
    "REVOKED",
    "REVOKED_DEREGISTERED",
    "DEREGISTERED",
    "CANCELLED",
    "SUSPENDED",
    "LIQUIDATION",
    "PENDING",
    "UNKNOWN",
)

_bracketed = re.compile(r"\([^()]*\)?")
_EXACT = {
    "存续": "ACTIVE",
    "在业": "ACTIVE",
    "开业": "ACTIVE",
    "正常": "ACTIVE",
    "在营": "ACTIVE",
    "在册": "ACTIVE",
    "确立": "ACTIVE",
    "登记成立": "ACTIVE",
    "成立": "ACTIVE",
    "有效": "ACTIVE",
    "仍注册": "ACTIVE",
    "核准设立": "ACTIVE",
    "核准登记": "ACTIVE",
    "活动": "ACTIVE",
    "迁入": "ACTIVE",
    "已开业": "ACTIVE",
    "开业状态": "ACTIVE",
    "已告解散": "DEREGISTERED",
    "解散": "DEREGISTERED",
    "除名": "DEREGISTERED",
    "已除名": "DEREGISTERED",
    "已终止": "DEREGISTERED",
    "终止": "DEREGISTERED",
    "设立中": "PENDING",
    "筹建": "PENDING",
    "筹建中": "PENDING",
    "设立登记中": "PENDING",
    "active": "ACTIVE",
    "live": "ACTIVE",
    "in existence": "ACTIVE",
    "registered": "ACTIVE",
    "good standing": "ACTIVE",
    "issued": "ACTIVE",
    "inactive": "UNKNOWN",
    "dissolved": "DEREGISTERED",
    "deregistered": "DEREGISTERED",
    "struck off": "DEREGISTERED",
    "revoked": "REVOKED",
    "cancelled": "CANCELLED",
    "canceled": "CANCELLED",
    "suspended": "SUSPENDED",
    "liquidation": "LIQUIDATION",
    "in liquidation": "LIQUIDATION",
    "bankruptcy": "LIQUIDATION",
    "pending": "PENDING",
}
# In this order: a text of two words is decided by the first that occurs in it.
_CONTAINED = (
    ("撤销", "CANCELLED"),
    ("清算", "LIQUIDATION"),
    ("破产", "LIQUIDATION"),
    ("已告解散", "DEREGISTERED"),
    ("注销", "DEREGISTERED"),
    ("迁出", "MOVED_OUT"),
    ("迁往", "MOVED_OUT"),
    ("歇业", "SUSPENDED"),
    ("停业", "SUSPENDED"),
    ("筹建", "PENDING"),
    ("在营", "ACTIVE"),
    ("开业", "ACTIVE"),
    ("存续", "ACTIVE"),
    ("在业", "ACTIVE"),
)
_NOT_YET = ("注销中", "拟注销", "申请注销", "办理注销", "简易注销公告", "注销备案")


@lru_cache(1 << 12)
def parse_status(text: str) -> str:
    """The canonical status; UNKNOWN for anything the table does not settle (the caller keeps the text)."""
    folded = simplify(fold_width(text))
    bare = " ".join(_bracketed.sub("", folded).lower().split())
    if is_placeholder(bare):
        return "UNKNOWN"
    if bare in _EXACT:
        return _EXACT[bare]
    bare = bare.replace(" ", "").removesuffix("企业").removesuffix("状态")
    if bare in _EXACT:
        return _EXACT[bare]
    if "吊销" in bare:
        gone = bare.replace("未注销", "").replace("尚未注销", "")
        return "REVOKED_DEREGISTERED" if "注销" in gone else "REVOKED"
    if any(word in bare for word in _NOT_YET):
        return "LIQUIDATION"
    if "未注销" in bare or bare.startswith(("非", "不", "未")):
        return "UNKNOWN"
    for word, status in _CONTAINED:
        if word in bare:
            return status
    return "UNKNOWN"
