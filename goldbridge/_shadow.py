"""Stops early when a root package is somebody else's: a public package is also called `dedupe`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT_PACKAGES = ("connectors", "dedupe", "flows", "mdm")


def check() -> None:
    """Raise SystemExit with one sentence when a root package would be loaded from elsewhere."""
    home = Path(__file__).resolve().parent.parent
    for name in ROOT_PACKAGES:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != home / name:
            raise SystemExit(
                f"'{name}' is loaded from {found}, not from {home / name}; "
                f"uninstall the package that brings it, or run in an environment of its own"
            )
