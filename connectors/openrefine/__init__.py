"""OpenRefine: asks any service that speaks the Reconciliation Service API 0.2 which entity a record is.

`client` reads the manifest and knows the services behind it, `connector` turns records into queries and candidates into
one answer.
"""

from connectors.openrefine.config import OpenRefineConfig
from connectors.openrefine.connector import OpenRefine

__all__ = ["OpenRefine", "OpenRefineConfig"]
