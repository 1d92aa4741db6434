"""A pretend Kingdee K/3 Cloud account book: `Kingdee(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.kingdee.app import Kingdee
from goldbridge.simulators.kingdee.auth import Credentials
from goldbridge.simulators.kingdee.form import Form, sandbox_forms

__all__ = ["Credentials", "Form", "Kingdee", "sandbox_forms"]
