"""A pretend Tencent map: `TencentMaps(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.tencent_maps.app import KEY, OFF_KEY, SECRET, SIGNED_KEY, TencentMaps, signature

__all__ = ["KEY", "OFF_KEY", "SECRET", "SIGNED_KEY", "TencentMaps", "signature"]
