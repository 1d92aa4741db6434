"""A pretend Sensors Analytics: `Sensors().app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.sensors.app import PROJECT, SECRET, TOKEN, Sensors

__all__ = ["PROJECT", "SECRET", "TOKEN", "Sensors"]
