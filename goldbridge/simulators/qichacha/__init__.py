"""A pretend Qichacha: `Qichacha(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.qichacha.app import KEY, SECRET, Qichacha, token

__all__ = ["KEY", "SECRET", "Qichacha", "token"]
