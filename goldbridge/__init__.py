"""The platform that connectors, mappings, matching, golden records and flows stand on."""

__version__ = "0.1.0"
