"""A pretend DingTalk: `DingTalk(approvals).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.dingtalk.app import DingTalk
from goldbridge.simulators.dingtalk.process import CONTRACT, Component, Process

__all__ = ["CONTRACT", "Component", "DingTalk", "Process"]
