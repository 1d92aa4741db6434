"""The metadata of a service as a description of its sets and properties."""

from __future__ import annotations

from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Service
from goldbridge.records.declared import DeclaredField


def sets(service: Service) -> list[str]:
    """The entity sets of a service, by name."""
    return sorted(service.metadata().sets)


def declared(of: EntitySet) -> list[DeclaredField]:
    """The properties of a set; a key of several parts is no one field's."""
    return [
        DeclaredField(name, type=kind, key=(name,) == of.keys, required=name in of.required)
        for name, kind in of.kinds.items()
    ]
