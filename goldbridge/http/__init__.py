"""The client core: authentication in parts, strict envelopes, retries by class, one rate budget per tenant.

A connector asks its `HttpFactory` for a client and gets back only good answers; everything else is one of the four
errors of `goldbridge.errors`, classed by the vendor's own table.
"""

from goldbridge.http.auth import (
    Auth,
    BasicAuth,
    Chain,
    HeaderKey,
    QueryDigest,
    QueryKey,
    QueryStamp,
    Signed,
    SignedHeaders,
    TokenAuth,
)
from goldbridge.http.budget import Budget
from goldbridge.http.certificate import Certificate
from goldbridge.http.client import Client
from goldbridge.http.envelope import CONFIG, RECORD, RETRY, THROTTLE, Complaint, Envelope, Kind, Rule
from goldbridge.http.exchange import Reply
from goldbridge.http.factory import HttpFactory
from goldbridge.http.request import Draft
from goldbridge.http.token import Token, TokenSource

__all__ = [
    "CONFIG",
    "RECORD",
    "RETRY",
    "THROTTLE",
    "Auth",
    "BasicAuth",
    "Budget",
    "Certificate",
    "Chain",
    "Client",
    "Complaint",
    "Draft",
    "Envelope",
    "HeaderKey",
    "HttpFactory",
    "Kind",
    "QueryDigest",
    "QueryKey",
    "QueryStamp",
    "Reply",
    "Rule",
    "Signed",
    "SignedHeaders",
    "Token",
    "TokenAuth",
    "TokenSource",
]
