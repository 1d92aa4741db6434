"""A pretend Salesforce org: `Salesforce(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.salesforce.app import Salesforce
from goldbridge.simulators.salesforce.auth import Credentials
from goldbridge.simulators.salesforce.schema import Field, ObjectSchema, make_object, sandbox_objects

__all__ = ["Credentials", "Field", "ObjectSchema", "Salesforce", "make_object", "sandbox_objects"]
