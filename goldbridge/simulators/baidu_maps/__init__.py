"""A pretend Baidu map: `BaiduMaps(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.baidu_maps.app import AK, PLAIN_AK, SIGNED_AK, SK, BaiduMaps
from goldbridge.simulators.baidu_maps.signature import sn

__all__ = ["AK", "PLAIN_AK", "SIGNED_AK", "SK", "BaiduMaps", "sn"]
