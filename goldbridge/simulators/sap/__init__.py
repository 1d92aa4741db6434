"""A pretend S/4HANA: `Sap(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.sap.app import ROOT, Sap

__all__ = ["ROOT", "Sap"]
