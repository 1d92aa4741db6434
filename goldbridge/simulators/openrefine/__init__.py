"""A pretend reconciliation service: `OpenRefine(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.openrefine.app import API_KEY, OpenRefine

__all__ = ["API_KEY", "OpenRefine"]
