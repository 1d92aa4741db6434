"""The other sides: one module per kind of connector, each with subclasses of `Peer`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from connectors.testkit import Peer


def peers() -> Iterator[type[Peer]]:
    """Every peer of the modules here, sorted by module and name."""
    for found in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{found}")
        for _, value in sorted(vars(module).items()):
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Peer) and "kind" in vars(value):
                yield value
