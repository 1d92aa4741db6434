"""Microsoft Dataverse (Dynamics 365): reads tables by change tracking, deletes included, and writes them by upsert.

Our id is an alternate key of the table, so a create that is repeated changes the row that the first one made.
"""

from connectors.dynamics.config import DynamicsConfig, DynamicsTable
from connectors.dynamics.connector import Dynamics

__all__ = ["Dynamics", "DynamicsConfig", "DynamicsTable"]
