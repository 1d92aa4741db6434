"""Seeyon A8 (V5): reads flows (OA approvals) that an account takes part in with their forms, and starts them.

The API knows no "changed since": a list tells when a flow started, a flow tells its state. So each run asks again for
every flow that was running, then for those that started since (see `connectors.following`). Totals of lists are always
0, so a list ends at an empty page and is taken until two walks agree.

Starting is not idempotent on the other side. Our id stands in a form field and at the end of the subject, so that a
flow whose answer was lost is found again before anything is sent twice.
"""

from connectors.seeyon.config import SeeyonConfig, SeeyonTemplate
from connectors.seeyon.connector import Seeyon

__all__ = ["Seeyon", "SeeyonConfig", "SeeyonTemplate"]
