"""WeCom: reads customers with the members who follow them, and approvals of the configured templates.

Customers have no "changed since": they are read whole, and each member's own list proves that none was left out.
Approvals are listed by the time of their *submission*, and even an approved one can be withdrawn later, so what may
still change is asked for again (see `connectors.following`).
"""

from connectors.wecom.config import WecomConfig
from connectors.wecom.connector import Wecom

__all__ = ["Wecom", "WecomConfig"]
