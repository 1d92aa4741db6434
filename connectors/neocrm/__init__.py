"""Neocrm (销售易): reads and writes accounts, contacts and any other object of a tenant.

Rows are walked by `id` inside a closed window of `updatedAt`, since the query language sorts by nothing else. Nothing
tells of deletions; a full compare finds them. A write is looked up by our external id before it creates anything.
"""

from connectors.neocrm.config import NeocrmConfig
from connectors.neocrm.connector import Neocrm

__all__ = ["Neocrm", "NeocrmConfig"]
