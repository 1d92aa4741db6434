"""Sensors Analytics: a sink for customer attributes, dimension tables and events of a life cycle.

`record` turns a write into what the import takes, `connector` sends it. Profiles and items overwrite, so that a
repeated write has one effect; events are appended, and a repeated one may count twice.
"""

from connectors.sensors.config import SensorsConfig, SinkConfig
from connectors.sensors.connector import Sensors

__all__ = ["Sensors", "SensorsConfig", "SinkConfig"]
