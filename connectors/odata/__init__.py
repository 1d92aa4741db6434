"""Any OData service, V2 or V4: reads entity sets by windows or by delta links, writes them with ETags.

The service describes itself (`$metadata`): keys and types come from there, streams from the configuration.
"""

from connectors.odata.config import OdataConfig, OdataStream
from connectors.odata.connector import Odata

__all__ = ["Odata", "OdataConfig", "OdataStream"]
