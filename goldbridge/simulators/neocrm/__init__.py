"""A pretend Neocrm tenant: `Neocrm(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.neocrm.app import Credentials, Neocrm
from goldbridge.simulators.neocrm.schema import Field, ObjectSchema, make_object, sandbox_objects

__all__ = ["Credentials", "Field", "Neocrm", "ObjectSchema", "make_object", "sandbox_objects"]
