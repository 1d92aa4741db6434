"""A pretend Fxiaoke tenant: `Fxiaoke(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.fxiaoke.app import Fxiaoke
from goldbridge.simulators.fxiaoke.auth import Credentials
from goldbridge.simulators.fxiaoke.field import Field, ObjectSchema, make_object, option_value
from goldbridge.simulators.fxiaoke.schema import sandbox_objects

__all__ = ["Credentials", "Field", "Fxiaoke", "ObjectSchema", "make_object", "option_value", "sandbox_objects"]
