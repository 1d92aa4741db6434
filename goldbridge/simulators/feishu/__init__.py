"""A pretend Feishu: `Feishu().app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.feishu.app import APPROVAL_CODE, Feishu
from goldbridge.simulators.feishu.form import CONTRACT, Control

__all__ = ["APPROVAL_CODE", "CONTRACT", "Control", "Feishu"]
