"""webhook: what other systems tell us by themselves, signed; read from the inbox in which the receiver keeps it."""

from connectors.webhook.config import WebhookConfig
from connectors.webhook.connector import Webhook

__all__ = ["Webhook", "WebhookConfig"]
