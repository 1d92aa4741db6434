"""A pretend Dataverse: `Dynamics(rows).app` is the ASGI application to mount under a prefix."""

from goldbridge.simulators.dynamics.app import ACCOUNT, CONTACT, OPPORTUNITY, ROOT, Dynamics

__all__ = ["ACCOUNT", "CONTACT", "OPPORTUNITY", "ROOT", "Dynamics"]
