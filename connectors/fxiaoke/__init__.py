"""Fxiaoke (CRM and PRM): reads and writes accounts, partners, contacts, contracts and any other object.

Rows are walked by `_id` inside a closed window of `last_modified_time`, never by offset: a row edited during the walk
moves past the upper bound and is met by the next window, an offset would skip its neighbour. A write carries our
external id in a field of its own, is looked up by it before it is created, and starts no approval and no workflow.
"""

from connectors.fxiaoke.config import FxiaokeConfig
from connectors.fxiaoke.connector import Fxiaoke

__all__ = ["Fxiaoke", "FxiaokeConfig"]
