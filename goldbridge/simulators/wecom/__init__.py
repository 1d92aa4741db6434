"""A pretend WeCom: `Wecom().app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.wecom.app import TEMPLATE, Wecom

__all__ = ["TEMPLATE", "Wecom"]
