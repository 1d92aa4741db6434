"""A pretend OData service: `Odata(sets, rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.odata.app import Odata
from goldbridge.simulators.odata.table import EntitySet, Row, Table

__all__ = ["EntitySet", "Odata", "Row", "Table"]
