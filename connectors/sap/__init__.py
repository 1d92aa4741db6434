"""SAP S/4HANA: reads and writes business partners and sales orders through their OData V2 services.

A partner's last change is a date and a time and is empty until the first one, so windows are asked for by both or by
the day of creation, and walked by key. Changes carry a CSRF token with its cookies and the record's ETag.
"""

from connectors.sap.config import SapConfig
from connectors.sap.connector import Sap

__all__ = ["Sap", "SapConfig"]
