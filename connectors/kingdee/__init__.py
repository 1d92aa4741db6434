"""Kingdee K/3 Cloud (云星空): reads and writes customers, suppliers, materials, orders, receivables and receipts.

Rows are walked by their internal id inside a closed window of the time of modification. A write is saved, submitted and
audited, three calls for a whole batch with an outcome per record; a record is looked up by our id before it is created.
"""

from connectors.kingdee.config import KingdeeConfig, KingdeeForm
from connectors.kingdee.connector import Kingdee

__all__ = ["Kingdee", "KingdeeConfig", "KingdeeForm"]
