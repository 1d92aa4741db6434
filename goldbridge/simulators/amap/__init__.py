"""A pretend Amap: `Amap(world).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.amap.app import JS_KEY, KEY, PRIVATE_KEY, SIGNED_KEY, Amap, signature

__all__ = ["JS_KEY", "KEY", "PRIVATE_KEY", "SIGNED_KEY", "Amap", "signature"]
