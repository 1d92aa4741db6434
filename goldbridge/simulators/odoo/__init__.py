"""A pretend Odoo database: `Odoo(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.odoo.app import DATABASE, KEY, USER, Odoo
from goldbridge.simulators.odoo.model import Column, sandbox_models

__all__ = ["DATABASE", "KEY", "USER", "Column", "Odoo", "sandbox_models"]
