"""A pretend GLEIF: `Gleif(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.gleif.app import Gleif
from goldbridge.simulators.gleif.record import check_digits, holders, lei_of

__all__ = ["Gleif", "check_digits", "holders", "lei_of"]
