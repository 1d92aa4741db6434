"""A pretend Weaver e-cology 9: `Weaver().app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.weaver.app import Weaver
from goldbridge.simulators.weaver.request import ADMISSION, Field, Request, Workflow

__all__ = ["ADMISSION", "Field", "Request", "Weaver", "Workflow"]
