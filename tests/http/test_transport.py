"""F25: certificates are always verified, and a bad one is final."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from goldbridge.clock import Clock
from goldbridge.errors import Halt
from tests.http.server import Server, answer, make_client


def _certificate(folder: Path, days: tuple[int, int]) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for loopback, valid between two offsets from today, and a server that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today + timedelta(days=days[0]))
        .not_valid_after(today + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def test_a_known_authority_is_accepted(tmp_path: Path) -> None:
    context, public = _certificate(tmp_path, (-1, 1))
    with Server(answer({"a": 1}), context=context) as server:
        assert make_client(server, Clock(), ca_file=public).get("/x").data == {"a": 1}


def test_f25_an_expired_certificate_is_final_and_dated(tmp_path: Path) -> None:
    context, public = _certificate(tmp_path, (-30, -3))
    ended = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    with Server(answer({}), context=context) as server:
        with pytest.raises(Halt, match=f"has expired.* to {ended}") as caught:
            make_client(server, Clock(), ca_file=public).get("/x")
        assert server.requests == []
    assert caught.value.code == "CON009"


def test_f25_an_unknown_authority_is_final(tmp_path: Path) -> None:
    context, _ = _certificate(tmp_path, (-1, 1))
    with Server(answer({}), context=context) as server, pytest.raises(Halt, match="is not accepted"):
        make_client(server, Clock()).post("/x", json={})
