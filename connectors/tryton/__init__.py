"""Tryton (ERP): reads and writes parties with their addresses, identifiers and ways of contact.

Parties are walked by (write_date, id) inside a closed window, inactive ones included. A change of an address does not
touch its party, so the addresses, identifiers and contacts changed in the window are looked up first and their parties
read as well. A party that we create holds our external id in its `code`, which is unique; a write carries the timestamp
of the row it was made from, so that nobody's edit in between is lost.
"""

from connectors.tryton.config import TrytonConfig
from connectors.tryton.connector import Tryton

__all__ = ["Tryton", "TrytonConfig"]
