"""Feishu (and Lark): reads the approvals of the configured definitions with their forms, and starts approvals.

The API lists approvals by *start* time, ten hours at most, and tells nothing about later changes, so what runs is asked
for again (see `connectors.following`). An approval that we start carries an id made of ours, unique on the other side:
a repeated start is refused there, and the approval is found by it. Bitable tables are read whole.
"""

from connectors.feishu.config import FeishuConfig
from connectors.feishu.connector import Feishu

__all__ = ["Feishu", "FeishuConfig"]
