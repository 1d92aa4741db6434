"""Signatures are what the standards' own examples say, and a key that is none is named without being shown."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from goldbridge.http.signature import hash_signer, hmac_signer, make_jwt, rsa_signer

KEY = rsa.generate_private_key(65_537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
OLD = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()


def test_hmac_by_rfc_4231() -> None:
    """Test case 2."""
    found = hmac_signer("Jefe", "sha256")(b"what do ya want for nothing?").hex()
    assert found == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_a_hash_is_a_hash() -> None:
    assert hash_signer("md5")(b"abc").hex() == "900150983cd24fb0d6963f7d28e17f72"


@pytest.mark.parametrize("form", [PEM, OLD, f"\n{PEM}\n", "".join(PEM.splitlines()[1:-1])])
@pytest.mark.parametrize(("digest", "algorithm"), [("sha256", hashes.SHA256()), ("sha1", hashes.SHA1())])
def test_rsa_is_verified_by_the_public_key(form: str, digest: str, algorithm: hashes.HashAlgorithm) -> None:
    signature = rsa_signer(form, digest)(b"text")
    KEY.public_key().verify(signature, b"text", padding.PKCS1v15(), algorithm)


def test_a_key_with_a_password_is_none() -> None:
    locked = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
    ).decode()
    with pytest.raises(ValueError, match="without a password") as caught:
        rsa_signer(locked)
    assert locked not in str(caught.value)


def test_a_token_by_rfc_7515() -> None:
    """The token of appendix A.1 has other spaces in it; its parts and how they are joined are the same."""
    token = make_jwt({"iss": "joe", "exp": 1300819380}, hmac_signer("secret"), "HS256", "key-1")
    header, claims, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "JWT", "kid": "key-1"}
    assert json.loads(base64.urlsafe_b64decode(claims + "==")) == {"iss": "joe", "exp": 1300819380}
    wanted = hmac_signer("secret")(f"{header}.{claims}".encode())
    assert base64.urlsafe_b64decode(signature + "==") == wanted
    assert "=" not in token
