"""A pretend Seeyon A8: `Seeyon().app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.seeyon.app import Seeyon
from goldbridge.simulators.seeyon.flow import CUSTOMER, Field, Flow, Template

__all__ = ["CUSTOMER", "Field", "Flow", "Seeyon", "Template"]
