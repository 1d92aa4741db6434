"""Weaver e-cology 9: reads workflow requests (OA approvals) with their forms, and starts them.

The API knows no "changed since", but every row of its lists carries the time of the last operation. So each run lists
everything that the account sees (cheap: a page of rows a call) and asks for the forms of what changed inside the window
only. Pages are counted off by the server; lists of several pages are taken until two agree, and must hold as many
requests as the server counts. Lists are per user: what the account has no part in is not there, and the verdict says so
unless `sees_all` promises otherwise.

Starting is not idempotent on the other side. Our id stands in a form field and at the end of the request's name, so
that a request whose answer was lost is found again before anything is sent twice.
"""

from connectors.weaver.config import WeaverConfig, WeaverWorkflow
from connectors.weaver.connector import Weaver

__all__ = ["Weaver", "WeaverConfig", "WeaverWorkflow"]
