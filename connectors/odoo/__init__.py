"""Odoo: reads and writes partners, leads, products, orders, invoices, payments and any other model.

Rows are walked by id inside a closed window of `write_date`. New records are made by `load`, which creates a record
together with its external id in one transaction, so that a write that is repeated finds what the first one left.
"""

from connectors.odoo.config import OdooConfig, OdooModel
from connectors.odoo.connector import Odoo

__all__ = ["Odoo", "OdooConfig", "OdooModel"]
