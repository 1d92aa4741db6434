"""A pretend Yonyou tenant (YonBIP, and a U8+ relay): `Yonyou(rows).app` is the ASGI application to mount."""

from goldbridge.simulators.yonyou.app import Yonyou
from goldbridge.simulators.yonyou.gate import APP_KEY, APP_SECRET, TENANT, U8_ACCOUNT, U8_KEY, U8_SECRET

__all__ = ["APP_KEY", "APP_SECRET", "TENANT", "U8_ACCOUNT", "U8_KEY", "U8_SECRET", "Yonyou"]
