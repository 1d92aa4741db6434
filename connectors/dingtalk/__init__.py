"""DingTalk: reads OA approvals of the configured processes, with their forms.

The API lists approvals by *start* time only and tells nothing about later changes. So a position carries what is still
open: the start time up to which everything was listed, and the approvals that were running then. Each run first asks
for those again, then lists what started since. A start time never changes, so a closed window of it stands still; it is
listed until two listings agree. The list goes back 365 days, and the verdict says so where that matters.
"""

from connectors.dingtalk.config import DingtalkConfig
from connectors.dingtalk.connector import Dingtalk

__all__ = ["Dingtalk", "DingtalkConfig"]
