"""Signatures made with a key of ours: RSA over a text, and JSON Web Tokens (RFC 7519).

A key is read once, when a connector is made, so that a wrong one is named before anything is sent. Errors are
ValueErrors whose sentence never holds the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from goldbridge.ports import Json

Sign = Callable[[bytes], bytes]
_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha512": hashes.SHA512,
}  # what vendors ask for, which is not always what one would choose


def rsa_signer(key: str, digest: str = "sha256") -> Sign:
    """Signs with an RSA private key (PKCS #1 v1.5): PEM, or the bare base64 that some vendors' consoles show."""
    text = key.strip()
    try:
        if text.startswith("-----"):
            found = load_pem_private_key(text.encode(), password=None)
        else:
            found = load_der_private_key(base64.b64decode("".join(text.split()), validate=True), password=None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, rsa.RSAPrivateKey):
        raise ValueError("not an RSA private key in PEM without a password")
    private = found
    return lambda content: private.sign(content, padding.PKCS1v15(), _HASHES[digest]())


def hmac_signer(key: str, digest: str = "sha256") -> Sign:
    """Signs with a shared secret."""
    return lambda content: hmac.new(key.encode(), content, digest).digest()


def hash_signer(digest: str = "sha256") -> Sign:
    """No key of its own: the secret is part of the text, as older vendors have it."""
    return lambda content: hashlib.new(digest, content, usedforsecurity=False).digest()


def make_jwt(claims: Mapping[str, Json], sign: Sign, algorithm: str, key_id: str = "") -> str:
    """A signed token; `algorithm` names what `sign` does (RS256, HS256), `key_id` the key at the other side."""
    header = {"alg": algorithm, "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    unsigned = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(dict(claims)).encode())}"
    return f"{unsigned}.{_packed(sign(unsigned.encode()))}"


def _packed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
