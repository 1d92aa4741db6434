"""A pretend REST CRM whose habits are options: `Plain(rows, paging="page").app` is the ASGI application to mount."""

from goldbridge.simulators.plain.app import Plain
from goldbridge.simulators.plain.auth import (
    AUDIENCE,
    CLIENT_ID,
    CLIENT_SECRET,
    KEY,
    REFRESH_TOKEN,
    SIGNING_KEY,
    USER,
    private_key,
)

__all__ = [
    "AUDIENCE",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "KEY",
    "REFRESH_TOKEN",
    "SIGNING_KEY",
    "USER",
    "Plain",
    "private_key",
]
