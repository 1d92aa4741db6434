"""A pretend Tianyancha: `Tianyancha(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.tianyancha.app import TOKEN, Tianyancha

__all__ = ["TOKEN", "Tianyancha"]
