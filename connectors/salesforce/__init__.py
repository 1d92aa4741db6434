"""Salesforce: reads and writes accounts, contacts, contracts and any other object of an org.

Rows are walked by (SystemModstamp, Id) inside a closed window that ends where the log of deletions is complete, so that
rows and deletions are known up to the same moment. Large reads go through Bulk query jobs. A write is an upsert by our
external id, so that one that is repeated changes what the first one left.
"""

from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.connector import Salesforce

__all__ = ["Salesforce", "SalesforceConfig"]
